package attack_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
)

// writer may change documents, and weaken none.
func (s scene) writer(t testing.TB, environment string) func(document string) servertest.Response {
	t.Helper()
	token := servertest.Bearer(s.ServiceToken(t, environment, []string{serviceauth.EnvironmentsRead, serviceauth.EnvironmentsWrite}))
	token.Set("Content-Type", "application/yaml")
	return func(document string) servertest.Response {
		t.Helper()
		id, _, _ := strings.Cut(strings.TrimPrefix(document, "id: "), "\n")
		return s.Do(t, "PUT", servertest.Admin(url.PathEscape(id)), token, document)
	}
}

// Each step takes something away from the people of an environment, in a way that
// hides: a preset beside a floor, a second factor that is weaker than the one
// there was, a name that is somebody else's, a chain under another one's name.
func TestL14HiddenWeakening(t *testing.T) {
	t.Parallel()
	s := start(t)
	apply := s.writer(t, servertest.A)
	plain := servertest.Document(servertest.A, "")
	scopes := func(entry string) string {
		return strings.Replace(plain, `audience: "https://bank.example"}`, `audience: "https://bank.example"`+entry+`}`, 1)
	}
	methods := func(list string) string {
		return plain + "passkeys: {rpId: a.example, origins: [https://a.example]}\nmfa: {methods: [" + list + "]}\n"
	}
	network := func(entry string) string {
		return plain + "embeddedWallets: {networks: [{name: Main, rpc: https://rpc.example, chain: EVM, " + entry + "}]}\n"
	}
	provider := func(entry string) string {
		return plain + "providers: [{provider: acme, issuer: https://login.example, clientId: a" + entry + "}]\n"
	}
	passkeys := "{type: passkey, enabled: true, allowBackupCodes: false}"
	for _, step := range []struct{ name, old, next string }{
		{"the preset of a floor is gone", scopes(", floor: {preset: asvs-l3}"), plain},
		{"the floor is gone", scopes(`, floor: {withoutMfa: "urn:stepup:mfa"}`), plain},
		{"apps beside passkeys", methods(passkeys), methods(passkeys + ", {type: totp, enabled: true, allowBackupCodes: false}")},
		{"recovery codes beside passkeys", methods(passkeys), methods("{type: passkey, enabled: true, allowBackupCodes: true}")},
		{"another name", plain, strings.Replace(plain, "name: Environment a", "name: Example Bank", 1)},
		{"another name in mails", plain, plain + "mail: {appName: Example Bank}\n"},
		{"a chain under another's name", network("chainId: 1"), network("chainId: 137")},
		{"a secret for a provider", provider(""), provider(", clientSecret: {env: PROVIDER}")},
		{"another secret for a provider", provider(", clientSecret: {env: PROVIDER}"), provider(", clientSecret: {env: OTHER}")},
		{"a provider's token endpoint", provider(""), provider(", endpoints: {token: https://evil.example/token}")},
		{"a provider's own endpoint again", provider(", endpoints: {token: https://login.example/token}"), provider("")},
	} {
		s.Apply(t, step.old)
		if got := apply(step.next); got.Status != 403 || got.Code != "insufficient_service_scope" {
			t.Errorf("%s: %d %s\n%s", step.name, got.Status, got.Code, got.Body)
		}
	}
}
