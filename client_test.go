package stepup_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

func request(token, operation string) stepup.ConsumeRequest {
	return stepup.ConsumeRequest{Token: token, Scope: transfer, OperationID: operation, RequestDigest: "sha256:00"}
}

func TestConsume(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	client := issuer.Client(t)
	token := issuer.Token(t, plain)
	first, err := client.Consume(t.Context(), request(token, "op-1"))
	if err != nil || first.Result != stepup.First || first.Subject != "user-1" || first.Session != "session-1" ||
		len(first.Scopes) != 1 || first.Audience[0] != issuer.URL() || first.ACR != stepup.ACRReauth || !first.Expires.After(time.Now()) {
		t.Fatalf("first: %+v, %v", first, err)
	}
	if again, err := client.Consume(t.Context(), request(token, "op-1")); err != nil || again.Result != stepup.Replayed {
		t.Errorf("same operation: %+v, %v", again, err)
	}

	otherScope, otherDigest := request(issuer.Token(t, stepuptest.Token{Scopes: []stepup.Scope{"card:show"}}), "op-1"),
		request(token, "op-1")
	otherScope.Scope = "card:show"
	otherDigest.RequestDigest = "sha256:01"
	bob := request(issuer.Token(t, stepuptest.Token{Scopes: []stepup.Scope{transfer}, User: stepuptest.User{Subject: "bob"}}), "op-1")
	otherAudience := request(issuer.Token(t, plain), "op-5")
	otherAudience.Audience = "https://other.example"
	revoked := request(issuer.Token(t, stepuptest.Token{Scopes: []stepup.Scope{transfer}, User: stepuptest.User{Session: "gone"}}), "op-6")
	issuer.RevokeSession("gone")
	wrongScope := request(issuer.Token(t, plain), "op-7")
	wrongScope.Scope = "card:show"
	for name, test := range map[string]struct {
		request stepup.ConsumeRequest
		want    error
	}{
		"other operation": {request(token, "op-2"), stepup.ErrSpent},
		"other digest":    {otherDigest, stepup.ErrConflict},
		"other scope":     {otherScope, stepup.ErrConflict},
		"other user":      {bob, stepup.ErrConflict},
		"other audience":  {otherAudience, stepup.ErrInvalid},
		"revoked":         {revoked, stepup.ErrInvalid},
		"wrong scope":     {wrongScope, stepup.ErrWrongScope},
		"session":         {request(issuer.Session(t, stepuptest.Session{}), "op-3"), stepup.ErrInvalid},
		"forged":          {request(token[:len(token)-4]+"AAAA", "op-4"), stepup.ErrInvalid},
	} {
		got, err := client.Consume(t.Context(), test.request)
		if !errors.Is(err, test.want) || !errors.Is(err, stepup.ErrDenied) || got.Result != "" {
			t.Errorf("%s: %+v, %v; want %v", name, got, err, test.want)
		}
	}

	bound := issuer.Token(t, stepuptest.Token{Scopes: []stepup.Scope{transfer}, TimeBound: true})
	for n := range 3 {
		if c, err := client.Consume(t.Context(), request(bound, fmt.Sprint("bound-", n))); err != nil || c.Result != stepup.First {
			t.Errorf("time-bound, operation %d: %v, %v", n, c.Result, err)
		}
	}
	issuer.Advance(11 * time.Minute)
	if _, err := client.Consume(t.Context(), request(bound, "late")); !errors.Is(err, stepup.ErrExpired) {
		t.Errorf("expired: %v", err)
	}
}

// TestConsumeOnce is A1 for the client's view: 200 operations, one token.
func TestConsumeOnce(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	client := issuer.Client(t)
	token := issuer.Token(t, plain)
	results := make(chan error, 200)
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() {
			_, err := client.Consume(t.Context(), request(token, fmt.Sprint("op-", n)))
			results <- err
		})
	}
	all.Wait()
	close(results)
	won := 0
	for err := range results {
		if err == nil {
			won++
		} else if !errors.Is(err, stepup.ErrSpent) {
			t.Errorf("loser: %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d operations won, want 1", won)
	}
}

func TestConsumeLostAnswer(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	client := issuer.Client(t)
	issuer.LoseAnswers(1)
	if c, err := client.Consume(t.Context(), request(issuer.Token(t, plain), "op-1")); err != nil || c.Result != stepup.Replayed {
		t.Errorf("one answer lost: %v, %v; the second try should learn of the first", c.Result, err)
	}
	issuer.LoseAnswers(2)
	token := issuer.Token(t, plain)
	if c, err := client.Consume(t.Context(), request(token, "op-2")); !errors.Is(err, stepup.ErrUnavailable) {
		t.Errorf("two answers lost: %v, %v", c.Result, err)
	}
	issuer.LoseAnswers(0)
	issuer.FailConsume(1)
	if _, err := client.Consume(t.Context(), request(issuer.Token(t, plain), "op-3")); !errors.Is(err, stepup.ErrUnavailable) {
		t.Errorf("503: %v", err)
	}
}

