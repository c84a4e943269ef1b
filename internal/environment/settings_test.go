package environment_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/environment"
)

func settings(t *testing.T, doc string) string {
	t.Helper()
	text, err := json.MarshalIndent(mustParse(t, doc).Settings(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

func TestSettingsGolden(t *testing.T) {
	golden(t, "settings.minimal.json", settings(t, head))
	golden(t, "settings.example.json", settings(t, environment.Example))
}

// Clients change their behaviour on the mere presence of these members.
func TestSettingsLeavesOut(t *testing.T) {
	for _, doc := range []string{head, environment.Example} {
		got := settings(t, doc)
		for _, never := range []string{"waas\"", "embeddedWallets", "cookieName", "featureFlags", "captcha", "hCaptcha", "ecret", "null"} {
			if strings.Contains(got, never) {
				t.Errorf("settings contain %q", never)
			}
		}
	}
}

func TestSettingsSpellOutWhatIsInForce(t *testing.T) {
	e := mustParse(t, head+`
sessions: {lifetime: 90m}
auth: {storage: [cookie]}
mfa:
  enrollment: action
  methods: [{type: totp, enabled: true}]
  actions:
    - {action: wallet.waas.sign, required: true, tokenBehavior: time_bound}
    - {action: user.update, required: false, tokenExpirySeconds: 90}
scopes:
  - {scope: "wallet:sign", tokenBehavior: single_use, expirySeconds: 60}
`)
	s := e.Settings()
	if got := s.Security.JWTDuration; got != (environment.SettingsDuration{Amount: 90, Unit: "minutes"}) {
		t.Errorf("jwtDuration = %v", got)
	}
	if got := s.Security.Auth.Storage; len(got) != 1 || got[0] != "cookie" {
		t.Errorf("storage = %v", got)
	}
	if !s.Security.MFA.Required {
		t.Error("required = false, though enrolment is forced at the first action")
	}
	for i, want := range []environment.SettingsAction{
		{Action: "wallet.waas.sign", Required: true, TokenBehavior: "single_use", TokenExpirySeconds: 60},
		{Action: "user.update", TokenBehavior: "time_bound", TokenExpirySeconds: 90},
	} {
		if got := s.Security.MFA.Actions[i]; got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
}
