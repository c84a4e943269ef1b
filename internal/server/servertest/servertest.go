// Package servertest runs a whole server inside a test: the real listener, the
// real store of either engine, the outbox worker and its own inbox.
//
// Its invariant: a test's server shares nothing with another's, unless it is
// given the other's database, and is gone when the test ends.
package servertest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/server"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/who"
)

// The environments of every server: two at the newest version, one at the old.
const (
	A      = "aaaaaaaa-0000-4000-8000-000000000001"
	B      = "bbbbbbbb-0000-4000-8000-000000000002"
	Legacy = "cccccccc-0000-4000-8000-000000000003"
)

// Operator is mailed when an environment is weakened.
const Operator = "operator@example.com"

// Server is a running server.
type Server struct {
	URL   string // public address, without trailing slash
	DB    *store.DB
	Inbox *Inbox
	Clock *storetest.Clock // moves the server and its store together

	client  *http.Client
	secrets string // STEPUP_SECRETS_DIR
}

type options struct {
	engine, database string
	clock            *storetest.Clock
	log              io.Writer
	production       func(*config.Production)
	wallets          *Wallets
	custodians       string
	listener         func(net.Listener) net.Listener
	development      http.Handler
}

// Option changes how a server starts.
type Option func(*options)

// WithEngine chooses the engine; SQLite unless said.
func WithEngine(engine string) Option { return func(o *options) { o.engine = engine } }

// WithDatabase takes an existing database by its URL (storetest.URL), so that
// several servers can be nodes of one. The nodes of one database share a clock.
func WithDatabase(url string, clock *storetest.Clock) Option {
	return func(o *options) { o.database, o.clock = url, clock }
}

// WithLog writes the server's whole log there. Without it, warnings and errors
// go to the test's own output.
func WithLog(w io.Writer) Option { return func(o *options) { o.log = w } }

// WithConfig changes the production settings, such as trusted proxies.
func WithConfig(change func(*config.Production)) Option {
	return func(o *options) { o.production = change }
}

// WithDevelopment is a server in development mode, without its pages.
func WithDevelopment() Option { return func(o *options) { o.development = http.NotFoundHandler() } }

// WithListener puts something between the server and its connections.
func WithListener(between func(net.Listener) net.Listener) Option {
	return func(o *options) { o.listener = between }
}

// PageFile is a file beside the page of the hosted prompt, whose content is nothing.
const PageFile = "page.js"

// Start runs a server until the test ends.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	o := options{engine: store.SQLite, clock: &storetest.Clock{}}
	for _, option := range opts {
		option(&o)
	}
	if o.database == "" {
		o.database = storetest.URL(t, o.engine)
	}
	level := slog.LevelDebug
	if o.log == nil {
		o.log, level = t.Output(), slog.LevelWarn
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening: %v", err)
	}
	s := &Server{
		secrets: secretsOf(t, o.database),
		URL:     "http://" + listener.Addr().String(), Clock: o.clock, Inbox: newInbox(),
		DB: storetest.Open(t, o.database, storetest.WithClock(o.clock)),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	for _, id := range []string{A, B, Legacy} {
		s.applyIfAbsent(t, id)
	}
	c := server.Config{
		Production: config.Production{PublicURL: s.URL, SecretsDir: s.secrets, Operators: []string{Operator},
			OutboundAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		DB: s.DB, Mailer: s.Inbox, Texter: s.Inbox,
		Log: slog.New(slog.NewJSONHandler(o.log, &slog.HandlerOptions{Level: level})), Now: s.Now,
	}
	c.Pages = fstest.MapFS{"index.html": {Data: []byte("<!doctype html>\n")}, PageFile: {Data: []byte("\n")}}
	c.Development = o.development
	if o.production != nil {
		o.production(&c.Production)
	}
	if o.wallets != nil {
		c.Wallets = o.wallets
	}
	runCustodians := func(context.Context, *server.Server) {}
	if o.custodians != "" {
		runCustodians = s.openCustodians(t, o.custodians, &c)
	}
	if err := c.DB.Write(t.Context(), func(tx *store.Tx) error { return server.PrepareConsole(c, tx) }); err != nil {
		t.Fatalf("preparing the console: %v", err)
	}
	running := server.New(c)
	if o.wallets != nil {
		o.wallets.Open(s.Now, running.Custody())
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	runCustodians(ctx, running)
	stopped := make(chan error, 1)
	if o.listener != nil {
		listener = o.listener(listener)
	}
	go func() { stopped <- running.Run(ctx, listener, nil) }()
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		stop()
		if err := <-stopped; err != nil {
			t.Errorf("stopping the server: %v", err)
		}
	})
	return s
}

