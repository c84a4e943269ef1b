package environment_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stepup-auth/stepup/internal/environment"
)

// head is a complete document of two lines: what a test adds starts in line 3.
const head = "id: 11111111-2222-4333-8444-555555555555\nname: App\n"

func mustParse(t testing.TB, doc string) *environment.Environment {
	t.Helper()
	e, err := environment.Parse([]byte(doc))
	if err != nil {
		t.Fatalf("parsing\n%s\n%v", doc, err)
	}
	return e
}

// problems returns what is wrong with a document, one line each.
func problems(t testing.TB, doc string) string {
	t.Helper()
	_, err := environment.Parse([]byte(doc))
	if err == nil {
		return ""
	}
	var list environment.Problems
	if !errors.As(err, &list) {
		t.Fatalf("error is a %T, not Problems", err)
	}
	return list.Error()
}

func TestParseDefaults(t *testing.T) {
	e := mustParse(t, head)
	want := environment.Defaults()
	want.ID, want.Name, want.Mail.AppName = "11111111-2222-4333-8444-555555555555", "App", "App"
	want.Mail.Language = "en"
	want.Sessions.Idle, _ = environment.ParseDuration("1h")
	want.Tokens.RotationGrace, _ = environment.ParseDuration("24h")
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
}

func TestParseDerivedDefaults(t *testing.T) {
	e := mustParse(t, head+`
limits: {codesPerAddress: {count: 7}}
sessions: {lifetime: 30m}
mfa: {methods: [{type: totp, enabled: true}]}
scopes:
  - {scope: transfer:create, audience: https://bank.example}
  - {scope: transfer:list, audience: https://bank.example, tokenBehavior: time_bound, required: false}
  - {scope: "wallet:sign"}
`)
	if got := e.Limits.CodesPerAddress; got.Count != 7 || got.Per.String() != "10m" {
		t.Errorf("codesPerAddress = %v", got)
	}
	if got := e.Sessions.Idle.String(); got != "30m" {
		t.Errorf("idle = %s, want the lifetime when that is shorter", got)
	}
	if got := e.Tokens.RotationGrace.String(); got != "30m" {
		t.Errorf("rotationGrace = %s", got)
	}
	if !e.MFA.Methods[0].AllowBackupCodes {
		t.Error("totp comes without recovery codes")
	}
	for i, want := range []struct {
		behavior string
		seconds  int
	}{{"single_use", 300}, {"time_bound", 600}, {"", 0}} {
		if s := e.Scopes[i]; s.TokenBehavior != want.behavior || s.ExpirySeconds != want.seconds {
			t.Errorf("%s: %s %d, want %v", s.Scope, s.TokenBehavior, s.ExpirySeconds, want)
		}
	}
	if !*e.Scopes[0].Required || *e.Scopes[1].Required || e.Scopes[2].Required != nil {
		t.Error("required: want true, false and nothing")
	}
}

func TestParseJSON(t *testing.T) {
	want := mustParse(t, head+"origins: [https://a.example]\nmail: {appName: \"App \U0001F600\"}\nsessions: {lifetime: 30d}\n")
	got := mustParse(t, "{\"id\":\"11111111-2222-4333-8444-555555555555\",\"name\":\"App\",\n"+
		"\t\"origins\":[\"https:\\/\\/a.example\"],\"mail\":{\"appName\":\"App \\ud83d\\ude00\"},\"sessions\":{\"lifetime\":\"30d\"}}")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	const backslash = `{"id":"11111111-2222-4333-8444-555555555555","name":"\\ud83d\\ude00"}`
	if got := mustParse(t, backslash).Name; got != `\ud83d\ude00` {
		t.Errorf("escaped backslashes became %q", got)
	}
}

func TestParseVersionsInBothSpellings(t *testing.T) {
	for _, spelling := range []string{"2026_01_01", `"2026_01_01"`, "2026-01-01", `"2026-01-01"`} {
		e := mustParse(t, head+"minApiVersion: "+spelling+"\ncreatedAtVersion: "+spelling+"\n")
		if e.MinAPIVersion != environment.Version20260101 || e.CreatedAtVersion != environment.Version20260101 {
			t.Errorf("%s became %s", spelling, e.MinAPIVersion)
		}
	}
}