// TestAnswers lets an issuer say all sorts of things: only a well-formed "first"
// or "replayed" is anything but a refusal.
func TestAnswers(t *testing.T) {
	const good = `{"result":"first","jti":"j","sub":"s","sid":"i","environment_id":"e","scope":"transfer:create","aud":"a",` +
		`"exp":2000000000,"auth_time":1,"acr":"x","amr":["otp"],"credential_id":"c"}`
	const denied = `{"error":"no","code":"elevated_access_token_required","payload":{"scope":"transfer:create","reason":"%s",` +
		`"singleUse":true,"methods":["totp"],"requestId":"r"},"requestId":"r"}`
	for name, test := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"first":            {200, good, nil},
		"unknown members":  {200, `{"new":1,` + good[1:], nil},
		"unknown result":   {200, strings.Replace(good, "first", "maybe", 1), stepup.ErrUnavailable},
		"no result":        {200, strings.Replace(good, `"result":"first",`, "", 1), stepup.ErrUnavailable},
		"result twice":     {200, `{"result":"replayed",` + good[1:], stepup.ErrUnavailable},
		"Result":           {200, `{"Result":"replayed",` + good[1:], stepup.ErrUnavailable},
		"no jti":           {200, strings.Replace(good, `"jti"`, `"x"`, 1), stepup.ErrUnavailable},
		"created":          {201, good, stepup.ErrUnavailable},
		"accepted":         {202, good, stepup.ErrUnavailable},
		"empty":            {200, "", stepup.ErrUnavailable},
		"cut off":          {200, good[:len(good)-1], stepup.ErrUnavailable},
		"page of a proxy":  {200, "<html>sign in</html>", stepup.ErrUnavailable},
		"endless":          {200, good + strings.Repeat(" ", 65<<10), stepup.ErrUnavailable},
		"redirect":         {302, good, stepup.ErrUnavailable},
		"server error":     {500, `{"error":"x","code":"internal_error"}`, stepup.ErrUnavailable},
		"gateway":          {502, good, stepup.ErrUnavailable},
		"rate limit":       {429, `{"error":"x","code":"rate_limited"}`, stepup.ErrUnavailable},
		"malformed":        {400, `{"error":"x","code":"malformed_request"}`, stepup.ErrUnavailable},
		"not found":        {404, "", stepup.ErrUnavailable},
		"bad token":        {401, `{"error":"x","code":"invalid_service_token"}`, stepup.ErrServiceToken},
		"bad token, 403":   {403, `{"error":"x","code":"invalid_service_token"}`, stepup.ErrServiceToken},
		"scope of service": {403, `{"error":"x","code":"insufficient_service_scope"}`, stepup.ErrServiceToken},
		"bare 403":         {403, "", stepup.ErrUnavailable},
		"other 403":        {403, `{"error":"x","code":"waf"}`, stepup.ErrUnavailable},
		"conflict":         {409, `{"error":"x","code":"operation_conflict"}`, stepup.ErrConflict},
		"other conflict":   {409, `{"error":"x","code":"other"}`, stepup.ErrUnavailable},
		"missing":          {403, fmt.Sprintf(denied, "missing"), stepup.ErrInvalid},
		"expired":          {403, fmt.Sprintf(denied, "expired"), stepup.ErrExpired},
		"spent":            {403, fmt.Sprintf(denied, "spent"), stepup.ErrSpent},
		"wrong scope":      {403, fmt.Sprintf(denied, "wrong_scope"), stepup.ErrWrongScope},
		"wrong subject":    {403, fmt.Sprintf(denied, "wrong_subject"), stepup.ErrWrongSubject},
		"wrong binding":    {403, fmt.Sprintf(denied, "wrong_binding"), stepup.ErrWrongBinding},
		"superseded":       {403, fmt.Sprintf(denied, "superseded"), stepup.ErrSuperseded},
		"disputed":         {403, fmt.Sprintf(denied, "disputed"), stepup.ErrDisputed},
		"no method":        {403, fmt.Sprintf(denied, "no_method"), stepup.ErrNoMethod},
		"new reason":       {403, fmt.Sprintf(denied, "moon_phase"), stepup.ErrInvalid},
		"no payload":       {403, `{"error":"x","code":"elevated_access_token_required"}`, stepup.ErrInvalid},
		"bad payload":      {403, `{"error":"x","code":"elevated_access_token_required","payload":{"methods":7}}`, stepup.ErrUnavailable},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, test.body)
		}))
		client, err := stepup.NewClient(stepup.ClientConfig{Issuer: server.URL, ServiceToken: "stp_x"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.Consume(t.Context(), request("a.b.c", "op"))
		if !errors.Is(err, test.want) || (err == nil) != (got.Result == stepup.First) || (err != nil && !errors.Is(err, stepup.ErrDenied)) {
			t.Errorf("%s: %+v, %v; want %v", name, got, err, test.want)
		}
		if name == "spent" {
			var refused *stepup.RefusedError
			if !errors.As(err, &refused) || refused.Methods[0] != "totp" || !*refused.SingleUse || refused.RequestID != "r" ||
				refused.Scope != transfer {
				t.Errorf("details of a refusal: %+v", refused)
			}
		}
		server.Close()
	}
}

