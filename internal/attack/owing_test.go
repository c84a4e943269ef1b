package attack_test

import (
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// C5: a session that still owes a second factor may give or enrol one; every
// other door is shut, whatever the action behind it asks for.
func TestC5SideDoorWithoutSecondFactor(t *testing.T) {
	t.Parallel()
	s := start(t)
	user := s.SignIn(t, servertest.A, "c5@example.com")
	s.Apply(t, servertest.Document(servertest.A, "mfa: {required: true, methods: [{type: totp, enabled: true}]}\n"))
	var profile struct{ Scope string }
	s.Do(t, "GET", user.Path("/users"), user.Header(), nil).Want(t, 200, "").JSON(t, &profile)
	if profile.Scope != "requiresAdditionalAuth" {
		t.Errorf("scope %q", profile.Scope)
	}
	shut := 0
	for _, r := range api.Routes() {
		if !strings.HasPrefix(r.Path, "/api/v0/sdk/") || r.Gate.Kind == door.PublicGate || r.Gate.Kind == door.ServiceGate ||
			r.Gate.Kind == door.PromptGate || r.Path == sdkPattern("/revoke") {
			continue
		}
		path := strings.NewReplacer("{environmentId}", servertest.A, "{credentialId}", user.CredentialID, "{id}", user.CredentialID).
			Replace(r.Path)
		answer := s.Do(t, r.Method, path, user.Header(), m{})
		if refused := answer.Code == "additional_auth_required"; refused == r.Owing {
			t.Errorf("%s %s: %d %s, though its route says owing: %v", r.Method, r.Path, answer.Status, answer.Code, r.Owing)
		} else if refused {
			shut++
		}
	}
	if shut < 4 {
		t.Errorf("only %d doors are shut", shut)
	}

	// A code by mail earns the token to enrol with, and no other; nor does it link anything.
	id, code := s.SendCode(t, servertest.A, user.Email, user.Header())
	s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), typed(id, code, "wallet:export")).
		Want(t, 422, "mfa_invalid_request")
	s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), typed(id, code, "credential:link", "wallet:export")).
		Want(t, 422, "mfa_invalid_request")
	if s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), typed(id, code, "credential:link")).
		Want(t, 200, "").Member("elevatedAccessToken") == "" {
		t.Error("no token to enrol with")
	}
	id, code = s.SendCode(t, servertest.A, "another@example.com", user.Header())
	s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), typed(id, code)).Want(t, 403, "additional_auth_required")
	var check struct{ Reason string }
	s.Do(t, "POST", user.Path("/stepUp/check"), user.Header(), m{"scope": "wallet:export"}).Want(t, 200, "").JSON(t, &check)
	if check.Reason != "no_method" {
		t.Errorf("the check says %q", check.Reason)
	}
}

func sdkPattern(path string) string { return "/api/v0/sdk/{environmentId}" + path }
