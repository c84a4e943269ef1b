package stepup_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

func TestAmbiguousHeaders(t *testing.T) {
	g := guard(t, nil)
	one, two := g.Token(t, plain), g.Token(t, plain)
	session := []string{"Authorization", "Bearer " + g.Session(t, stepuptest.Session{})}
	const ours, dyn = "Elevated-Access-Token", "x-dyn-elevated-access-token"
	for _, headers := range [][]string{
		{ours, one, dyn, two}, {ours, one, dyn, one}, {ours, one, ours, one}, {ours, one, ours, two}, {dyn, one, dyn, two},
		{ours, "", dyn, one}, {ours, one, dyn, ""}, {ours, "", ours, one}, {ours, one, "ELEVATED-ACCESS-TOKEN", two},
	} {
		check(t, fmt.Sprintf("%.40q", headers), g.call(t, append(session, headers...)...), 400, stepup.CodeAmbiguousElevatedAccessToken, "")
	}
	check(t, "unspent after all that", g.call(t, append(session, ours, one)...), 201, "", "")
}

func TestCaller(t *testing.T) {
	g := guard(t, nil)
	session := g.Session(t, stepuptest.Session{})
	for code, requests := range map[stepup.Code]map[string][]string{
		stepup.CodeSignInRequired: {
			"nothing":        {},
			"empty":          {"Authorization", ""},
			"basic":          {"Authorization", "Basic " + session},
			"no scheme":      {"Authorization", session},
			"no token":       {"Authorization", "Bearer "},
			"joined":         {"Authorization", "Bearer " + session + ", Bearer " + session},
			"two":            {"Authorization", "Bearer " + session, "Authorization", "Bearer " + session},
			"MFA missing":    {"Authorization", "Bearer " + g.Session(t, stepuptest.Session{Scope: "user:basic requiresAdditionalAuth"})},
			"device missing": {"Authorization", "Bearer " + g.Session(t, stepuptest.Session{Scope: "device:register"})},
		},
		stepup.CodeInvalidSession: {
			"elevated":         {"Authorization", "Bearer " + g.Token(t, plain)},
			"service token":    {"Authorization", "Bearer " + string(g.ServiceToken())},
			"forged":           {"Authorization", "Bearer " + session[:len(session)-4] + "AAAA"},
			"full session JWT": {"Authorization", "Bearer " + g.Session(t, stepuptest.Session{Header: map[string]any{"typ": "id+jwt"}})},
		},
	} {
		challenge := map[stepup.Code]string{stepup.CodeSignInRequired: `Bearer`,
			stepup.CodeInvalidSession: `Bearer error="invalid_token"`}[code]
		for name, headers := range requests {
			a := g.call(t, append(headers, "Elevated-Access-Token", g.Token(t, plain))...)
			check(t, name, a, 401, code, "")
			if got := a.Header.Get("WWW-Authenticate"); got != challenge {
				t.Errorf("%s: WWW-Authenticate %q, want %q", name, got, challenge)
			}
		}
	}
	g.Advance(2 * time.Hour)
	check(t, "expired", g.call(t, "Authorization", "Bearer "+session, "Elevated-Access-Token", g.Token(t, plain)), 401,
		stepup.CodeInvalidSession, "")
	if g.runs.Load() != 0 {
		t.Error("the handler ran")
	}
}

func TestCallerOfYours(t *testing.T) {
	ada := stepup.Caller{ExternalIssuer: "https://login.example", ExternalSubject: "ada"}
	for name, test := range map[string]struct {
		caller stepup.Caller
		err    error
		user   stepuptest.User
		status int
	}{
		"same":          {ada, nil, stepuptest.User{ExternalIssuer: "https://login.example", ExternalSubject: "ada"}, 201},
		"other subject": {ada, nil, stepuptest.User{ExternalIssuer: "https://login.example", ExternalSubject: "bob"}, 403},
		"other issuer":  {ada, nil, stepuptest.User{ExternalIssuer: "https://evil.example", ExternalSubject: "ada"}, 403},
		"not external":  {ada, nil, stepuptest.User{Subject: "ada"}, 403},
		"both": {stepup.Caller{Subject: "user-1", Session: "session-1", ExternalIssuer: ada.ExternalIssuer,
			ExternalSubject: "ada"}, nil, stepuptest.User{ExternalIssuer: "https://login.example", ExternalSubject: "ada"}, 201},
		"both, one wrong": {stepup.Caller{Subject: "user-1", Session: "session-2", ExternalIssuer: ada.ExternalIssuer,
			ExternalSubject: "ada"}, nil, stepuptest.User{ExternalIssuer: "https://login.example", ExternalSubject: "ada"}, 403},
		"nobody":      {stepup.Caller{}, nil, stepuptest.User{}, 401},
		"half a pair": {stepup.Caller{Subject: "user-1"}, nil, stepuptest.User{}, 401},
		"other half":  {stepup.Caller{ExternalIssuer: "https://login.example"}, nil, stepuptest.User{}, 401},
		"pair and a half": {stepup.Caller{Subject: "user-1", Session: "session-1", ExternalSubject: "ada"}, nil,
			stepuptest.User{ExternalSubject: "ada"}, 401},
		"error":        {ada, errors.New("no cookie"), stepuptest.User{}, 401},
		"denied error": {ada, stepup.ErrExpired, stepuptest.User{}, 401},
		"unavailable":  {ada, stepup.ErrUnavailable, stepuptest.User{}, 503},
		"out of time":  {ada, fmt.Errorf("asking our own database: %w", context.DeadlineExceeded), stepuptest.User{}, 503},
	} {
		g := guard(t, func(c *stepup.GuardConfig) {
			c.IgnoreSession = true
			c.Caller = func(*http.Request) (stepup.Caller, error) { return test.caller, test.err }
		})
		token := plain
		token.User = test.user
		if a := g.call(t, "Elevated-Access-Token", g.Token(t, token)); a.StatusCode != test.status {
			t.Errorf("%s: %d %s %s, want %d", name, a.StatusCode, a.Code, a.Payload.Reason, test.status)
		}
	}
}

func TestSignedIn(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	guard, err := stepup.NewGuard(stepup.GuardConfig{Verifier: issuer.Verifier(t), Client: issuer.Client(t)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(guard.SignedIn(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := stepup.CallerFromContext(r.Context())
		_, elevated := stepup.FromContext(r.Context())
		fmt.Fprint(w, caller.Subject, elevated)
	})))
	t.Cleanup(server.Close)
	for header, want := range map[string]string{
		"Bearer " + issuer.Session(t, stepuptest.Session{}): "200 user-1false",
		"Bearer " + issuer.Token(t, plain):                  "401 ",
		"":                                                  "401 ",
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", header)
		response, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if got := fmt.Sprintf("%d %s", response.StatusCode, body); !strings.HasPrefix(got, want) {
			t.Errorf("%.20q: %q, want %q", header, got, want)
		}
	}
}
