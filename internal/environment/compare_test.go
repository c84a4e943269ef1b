package environment_test

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stepup-auth/stepup/internal/environment"
)

var inBrackets = regexp.MustCompile(`\[[^\]]*\]`)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// Each step is compared in both directions: what weakens forth must not back,
// unless both directions open something.
func TestCompareGolden(t *testing.T) {
	const custom = "scopes: [{scope: transfer:create, audience: https://bank.example"
	steps := []struct{ name, old, new string }{
		{"name", "", "mail: {appName: B}"},
		{"name of the environment", "", strings.Replace(head, "App", "Bank", 1)},
		{"origins", "origins: [https://a.example, https://b.example]", "origins: [https://c.example, https://b.example]"},
		{"order of origins", "origins: [https://a.example, https://b.example]", "origins: [https://b.example, https://a.example]"},
		{"redirect origins", "", "redirectOrigins: [https://a.example]"},
		{"version", "createdAtVersion: 2026_01_01", "createdAtVersion: 2026_01_01\nminApiVersion: 2026_01_01"},
		{"birth", "", "createdAtVersion: 2026_01_01"},
		{"algorithm", "", "tokens: {algorithm: EdDSA}"},
		{"grace", "", "tokens: {rotationGrace: 48h}"},
		{"sign-up", "signUp: {enabled: false}", ""},
		{"limits", "limits: {codeAttempts: 3, codeExpiry: 2m, codesPerAddress: {count: 3, per: 20m}, codesPerSession: {count: 3, per: " +
			"20m}, codesPerIP: {count: 3, per: 20m}, codesPerHour: 100, codesPerAccount: {count: 5, per: 20m}, codesPerAccountHour: 20, " +
			"guessesPerAccount: {count: 5, per: 2h}, guessesHardStop: 20, factorGuesses: 5, factorHardStop: 20, ipv6Prefix: 56}", ""},
		{"audit", "audit: {retention: 3650d, addressRetention: 90d}", ""},
		{"SMS", "", "sms: {enabled: true, countries: [US], numberTypes: [mobile, voip], perPrefix: {count: 100, per: 10m}, perHour: 5000}"},
		{"provider elsewhere", "providers: [{provider: acme, clientId: a, issuer: 'https://a.example'}]",
			"providers: [{provider: acme, clientId: a, name: Acme, issuer: 'https://b.example', endpoints: {authorization: 'https://c." +
				"example/a', token: 'https://c.example/t', userinfo: 'https://c.example/u', jwks: 'https://c.example/k'}, direct: true}]"},
		{"cool-down", "scopes: [{scope: wallet:export, coolDown: 24h}]", "scopes: [{scope: wallet:export, coolDown: 1h}]"},
		{"mail", "", "mail: {from: a@b.example}"},
		{"languages", "", "mail: {languages: [de, fr], language: de}"},
		{"brand", "", "mail: {brand: {color: '#123456', logo: '" + dot + "'}}"},
		{"another logo", "mail: {brand: {color: '#123456', logo: '" + dot + "'}}",
			"mail: {brand: {color: '#12306b', logo: '" + dots + "'}}"},
		{"own words", "", "mail: {templates: [{template: sign_in, texts: [{language: en, closing: Yours}]}]}"},
		{"own words in another language", "mail: {templates: [{template: sign_in, texts: [{language: en, closing: Yours}]}]}",
			"mail: {templates: [{template: sign_in, texts: [{language: en, closing: Yours}, {language: de, closing: Ihre}]}]}"},
		{"other words", "mail: {templates: [{template: sign_in, texts: [{language: en, closing: Yours}]}]}",
			"mail: {templates: [{template: sign_in, texts: [{language: en, subject: A, title: B, intro: C, closing: D}]}]}"},
		{"storage", "auth: {storage: [cookie]}", ""},
		{"sessions", "", "sessions: {lifetime: 2d, idle: 2h}"},
		{"devices", "redirectOrigins: [https://a.example]\nsessions: {deviceRegistration: true}",
			"redirectOrigins: [https://a.example]\nsessions: {deviceRegistrationUris: [https://a.example/devices]}"},
		{"MFA", "mfa: {methods: [{type: totp, enabled: true, allowBackupCodes: false}]}",
			"mfa: {enabled: true, required: true, enrollment: signup, methods: [{type: totp, enabled: true}]}"},
		{"enrolment", "mfa: {enrollment: action, methods: [{type: totp, enabled: true}]}",
			"mfa: {enrollment: signup, methods: [{type: totp, enabled: true}]}"},
		{"method added", "", "mfa: {methods: [{type: totp, enabled: true}]}"},
		{"method added but off", "", "mfa: {methods: [{type: totp, enabled: false}]}"},
		{"method on", "mfa: {methods: [{type: totp, enabled: false}]}", "mfa: {methods: [{type: totp, enabled: true}]}"},
		{"recovery codes with another method",
			"passkeys: {rpId: a.example, origins: [https://a.example]}\nmfa: {methods: [{type: passkey, enabled: true}]}",
			"passkeys: {rpId: a.example, origins: [https://a.example]}\n" +
				"mfa: {methods: [{type: passkey, enabled: true}, {type: totp, enabled: true}]}"},
		{"apps beside passkeys", "passkeys: {rpId: a.example, origins: [https://a.example]}\n" +
			"mfa: {methods: [{type: passkey, enabled: true}, {type: totp, enabled: false, allowBackupCodes: false}]}",
			"passkeys: {rpId: a.example, origins: [https://a.example]}\n" +
				"mfa: {methods: [{type: passkey, enabled: true}, {type: totp, enabled: true, allowBackupCodes: false}]}"},
		{"passkeys beside apps", "passkeys: {rpId: a.example, origins: [https://a.example]}\nmfa: {methods: [{type: totp, enabled: true}]}",
			"passkeys: {rpId: a.example, origins: [https://a.example]}\n" +
				"mfa: {methods: [{type: totp, enabled: true}, {type: passkey, enabled: true}]}"},
		{"action added", "", "mfa: {actions: [{action: user.update, required: true}]}"},
		{"action on", "mfa: {actions: [{action: user.update, required: false}]}",
			"mfa: {actions: [{action: user.update, required: true}]}"},
		{"action added loosely", "", "mfa: {actions: [{action: wallet.waas.sign, required: true, tokenBehavior: time_bound}]}"},
		{"action loosened", "mfa: {actions: [{action: wallet.waas.sign, required: true}]}",
			"mfa: {actions: [{action: wallet.waas.sign, required: true, tokenBehavior: time_bound}]}"},
		{"action lengthened", "mfa: {actions: [{action: wallet.waas.sign, required: true, tokenExpirySeconds: 60}]}",
			"mfa: {actions: [{action: wallet.waas.sign, required: true}]}"},
		{"action of no scope", "mfa: {actions: [{action: wallet.waas.offline_recovery_trigger, required: true, tokenExpirySeconds: 60}]}",
			"mfa: {actions: [{action: wallet.waas.offline_recovery_trigger, required: true, tokenExpirySeconds: 90}]}"},
		{"action within a stricter scope",
			"scopes: [{scope: \"wallet:sign\", tokenBehavior: single_use}]\nmfa: {actions: [{action: wallet.waas.sign, required: true}]}",
			"scopes: [{scope: \"wallet:sign\", tokenBehavior: single_use}]\n" +
				"mfa: {actions: [{action: wallet.waas.sign, required: true, tokenBehavior: time_bound}]}"},
		{"passkeys", "", "passkeys: {rpId: example.com, origins: [https://example.com]}"},
		{"passkeys elsewhere too", "passkeys: {rpId: a.example, origins: [https://a.example]}",
			"passkeys: {rpId: a.example, origins: [https://a.example], relatedOrigins: [https://b.example]}"},
		{"passkeys moved", "passkeys: {rpId: a.example, origins: [https://a.example]}",
			"passkeys: {rpId: b.example, origins: [https://b.example]}"},
		{"prompt", "", "prompt: {origin: https://auth.example, redirectUris: [https://a.example/back, " +
			"{uri: \"com.example.app:/back\", customScheme: true}]}"},
		{"prompt moved", "prompt: {origin: https://auth.example}", "prompt: {origin: https://id.example}"},
		{"wallets", "", "wallets: {chains: [EVM, SOL], rpc: [{chainId: 1, url: https://rpc.example}], undeployed: true}"},
		{"embedded wallets", "", "embeddedWallets: {enabled: true, chains: [EVM], schemes: [TWO_OF_TWO], perUser: 30, exportDisabled: " +
			"true, networks: [{name: Local, chain: EVM, chainId: 31337, rpc: 'http://127.0.0.1:8545'}]}"},
		{"another network", "embeddedWallets: {networks: [{name: Local, chain: EVM, chainId: 31337, rpc: 'http://127.0.0.1:8545'}]}",
			"embeddedWallets: {networks: [{name: Local, chain: SOL, cluster: localnet, rpc: 'http://127.0.0.1:8899', " +
				"symbol: LSOL, decimals: 6}]}"},
		{"network of another chain id",
			"embeddedWallets: {networks: [{name: Local, chain: EVM, chainId: 31337, rpc: 'http://127.0.0.1:8545'}]}",
			"embeddedWallets: {networks: [{name: Local, chain: EVM, chainId: 1, rpc: 'http://127.0.0.1:8545'}]}"},
		{"another node", "wallets: {chains: [EVM], rpc: [{chainId: 1, url: https://rpc.example}]}",
			"wallets: {chains: [EVM], rpc: [{chainId: 1, url: https://node.example}]}"},
		{"provider", "", "providers: [{provider: github, clientId: a, clientSecret: {env: GITHUB}}]"},
		{"provider moved", "providers: [{provider: github, clientId: a, clientSecret: {env: GITHUB}}]",
			"providers: [{provider: github, clientId: b, clientSecret: {file: /github}, scopes: [email]}]"},
		{"external", "", "externalAuth: {enabled: true, iss: i, aud: a, jwksUrl: https://login.example/jwks, assumeEmailVerified: true, " +
			"assertionReplacesMfa: true}"},
		{"external moved", "externalAuth: {enabled: true, iss: i, aud: a, jwksUrl: https://login.example/jwks}",
			"externalAuth: {enabled: true, iss: j, aud: b, jwksUrl: https://login.example/keys}"},
		{"scope", custom + "}]", ""},
		{"scope moved", custom + "}]", "scopes: [{scope: transfer:create, audience: https://other.example}]"},
		{"scope optional", custom + "}]", custom + ", required: false}]"},
		{"scope loosened", custom + "}]", custom + ", tokenBehavior: time_bound}]"},
		{"scope lengthened", custom + ", expirySeconds: 60}]", custom + ", expirySeconds: 90}]"},
		{"floor", custom + ", floor: {withoutMfa: \"urn:stepup:reauth\", withMfa: \"urn:stepup:phr\", preset: asvs-l3}}]", custom + "}]"},
		{"preset alone", custom + ", floor: {preset: asvs-l3}}]", custom + "}]"},
		{"preset of an override alone", "scopes: [{scope: user:delete, floor: {preset: asvs-l3}}]", "scopes: [{scope: user:delete}]"},
		{"floor spelt out", custom + ", floor: {withoutMfa: \"urn:stepup:federated\", withMfa: \"urn:stepup:mfa\"}}]", custom + "}]"},
		{"binding", custom + ", binding: {require: always, displayed: true}, summary: \"Pay {amount} to {payee}\"}]", custom + "}]"},
		{"words", custom + ", allows: send money}]", custom + ", allows: look at your balance}]"},
		{"binding above only", custom + ", binding: {require: always}}]",
			custom + ", binding: {require: above, above: [{of: amount, limit: \"100\"}]}}]"},
		{"binding above more", custom + ", binding: {require: above, above: [{of: amount, limit: \"99.50\"}]}}]",
			custom + ", binding: {require: above, above: [{of: amount, limit: \"100\"}, {of: fee, limit: \"1\"}]}}]"},
		{"binding of more assets", "scopes: [{scope: \"wallet:sign\", binding: {require: above, above: [{of: ETH, limit: \"1\"}]}}]",
			"scopes: [{scope: \"wallet:sign\", binding: {require: above, above: [{of: ETH, limit: \"1\"}, {of: USDC, limit: \"1000\"}]}}]"},
		{"export let go of where signing is bound", "scopes: [{scope: \"wallet:sign\", binding: {require: always, displayed: true}}]",
			"scopes: [{scope: \"wallet:sign\", binding: {require: always, displayed: true}}, {scope: \"wallet:export\", " +
				"binding: {require: never}}]"},
		{"binding of a wallet gone", "scopes: [{scope: \"wallet:sign\", binding: {require: always}}]", ""},
		{"override gone", "scopes: [{scope: \"user:update\", required: true}]", ""},
		{"override of what is always asked gone", "scopes: [{scope: \"user:delete\", required: true}]", ""},
		{"override loosened", "", "scopes: [{scope: \"wallet:sign\", tokenBehavior: time_bound}]"},
		{"override floor gone", "scopes: [{scope: \"user:delete\", floor: {preset: asvs-l3}}]", ""},
		{"compatibility", "", "compatibility: [link-wallet, refresh]"},
		{"rehearsal", "rehearsal: {users: [ada@example.com]}", ""},
	}
	whole := func(text string) string {
		if strings.HasPrefix(text, "id:") {
			return text
		}
		return head + text
	}
	var out strings.Builder
	for _, s := range steps {
		old, new := mustParse(t, head+s.old), mustParse(t, whole(s.new))
		out.WriteString("# " + s.name + "\n")
		for _, c := range environment.Compare(old, new) {
			out.WriteString(c.String() + "\n")
		}
		out.WriteString("# back\n")
		for _, c := range environment.Compare(new, old) {
			out.WriteString(c.String() + "\n")
		}
		out.WriteString("\n")
	}
	golden(t, "compare.golden", out.String())
}

