// Package tenanttest gives tests an environment with people in it, on a real
// store and by the real code: nothing here mints, signs in or proves in a way
// of its own.
package tenanttest

import (
	"context"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/method/sentcode"
	"github.com/stepup-auth/stepup/internal/method/smscode"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// ID is the environment of [New]; Transfer is the custom scope it declares, for
// the audience Bank.
const (
	ID       = "11111111-2222-4333-8444-555555555555"
	Transfer = stepup.Scope("transfer:create")
	Bank     = "https://bank.example.com"
)

// PublicURL is the address the environment is served at.
const PublicURL = "https://auth.example.com"

// Document is a valid environment with the custom scope and these lines added;
// those that start with "  - " are more scopes.
func Document(lines ...string) string {
	return "id: " + ID + "\nname: Demo\nscopes:\n  - {scope: " + string(Transfer) + ", audience: \"" + Bank + "\"}\n" +
		strings.Join(lines, "\n") + "\n"
}

// By is who acts when a test does not care.
var By = audit.By{Actor: "system", EnvironmentID: ID}

// World is one environment on one store.
type World struct {
	DB       *store.DB
	Clock    *storetest.Clock
	Registry *tenant.Registry
	Tenant   *tenant.Tenant

	worker *outbox.Worker
	inbox  *inbox
}

// New applies the document to the store, whose clock is clock.
func New(t testing.TB, db *store.DB, clock *storetest.Clock, document string) *World {
	t.Helper()
	w := Open(db, clock)
	w.Apply(t, document)
	return w
}

// Open looks at a store that has the environment already, as a second node or a
// restarted one does. Reload sets its Tenant.
func Open(db *store.DB, clock *storetest.Clock) *World {
	w := &World{DB: db, Clock: clock, inbox: &inbox{}}
	w.Registry = tenant.NewRegistry(db, PublicURL, w.Now)
	w.worker = outbox.NewWorker(db, w.inbox, slog.New(slog.DiscardHandler))
	w.worker.Texter = w.inbox
	return w
}

// SQLite is New on a fresh SQLite database.
func SQLite(t testing.TB, document string) *World {
	t.Helper()
	clock := &storetest.Clock{}
	return New(t, storetest.SQLite(t, storetest.WithClock(clock)), clock, document)
}

// Engines runs f with a World on each engine.
func Engines(t *testing.T, document string, f func(t *testing.T, w *World)) {
	t.Helper()
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		f(t, New(t, open(t), clock, document))
	}, storetest.WithClock(clock))
}

// Now is the world's time.
func (w *World) Now() time.Time { return time.Now().Add(w.Clock.Offset()) }

// Apply makes the document the environment's, whatever it weakens.
func (w *World) Apply(t testing.TB, document string) {
	t.Helper()
	w.Write(t, func(tx *store.Tx) error {
		_, err := operate.Apply(who.Caller{By: By}, tx, []byte(document), operate.ApplyOptions{MayWeaken: true, Accepting: true})
		return err
	})
	w.Reload(t)
}

// Reload sets Tenant to the environment as it stands.
func (w *World) Reload(t testing.TB) {
	t.Helper()
	var err error
	if w.Tenant, err = w.Registry.Load(t.Context(), ID); err != nil {
		t.Fatal(err)
	}
}