// Now is the server's time.
func (s *Server) Now() time.Time { return time.Now().Add(s.Clock.Offset()) }

// Issuer is the base address of an environment, and iss of its tokens.
func (s *Server) Issuer(environment string) string { return s.URL + SDK(environment) }

// SDK is the base path of an environment.
func SDK(environment string) string { return "/api/v0/sdk/" + environment }

// Admin is the base path of an environment's administration.
func Admin(environment string) string { return "/api/v0/admin/environments/" + environment }

// Origin is the one browser origin that the environment lists.
func Origin(environment string) string { return "https://app." + environment[:1] + ".example" }

// Document is the environment's document with further YAML lines after it. It
// lists one origin and the custom scopes transfer:create (single-use) and
// report:read (time-bound), and its limits are wide.
func Document(environment, more string) string {
	version := "2026_04_01"
	if environment == Legacy {
		version = "2026_01_01"
	}
	return `id: ` + environment + `
name: Environment ` + environment[:1] + `
origins: ["` + Origin(environment) + `"]
minApiVersion: "` + version + `"
createdAtVersion: "` + version + `"
limits:
  codesPerAddress: {count: 1000, per: 10m}
  codesPerSession: {count: 1000, per: 10m}
  codesPerAccount: {count: 1000, per: 10m}
  codesPerAccountHour: 10000
  codesPerIP: {count: 10000, per: 10m}
scopes:
  - {scope: "transfer:create", audience: "https://bank.example"}
  - {scope: "report:read", audience: "https://bank.example", tokenBehavior: time_bound}
` + more
}

// folders are the secrets folders by database: the nodes of one database share one.
var folders sync.Map

func secretsOf(t testing.TB, database string) string {
	t.Helper()
	folder, _ := folders.LoadOrStore(database, t.TempDir())
	return folder.(string)
}

// PutSecret keeps a secret for the environment's documents to point at, as
// {file: name}, and returns its path on this machine.
func (s *Server) PutSecret(t testing.TB, environment, name, value string) string {
	t.Helper()
	path := filepath.Join(s.secrets, environment, name)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(value+"\n"), 0o600)
	}
	if err != nil {
		t.Fatalf("keeping a secret: %v", err)
	}
	return path
}

// Apply makes a document the environment's, as the command line would.
func (s *Server) Apply(t testing.TB, document string) operate.Applied {
	t.Helper()
	var applied operate.Applied
	err := s.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
		applied, err = operate.Apply(by, tx, []byte(document), operate.ApplyOptions{MayWeaken: true, Accepting: true})
		return err
	})
	if err != nil {
		t.Fatalf("applying a document: %v", err)
	}
	return applied
}

func (s *Server) applyIfAbsent(t testing.TB, id string) {
	t.Helper()
	err := s.DB.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Environment(id); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		_, err := operate.Apply(by, tx, []byte(Document(id, "")), operate.ApplyOptions{MayWeaken: true})
		return err
	})
	if err != nil {
		t.Fatalf("making environment %s: %v", id, err)
	}
}

var by = who.Caller{By: audit.By{Actor: "system", RequestID: "test"}}
