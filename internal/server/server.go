// Package server wires everything together: configuration in, one HTTP handler
// out, and the background work beside it. It decides nothing itself.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/api/guard"
	"github.com/stepup-auth/stepup/internal/api/sdk"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/console"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/outbound"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/issuer"
)

// Limits of every connection. They are documented in docs/limits.md.
const (
	headerTime   = 10 * time.Second
	readTime     = 20 * time.Second
	writeTime    = 40 * time.Second
	idleTime     = 2 * time.Minute
	maxHeader    = 32 << 10
	shutdownTime = 20 * time.Second
)

// Config is what a server is made of.
type Config struct {
	config.Production
	DB     *store.DB
	Mailer deliver.Mailer
	Texter deliver.Texter // nil: no text messages
	Log    *slog.Logger
	Now    func() time.Time // nil: the machine's clock
	// Pages are those of the hosted prompt; nil: there are none.
	Pages fs.FS
	// Wallets is the wallet service; nil: there is none.
	Wallets wallet.Service
	// Development, when not nil, serves the pages of development mode and checks
	// Host. It must be nil in production.
	Development http.Handler
}

// Server is a configured server. Handler may be used on its own in tests.
type Server struct {
	config  Config
	handler http.Handler
	worker  *outbox.Worker
	metrics *metrics
	shadow  *shadow.Counter
	chores  []store.Chore // what is removed once its time is over, beside what the store knows
	clients *clients

	refusals *audit.Refusals
	uses     *serviceauth.Uses
	alarmed  sync.Map // environment and setting to the minute in which that was logged
	custody  *issuer.Server
	senders  deliver.Senders
}

// New wires a server; nothing runs yet.
func New(c Config) *Server {
	if c.Now == nil {
		c.Now = time.Now
	}
	m := newMetrics(c.DB)
	counter := shadow.NewCounter(c.Now)
	worker := outbox.NewWorker(c.DB, c.Mailer, c.Log)
	worker.Texter, worker.Sent, worker.SentText = c.Texter, m.mail, m.text
	senders, _ := c.Senders() // reading the settings has judged them; what is misspelt allows nothing
	worker.Sender = senders.Sender
	clients := newClients(c.TrustedProxies, c.Log)
	tenants := tenant.NewRegistry(c.DB, c.PublicURL, c.Now)
	worker.Logo = func(ctx context.Context, environmentID string) deliver.Picture {
		t, err := tenants.Load(ctx, environmentID)
		if err != nil {
			return deliver.Picture{}
		}
		return t.Logo
	}
	legacyMFA, chores := actionMFA()
	s := &Server{config: c, worker: worker, metrics: m, shadow: counter, senders: senders, clients: clients,
		chores: append(chores, shadow.Chore()), refusals: audit.NewRefusals(c.Now), uses: serviceauth.NewUses(),
		custody: &issuer.Server{DB: c.DB, Tenants: tenants, Now: c.Now}}
	routes := api.New(api.Config{
		Pages: c.Pages,
		Door: door.Config{
			DB: c.DB, Tenants: tenants, Now: c.Now, Log: c.Log, RequestID: requestID, ClientAddr: clients.address,
			Observe: m.request, Refused: m.refused, Limited: m.limited, Refusals: s.refusals, Uses: s.uses, Shadow: counter,
		},
		SDK: sdk.Config{
			DB: c.DB, Now: c.Now, HTTP: outbound.NewClient(c.OutboundAllow), Secrets: c.Secrets(),
			Codes: m.code, Full: s.full, Development: c.Development != nil, Texts: c.Texter != nil,
			Unsent: unsent(c), LegacyMFA: legacyMFA, Wallets: c.Wallets,
		},
		Guard: guard.API{Consumed: m.consume},
		Admin: admin.Config{
			DB: c.DB, Shadow: counter, Senders: senders, Operators: func() []string { return c.Operators },
		},
	})
	mux := http.NewServeMux()
	mux.Handle("/", routes)
	operators := s.console(tenants)
	if operators != nil && !ownOrigin(c) {
		mux.Handle(console.Root, operators)
		if c.Development == nil {
			mux.Handle("GET /{$}", http.RedirectHandler(console.Root, http.StatusFound))
		}
	}
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	var inner http.Handler = mux
	if c.Development != nil {
		inner = developmentPages(c.PublicURL, c.Development, mux)
	}
	if operators != nil && ownOrigin(c) {
		inner = apart(c.ConsoleURL, operators, inner)
	}
	s.handler = outermost(c, inner)
	return s
}

// Handler is everything the public listener serves.
func (s *Server) Handler() http.Handler { return s.handler }

// Custody answers the custodians of the wallet service, on a listener of its own.
func (s *Server) Custody() *issuer.Server { return s.custody }

// Worker sends queued mail; [Server.Run] runs it.
func (s *Server) Worker() *outbox.Worker { return s.worker }

// Run serves on the listeners until ctx ends, then lets open requests finish.
// metrics may be nil.
func (s *Server) Run(ctx context.Context, public, metrics net.Listener) error {
	s.warnUnsafe(ctx)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { s.worker.Run(background) })
	running.Go(func() { s.purge(background) })
	running.Go(func() { s.tidy(background) })
	running.Go(func() { s.shadow.Run(background, s.config.DB, s.config.Log) })
	defer func() { stop(); running.Wait() }()

	main := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
	}
	if s.config.TLSCert != "" {
		shown, err := newCertificate(s.config.TLSCert, s.config.TLSKey, s.config.Now, s.config.Log)
		if err != nil {
			return err
		}
		s.metrics.certificate(shown)
		main.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: shown.get}
	}
	failed := make(chan error, 2)
	go func() {
		if main.TLSConfig != nil {
			failed <- main.ServeTLS(public, "", "")
			return
		}
		failed <- main.Serve(public)
	}()
	var side *http.Server
	if metrics != nil {
		side = &http.Server{Handler: s.metrics.handler(), ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime,
			MaxHeaderBytes: maxHeader}
		go func() { failed <- side.Serve(metrics) }()
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	s.config.Log.Info("stopping: open requests may finish")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	err := main.Shutdown(grace)
	if side != nil {
		err = errors.Join(err, side.Shutdown(grace))
	}
	return err
}

// warnUnsafe says at the start when an acknowledged change could be lost, and what
// of the stored documents does not work on this server.
func (s *Server) warnUnsafe(ctx context.Context) {
	durability, err := s.config.DB.Durability(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.config.Log.Error("reading durability settings", "error", err)
		}
		return
	}
	for _, problem := range durability.Problems {
		s.config.Log.Warn("durability", "problem", problem)
	}
	host := operate.Host{Secrets: s.config.Secrets(), Senders: s.senders}
	var problems []string
	err = s.config.DB.Read(ctx, func(tx *store.Tx) (err error) {
		problems, err = host.AllProblems(tx)
		return err
	})
	if err != nil && ctx.Err() == nil {
		s.config.Log.Error("reading environments", "error", err)
	}
	for _, problem := range problems {
		s.config.Log.Error("an environment has something that does not work here", "problem", problem)
	}
}

// purge removes what is over, once a minute, on one node of all.
func (s *Server) purge(ctx context.Context) {
	purger := store.NewPurger(s.config.DB, s.chores...)
	purger.Done = s.metrics.purge
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := purger.Round(ctx)
		if err != nil && ctx.Err() == nil {
			s.config.Log.Error("purging", "error", err)
		}
	}
}
