package stepup_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// transferDetails is what a request of these tests is about.
func transferDetails(r *http.Request) (any, error) {
	var body struct{ To, Amount string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	return []any{map[string]any{"type": "transfer", "amount": body.Amount, "payee": body.To}}, nil
}

// boundService is a service whose one route is bound; it tells the body it read.
type boundService struct {
	*stepuptest.Issuer
	server *httptest.Server
	runs   atomic.Int32
	asked  atomic.Int32
}

func bind(t *testing.T, change func(*stepup.GuardConfig), details func(*http.Request) (any, error)) *boundService {
	t.Helper()
	b := &boundService{Issuer: stepuptest.NewIssuer(t)}
	config := stepup.GuardConfig{Verifier: b.Verifier(t), Client: b.Client(t)}
	if change != nil {
		change(&config)
	}
	guard, err := stepup.NewGuard(config)
	if err != nil {
		t.Fatal(err)
	}
	option := stepup.BoundTo(func(r *http.Request) (any, error) {
		b.asked.Add(1)
		return details(r)
	})
	b.server = httptest.NewServer(guard.Require(transfer, option)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.runs.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("X-Body", string(body))
		w.WriteHeader(http.StatusCreated)
	})))
	t.Cleanup(b.server.Close)
	return b
}

func (b *boundService) token(t *testing.T, details any) string {
	t.Helper()
	token := plain
	token.AuthorizationDetails = details
	return b.Token(t, token)
}

func (b *boundService) post(t *testing.T, token, body string, headers ...string) answer {
	t.Helper()
	g := &guarded{Issuer: b.Issuer, server: b.server}
	return g.callWith(t, body, append(g.as(t, token), headers...)...)
}

const payBob = `{"to":"bob","amount":"25.00"}`

func TestBoundTo(t *testing.T) {
	b := bind(t, nil, transferDetails)
	a := b.post(t, b.token(t, pay), payBob)
	check(t, "bound to it", a, 201, "", "")
	if got := a.Header.Get("X-Body"); got != payBob {
		t.Errorf("the handler read %q", got)
	}
	check(t, "written differently", b.post(t, b.token(t, json.RawMessage(`[{"payee":"\u0062ob","amount":"25.00","type":"transfer"}]`)),
		` { "amount" : "25.00", "to":"b\u006fb"}`), 201, "", "")

	before := b.runs.Load()
	for name, body := range map[string]string{
		"another amount": `{"to":"bob","amount":"25.01"}`, "another payee": `{"to":"eve","amount":"25.00"}`,
		"digits": `{"to":"bob","amount":"25.0"}`, "a letter that looks so": `{"to":"bоb","amount":"25.00"}`,
	} {
		check(t, name, b.post(t, b.token(t, pay), body), 403, required, stepup.ReasonWrongBinding)
	}
	for name, body := range map[string]string{"nothing": ``, "no JSON": `to=bob`} {
		check(t, name, b.post(t, b.token(t, pay), body), 400, stepup.CodeInvalidRequest, "")
	}
	a = b.post(t, b.Token(t, plain), payBob)
	check(t, "bound to nothing", a, 403, required, stepup.ReasonWrongBinding)
	if want := `[{"amount":"25.00","payee":"bob","type":"transfer"}]`; string(a.Payload.AuthorizationDetails) != want {
		t.Errorf("what to register: %s, want %s", a.Payload.AuthorizationDetails, want)
	}
	check(t, "time-bound", b.post(t, b.Token(t, stepuptest.Token{Scopes: plain.Scopes, TimeBound: true}), payBob), 403, required,
		stepup.ReasonWrongBinding)
	if b.runs.Load() != before {
		t.Error("the handler ran for what was refused")
	}
}

// A guard that names no transaction does not ask its callers to register one.
func TestBoundAtAGuardOfNone(t *testing.T) {
	g := guard(t, nil)
	for _, test := range []struct {
		name, token, says string
	}{
		{"a transaction", g.Token(t, stepuptest.Token{Scopes: plain.Scopes, AuthorizationDetails: pay}), "leave out the bindingId."},
		{"a client key", g.Token(t, with(map[string]any{"cnf": map[string]any{"jkt": "x"}})),
			"leave out the DPoP proof."},
	} {
		a := g.call(t, g.as(t, test.token)...)
		check(t, test.name, a, 403, required, stepup.ReasonWrongBinding)
		if !strings.HasSuffix(a.Error, test.says) {
			t.Errorf("bound to %s: %q", test.name, a.Error)
		}
	}
}

