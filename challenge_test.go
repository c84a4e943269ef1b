package stepup_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

func TestRFC9470(t *testing.T) {
	g := guard(t, func(c *stepup.GuardConfig) {
		c.Refuse = stepup.RFC9470(5*time.Minute, stepup.ACRMFA, stepup.ACRPhishingResistant)
	})
	a := g.call(t, "Authorization", "Bearer "+g.Session(t, stepuptest.Session{}))
	check(t, "no token", a, 401, required, stepup.ReasonMissing)
	const want = `Bearer error="insufficient_user_authentication", error_description="A fresh proof is required", ` +
		`scope="transfer:create", acr_values="urn:stepup:mfa urn:stepup:phr", max_age="300"`
	if got := a.Header.Get("WWW-Authenticate"); got != want {
		t.Errorf("WWW-Authenticate\n got %s\nwant %s", got, want)
	}
	a = g.call(t)
	check(t, "no session", a, 401, stepup.CodeSignInRequired, "")
	if got := a.Header.Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("a missing session is not mended by step-up: %s", got)
	}
}

func TestChallengeCannotBeSplit(t *testing.T) {
	recorder := httptest.NewRecorder()
	stepup.RFC9470(0, "a\"b\\c\r\nX-Evil: 1")(recorder, nil, stepup.Refusal{Status: 403, Code: required, Scope: transfer})
	got := recorder.Header().Get("WWW-Authenticate")
	if strings.ContainsAny(got, "\r\n") || !strings.Contains(got, `acr_values="a\"b\\cX-Evil: 1"`) || strings.Contains(got, "max_age") {
		t.Errorf("WWW-Authenticate %q", got)
	}
}

func TestCustomRefusal(t *testing.T) {
	var seen stepup.Refusal
	g := guard(t, func(c *stepup.GuardConfig) {
		c.Refuse = func(w http.ResponseWriter, _ *http.Request, r stepup.Refusal) {
			seen = r
			w.WriteHeader(http.StatusTeapot)
		}
	})
	if a := g.call(t, g.as(t, "junk")...); a.StatusCode != http.StatusTeapot {
		t.Errorf("status %d", a.StatusCode)
	}
	if !errors.Is(seen.Err, stepup.ErrInvalid) || seen.Scope != transfer || seen.Reason != stepup.ReasonMissing || seen.Message == "" {
		t.Errorf("refusal %+v", seen)
	}
}

func TestRequestID(t *testing.T) {
	g := guard(t, nil)
	for sent, taken := range map[string]bool{"req-1.a_b:c": true, "": false, "a b": false, `"><script>`: false,
		strings.Repeat("a", 129): false} {
		a := g.call(t, "X-Request-Id", sent)
		check(t, sent, a, 401, stepup.CodeSignInRequired, "")
		if got := a.RequestID == sent; got != taken {
			t.Errorf("request id %q taken over: %v, want %v", sent, got, taken)
		}
	}
}

func TestErrors(t *testing.T) {
	for err, reason := range map[error]stepup.Reason{
		stepup.ErrMissing: "missing", stepup.ErrInvalid: "missing", stepup.ErrExpired: "expired", stepup.ErrSpent: "spent",
		stepup.ErrWrongScope: "wrong_scope", stepup.ErrWrongSubject: "wrong_subject", stepup.ErrWrongBinding: "wrong_binding",
		stepup.ErrSuperseded: "superseded", stepup.ErrNoMethod: "no_method", stepup.ErrDisputed: "disputed", stepup.ErrUnauthenticated: "",
		stepup.ErrInvalidSession: "", stepup.ErrAmbiguous: "",
		stepup.ErrReplayed: "", stepup.ErrConflict: "", stepup.ErrSingleUseUnsupported: "", stepup.ErrUnavailable: "",
		stepup.ErrServiceToken: "",
	} {
		wrapped := fmt.Errorf("context: %w", err)
		if !errors.Is(wrapped, stepup.ErrDenied) || stepup.ReasonOf(wrapped) != reason {
			t.Errorf("%v: denied %v, reason %q, want %q", err, errors.Is(wrapped, stepup.ErrDenied), stepup.ReasonOf(wrapped), reason)
		}
	}
	if stepup.ReasonOf(nil) != "" || stepup.ReasonOf(errors.New("x")) != "" {
		t.Error("other errors have a reason")
	}
}