func TestCompareNew(t *testing.T) {
	if got := environment.Compare(nil,
		mustParse(t, head+"sessions: {lifetime: 2d}\ncompatibility: [refresh]")); !cmp.Equal(got, []environment.Change{
		{Path: "id", New: "11111111-2222-4333-8444-555555555555"},
		{Path: "name", New: "App"},
		{Path: "sessions.lifetime", Old: "24h", New: "2d"},
		{Path: "compatibility", New: "refresh"},
	}) {
		t.Errorf("%v", got)
	}
}

// Two small pictures.
const (
	dot  = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAEElEQVR42mMQMsiGIwbiOAAT0wrRitCDpAAAAABJRU5ErkJggg=="
	dots = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAECAIAAADJUWIXAAAAEElEQVR42mMQMshGRgwk8gGp2w2FCB4XmQAAAABJRU5ErkJggg=="
)

// Every key either has a rule that the golden file shows at work, or is listed
// here as one whose change weakens nothing.
func TestCompareJudgesEveryKey(t *testing.T) {
	harmless := map[string]bool{
		"id": true, "tokens.algorithm": true, // id cannot change; the algorithms are equally strong
		// names of entries
		"mfa.methods.type": true, "mfa.actions.action": true, "providers.provider": true, "scopes.scope": true,
		"scopes.binding.above.of": true, "wallets.rpc.chainId": true, "embeddedWallets.networks.name": true,
		"providers.scopes": true, "providers.name": true, "mail.templates.template": true, "mail.templates.texts.language": true,
		"mail.brand.color":        true,
		"prompt.redirectUris.uri": true, "prompt.redirectUris.customScheme": true, // an entry as a whole
	}
	text, err := os.ReadFile("testdata/compare.golden")
	if err != nil {
		t.Fatal(err)
	}
	judged := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if path, _, ok := strings.Cut(line, ": "); ok && strings.Contains(line, "(weakens: ") {
			judged[inBrackets.ReplaceAllString(path, "")] = true
		}
	}
	for _, path := range leaves(reflect.TypeFor[environment.Environment](), "") {
		if !judged[path] && !harmless[path] {
			t.Errorf("no change of %s is shown to weaken anything", path)
		}
	}
}

// leaves lists the paths of the grammar, without marks for lists.
func leaves(t reflect.Type, path string) []string {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[environment.Ref]() {
		return []string{path}
	}
	var out []string
	for i := range t.NumField() {
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		out = append(out, leaves(t.Field(i).Type, strings.TrimPrefix(path+"."+key, "."))...)
	}
	return out
}