func TestParseGrammar(t *testing.T) {
	for _, test := range []struct{ name, doc, want string }{
		{"empty", "", "line 1: the document is empty: it needs at least id and name"},
		{"only a comment", "# nothing\n", "line 1: the document is empty: it needs at least id and name"},
		{"a list", "- a\n",
			`line 1: must be a mapping with the keys id, name, origins, redirectOrigins, minApiVersion, createdAtVersion, ` +
				`tokens, signUp, limits, mail, sms, auth, sessions, mfa, passkeys, prompt, wallets, embeddedWallets, ` +
				`providers, externalAuth, scopes, ` +
				`compatibility, rehearsal, audit`},
		{"missing", "origins: []\n", "line 1: id: is missing: add it\nline 1: name: is missing: add it"},
		{"two documents", head + "---\nid: b\n", "line 3: a second document starts here: keep one environment per file"},
		{"no YAML", head + "origins: [\n", "line 3: this is not YAML: did not find expected node content"},
		{"control character", head + "mail:\n  appName: a\x00b\n",
			"line 4: there is a byte that is not UTF-8 text, or a control character: save the document as UTF-8 and remove it"},
		{"not UTF-8", head + "mail:\n  appName: \xff\n",
			"line 4: there is a byte that is not UTF-8 text, or a control character: save the document as UTF-8 and remove it"},
		{"too deep", head + "origins: " + strings.Repeat("[", 20) + strings.Repeat("]", 20) + "\n",
			"line 3: nested deeper than 16 levels: nothing in an environment is"},
		{"too long", head + strings.Repeat("#", environment.MaxSize),
			"line 1: the document is 262195 bytes long, at most 262144 are accepted"},

		{"mistyped key", head + "orgins: []\n", "line 3: orgins: unknown key; did you mean origins?"},
		{"wrong case", head + "mfa:\n  Enabled: true\n", "line 4: mfa.Enabled: unknown key; did you mean enabled?"},
		{"misplaced key", head + "storage: [cookie]\n", "line 3: storage: unknown key; it belongs at auth.storage"},
		{"misplaced key of a list", head + "mfa:\n  allowBackupCodes: true\n",
			"line 4: mfa.allowBackupCodes: unknown key; it belongs at mfa.methods[].allowBackupCodes"},
		{"key of another mapping", head + "externalAuth:\n  issuer: https://a.example\n", "line 4: externalAuth.issuer: unknown key; " +
			"known here: enabled, iss, aud, jwksUrl, assumeEmailVerified, assertionReplacesMfa; a key of this name is providers[].issuer"},
		{"unknown key", head + "sessions:\n  x-y: 1\n", "line 4: sessions.x-y: unknown key; known here: lifetime, idle, " +
			"deviceRegistration, deviceRegistrationUris"},
		{"odd key", head + "sessions:\n  ? [a]\n  : 1\n", "line 4: sessions: keys are plain words, without anchors, aliases or tags"},
		{"duplicate", head + "name: B\n", "line 3: name: is already set in line 2: keep one of the two"},
		{"duplicate in JSON", `{"id":"11111111-2222-4333-8444-555555555555","name":"a",` + "\n" + `"name":"b"}`,
			"line 2: name: is already set in line 1: keep one of the two"},
		{"anchor", head + "origins: &o []\nredirectOrigins: *o\n", "line 3: origins: anchors and aliases (& and *) are not accepted: " +
			"write the value out\nline 4: redirectOrigins: anchors and aliases (& and *) are not accepted: write the value out"},
		{"unknown anchor", head + "origins: *o\n", "line 3: anchors and aliases (& and *) are not accepted: write the value out"},
		{"merge key", head + "mfa:\n  <<: {enabled: true}\n", "line 4: mfa: merge keys (<<) are not accepted: write the keys out"},
		{"tag", head + "mail:\n  from: !!str a@b.example\n", "line 4: mail.from: tags (!) are not accepted: write the plain value"},
		{"no value", head + "origins:\n", "line 3: origins: has no value: give it one or remove the line"},

		{"YAML 1.1 boolean", head + "signUp: {enabled: yes}\n",
			"line 3: signUp.enabled: must be true or false, without quotes: write true"},
		{"off", head + "signUp: {enabled: Off}\n", "line 3: signUp.enabled: must be true or false, without quotes: write false"},
		{"another word", head + "signUp: {enabled: sometimes}\n", "line 3: signUp.enabled: must be true or false, without quotes"},
		{"tab", head + "signUp:\n\tenabled: true\n", "line 4: the line begins with a tab, which YAML does not take: indent with spaces"},
		{"tab after spaces", head + "signUp:\n  \tenabled: true\n",
			"line 4: the line begins with a tab, which YAML does not take: indent with spaces"},
		{"quoted boolean", head + `signUp: {enabled: "true"}`, "line 3: signUp.enabled: must be true or false, without quotes: write true"},
		{"number for text", "id: 11111111-2222-4333-8444-555555555555\nname: 007\n", `line 2: name: must be text: put "007" in quotes`},
		{"list for text", "id: 11111111-2222-4333-8444-555555555555\nname: [a]\n", "line 2: name: must be text, not a list or a mapping"},
		{"text for list", head + "origins: https://a.example\n", `line 3: origins: must be a list: write [a, b], or one "- a" a line`},
		{"text for mapping", head + "signUp: open\n", "line 3: signUp: must be a mapping with the keys enabled"},
		{"empty text", head + `mail: {appName: ""}`, "line 3: mail.appName: is empty: give it a value or remove the line"},
		{"spaces", head + `mail: {appName: " a"}`, "line 3: mail.appName: has spaces around it: remove them"},
		{"line break", head + `mail: {appName: "a\nBcc: x"}`,
			"line 3: mail.appName: has a line break or an invisible character in it: remove it"},
		{"bidi override", head + `mail: {appName: "a\u202eb"}`,
			"line 3: mail.appName: has a line break or an invisible character in it: remove it"},
		{"long text", head + "mail: {from: " + strings.Repeat("a", 2049) + "}", "line 3: mail.from: is longer than 2048 bytes: shorten it"},
		{"zero", head + "limits: {codeAttempts: 0}\n", "line 3: limits.codeAttempts: must be a whole number of 1 or more, without quotes"},
		{"hexadecimal", head + "limits: {codeAttempts: 0x5}\n",
			"line 3: limits.codeAttempts: must be a whole number of 1 or more, without quotes"},
		{"duration", head + "limits: {codeExpiry: 300}\n",
			"line 3: limits.codeExpiry: must be a duration such as 30s, 10m, 24h or 30d, in whole seconds and longer than none"},
		{"secret", head + "providers:\n  - provider: github\n    clientId: a\n    clientSecret: hunter2\n",
			"line 6: providers[0].clientSecret: a secret is never written in this document: put it in a file or a variable and write " +
				"{file: name} or {env: NAME}"},
		{"several", head + "orgins: []\nsignUp: {enabled: 1}\ntokens: {algorithm: HS256}\n",
			"line 3: orgins: unknown key; did you mean origins?\nline 4: signUp.enabled: must be true or false, without quotes: write " +
				"true\nline 5: tokens.algorithm: \"HS256\" is not accepted; did you mean ES256?"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, problems(t, test.doc)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseStopsCounting(t *testing.T) {
	var doc strings.Builder
	doc.WriteString(head + "compatibility:\n")
	for range 99 {
		doc.WriteString("- nothing\n")
	}
	got := strings.Split(problems(t, doc.String()), "\n")
	if len(got) != 51 || !strings.Contains(got[50], "more problems from here on") {
		t.Errorf("%d lines, the last %q", len(got), got[len(got)-1])
	}
}

// No message may repeat a secret that was written where it must not be.
func TestParseNeverRepeatsSecrets(t *testing.T) {
	for _, doc := range []string{
		"providers: [{provider: github, clientId: a, clientSecret: hunter2}]",
		"providers: [{provider: github, clientId: a, clientSecret: [hunter2]}]",
		"providers: [{provider: github, clientId: a, clientSecret: {value: hunter2}}]",
		"providers: [{provider: github, clientId: a, secret: hunter2}]",
		"origins: [https://user:hunter2@app.example.com]",
		"externalAuth: {enabled: true, iss: a, aud: b, jwksUrl: https://user:hunter2@app.example.com}",
		"scopes: [{scope: transfer:create, audience: https://user:hunter2@app.example.com}]",
	} {
		if got := problems(t, head+doc); got == "" || strings.Contains(got, "hunter2") {
			t.Errorf("%s: %s", doc, got)
		}
	}
}

// A hopeless document of the greatest length is refused quickly: nothing in
// here takes more than one pass over it. The bound is generous on purpose.
func TestParseHopelessDocuments(t *testing.T) {
	fill := func(unit string) string { return strings.Repeat(unit, (environment.MaxSize-len(head)-30)/len(unit)) }
	keys := func(format string) string {
		var b strings.Builder
		for i := 0; b.Len() < environment.MaxSize-len(head)-100; i++ {
			b.WriteString(strings.Replace(format, "#",
				strings.Repeat("a", i%50)+strings.Repeat("b", i/50%50)+strings.Repeat("c", i/2500), 1))
		}
		return b.String()
	}
	for name, doc := range map[string]string{
		"flow lists":      head + "origins: " + fill("["),
		"flow mappings":   head + "mfa: " + fill("{a: "),
		"block lists":     head + "origins:\n  " + fill("- "),
		"entries":         head + "mfa: {actions: [" + fill("{},") + "]}",
		"distinct values": head + "origins: [" + keys("k#,") + "]",
		"unknown keys":    head + keys("k#: 1\n"),
		"one key":         head + fill("a: 1\n"),
		"empty keys":      head + fill("? \n"),
		"anchors":         head + "origins: [" + fill("&a a,") + "]",
		"long key":        head + fill("a") + ": 1\n",
		"quoted":          head + "x: \"" + fill(`\u0061`) + "\"",
		"comments":        fill("#\n"),
	} {
		start := time.Now()
		if got := problems(t, doc); got == "" || len(got) > 64<<10 {
			t.Errorf("%s: an answer of %d bytes", name, len(got))
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}