// TestBoundRefusalCostsNothing: a token shown with the wrong transaction is good
// for the right one, once.
func TestBoundRefusalCostsNothing(t *testing.T) {
	b := bind(t, nil, transferDetails)
	token := b.token(t, pay)
	check(t, "another", b.post(t, token, `{"to":"eve","amount":"25.00"}`), 403, required, stepup.ReasonWrongBinding)
	check(t, "the right one", b.post(t, token, payBob), 201, "", "")
	check(t, "again", b.post(t, token, payBob), 403, required, stepup.ReasonSpent)
}

// TestBoundReadsBodyLast: whoever has no token for the scope has no body read.
func TestBoundReadsBodyLast(t *testing.T) {
	b := bind(t, nil, transferDetails)
	expired := b.token(t, pay)
	b.Advance(301 * time.Second)
	for name, token := range map[string]string{
		"none": "", "expired": expired,
		"another scope": b.Token(t, stepuptest.Token{Scopes: []stepup.Scope{"transfer:read"}, AuthorizationDetails: pay}),
		"another user": b.Token(t,
			stepuptest.Token{Scopes: plain.Scopes, User: stepuptest.User{Subject: "user-2"}, AuthorizationDetails: pay}),
	} {
		if a := b.post(t, token, payBob); a.StatusCode != 403 || a.Payload.Reason == string(stepup.ReasonWrongBinding) {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.Payload.Reason)
		}
	}
	if n := b.asked.Load(); n != 0 {
		t.Errorf("%d requests were read that no token allows", n)
	}
}

func TestBoundToFailing(t *testing.T) {
	for name, test := range map[string]struct {
		details func(*http.Request) (any, error)
		status  int
		code    stepup.Code
		reason  stepup.Reason
	}{
		"an error": {func(*http.Request) (any, error) { return nil, errors.New("no order") }, 400,
			stepup.CodeInvalidRequest, ""},
		"an error that names a reason": {func(*http.Request) (any, error) { return nil, stepup.ErrExpired }, 400,
			stepup.CodeInvalidRequest, ""},
		"cannot tell":    {func(*http.Request) (any, error) { return nil, stepup.ErrUnavailable }, 503, stepup.CodeStepUpUnavailable, ""},
		"nothing":        {func(*http.Request) (any, error) { return nil, nil }, 400, stepup.CodeInvalidRequest, ""},
		"an empty list":  {func(*http.Request) (any, error) { return []any{}, nil }, 400, stepup.CodeInvalidRequest, ""},
		"not JSON":       {func(*http.Request) (any, error) { return []byte("x"), nil }, 400, stepup.CodeInvalidRequest, ""},
		"not marshalled": {func(*http.Request) (any, error) { return make(chan int), nil }, 400, stepup.CodeInvalidRequest, ""},
		"a member twice": {func(*http.Request) (any, error) {
			return []byte(`[{"type":"transfer","amount":"25.00","payee":"bob","payee":"bob"}]`), nil
		}, 400, stepup.CodeInvalidRequest, ""},
		"bytes": {func(*http.Request) (any, error) {
			return []byte(`[{"type":"transfer","amount":"25.00","payee":"bob"}]`), nil
		}, 201, "", ""},
		"raw message": {func(*http.Request) (any, error) {
			return json.RawMessage(`[{"type":"transfer","amount":"25.00","payee":"bob"}]`), nil
		}, 201, "", ""},
	} {
		b := bind(t, nil, test.details)
		check(t, name, b.post(t, b.token(t, pay), payBob), test.status, test.code, test.reason)
	}
	// Two texts that are no UTF-8 would have one spelling in JSON, and one hash.
	b := bind(t, nil, func(*http.Request) (any, error) {
		return []any{map[string]any{"type": "transfer", "payee": "b\xff"}}, nil
	})
	check(t, "not UTF-8", b.post(t, b.token(t, []any{map[string]any{"type": "transfer", "payee": "b\ufffd"}}), payBob), 400,
		stepup.CodeInvalidRequest, "")

	b = bind(t, nil, transferDetails)
	check(t, "too long", b.post(t, b.token(t, pay), payBob+strings.Repeat(" ", stepup.MaxBoundBody)), 400, stepup.CodeInvalidRequest, "")
}

