package stepup_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// guarded is a service on a real listener whose one route needs transfer:create.
type guarded struct {
	*stepuptest.Issuer
	server *httptest.Server
	runs   atomic.Int32
	claims atomic.Value // stepup.Claims of the last run
}

func guard(t *testing.T, change func(*stepup.GuardConfig)) *guarded {
	t.Helper()
	g := &guarded{Issuer: stepuptest.NewIssuer(t)}
	config := stepup.GuardConfig{Verifier: g.Verifier(t), Client: g.Client(t)}
	if change != nil {
		change(&config)
	}
	guard, err := stepup.NewGuard(config)
	if err != nil {
		t.Fatal(err)
	}
	g.server = httptest.NewServer(guard.Require(transfer)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, ok := stepup.FromContext(r.Context())
		caller, known := stepup.CallerFromContext(r.Context())
		if !ok || !known {
			t.Error("handler runs without claims or caller")
		}
		_ = caller
		g.claims.Store(claims)
		g.runs.Add(1)
		w.WriteHeader(http.StatusCreated)
	})))
	t.Cleanup(g.server.Close)
	return g
}

type answer struct {
	*http.Response
	Error, Code, RequestID string
	Payload                struct {
		Scope, Reason, RequestID string
		SingleUse                *bool
		Methods                  []string
		AuthorizationDetails     json.RawMessage
	}
}

// call posts with headers given as name, value, name, value.
func (g *guarded) call(t testing.TB, headers ...string) answer {
	t.Helper()
	return g.callWith(t, `{"to":"bob"}`, headers...)
}

func (g *guarded) callWith(t testing.TB, content string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.server.URL+"/transfers?draft=no", strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	response, err := g.server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{Response: response}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &a); err != nil {
			t.Fatalf("body %q: %v", body, err)
		}
	}
	return a
}

// as is the headers of a request by user-1 with an elevated access token.
func (g *guarded) as(t testing.TB, token string) []string {
	t.Helper()
	return []string{"Authorization", "Bearer " + g.Session(t, stepuptest.Session{}), "Elevated-Access-Token", token}
}

// pay is a transaction.
var pay = []any{map[string]any{"type": "transfer", "amount": "25.00", "payee": "bob"}}

func check(t *testing.T, name string, a answer, status int, code stepup.Code, reason stepup.Reason) {
	t.Helper()
	if a.StatusCode != status || a.Code != string(code) || a.Payload.Reason != string(reason) {
		t.Errorf("%s: %d %s %s, want %d %s %s", name, a.StatusCode, a.Code, a.Payload.Reason, status, code, reason)
	}
	if status < 400 {
		return
	}
	if a.Error == "" || a.RequestID == "" || a.Header.Get("X-Request-Id") != a.RequestID || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: refusal teaches too little: %+v %v", name, a, a.Header)
	}
}

const required = stepup.CodeElevatedAccessTokenRequired

func TestRequire(t *testing.T) {
	g := guard(t, nil)
	check(t, "good", g.call(t, g.as(t, g.Token(t, plain))...), 201, "", "")
	if claims := g.claims.Load().(stepup.Claims); claims.Subject != "user-1" || !claims.Has(transfer) {
		t.Errorf("claims in context: %+v", claims)
	}
	session := []string{"Authorization", "bearer " + g.Session(t, stepuptest.Session{})}
	check(t, "other header", g.call(t, append(session, "x-dyn-elevated-access-token", g.Token(t, plain))...), 201, "", "")

	a := g.call(t, session...)
	check(t, "no token", a, 403, required, stepup.ReasonMissing)
	if got, want := a.Header.Get("WWW-Authenticate"), `Bearer error="insufficient_scope", scope="transfer:create"`; got != want {
		t.Errorf("WWW-Authenticate %q, want %q", got, want)
	}
	if a.Payload.Scope != string(transfer) || a.Payload.Methods != nil || a.Payload.RequestID != a.RequestID {
		t.Errorf("payload %+v", a.Payload)
	}

	spent := g.Token(t, plain)
	g.call(t, g.as(t, spent)...)
	a = g.call(t, g.as(t, spent)...)
	check(t, "spent", a, 403, required, stepup.ReasonSpent)
	if a.Payload.SingleUse == nil || !*a.Payload.SingleUse || a.Payload.Methods[0] != "email" {
		t.Errorf("what the issuer said is lost: %+v", a.Payload)
	}
	before := g.runs.Load()
	for name, test := range map[string]struct {
		token  stepuptest.Token
		reason stepup.Reason
	}{
		"other scope":   {stepuptest.Token{Scopes: []stepup.Scope{"transfer:read"}}, stepup.ReasonWrongScope},
		"longer scope":  {stepuptest.Token{Scopes: []stepup.Scope{"transfer:create:big"}}, stepup.ReasonWrongScope},
		"other user":    {stepuptest.Token{Scopes: plain.Scopes, User: stepuptest.User{Subject: "user-2"}}, stepup.ReasonWrongSubject},
		"other session": {stepuptest.Token{Scopes: plain.Scopes, User: stepuptest.User{Session: "session-2"}}, stepup.ReasonWrongSubject},
		"other service": {stepuptest.Token{Scopes: plain.Scopes, Audience: "https://other.example"}, stepup.ReasonMissing},
		"bound to key":  {with(map[string]any{"cnf": map[string]any{"jkt": "x"}}), stepup.ReasonWrongBinding},
		"transaction":   {stepuptest.Token{Scopes: plain.Scopes, AuthorizationDetails: pay}, stepup.ReasonWrongBinding},
		"session typ":   {headed(map[string]any{"typ": stepup.TypeSession}), stepup.ReasonMissing},
	} {
		check(t, name, g.call(t, g.as(t, g.Token(t, test.token))...), 403, required, test.reason)
	}
	for _, junk := range []string{"", "x", g.Token(t, plain) + ", " + g.Token(t, plain)} {
		check(t, "junk", g.call(t, g.as(t, junk)...), 403, required, stepup.ReasonMissing)
	}
	a = g.call(t, g.as(t, "Bearer "+g.Token(t, plain))...)
	check(t, "a scheme before it", a, 400, stepup.CodeInvalidRequest, "")
	if !strings.Contains(a.Error, `without "Bearer "`) {
		t.Errorf("a scheme before the token: %q", a.Error)
	}
	late := g.Token(t, plain)
	g.Advance(301 * time.Second)
	check(t, "expired", g.call(t, g.as(t, late)...), 403, required, stepup.ReasonExpired)
	if got := g.runs.Load(); got != before {
		t.Errorf("the handler ran %d times for what was refused", got-before)
	}
}

