package server

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/console"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/outbound"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// console is the operators' console, if the settings ask for one; else nil.
func (s *Server) console(tenants *tenant.Registry) http.Handler {
	c := s.config
	if c.ConsoleURL == "" {
		return nil
	}
	desk := &operator.Desk{DB: c.DB, Tenants: tenants, Now: c.Now, URL: c.ConsoleURL, Development: c.Development != nil}
	mailer, _ := c.Mailer.(operate.Transcriber) // those of this binary all tell what was said
	return console.New(console.Config{
		DB: c.DB, Tenants: tenants, Now: c.Now, Log: c.Log, RequestID: requestID, ClientAddr: s.clients.address, PublicURL: c.PublicURL,
		Senders: s.senders, Secrets: c.Secrets(), Shadow: s.shadow, HTTP: outbound.NewClient(c.OutboundAllow),
		Operators: func() []string { return c.Operators }, Development: c.Development != nil,
		Mailer: mailer, Wallets: c.Wallets,
	}, desk)
}

// PrepareConsole makes the environment that operators are users of, or brings it to what
// this binary says of it. Without a console there is nothing to do.
func PrepareConsole(c Config, tx *store.Tx) error {
	if c.ConsoleURL == "" {
		return nil
	}
	by := who.Caller{By: audit.By{Actor: "system", RequestID: "start"}}
	return operator.Ensure(by, tx, c.ConsoleURL, c.Development != nil)
}

// ownOrigin reports whether the console is elsewhere than the API. In development all is
// on one server, under two names.
func ownOrigin(c Config) bool {
	return c.Development == nil && hostOf(c.ConsoleURL) != hostOf(c.PublicURL)
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// apart gives a console its own host: there is nothing else there, and no console at any
// other.
func apart(address string, operators http.Handler, rest http.Handler) http.Handler {
	host, mux := hostOf(address), http.NewServeMux()
	mux.Handle("GET /{$}", http.RedirectHandler(console.Root, http.StatusFound))
	mux.Handle(console.Root, operators)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		door.WriteProblem(w, fault.New(fault.NotFound, "This is the operators' console, and nothing else."), requestID(r))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := strings.ToLower(r.Host)
		if got == host || strings.TrimSuffix(got, ":443") == host {
			mux.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}