// TestBoundOperation: one key with two transactions is a conflict, and one with
// the same transaction a replay.
func TestBoundOperation(t *testing.T) {
	b := bind(t, func(c *stepup.GuardConfig) {
		c.Operation = func(r *http.Request) string { return r.Header.Get("Idempotency-Key") }
	}, transferDetails)
	key := []string{"Idempotency-Key", "k"}
	check(t, "first", b.post(t, b.token(t, pay), payBob, key...), 201, "", "")
	check(t, "replay", b.post(t, b.token(t, pay), payBob, key...), 409, stepup.CodeOperationReplayed, "")
	eve := []any{map[string]any{"type": "transfer", "amount": "25.00", "payee": "eve"}}
	check(t, "another transaction", b.post(t, b.token(t, eve), `{"to":"eve","amount":"25.00"}`, key...), 409,
		stepup.CodeOperationConflict, "")
	if n := b.runs.Load(); n != 1 {
		t.Errorf("the handler ran %d times", n)
	}
}

func TestBoundOfflinePanics(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	guard, err := stepup.NewGuard(stepup.GuardConfig{Verifier: issuer.Verifier(t), OfflineOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("Require with BoundTo does not panic where no token can be spent")
		}
	}()
	guard.Require(transfer, stepup.BoundTo(transferDetails))
}

// TestConsumeBound: the issuer spends a bound token only for whoever names what
// it is bound to.
func TestConsumeBound(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	client := issuer.Client(t)
	token := plain
	token.AuthorizationDetails, token.Displayed = pay, true
	text := issuer.Token(t, token)
	details, err := json.Marshal(pay)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := stepup.HashDetails(details)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(id string, change func(*stepup.ConsumeRequest)) (stepup.Consumption, error) {
		request := stepup.ConsumeRequest{Token: text, Scope: transfer, OperationID: id, RequestDigest: "d"}
		change(&request)
		return client.Consume(t.Context(), request)
	}
	for name, change := range map[string]func(*stepup.ConsumeRequest){
		"nothing named":   func(*stepup.ConsumeRequest) {},
		"another hash":    func(r *stepup.ConsumeRequest) { r.AuthorizationDetailsHash = strings.Repeat("0", 64) },
		"another details": func(r *stepup.ConsumeRequest) { r.AuthorizationDetails = []byte(`[{"type":"transfer"}]`) },
	} {
		if _, err := ask("a", change); !errors.Is(err, stepup.ErrWrongBinding) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*stepup.ConsumeRequest){
		"half a hash": func(r *stepup.ConsumeRequest) { r.AuthorizationDetailsHash = "00" },
		"both":        func(r *stepup.ConsumeRequest) { r.AuthorizationDetailsHash, r.AuthorizationDetails = hash, details },
	} {
		if _, err := ask("a", change); !errors.Is(err, stepup.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if i, err := client.Introspect(t.Context(), text); err != nil || !i.Active || i.AuthorizationDetailsHash != hash || !i.Displayed ||
		len(i.AuthorizationDetails) == 0 {
		t.Errorf("introspection %+v, %v", i, err)
	}
	c, err := ask("a", func(r *stepup.ConsumeRequest) { r.AuthorizationDetailsHash = hash })
	if err != nil || c.Result != stepup.First || c.AuthorizationDetailsHash != hash || !c.Displayed || len(c.AuthorizationDetails) == 0 {
		t.Errorf("the right one: %+v, %v", c, err)
	}
	c, err = ask("a", func(r *stepup.ConsumeRequest) { r.AuthorizationDetails = details })
	if err != nil || c.Result != stepup.Replayed {
		t.Errorf("again: %+v, %v", c, err)
	}
}
