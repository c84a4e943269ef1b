// Package console is the web console in which operators see and steer environments:
// server-rendered pages, one Go file and one template for each page or action, in the
// one table of routes.go. Its invariant: nothing is shown or done for anybody whom the
// same transaction has not found to be signed in, to see the environment, to have the
// row's permission and, where the row names a scope, to hold a live elevated token of
// it; [request.read] and [request.write] are the only ways to the store.
//
// What it does, the admin API and the command line do by the same functions of
// packages operate and operator. It is a face beside package api, never over it.
package console

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Root is the path that all of the console is below.
const Root = "/console/"

// Config is what the console is built from.
type Config struct {
	DB         *store.DB
	Tenants    *tenant.Registry
	Now        func() time.Time
	Log        *slog.Logger
	RequestID  func(*http.Request) string
	ClientAddr func(*http.Request) string
	PublicURL  string // where apps reach the server, without trailing slash
	Senders    deliver.Senders
	Secrets    environment.Secrets
	Shadow     *shadow.Counter
	HTTP       *http.Client        // the only way out to addresses that a document names
	Operators  func() []string     // who is mailed when rules are weakened
	Mailer     operate.Transcriber // nil: there is none to try
	Wallets    wallet.Service      // nil: this server has none

	Development bool // says loudly what it is
}

// visitors says who asks and what they have proved. The real ones are sessions of the
// reserved environment; the preview has its own.
type visitors interface {
	// visitor is whose session the request carries, or errNobody.
	visitor(tx *store.Tx, req *http.Request) (visitor, error)
	// elevated reports whether the visitor's session holds a live token of the scope.
	elevated(tx *store.Tx, v visitor, scope stepup.Scope) (bool, error)
	// signIn answers a request for which somebody must be signed in.
	signIn(r *request) (answer, error)
	// stepUp answers a dangerous request in place of its handler, and leads back to it
	// with what was typed.
	stepUp(r *request, scope stepup.Scope) (answer, error)
	// used is told of each request of a visitor that was answered.
	used(r *request) error
	// routes are the rows of the way in, of one's own account and of members.
	routes() []route
}

// visitor is a signed-in operator in a session.
type visitor struct {
	operator.Operator
	SessionID string

	visit operator.Visit // zero in the preview
}

// Console answers everything below [Root].
type Console struct {
	Config
	visitors  visitors
	templates templates
	frames    map[string]bool // patterns of the pages there are, for the navigation
	handler   http.Handler
	keys      *keyset.Cache
	exports   chan struct{} // one for each that runs
	plain     bool          // reached by plain HTTP, which is development
}

// build makes a console of its parts. A template that is missing, broken or used by no
// row of the table is a defect of the build, and panics.
func build(c Config, v visitors) *Console {
	console := &Console{Config: c, visitors: v, frames: map[string]bool{}, exports: make(chan struct{}, maxExports),
		keys: &keyset.Cache{HTTP: c.HTTP, Now: c.Now}}
	routes := append(console.routes(), v.routes()...)
	console.templates = mustParseTemplates(routes)
	mux := http.NewServeMux()
	for _, r := range routes {
		if r.method == http.MethodGet {
			console.frames[r.path] = true
		}
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, req *http.Request) { console.serve(w, req, r) })
	}
	mux.HandleFunc("GET "+assetPath+"{name}", serveAsset)
	mux.HandleFunc(Root, func(w http.ResponseWriter, req *http.Request) { console.serve(w, req, nowhere) })
	console.handler = secured(mux)
	return console
}

// ServeHTTP answers a request below [Root].
func (c *Console) ServeHTTP(w http.ResponseWriter, req *http.Request) { c.handler.ServeHTTP(w, req) }
