package policytext_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policytext"
)

const document = `id: 11111111-2222-4333-8444-555555555555
name: Demo
createdAtVersion: 2026_01_01
minApiVersion: 2026_04_01
sms: {enabled: true, countries: [DE]}
wallets: {chains: [EVM]}
providers: [{provider: google, clientId: x}]
mfa:
  methods: [{type: totp, enabled: true, allowBackupCodes: true}]
  actions: [{action: wallet.waas.sign, required: true}]
scopes:
  - {scope: "transfer:create", audience: "https://bank.example.com", floor: {preset: asvs-l3}}
`

func parse(t testing.TB, text string) *environment.Environment {
	t.Helper()
	env, err := environment.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return env
}

func TestExplain(t *testing.T) {
	env := parse(t, document)
	for _, row := range []struct {
		scope, version string
		means          []string
		reason         string
		methods        []string
		why            string
	}{
		{scope: "wallet:export", means: []string{"totp", "email"}, reason: "step_up_required", methods: []string{"totp"},
			why: "always asks"},
		{scope: "wallet:export", means: []string{"email", "sms"}, reason: "step_up_required",
			methods: []string{"email", "sms"}, why: "always asks"},
		{scope: "wallet:export", version: "2026-01-01", means: []string{"totp", "email"}, reason: "not_required",
			methods: []string{"totp"}, why: "wallet.waas.export is off"},
		{scope: "wallet:sign", version: "2026_01_01", means: []string{"totp"}, reason: "step_up_required",
			methods: []string{"totp"}, why: "is on, and the user has a second factor"},
		{scope: "wallet:sign", version: "2026_01_01", means: []string{"email"}, reason: "not_required",
			methods: []string{"email"}, why: "has no second factor"},
		{scope: "credential:link", version: "2026_01_01", means: []string{"email"}, reason: "not_required",
			methods: []string{"email"}, why: "knows only actions"},
		{scope: "wallet:sign", means: []string{"embedded-wallet"}, reason: "no_method", why: "is on"},
		{scope: "wallet:sign", means: []string{"wallet:SOL"}, reason: "no_method", why: "is on"},
		{scope: "wallet:sign", means: []string{"external"}, reason: "no_method", why: "is on"},
		{scope: "wallet:sign", means: []string{"social:github"}, reason: "no_method", why: "is on"},
		{scope: "wallet:sign", reason: "no_method", why: "is on"},
		{scope: "transfer:create", means: []string{"email", "wallet"}, reason: "step_up_required",
			methods: []string{"wallet"}, why: "declares this scope as required"},
		{scope: "user:update", means: []string{"email"}, reason: "not_required", methods: []string{"email"},
			why: "user.update is off"},
	} {
		at, err := policytext.At(env, row.version)
		if err != nil {
			t.Fatal(err)
		}
		e, err := policytext.Explain(at, row.scope, row.means)
		if err != nil {
			t.Errorf("%s for %v: %v", row.scope, row.means, err)
			continue
		}
		if got := policytext.Reason(e.Decision); got != row.reason {
			t.Errorf("%s for %v: %s, want %s", row.scope, row.means, got, row.reason)
		}
		if got := policytext.Methods(e.Decision); !slices.Equal(got, row.methods) {
			t.Errorf("%s for %v accepts %v, want %v", row.scope, row.means, got, row.methods)
		}
		if !strings.Contains(e.Why, row.why) {
			t.Errorf("%s for %v: %q does not say %q", row.scope, row.means, e.Why, row.why)
		}
		for i, m := range e.Means {
			counts := slices.Contains(row.methods, strings.Split(row.means[i], ":")[0])
			if (m.Obstacle == "") != counts {
				t.Errorf("%s for %v: %s has the obstacle %q", row.scope, row.means, row.means[i], m.Obstacle)
			}
		}
	}
	for _, wrong := range [][2]string{{"wallet:exprot", "email"}, {"console:mfa:reset", "email"}, {"wallet:export", "carrier-pigeon"}} {
		if _, err := policytext.Explain(env, wrong[0], []string{wrong[1]}); err == nil {
			t.Errorf("%v is explained", wrong)
		}
	}
	if _, err := policytext.At(env, "2025_01_01"); err == nil || !strings.Contains(err.Error(), "2026_01_01 or 2026_04_01") {
		t.Errorf("an unknown version: %v", err)
	}
}