// Write runs fn in a transaction that must succeed.
func (w *World) Write(t testing.TB, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.DB.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// Read runs fn on a snapshot.
func (w *World) Read(t testing.TB, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.DB.Read(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// Count reads one number.
func (w *World) Count(t testing.TB, query string, args ...any) int64 {
	t.Helper()
	var n int64
	w.Read(t, func(tx *store.Tx) error { return tx.Row(query, args...).Scan(&n) })
	return n
}

// Audited counts the audit entries of an action.
func (w *World) Audited(t testing.TB, action string) int64 {
	t.Helper()
	return w.Count(t, `SELECT COUNT(*) FROM audit_events WHERE action = $1`, action)
}

// Mails sends what is queued, texts included, and returns it, in no particular order.
func (w *World) Mails(t testing.TB) []deliver.Message {
	t.Helper()
	for {
		n, err := w.worker.Once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return w.inbox.take()
		}
	}
}

var codeLine = regexp.MustCompile(`(?m)^\s*(\d{6}|\d{8})\s*$`)

// CodeIn is the code that a mail carries, or "".
func CodeIn(m deliver.Message) string {
	if found := codeLine.FindStringSubmatch(m.Text); found != nil {
		return found[1]
	}
	return ""
}

// Ask asks for a code as [emailcode.Create] does and returns it.
func (w *World) Ask(t testing.TB, c who.Caller, r emailcode.Request) (challengeID, code string) {
	t.Helper()
	return w.ask(t, emailcode.Create, c, r)
}

// TryAsk is Ask where a refusal is no surprise.
func (w *World) TryAsk(t testing.TB, c who.Caller, r emailcode.Request) (challengeID, code string, err error) {
	t.Helper()
	return w.tryAsk(t, emailcode.Create, c, r)
}

// AskText asks for a code as [smscode.Create] does and returns it.
func (w *World) AskText(t testing.TB, c who.Caller, r smscode.Request) (challengeID, code string) {
	t.Helper()
	return w.ask(t, smscode.Create, c, r)
}

// TryAskText is AskText where a refusal is no surprise.
func (w *World) TryAskText(t testing.TB, c who.Caller, r smscode.Request) (challengeID, code string, err error) {
	t.Helper()
	return w.tryAsk(t, smscode.Create, c, r)
}

type create func(who.Caller, *store.Tx, sentcode.Request) (store.CodeChallengeRow, error)

func (w *World) ask(t testing.TB, create create, c who.Caller, r sentcode.Request) (challengeID, code string) {
	t.Helper()
	challengeID, code, err := w.tryAsk(t, create, c, r)
	if err != nil {
		t.Fatal(err)
	}
	return challengeID, code
}

func (w *World) tryAsk(t testing.TB, create create, c who.Caller, r sentcode.Request) (challengeID, code string, err error) {
	t.Helper()
	err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
		row, err := create(c, tx, r)
		challengeID = row.ID
		return err
	})
	if err != nil {
		return "", "", err
	}
	for _, m := range w.Mails(t) {
		if c := CodeIn(m); c != "" {
			code = c
		}
	}
	return challengeID, code, nil
}

// As is who asks in a session; nil: somebody who is signed out.
func (w *World) As(s *store.SessionRow) who.Caller {
	c := w.From("192.0.2.1")
	if s != nil {
		c = c.In(w.Tenant, *s)
	}
	return c
}

// About is somebody who acts on a user and is not signed in, as an operator does.
func (w *World) About(userID string) who.Caller { return w.From("").Concerning(userID) }

// From is somebody who asks from an address and is signed out.
func (w *World) From(source string) who.Caller {
	return who.Caller{By: By, Tenant: w.Tenant, Source: source}
}

// Attempt types a code back.
func (w *World) Attempt(s *store.SessionRow, challengeID, code string) method.Attempt {
	return method.Attempt{Caller: w.As(s), ChallengeID: challengeID, Response: secret.Text(code)}
}

// Check runs an attempt at an email code.
func (w *World) Check(ctx context.Context, a method.Attempt, then func(*store.Tx, method.Proof) error) error {
	return method.Check(ctx, w.DB, emailcode.Method{}, a, then)
}

// SignIn signs in with an email code, signing up where nobody has the address.
func (w *World) SignIn(t testing.TB, address string) store.SessionRow {
	t.Helper()
	id, code := w.Ask(t, w.From("192.0.2.1"), emailcode.Request{Purpose: method.SignIn, Address: address})
	return w.enter(t, emailcode.Method{}, id, code)
}

// SignInByText signs in with a texted code, signing up where nobody has the number.
func (w *World) SignInByText(t testing.TB, number string) store.SessionRow {
	t.Helper()
	id, code := w.AskText(t, w.From("192.0.2.1"), smscode.Request{Purpose: method.SignIn, Address: number})
	return w.enter(t, smscode.Method{}, id, code)
}

func (w *World) enter(t testing.TB, m method.Method, challengeID, code string) (row store.SessionRow) {
	t.Helper()
	attempt := w.Attempt(nil, challengeID, code)
	err := method.Check(t.Context(), w.DB, m, attempt, func(tx *store.Tx, p method.Proof) (err error) {
		row, err = Enter(tx, w.Tenant, p)
		return err
	})
	if err != nil {
		t.Fatalf("signing in: %v", err)
	}
	return row
}

// Another opens a second session of the same user, as signing in on another
// device does.
func (w *World) Another(t testing.TB, s store.SessionRow) store.SessionRow {
	t.Helper()
	return w.SignIn(t, w.Identifier(t, s))
}

// Identifier is the user's oldest email address.
func (w *World) Identifier(t testing.TB, s store.SessionRow) (address string) {
	t.Helper()
	w.Read(t, func(tx *store.Tx) error {
		rows, err := tx.Credentials(ID, s.UserID)
		for _, row := range rows {
			if row.Format == store.FormatEmail && address == "" {
				address = row.Identifier
			}
		}
		return err
	})
	return address
}

// Enter opens the session that a sign-in proof stands for.
func Enter(tx *store.Tx, t *tenant.Tenant, p method.Proof) (store.SessionRow, error) {
	var held *store.CredentialRow
	if c, ok := p.Credential(); ok {
		held = &c
	}
	e := p.Evidence()
	userID, c, _, err := account.SignIn(who.Caller{By: By, Tenant: t}, tx,
		account.Address{Format: e.Format, Identifier: e.Identifier, Written: e.Recipient, Detail: e.Detail}, held)
	if err != nil {
		return store.SessionRow{}, err
	}
	return session.Start(who.Caller{By: By, Tenant: t}.Concerning(userID), tx, c, p, session.Device{})
}

