package policy_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
)

const head = "id: 11111111-2222-4333-8444-555555555555\nname: Table\ncreatedAtVersion: 2026_01_01\n"

func parse(t testing.TB, document string) *environment.Environment {
	t.Helper()
	env, err := environment.Parse([]byte(document))
	if err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	return env
}

// The table of the design, row by row. It is written out here and not taken
// from environment.Builtins, which it judges.
var table = []struct {
	scope  string
	always bool
	action string
	single bool
	life   time.Duration
}{
	{scope: "wallet:export", always: true, action: "wallet.waas.export", single: true, life: 300 * time.Second},
	{scope: "wallet:sign", action: "wallet.waas.sign", single: true, life: 300 * time.Second},
	{scope: "wallet:refresh", action: "wallet.waas.refresh", single: true, life: 300 * time.Second},
	{scope: "wallet:reshare", action: "wallet.waas.reshare", single: true, life: 300 * time.Second},
	{scope: "wallet:delegate", always: true, single: true, life: 300 * time.Second},
	{scope: "wallet:restore", always: true, single: true, life: 300 * time.Second},
	{scope: "wallet:delete", always: true, single: true, life: 300 * time.Second},
	{scope: "credential:link", always: true, life: 600 * time.Second},
	{scope: "credential:unlink", always: true, life: 600 * time.Second},
	{scope: "credential:update", always: true, life: 600 * time.Second},
	{scope: "user:update", action: "user.update", life: 600 * time.Second},
	{scope: "user:delete", always: true, single: true, life: 300 * time.Second},
}

func TestTable(t *testing.T) {
	email := policy.Means{ID: "email", Kind: assurance.EmailCode, Counts: true}
	totp := policy.Means{ID: "totp", Kind: assurance.TOTP, Counts: true, Proven: true}
	seen := map[stepup.Scope]bool{}
	for _, row := range table {
		seen[stepup.Scope(row.scope)] = true
		for _, version := range []environment.Version{environment.Version20260101, environment.Version20260401} {
			for _, on := range []bool{false, true} {
				for _, enrolled := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s/%s/on=%v/enrolled=%v", row.scope, version, on, enrolled), func(t *testing.T) {
						document := head + fmt.Sprintf("minApiVersion: %s\nmfa:\n  methods: [{type: totp, enabled: true}]\n", version)
						if row.action != "" {
							document += fmt.Sprintf("  actions: [{action: %s, required: %v}]\n", row.action, on)
						}
						person := policy.Person{Means: []policy.Means{email}, SignInCredentialID: "email"}
						if enrolled {
							person.Means = append(person.Means, totp)
						}
						want := row.always || on && row.action != ""
						if version == environment.Version20260101 {
							want = on && row.action != "" && enrolled
						}
						d, err := policy.Decide(parse(t, document), person, stepup.Scope(row.scope))
						if err != nil {
							t.Fatal(err)
						}
						// Taking a factor away and showing its recovery codes were never free.
						neverFree := enrolled && (row.scope == "credential:unlink" || row.scope == "credential:link")
						if d.Required != (want || neverFree) || d.For(policy.Ordinary).Required != want || d.Rule.SingleUse != row.single ||
							d.Rule.Life != row.life || d.Rule.Audience != "" {
							t.Errorf("required %v, single %v, life %v, audience %q; want %v, %v, %v, the issuer", d.Required,
								d.Rule.SingleUse, d.Rule.Life, d.Rule.Audience, want, row.single, row.life)
						}
						offered, first := 1, "email"
						if enrolled {
							first = "totp"
						}
						if len(d.Offers) != offered || d.DefaultID != first {
							t.Errorf("offers %v, default %q; want only %s", d.Offers, d.DefaultID, first)
						}
					})
				}
			}
		}
	}
	for _, scope := range stepup.BuiltInScopes() {
		if _, err := policy.Decide(parse(t, head), policy.Person{}, scope); !seen[scope] && !errors.Is(err, policy.ErrOperatorScope) {
			t.Errorf("%s is neither in the table nor for operators: %v", scope, err)
		}
	}
}