func TestCases(t *testing.T) {
	env := parse(t, document)
	run := func(expect string) []string {
		t.Helper()
		cases, err := policytext.ParseCases(
			[]byte("environment: demo.yaml\ncases:\n  - {scope: wallet:export, userWith: [totp, email], expect: " + expect + "}\n"))
		if err != nil {
			t.Fatalf("%s: %v", expect, err)
		}
		differs, err := cases.Cases[0].Run(env)
		if err != nil {
			t.Fatal(err)
		}
		return differs
	}
	for _, good := range []string{"{required: true, methods: [totp], singleUse: true, lifeSeconds: 300, reason: step_up_required, " +
		"floor: 'urn:stepup:mfa'}", "{lifeSeconds: 300}"} {
		if differs := run(good); len(differs) != 0 {
			t.Errorf("%s: %v", good, differs)
		}
	}
	for _, bad := range []string{"{required: false}", "{methods: [totp, email]}", "{methods: []}", "{singleUse: false}",
		"{lifeSeconds: 600}", "{reason: no_method}", "{floor: 'urn:stepup:phr'}"} {
		if differs := run(bad); len(differs) != 1 {
			t.Errorf("%s: %v", bad, differs)
		}
	}
	for _, broken := range []string{
		"", "environment: x", "cases: []", "environment: x\ncases: [{scope: wallet:export}]",
		"environment: x\ncases: [{scope: wallet:export, expect: {requird: true}}]",
		"environment: x\ncases: [{expect: {required: true}}]", "- a", "environment: [",
	} {
		if _, err := policytext.ParseCases([]byte(broken)); err == nil {
			t.Errorf("read: %q", broken)
		}
	}
}

func TestDiff(t *testing.T) {
	old := parse(t, document)
	if changes, err := policytext.Diff(old, old, nil); err != nil || len(changes) != 0 {
		t.Errorf("nothing differs from itself: %v, %v", changes, err)
	}
	next := parse(t, strings.NewReplacer("wallet.waas.sign, required: true", "wallet.waas.sign, required: false",
		", floor: {preset: asvs-l3}", "").Replace(document))
	changes, err := policytext.Diff(old, next, map[string]int64{"wallet:sign": 412})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, change := range changes {
		got = append(got, change.Scope+" "+change.Text)
		if !change.Looser {
			t.Errorf("%s %s is not called looser", change.Scope, change.Text)
		}
		if change.Scope == "wallet:sign" && change.Calls != 412 {
			t.Errorf("%s is said to concern %d calls", change.Scope, change.Calls)
		}
	}
	for _, want := range []string{"wallet:sign required: yes → no", "transfer:create accepted: nothing → email"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
	back, err := policytext.Diff(next, old, nil)
	if err != nil || len(back) != len(changes) {
		t.Fatalf("%d changes back, want %d: %v", len(back), len(changes), err)
	}
	for _, change := range back {
		if change.Looser {
			t.Errorf("%s %s is called looser", change.Scope, change.Text)
		}
	}
}

func FuzzParseCases(f *testing.F) {
	f.Add([]byte("environment: demo.yaml\ncases:\n  - {scope: wallet:export, userWith: [totp], expect: {required: true}}\n"))
	env := parse(f, document)
	f.Fuzz(func(t *testing.T, text []byte) {
		cases, err := policytext.ParseCases(text)
		if err != nil {
			return
		}
		for _, c := range cases.Cases[:min(len(cases.Cases), 20)] {
			_, _ = c.Run(env) // a case that cannot be run is an error, never a panic
		}
	})
}