// Refresh renews a session.
func (w *World) Refresh(t testing.TB, s store.SessionRow) store.SessionRow {
	t.Helper()
	w.Write(t, func(tx *store.Tx) (err error) {
		s, err = session.Refresh(w.As(&s), tx, store.Proved{})
		return err
	})
	return s
}

// Elevate steps up with an email code to the address and returns the token.
func (w *World) Elevate(t testing.TB, s store.SessionRow, address string, scopes ...stepup.Scope) string {
	t.Helper()
	challengeID, code := w.Ask(t, w.As(&s), emailcode.Request{Purpose: method.InSession, Address: address})
	text, err := w.Grant(t.Context(), emailcode.Method{}, w.Attempt(&s, challengeID, code), scopes...)
	if err != nil {
		t.Fatalf("stepping up for %v: %v", scopes, err)
	}
	return text
}

// Grant runs an attempt by any method and mints from its proof.
func (w *World) Grant(ctx context.Context, m method.Method, a method.Attempt, scopes ...stepup.Scope) (string, error) {
	var minted *elevate.Minted
	err := method.Check(ctx, w.DB, m, a, func(tx *store.Tx, p method.Proof) (err error) {
		minted, err = elevate.Grant(a.Caller, tx, p, scopes)
		return err
	})
	if err != nil {
		return "", err
	}
	return minted.Sign(w.Tenant, w.Now())
}

// Caller is who asks in the session with the token in hand.
func (w *World) Caller(t testing.TB, s store.SessionRow, token string) who.Caller {
	t.Helper()
	c := w.As(&s)
	c.By.RequestID, c.Elevated = "request", who.Present(t.Context(), w.Tenant, token)
	return c
}

// Judge asks the gate.
func (w *World) Judge(t testing.TB, s store.SessionRow, token string, scope stepup.Scope) error {
	t.Helper()
	return w.DB.Read(t.Context(), func(tx *store.Tx) error { return Judge(w.Caller(t, s, token), tx, enforce.Demand{Scope: scope}) })
}

// Judge asks the gate with what is known of the caller now.
func Judge(c who.Caller, tx *store.Tx, d enforce.Demand) error {
	known, err := account.Know(tx, *c.Session)
	if err != nil {
		return err
	}
	_, err = enforce.Judge(c, tx, known, d)
	return err
}

// Spend consumes at the gate.
func (w *World) Spend(t testing.TB, s store.SessionRow, token string, scope stepup.Scope) (tokenID string, err error) {
	t.Helper()
	err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
		opened, err := enforce.Spend(w.Caller(t, s, token), tx, enforce.Demand{Scope: scope}, nil)
		tokenID = opened.Token.ID
		return err
	})
	return tokenID, err
}

// Stub is a method that proves what it is told to, for kinds that are not built
// yet and for failures that real ones cannot be brought to.
type Stub struct {
	Is       assurance.Kind
	Counting func(*store.Tx) error // nil: counts nothing
	Answer   error                 // of Compare
	Evidence method.Evidence
}

// Kind implements [method.Method].
func (s Stub) Kind() assurance.Kind { return s.Is }

// Count implements [method.Method].
func (s Stub) Count(tx *store.Tx, _ method.Attempt) (method.Candidate, error) {
	if s.Counting != nil {
		if err := s.Counting(tx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Compare implements [method.Candidate].
func (s Stub) Compare(context.Context) error { return s.Answer }

// Spend implements [method.Candidate].
func (s Stub) Spend(*store.Tx) (method.Evidence, error) { return s.Evidence, nil }

// Forgive implements [method.Candidate].
func (s Stub) Forgive(*store.Tx) error { return nil }

// Old is Document at the old version.
func Old(lines ...string) string {
	return Document(append(slices.Clone(lines), "minApiVersion: "+string(environment.Version20260101),
		"createdAtVersion: "+string(environment.Version20260101))...)
}

type inbox struct {
	mu   sync.Mutex
	mail []deliver.Message
}

func (i *inbox) Send(_ context.Context, m deliver.Message) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.mail = append(i.mail, m)
	return nil
}

// SendText keeps texts among the mails.
func (i *inbox) SendText(ctx context.Context, t deliver.Text) error {
	return i.Send(ctx, deliver.Message{To: t.To, Text: t.Body})
}

func (i *inbox) take() []deliver.Message {
	i.mu.Lock()
	defer i.mu.Unlock()
	taken := i.mail
	i.mail = nil
	return taken
}