// What the old version asks where MFA is required but not enrolled: the action
// fails until it is.
func TestOldVersionRequiresEnrolment(t *testing.T) {
	env := parse(t, head+"minApiVersion: 2026_01_01\nmfa:\n  required: true\n  methods: [{type: totp, enabled: true}]\n"+
		"  actions: [{action: wallet.waas.sign, required: true}]\n")
	d, err := policy.Decide(env, policy.Person{}, stepup.WalletSign)
	if err != nil || !d.Required {
		t.Errorf("Decide = %+v, %v; want it required", d, err)
	}
}

func TestUnknownScopes(t *testing.T) {
	env := parse(t, head+"minApiVersion: 2026_04_01\nscopes: [{scope: transfer:create, audience: \"https://bank.example.com\"}]\n")
	for _, scope := range []string{
		"", " ", "wallet", "wallet:", "wallet:*", "wallet:export ", " wallet:export", "WALLET:EXPORT", "wallet:Export", "wallet:export:all",
		"wallet:expor", "wallet:export wallet:sign", "wallet:export,wallet:sign", "wallet:export\n", "wallet:exp\u200bort", "transfer:*",
		"transfer:create2", "transfer", "transfer:creat",
		"business_account:read", "business_account:*", "console:*", "console:everything", "user:basic",
	} {
		if d, err := policy.Decide(env, policy.Person{}, stepup.Scope(scope)); !errors.Is(err, policy.ErrUnknownScope) {
			t.Errorf("Decide(%q) = %+v, %v; want ErrUnknownScope", scope, d, err)
		}
	}
	for _, scope := range stepup.BuiltInScopes() {
		_, err := policy.Decide(env, policy.Person{}, scope)
		operator := len(scope) > 8 && scope[:8] == "console:"
		if operator != errors.Is(err, policy.ErrOperatorScope) || !operator && err != nil {
			t.Errorf("Decide(%q): %v", scope, err)
		}
	}
}

func TestConfiguredLives(t *testing.T) {
	for _, test := range []struct {
		name, lines string
		scope       stepup.Scope
		single      bool
		life        time.Duration
		when        policy.When
	}{
		{name: "sign may be time-bound",
			lines: "mfa: {actions: [{action: wallet.waas.sign, required: true, tokenBehavior: time_bound}]}",
			scope: stepup.WalletSign, life: 600 * time.Second, when: policy.IfActionOn},
		{name: "the action shortens",
			lines: "mfa: {actions: [{action: wallet.waas.sign, required: false, tokenBehavior: time_bound, tokenExpirySeconds: 60}]}",
			scope: stepup.WalletSign, life: time.Minute, when: policy.IfActionOn},
		{name: "the stricter word holds",
			lines: "mfa: {actions: [{action: wallet.waas.sign, required: false, tokenBehavior: time_bound}]}\n" +
				"scopes: [{scope: wallet:sign, tokenBehavior: single_use}]",
			scope: stepup.WalletSign, single: true, life: 300 * time.Second, when: policy.IfActionOn},
		{name: "an override raises", lines: "scopes: [{scope: wallet:sign, required: true}]", scope: stepup.WalletSign,
			single: true, life: 300 * time.Second, when: policy.Always},
		{name: "time-bound to single", lines: "scopes: [{scope: credential:link, tokenBehavior: single_use}]",
			scope: stepup.CredentialLink, single: true, life: 300 * time.Second, when: policy.Always},
		{name: "custom", lines: "scopes: [{scope: pay:now, audience: \"https://x.example\"}]", scope: "pay:now",
			single: true, life: 300 * time.Second, when: policy.Always},
		{name: "custom time-bound",
			lines: "scopes: [{scope: pay:now, audience: \"https://x.example\", tokenBehavior: time_bound}]", scope: "pay:now",
			life: 600 * time.Second, when: policy.Always},
		{name: "custom not required", lines: "scopes: [{scope: pay:now, audience: \"https://x.example\", required: false}]",
			scope: "pay:now", single: true, life: 300 * time.Second, when: policy.Never},
	} {
		rule, err := policy.RuleFor(parse(t, head+test.lines+"\n"), test.scope)
		if err != nil || rule.SingleUse != test.single || rule.Life != test.life || rule.When != test.when {
			t.Errorf("%s: single %v, life %v, when %v, %v; want %v, %v, %v", test.name, rule.SingleUse, rule.Life, rule.When, err,
				test.single, test.life, test.when)
		}
	}
}