// TestRefusalCostsNothing: a token refused for another reason is still good.
func TestRefusalCostsNothing(t *testing.T) {
	g := guard(t, nil)
	token := g.Token(t, plain)
	bob := "Bearer " + g.Session(t, stepuptest.Session{User: stepuptest.User{Subject: "bob"}})
	check(t, "stolen", g.call(t, "Authorization", bob, "Elevated-Access-Token", token), 403, required, stepup.ReasonWrongSubject)
	check(t, "no session", g.call(t, "Elevated-Access-Token", token), 401, stepup.CodeSignInRequired, "")
	check(t, "twice", g.call(t, append(g.as(t, token), "Elevated-Access-Token", token)...), 400,
		stepup.CodeAmbiguousElevatedAccessToken, "")
	check(t, "its owner", g.call(t, g.as(t, token)...), 201, "", "")
}

func TestNewGuard(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	verifier, client := issuer.Verifier(t), issuer.Client(t)
	for name, config := range map[string]stepup.GuardConfig{
		"nothing":                   {},
		"no verifier":               {Client: client},
		"no client":                 {Verifier: verifier},
		"no caller":                 {Verifier: verifier, Client: client, IgnoreSession: true},
		"offline with client":       {Verifier: verifier, Client: client, OfflineOnly: true},
		"offline, but consume":      {Verifier: verifier, OfflineOnly: true, AlwaysConsume: true},
		"offline with an operation": {Verifier: verifier, OfflineOnly: true, Operation: func(*http.Request) string { return "" }},
	} {
		if _, err := stepup.NewGuard(config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	good, err := stepup.NewGuard(stepup.GuardConfig{Verifier: verifier, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range []stepup.Scope{"", "transfer", "transfer:*", "Transfer:create"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Require(%q) does not panic", scope)
				}
			}()
			good.Require(scope)
		}()
	}
}

func TestOfflineOnly(t *testing.T) {
	g := guard(t, func(c *stepup.GuardConfig) { c.Client, c.OfflineOnly = nil, true })
	check(t, "single-use", g.call(t, g.as(t, g.Token(t, plain))...), 403, stepup.CodeSingleUseUnsupported, "")
	token := g.Token(t, stepuptest.Token{Scopes: plain.Scopes, TimeBound: true})
	for range 2 {
		check(t, "time-bound", g.call(t, g.as(t, token)...), 201, "", "")
	}
	for name, test := range map[string]struct {
		token  stepuptest.Token
		reason stepup.Reason
	}{
		"other scope": {stepuptest.Token{Scopes: []stepup.Scope{"transfer:creat"}}, stepup.ReasonWrongScope},
		"other user":  {stepuptest.Token{Scopes: plain.Scopes, User: stepuptest.User{Subject: "bob"}}, stepup.ReasonWrongSubject},
	} {
		test.token.TimeBound = true
		check(t, name, g.call(t, g.as(t, g.Token(t, test.token))...), 403, required, test.reason)
	}
}

func TestAlwaysConsume(t *testing.T) {
	offline, online := guard(t, nil), guard(t, func(c *stepup.GuardConfig) { c.AlwaysConsume = true })
	for name, test := range map[string]struct {
		g      *guarded
		status int
	}{"offline": {offline, 201}, "online": {online, 403}} {
		token := test.g.Token(t, stepuptest.Token{Scopes: plain.Scopes, TimeBound: true})
		for range 2 {
			check(t, name, test.g.call(t, test.g.as(t, token)...), 201, "", "")
		}
		test.g.RevokeSession("session-1")
		if a := test.g.call(t, test.g.as(t, token)...); a.StatusCode != test.status {
			t.Errorf("%s after revocation: %d, want %d", name, a.StatusCode, test.status)
		}
	}
}

// A client is told to try again where that can do no harm: not after a token may have
// been spent for a request that nobody can name.
func TestRetryAfter(t *testing.T) {
	away := guard(t, func(c *stepup.GuardConfig) {
		c.Caller = func(*http.Request) (stepup.Caller, error) { return stepup.Caller{}, stepup.ErrUnavailable }
	})
	if a := away.call(t, away.as(t, away.Token(t, plain))...); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("callers cannot be found out: %d, Retry-After %q", a.StatusCode, a.Header.Get("Retry-After"))
	}
	for name, key := range map[string]string{"nameless": "", "named": "key-1"} {
		g := guard(t, func(c *stepup.GuardConfig) { c.Operation = func(*http.Request) string { return key } })
		g.LoseAnswers(2)
		a := g.call(t, g.as(t, g.Token(t, plain))...)
		if again := a.Header.Get("Retry-After") != ""; a.StatusCode != 503 || again != (key != "") {
			t.Errorf("%s: %d, Retry-After %q", name, a.StatusCode, a.Header.Get("Retry-After"))
		}
	}
}