func TestConsumeRequestIsChecked(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	client := issuer.Client(t)
	good := request(issuer.Token(t, plain), "op")
	for name, change := range map[string]func(*stepup.ConsumeRequest){
		"no token":    func(r *stepup.ConsumeRequest) { r.Token = "" },
		"long token":  func(r *stepup.ConsumeRequest) { r.Token = strings.Repeat("a", 8193) },
		"no scope":    func(r *stepup.ConsumeRequest) { r.Scope = "" },
		"wildcard":    func(r *stepup.ConsumeRequest) { r.Scope = "transfer:*" },
		"no id":       func(r *stepup.ConsumeRequest) { r.OperationID = "" },
		"long id":     func(r *stepup.ConsumeRequest) { r.OperationID = strings.Repeat("a", 129) },
		"odd id":      func(r *stepup.ConsumeRequest) { r.OperationID = "a/b" },
		"no digest":   func(r *stepup.ConsumeRequest) { r.RequestDigest = "" },
		"long digest": func(r *stepup.ConsumeRequest) { r.RequestDigest = strings.Repeat("a", 257) },
		"odd digest":  func(r *stepup.ConsumeRequest) { r.RequestDigest = "a b" },
	} {
		r := good
		change(&r)
		if _, err := client.Consume(t.Context(), r); !errors.Is(err, stepup.ErrDenied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := client.Consume(t.Context(), good); err != nil {
		t.Errorf("a refused request cost the token: %v", err)
	}
}

func TestIntrospect(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	client := issuer.Client(t)
	token := issuer.Token(t, plain)
	active := func(token string) stepup.Introspection {
		t.Helper()
		i, err := client.Introspect(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	if i := active(token); !i.Active || i.Type != stepup.TypeElevated || i.Subject != "user-1" || !i.SingleUse ||
		i.Scopes[0] != "transfer:create" || i.AMR[0] != "otp" {
		t.Errorf("elevated: %+v", i)
	}
	if _, err := client.Consume(t.Context(), request(token, "op")); err != nil {
		t.Fatal(err)
	}
	session := issuer.Session(t, stepuptest.Session{})
	if i := active(session); !i.Active || i.Type != stepup.TypeSession || i.Session != "session-1" {
		t.Errorf("session: %+v", i)
	}
	fresh := issuer.Token(t, plain)
	issuer.RevokeSession("session-1")
	for name, token := range map[string]string{"spent": token, "revoked": fresh, "revoked session": session, "rubbish": "x"} {
		if i := active(token); i.Active || i.Subject != "" || i.Scopes != nil {
			t.Errorf("%s: %+v", name, i)
		}
	}
	if _, err := client.Introspect(t.Context(), ""); !errors.Is(err, stepup.ErrUnavailable) {
		t.Errorf("empty: %v", err)
	}
	wrong, err := stepup.NewClient(stepup.ClientConfig{Issuer: issuer.URL(), ServiceToken: "stp_wrong"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wrong.Introspect(t.Context(), fresh); !errors.Is(err, stepup.ErrServiceToken) || !errors.Is(err, stepup.ErrUnavailable) {
		t.Errorf("wrong service token: %v", err)
	}
}

func TestNewClient(t *testing.T) {
	for _, config := range []stepup.ClientConfig{
		{}, {Issuer: "https://a.example"}, {ServiceToken: "stp_x"}, {Issuer: "a.example", ServiceToken: "stp_x"},
		{Issuer: "https://a.example", ServiceToken: "stp_x\n"}, {Issuer: "https://a.example", ServiceToken: "stp x"},
	} {
		if _, err := stepup.NewClient(config); err == nil || strings.Contains(err.Error(), "stp_x") {
			t.Errorf("NewClient(%v): %v", config, err)
		}
	}
}

// TestServiceTokenIsNotPrinted is a canary through everything that prints (I7, D9).
func TestServiceTokenIsNotPrinted(t *testing.T) {
	const canary = "stp_canary"
	config := stepup.ClientConfig{Issuer: "http://127.0.0.1:1", ServiceToken: canary}
	client, err := stepup.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	_, failure := client.Consume(t.Context(), request("a.b.c", "op"))
	var out bytes.Buffer
	for _, value := range []any{config, &config, client, *client, config.ServiceToken, failure, []any{config}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, value)
		}
		b, _ := json.Marshal(value)
		out.Write(b)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "value", value)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "value", value)
	}
	if s := out.String(); strings.Contains(s, "canary") || strings.Contains(s, fmt.Sprintf("%x", "canary")) {
		t.Errorf("the service token is printed: %s", s)
	}
}
