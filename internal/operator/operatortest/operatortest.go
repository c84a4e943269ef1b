// Package operatortest gives tests a console's operators: they are invited, accept, and
// set up an authenticator app by the real code on a real store.
package operatortest

import (
	"context"
	"encoding/base32"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// URL is where the console of a World is.
const URL = "https://console.example.com"

// Host is who runs the installation.
var Host = who.Caller{By: audit.By{Actor: "operator"}}

// World is a console's desk on one store.
type World struct {
	DB    *store.DB
	Clock *storetest.Clock
	Desk  *operator.Desk

	mu   sync.Mutex
	mail []deliver.Message
}

// New makes the reserved environment in the store, whose clock is clock.
func New(t testing.TB, db *store.DB, clock *storetest.Clock) *World {
	t.Helper()
	w := &World{DB: db, Clock: clock}
	w.Desk = &operator.Desk{DB: db, Now: w.Now, URL: URL, Tenants: tenant.NewRegistry(db, "https://auth.example.com", w.Now)}
	w.Write(t, func(tx *store.Tx) error { return operator.Ensure(Host, tx, URL, false) })
	return w
}

// Engines runs f with a World on each engine.
func Engines(t *testing.T, f func(t *testing.T, w *World)) {
	t.Helper()
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) { f(t, New(t, open(t), clock)) }, storetest.WithClock(clock))
}

// Now is the world's time.
func (w *World) Now() time.Time { return time.Now().Add(w.Clock.Offset()) }

// Write runs fn in a transaction that must succeed.
func (w *World) Write(t testing.TB, fn func(*store.Tx) error) {
	t.Helper()
	if err := w.DB.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// Environment makes an environment with this id.
func (w *World) Environment(t testing.TB, id string) {
	t.Helper()
	w.Write(t, func(tx *store.Tx) error {
		_, err := operate.Apply(Host, tx, []byte("id: "+id+"\nname: Shop "+id[:4]+"\n"), operate.ApplyOptions{MayWeaken: true})
		return err
	})
}

// Invite invites somebody on the host, and gives the secret of the link.
func (w *World) Invite(t testing.TB, email string, g operator.Grant) string {
	t.Helper()
	var made operator.Invited
	w.Write(t, func(tx *store.Tx) (err error) {
		made, err = w.Desk.Invite(Host, tx, operator.Host{}, operator.Invitation{Email: email, Grant: g})
		return err
	})
	_, secret, _ := strings.Cut(made.Link, "#")
	return secret
}

// Person is an operator with an authenticator app.
type Person struct {
	Email  string
	Cookie string // of the session that they are in

	w      *World
	secret []byte
}

// Join invites somebody, who accepts and sets up an authenticator app.
func (w *World) Join(t testing.TB, email string, grants ...operator.Grant) *Person {
	t.Helper()
	p := &Person{Email: email, w: w}
	for i, g := range grants {
		secret := w.Invite(t, email, g)
		var visit *operator.Visit
		if i > 0 {
			visit = p.Visit(t)
		}
		w.Write(t, func(tx *store.Tx) (err error) {
			p.Cookie, err = w.Desk.Accept(tx, secret, visit, operator.From{})
			return err
		})
		if i == 0 {
			p.Enrol(t)
		}
	}
	return p
}

// Enrol sets up the authenticator app in the session that an invitation opened.
func (p *Person) Enrol(t testing.TB) {
	t.Helper()
	begun, err := p.w.Desk.EnrolApp(t.Context(), *p.Visit(t), operator.From{})
	if err != nil {
		t.Fatal(err)
	}
	if p.secret, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(begun.Secret); err != nil {
		t.Fatal(err)
	}
	if p.Cookie, err = p.w.Desk.ConfirmApp(t.Context(), *p.Visit(t), begun.ID, p.Code(), operator.From{}); err != nil {
		t.Fatal(err)
	}
}

// Keep is the secret of an app that was set up elsewhere.
func (w *World) Keep(email, cookie, secret string) *Person {
	raw, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	return &Person{Email: email, Cookie: cookie, w: w, secret: raw}
}

// Code is a code of the app that was never used: the clock moves on to it.
func (p *Person) Code() string {
	p.w.Clock.Advance(totp.Period)
	return totp.Code(p.secret, totp.StepAt(p.w.Now()))
}

// Visit is the session of the cookie, which must live.
func (p *Person) Visit(t testing.TB) *operator.Visit {
	t.Helper()
	v, err := p.w.Visit(t.Context(), p.Cookie)
	if err != nil {
		t.Fatal(err)
	}
	return &v
}

// Visit finds out whose session a cookie is of.
func (w *World) Visit(ctx context.Context, cookie string) (v operator.Visit, err error) {
	err = w.DB.Read(ctx, func(tx *store.Tx) (err error) {
		v, err = w.Desk.Visit(tx, cookie)
		return err
	})
	return v, err
}

// Elevate proves by the app and keeps what it mints in the session.
func (p *Person) Elevate(t testing.TB, scope stepup.Scope) {
	t.Helper()
	var err error
	p.Cookie, err = p.w.Desk.Elevate(t.Context(), *p.Visit(t), scope, operator.Proof{Code: p.Code()}, operator.From{})
	if err != nil {
		t.Fatal(err)
	}
}

// Elevated reports whether the session holds a live elevated token.
func (w *World) Elevated(t testing.TB, v operator.Visit, scope stepup.Scope) (ok bool) {
	t.Helper()
	err := w.DB.Read(t.Context(), func(tx *store.Tx) (err error) {
		ok, err = w.Desk.Elevated(tx, v, scope)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// Send implements [deliver.Mailer].
func (w *World) Send(_ context.Context, m deliver.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mail = append(w.mail, m)
	return nil
}

// Mail sends what is queued and returns all that was ever sent to the address.
func (w *World) Mail(t testing.TB, to string) (texts []string) {
	t.Helper()
	worker := outbox.NewWorker(w.DB, w, slog.New(slog.DiscardHandler))
	for {
		n, err := worker.Once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.mail {
		if strings.EqualFold(m.To, to) {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

var codeLine = regexp.MustCompile(`(?m)^\d{6,10}$`)

// MailedCode is the code in the last mail to the address.
func (w *World) MailedCode(t testing.TB, to string) string {
	t.Helper()
	for _, text := range slices.Backward(w.Mail(t, to)) {
		if code := codeLine.FindString(text); code != "" {
			return code
		}
	}
	t.Fatalf("no code was mailed to %s", to)
	return ""
}

// Reserved reads the operators' environment.
func (w *World) Reserved(t testing.TB) (env *environment.Environment) {
	t.Helper()
	err := w.DB.Read(t.Context(), func(tx *store.Tx) error {
		t, err := w.Desk.Tenants.Operators(tx)
		if err == nil {
			env = t.Environment
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return env
}