// TestUncertaintyMeansNo is I6 at the guard.
func TestUncertaintyMeansNo(t *testing.T) {
	g := guard(t, nil)
	g.FailConsume(1)
	check(t, "issuer fails", g.call(t, g.as(t, g.Token(t, plain))...), 503, stepup.CodeStepUpUnavailable, "")
	g.LoseAnswers(2)
	check(t, "no answer at all", g.call(t, g.as(t, g.Token(t, plain))...), 503, stepup.CodeStepUpUnavailable, "")
	g.LoseAnswers(1)
	check(t, "first answer lost", g.call(t, g.as(t, g.Token(t, plain))...), 403, required, stepup.ReasonSpent)
	check(t, "all well again", g.call(t, g.as(t, g.Token(t, plain))...), 201, "", "")

	wrong := guard(t, func(c *stepup.GuardConfig) {
		client, err := stepup.NewClient(stepup.ClientConfig{Issuer: stepuptest.NewIssuer(t).URL(), ServiceToken: "stp_wrong"})
		if err != nil {
			t.Fatal(err)
		}
		c.Client = client
	})
	check(t, "service token refused", wrong.call(t, wrong.as(t, wrong.Token(t, plain))...), 503, stepup.CodeStepUpUnavailable, "")

	digest := guard(t, func(c *stepup.GuardConfig) {
		c.Digest = func(*http.Request) (string, error) { return "", errors.New("cannot") }
	})
	check(t, "digest fails", digest.call(t, digest.as(t, digest.Token(t, plain))...), 503, stepup.CodeStepUpUnavailable, "")
	if n := g.runs.Load() + wrong.runs.Load() + digest.runs.Load(); n != 1 {
		t.Errorf("the handlers ran %d times, want 1", n)
	}

	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"result":"first","jti":"j","sub":"s","sid":"i","environment_id":"e","scope":"transfer:create",`+
			`"aud":"a","exp":2000000000,"auth_time":1,"acr":"x"}`)
	}))
	t.Cleanup(liar.Close)
	other := guard(t, func(c *stepup.GuardConfig) {
		client, err := stepup.NewClient(stepup.ClientConfig{Issuer: liar.URL, ServiceToken: "stp_x"})
		if err != nil {
			t.Fatal(err)
		}
		c.Client = client
	})
	check(t, "answer about another token", other.call(t, other.as(t, other.Token(t, plain))...), 503, stepup.CodeStepUpUnavailable, "")
}

// TestRefusedBeforeTheBody sends a body that never ends: the answer comes anyway.
func TestRefusedBeforeTheBody(t *testing.T) {
	g := guard(t, nil)
	connection, err := net.Dial("tcp", g.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	_, err = io.WriteString(connection,
		"POST /transfers HTTP/1.1\r\nHost: bank.example\r\nContent-Length: 1000000\r\nAuthorization: Bearer "+
			g.Session(t, stepuptest.Session{})+"\r\n\r\n{")
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Errorf("status %d, want 403", response.StatusCode)
	}
}
