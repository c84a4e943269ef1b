package wallettest

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/authz"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/guardian"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
	"github.com/stepup-auth/stepup/internal/wallet/kek"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
	"github.com/stepup-auth/stepup/internal/wallet/signer"
)

// Option changes how [Start] sets the custodians up.
type Option func(*settings)

type settings struct {
	engine           string
	signer, guardian config.CustodianFile
}

// On runs the custodians on an engine; without it on [store.SQLite].
func On(engine string) Option { return func(s *settings) { s.engine = engine } }

// SignerFile changes the signer's own settings.
func SignerFile(change func(*config.CustodianFile)) Option {
	return func(s *settings) { change(&s.signer) }
}

// GuardianFile changes the guardian's own settings.
func GuardianFile(change func(*config.CustodianFile)) Option {
	return func(s *settings) { change(&s.guardian) }
}

// Custodians are a signer and a guardian that serve on loopback, with an issuer
// that they ask. Call them as the coordinator does, by Signer and Guardian.
type Custodians struct {
	Issuer   *Issuer
	Clock    *Clock
	Signer   *signer.Client   // as the coordinator
	Guardian *guardian.Client // as the coordinator
	AsSigner *guardian.Client // the guardian, asked as the signer

	SignerServer   *signer.Server
	GuardianServer *guardian.Server

	SignerKeyID string     // of the signer's root key
	OfflineKey  sealed.Key // the operator's
	Log         *Log       // what both have logged
	Databases   []string   // URLs: the signer's, the guardian's
	Certs       string     // folder of the certificates of all roles
	Addresses   map[wallet.Role]string
	Stop        map[wallet.Role]func() // ends a role's server at once

	tb testing.TB
}

// Log is what was logged. It is safe for concurrent use.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (l *Log) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.text.Write(p) }

func (l *Log) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.text.String() }

// Start runs them until the test ends.
func Start(tb testing.TB, options ...Option) *Custodians {
	tb.Helper()
	set := settings{engine: store.SQLite}
	operator, err := sealed.NewKey()
	check(tb, err)
	set.signer.OfflineKey = encode(operator.PublicKey())
	for _, option := range options {
		option(&set)
	}
	c := &Custodians{
		Clock: NewClock(), OfflineKey: operator, Log: &Log{}, Certs: filepath.Join(tb.TempDir(), "certs"),
		Addresses: map[wallet.Role]string{}, Stop: map[wallet.Role]func(){}, tb: tb,
	}
	check(tb, peer.Init(c.Certs))
	c.Issuer = NewIssuer(tb, c.Clock)
	c.serve(wallet.Issuer, c.Issuer.Endpoints())

	keys := filepath.Join(tb.TempDir(), "guardian.key")
	root := newRoot(tb, keys)
	keep := c.custody(wallet.Guardian, guardian.Schema(), root, set, set.guardian)
	g, err := guardian.New(tb.Context(),
		guardian.Config{Custody: keep, Root: root, Checker: c.checker(wallet.Guardian), File: set.guardian, Log: c.logger()})
	check(tb, err)
	c.GuardianServer = g
	c.serve(wallet.Guardian, g.Endpoints())

	root = newRoot(tb, filepath.Join(tb.TempDir(), "signer.key"))
	c.SignerKeyID = root.ID()
	c.AsSigner = guardian.NewClient(c.Client(wallet.Signer, wallet.Guardian))
	s, err := signer.New(signer.Config{
		Custody: c.custody(wallet.Signer, signer.Schema(), root, set, set.signer), Checker: c.checker(wallet.Signer),
		Guardian: c.AsSigner, File: set.signer, Log: c.logger(),
	})
	check(tb, err)
	c.SignerServer = s
	c.serve(wallet.Signer, s.Endpoints())
	c.Signer = signer.NewClient(c.Client(wallet.Coordinator, wallet.Signer))
	c.Guardian = guardian.NewClient(c.Client(wallet.Coordinator, wallet.Guardian))
	return c
}

func newRoot(tb testing.TB, path string) kek.Key {
	tb.Helper()
	_, err := kek.CreateFile(path)
	check(tb, err)
	root, err := kek.Open(tb.Context(), "file:"+path)
	check(tb, err)
	return root
}

