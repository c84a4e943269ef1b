package social_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/method/social/socialtest"
	"github.com/stepup-auth/stepup/internal/outbound"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

const app = "https://app.example.com"

// house is a world with a provider beside it.
type house struct {
	*tenanttest.World
	provider *socialtest.Provider
	client   *social.Client
}

// document has the provider as the OpenID Connect issuer acme and, with the same
// endpoints, as the plain OAuth 2 provider github.
func document(p *socialtest.Provider, lines ...string) string {
	return tenanttest.Document(append([]string{
		"redirectOrigins: [" + app + "]",
		"providers:",
		"  - {provider: acme, name: Acme, issuer: \"" + p.URL + "\", clientId: " + socialtest.ClientID + ", clientSecret: {env: CLIENT}}",
		"  - {provider: github, clientId: " + socialtest.ClientID + ", clientSecret: {env: CLIENT}, endpoints: {authorization: \"" + p.URL +
			"/authorize\", token: \"" + p.URL + "/token\", userinfo: \"" + p.URL + "/userinfo\"}}",
	}, lines...)...)
}

// out is the server's own way out, to loopback, with less patience.
func out() *http.Client {
	client := outbound.NewClient([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	client.Timeout = 2 * time.Second
	return client
}

// secrets holds that of the test's client.
func secrets() environment.Secrets {
	return environment.Secrets{Lookup: func(name string) (string, bool) {
		return socialtest.ClientSecret, name == environment.Variable(tenanttest.ID, "CLIENT")
	}}
}

func newClient(w *tenanttest.World) *social.Client {
	client := out()
	return social.NewClient(client, &keyset.Cache{HTTP: client, Now: w.Now}, secrets(), w.Now)
}

// engines runs f on both engines.
func engines(t *testing.T, f func(t *testing.T, h house)) {
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		p := socialtest.Start(t, func() time.Time { return time.Now().Add(clock.Offset()) })
		w := tenanttest.New(t, open(t), clock, document(p))
		f(t, house{w, p, newClient(w)})
	}, storetest.WithClock(clock))
}

// sqlite is a house on one engine.
func sqlite(t *testing.T) house {
	clock := &storetest.Clock{}
	p := socialtest.Start(t, func() time.Time { return time.Now().Add(clock.Offset()) })
	w := tenanttest.New(t, storetest.SQLite(t, storetest.WithClock(clock)), clock, document(p))
	return house{w, p, newClient(w)}
}

// back is a login that has come back to the app.
type back struct {
	state, code, problem string
	to                   *url.URL
}

func (h house) request(s *store.SessionRow, provider string) social.Request {
	return social.Request{Caller: h.As(s), Provider: provider}
}

func (h house) begin(t testing.TB, r social.Request) (state string) {
	t.Helper()
	state = rand.Text()
	h.Write(t, func(tx *store.Tx) error { return social.Begin(tx, r, state, app+"/after?tab=1") })
	return state
}

func (h house) endpoint(t testing.TB, r social.Request) social.Endpoint {
	t.Helper()
	p, row, err := r.Find()
	if err != nil {
		t.Fatal(err)
	}
	e, err := h.client.Endpoint(t.Context(), p, row)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// send takes the browser to the provider and returns the address it comes back
// to, at the server.
func (h house) send(t testing.TB, r social.Request, state, challenge string) *url.URL {
	t.Helper()
	var to string
	e := h.endpoint(t, r)
	h.Write(t, func(tx *store.Tx) (err error) {
		to, err = social.Send(tx, r, e, state, challenge)
		return err
	})
	return visit(t, to)
}

func visit(t testing.TB, address string) *url.URL {
	t.Helper()
	answer, err := out().Get(address)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	to, err := answer.Location()
	if err != nil {
		t.Fatalf("the provider answered %s", answer.Status)
	}
	return to
}

// returned hands the server what the provider sent.
func (h house) returned(t testing.TB, r social.Request, at *url.URL) (back, error) {
	t.Helper()
	q := at.Query()
	var to string
	e := h.endpoint(t, r)
	err := h.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
		to, err = social.Return(tx, r, e,
			social.Returned{State: q.Get("state"), Code: q.Get("code"), Error: q.Get("error"), Issuer: q.Get("iss")})
		return err
	})
	if err != nil {
		return back{}, err
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return back{state: u.Query().Get("dynamicOauthState"), code: u.Query().Get("dynamicOauthCode"),
		problem: u.Query().Get("error"), to: u}, nil
}

// login goes the whole way and back.
func (h house) login(t testing.TB, s *store.SessionRow, provider string) back {
	t.Helper()
	return h.goThrough(t, h.request(s, provider))
}

func (h house) goThrough(t testing.TB, r social.Request) back {
	t.Helper()
	state := h.begin(t, r)
	b, err := h.returned(t, r, h.send(t, r, state, ""))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.to.String(), app+"/after?") || b.to.Query().Get("tab") != "1" || b.state != state {
		t.Fatalf("came back to %s", b.to)
	}
	return b
}

func (h house) attempt(s *store.SessionRow, provider string, b back) (social.Method, method.Attempt) {
	return social.Method{Client: h.client, Provider: provider, State: b.state},
		method.Attempt{Caller: h.As(s), Response: secret.Text(b.code)}
}

// finish runs the attempt and signs in.
func (h house) finish(t testing.TB, provider string, b back) (row store.SessionRow, err error) {
	t.Helper()
	m, a := h.attempt(nil, provider, b)
	err = method.Check(t.Context(), h.DB, m, a, func(tx *store.Tx, p method.Proof) (err error) {
		row, err = tenanttest.Enter(tx, h.Tenant, p)
		return err
	})
	return row, err
}

// signIn signs in by the provider, for the person who logs in there next.
func (h house) signIn(t testing.TB, provider string) store.SessionRow {
	t.Helper()
	row, err := h.finish(t, provider, h.login(t, nil, provider))
	if err != nil {
		t.Fatalf("signing in: %v", err)
	}
	return row
}

// enrol signs somebody in by email and links the account they log in with next.
func (h house) enrol(t testing.TB, provider, name string, b func(*store.SessionRow) back) store.SessionRow {
	t.Helper()
	row := h.SignIn(t, name+"@example.com")
	m, a := h.attempt(&row, provider, b(&row))
	err := method.Check(t.Context(), h.DB, m, a, func(tx *store.Tx, p method.Proof) error {
		e := p.Evidence()
		_, err := account.Link(h.About(row.UserID), tx, account.Address{Format: e.Format, Identifier: e.Identifier,
			Written: e.Recipient, Detail: e.Detail}, account.Authority{Provenance: store.ProvenanceElevatedToken})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// proof runs an attempt in a session and returns what it proved.
func (h house) proof(t testing.TB, s store.SessionRow, provider string, b back) (p method.Proof, err error) {
	t.Helper()
	m, a := h.attempt(&s, provider, b)
	err = method.Check(t.Context(), h.DB, m, a, func(_ *store.Tx, proof method.Proof) error {
		p = proof
		return nil
	})
	return p, err
}

// unanswered wants the answer that a provider gives none, which is no refusal.
func unanswered(t testing.TB, what string, err error) {
	t.Helper()
	if !fault.Has(err, fault.Unavailable) {
		t.Errorf("%s: %v, want %s", what, err, fault.Unavailable)
	}
}

// refused wants the one refusal of this package, and the reason for the log.
func refused(t testing.TB, what string, err error) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.OtherVerifyFailure {
		t.Errorf("%s: %v, want %s", what, err, fault.OtherVerifyFailure)
	}
}