func (c *Custodians) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(c.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (c *Custodians) custody(role wallet.Role, schema store.Schema, root kek.Key, set settings, file config.CustodianFile) *custody.Store {
	c.tb.Helper()
	bare := func(config *store.Config) { config.Schema, config.Box = schema, nil }
	url := storetest.URL(c.tb, set.engine, bare)
	c.Databases = append([]string{url}, c.Databases...)
	db := storetest.Open(c.tb, url, storetest.WithClock(&c.Clock.store), bare)
	s, err := custody.New(custody.Config{Role: role, DB: db, Root: root, Retention: time.Duration(file.Retention),
		Grace: time.Duration(file.DeleteGrace)})
	check(c.tb, err)
	return s
}

func (c *Custodians) checker(role wallet.Role) *authz.Checker {
	issuer := authz.NewIssuer(c.Client(role, wallet.Issuer), c.Clock.Now)
	return &authz.Checker{Environments: issuer, Claimer: issuer, Now: c.Clock.Now}
}

// Client is one role's connection to another.
func (c *Custodians) Client(from, to wallet.Role) *peer.Client {
	c.tb.Helper()
	identity, err := peer.Load(c.Certs, from)
	check(c.tb, err)
	client, err := peer.NewClient(identity, to, c.Addresses[to])
	check(c.tb, err)
	c.tb.Cleanup(client.Close)
	return client
}

func (c *Custodians) serve(role wallet.Role, endpoints []peer.Endpoint) {
	c.tb.Helper()
	identity, err := peer.Load(c.Certs, role)
	check(c.tb, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(c.tb, err)
	c.Addresses[role] = listener.Addr().String()
	server := peer.NewServer(identity, c.logger(), endpoints...)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.ServeTLS(listener, "", "") }()
	c.Stop[role] = sync.OnceFunc(func() { _ = server.Close(); <-done })
	c.tb.Cleanup(c.Stop[role])
}

// Order is an order on a wallet with credentials that allow it. The edits change
// the claims of its token before that is signed.
func (c *Custodians) Order(w wallet.Wallet, action wallet.Action, request any, edits ...func(map[string]any)) wallet.Order {
	c.tb.Helper()
	o := wallet.Order{Operation: c.Issuer.Operation(w.ID, action, request), Wallet: w, Generation: w.Generation, Scheme: w.Scheme}
	switch action {
	case wallet.Refresh, wallet.Reshare:
		o.Generation++
	}
	if r, ok := request.(wallet.ReshareRequest); ok {
		o.Scheme = r.New
	}
	o.Credentials = c.Issuer.Allow(o.Operation, c.Hash(o.Operation, w), edits...)
	return o
}

// Again is the order of a retry: the same operation and token, with a ticket of now.
func (c *Custodians) Again(o wallet.Order) wallet.Order {
	c.tb.Helper()
	id := ""
	if o.Credentials.ElevatedToken != "" {
		id = TokenID(o.Credentials.ElevatedToken)
	}
	o.Credentials.Ticket = c.Issuer.Sign(wallet.TicketType, c.Issuer.TicketFor(o.Operation, c.Hash(o.Operation, o.Wallet), id))
	return o
}

// Hash is the intent hash of an operation.
func (c *Custodians) Hash(op wallet.Operation, w wallet.Wallet) string {
	c.tb.Helper()
	in, err := intent.Decode(op, w)
	check(c.tb, err)
	return in.Hash
}

// New is an order to create a wallet.
func (c *Custodians) New(chain wallet.Chain, scheme wallet.Scheme) wallet.Order {
	c.tb.Helper()
	w := wallet.Wallet{ID: uuid.NewString(), EnvironmentID: c.Issuer.EnvironmentID, UserID: "user-1", Chain: chain, Scheme: scheme,
		State: wallet.Active}
	o := c.Order(w, wallet.Create, wallet.CreateRequest{Chain: chain, Scheme: scheme})
	o.Generation = 1
	return o
}

// Create makes a wallet and puts it in force, as a coordinator does.
func (c *Custodians) Create(chain wallet.Chain, scheme wallet.Scheme) wallet.Wallet {
	c.tb.Helper()
	o := c.New(chain, scheme)
	done, err := c.Signer.Do(c.tb.Context(), o)
	check(c.tb, err)
	w := o.Wallet
	w.Address, w.PublicKey, w.Generation = done.Address, done.PublicKey, 1
	c.Settle(o, wallet.Commit)
	return w
}

// Settle tells both custodians what becomes of an order's generation.
func (c *Custodians) Settle(o wallet.Order, verdicts ...wallet.Verdict) {
	c.tb.Helper()
	for _, v := range verdicts {
		s := Settlement(o, v)
		check(c.tb, c.Signer.Settle(c.tb.Context(), s))
		check(c.tb, c.Guardian.Settle(c.tb.Context(), s))
	}
}

// Settlement is a verdict on an order's generation.
func Settlement(o wallet.Order, v wallet.Verdict) wallet.Settlement {
	return wallet.Settlement{EnvironmentID: o.Operation.EnvironmentID, WalletID: o.Operation.WalletID, OperationID: o.Operation.ID,
		Generation: o.Generation, Verdict: v}
}

// Message is an order to sign a message.
func (c *Custodians) Message(w wallet.Wallet, text string, edits ...func(map[string]any)) wallet.Order {
	c.tb.Helper()
	return c.Order(w, wallet.Sign, wallet.SignRequest{Kind: wallet.SignMessage, Message: []byte(text)}, edits...)
}

// Renew refreshes or reshares a wallet and puts the new shares in force.
func (c *Custodians) Renew(w wallet.Wallet, to wallet.Scheme) wallet.Wallet {
	c.tb.Helper()
	o := c.Order(w, wallet.Refresh, struct{}{})
	if to != w.Scheme {
		o = c.Order(w, wallet.Reshare, wallet.ReshareRequest{Old: w.Scheme, New: to})
	}
	_, err := c.Signer.Do(context.WithoutCancel(c.tb.Context()), o)
	check(c.tb, err)
	c.Settle(o, wallet.Commit, wallet.Retire)
	w.Generation, w.Scheme = o.Generation, to
	return w
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
