package environment_test

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stepup-auth/stepup/internal/environment"
)

func TestYAMLLeavesDefaultsOut(t *testing.T) {
	const want = head + "minApiVersion: \"2026_04_01\"\ncreatedAtVersion: \"2026_04_01\"\n"
	if diff := cmp.Diff(want, string(mustParse(t, head).YAML())); diff != "" {
		t.Error(diff)
	}
}

func TestYAMLIsCanonical(t *testing.T) {
	golden(t, "example.canonical.yaml", string(mustParse(t, environment.Example).YAML()))
}

func TestYAMLKeepsOddTexts(t *testing.T) {
	for _, name := range []string{
		"true", "null", "~", "007", "1e3", "2026-04-01", "- a", "a: b", "a #b", "#", "'", `"`, `\`, "{a}", "[", "&a", "*a", "!a", "%", "@",
		"`", "|", ">", "?", "<<", "=", "日本 \U0001F469\u200d\U0001F4BB",
	} {
		e := mustParse(t, head)
		e.Name, e.Mail.AppName = name, name
		if got := mustParse(t, string(e.YAML())).Name; got != name {
			t.Errorf("%q came back as %q", name, got)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawEnvironment(t)
		text := want.YAML()
		got, err := environment.Parse(text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s in\n%s", diff, text)
		}
		if changes := environment.Compare(want, got); len(changes) > 0 {
			t.Fatalf("changes out of nothing: %v", changes)
		}
		if again := got.YAML(); string(again) != string(text) {
			t.Fatalf("not canonical:\n%s\n%s", text, again)
		}
	})
}

// What one step weakens is never more than what the document says: comparing
// any two environments of one id neither panics nor reports a change twice.
func TestCompareAny(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		old, new := drawEnvironment(t), drawEnvironment(t)
		seen := map[string]bool{}
		for _, c := range environment.Compare(old, new) {
			if key := c.Path + c.Old + " -> " + c.New; seen[key] || c.Old == c.New {
				t.Fatalf("reported twice or unchanged: %v", c)
			} else {
				seen[key] = true
			}
		}
	})
}

// drawEnvironment makes a complete, valid environment.
func drawEnvironment(t *rapid.T) *environment.Environment {
	e := environment.Defaults()
	e.ID = "11111111-2222-4333-8444-555555555555"
	e.Name = text(t, "name")
	e.Mail.AppName = pick(t, e.Name, text(t, "appName"))
	e.Mail.From = pick(t, "", "Bank <no-reply@example.com>")
	e.Mail.Languages = append(subset(t, "de", "es", "ja"), "fr")
	e.Mail.Language = pick(t, e.Mail.Languages...)
	e.Mail.Brand = environment.Brand{Color: pick(t, "", "#12306b"), Logo: environment.Image(pick(t, "", dot, dots))}
	for _, template := range subset(t, "sign_in", "step_up", "user_deleted") {
		text := environment.MailText{Language: "de", Subject: pick(t, "", "{app}: Code"), Closing: pick(t, "", "Ihre {app}")}
		e.Mail.Templates = append(e.Mail.Templates, environment.MailTemplate{Template: template, Texts: []environment.MailText{text}})
	}
	e.Origins = subset(t, "https://a.example", "http://localhost:3000", "https://b.example:8443")
	e.RedirectOrigins = subset(t, "https://a.example", "http://[::1]:1")
	e.CreatedAtVersion = pick(t, environment.Versions...)
	e.MinAPIVersion = max(e.CreatedAtVersion, pick(t, environment.Versions...))
	e.Tokens.Algorithm = pick(t, "ES256", "EdDSA", "RS256")
	e.SignUp.Enabled = flip(t)
	e.Auth.Storage = []string{pick(t, "localstorage", "cookie")}

	e.Sessions.Lifetime = seconds(t, 60, 30*86400)
	e.Sessions.Idle = pick(t, min(e.Sessions.Lifetime, seconds(t, 3600, 3600)), seconds(t, 60, int(e.Sessions.Lifetime.Std().Seconds())))
	least := max(600, int(e.Sessions.Idle.Std().Seconds()))
	e.Tokens.RotationGrace = pick(t, max(e.Sessions.Lifetime, seconds(t, 600, 600)), seconds(t, least, 30*86400))

	l := &e.Limits
	l.CodeAttempts, l.GuessesHardStop = number(t, 12), number(t, 100)
	l.CodeExpiry = seconds(t, 30, 600)
	for _, r := range []*environment.Rate{&l.CodesPerAddress, &l.CodesPerSession, &l.CodesPerIP, &l.GuessesPerAccount} {
		if flip(t) {
			*r = environment.Rate{Count: number(t, 100), Per: seconds(t, 60, 86400)}
		}
	}

	if flip(t) {
		e.Passkeys = environment.Passkeys{RPID: "a.example", Origins: []string{"https://a.example"},
			RelatedOrigins: subset(t, "https://b.example", "https://c.example:8443")}
	}
	if flip(t) {
		w := &e.EmbeddedWallets
		w.Enabled, w.ExportDisabled, w.PerUser = flip(t), flip(t), number(t, 100)
		w.Chains, w.Schemes = pick(t, []string{"EVM", "SOL"}, []string{"SOL"}),
			pick(t, []string{"TWO_OF_TWO"}, []string{"THREE_OF_FIVE", "TWO_OF_TWO"})
		w.Networks = pick(t, []environment.Network{}, []environment.Network{
			{Name: "Here", Chain: "EVM", ChainID: 31337, RPC: "http://127.0.0.1:8545", Symbol: pick(t, "ETH", "POL"),
				Decimals: pick(t, 18, 6)},
			{Name: "There", Chain: "SOL", Cluster: "devnet", RPC: "https://rpc.example", Symbol: pick(t, "SOL", "ETH"),
				Decimals: pick(t, 9, 18)},
		})
	}
	drawMFA(t, e)
	for _, name := range subset(t, "github", "google") {
		e.Providers = append(e.Providers, environment.Provider{
			Provider: name, ClientID: text(t, "clientId"), Scopes: subset(t, "email", "user:email"),
			ClientSecret: pick(t, environment.Ref{}, environment.Ref{File: "/run/secrets/a b"}, environment.Ref{Env: "SECRET"}),
		})
	}
	if flip(t) {
		e.ExternalAuth = environment.ExternalAuth{
			Enabled: flip(t), Issuer: "https://login.example", Audience: "app", JWKSURL: "https://login.example/jwks",
			AssumeEmailVerified: flip(t), AssertionReplacesMFA: flip(t),
		}
	}
	drawScopes(t, e)
	for _, entry := range subset(t, "link-wallet", "update-user", "refresh", "delete-device") {
		e.Compatibility = append(e.Compatibility, environment.Compatible(entry))
	}
	e.Rehearsal.Users = subset(t, "ada@example.com", "11111111-2222-4333-8444-555555555556")
	return e
}

func drawMFA(t *rapid.T, e *environment.Environment) {
	for _, name := range subset(t, "totp", "passkey") {
		e.MFA.Methods = append(e.MFA.Methods, environment.Method{
			Type: name, Enabled: flip(t) && (name == "totp" || e.Passkeys.RPID != ""), AllowBackupCodes: flip(t),
		})
	}
	if e.MFA.On() {
		e.MFA.Enabled, e.MFA.Required, e.MFA.Enrollment = flip(t), flip(t), pick(t, "none", "action", "signup")
	}
	for _, name := range subset(t, environment.Actions...) {
		a := environment.Action{Action: name, Required: flip(t), TokenExpirySeconds: pick(t, 0, number(t, 300))}
		switch name {
		case "wallet.waas.sign", "user.update":
			a.TokenBehavior = pick(t, "", "single_use", "time_bound")
		default:
			a.TokenBehavior = pick(t, "", "single_use")
		}
		e.MFA.Actions = append(e.MFA.Actions, a)
	}
}

func drawScopes(t *rapid.T, e *environment.Environment) {
	floor := func() environment.Floor {
		return environment.Floor{
			WithoutMFA: pick(t, "", "urn:stepup:federated", "urn:stepup:reauth", "urn:stepup:mfa", "urn:stepup:phr"),
			WithMFA:    pick(t, "", "urn:stepup:mfa", "urn:stepup:phr"),
			Preset:     pick(t, "", "asvs-l3"),
		}
	}
	for _, name := range subset(t, "transfer:create", "transfer:list:all") {
		required := flip(t)
		s := environment.Scope{
			Scope: name, Audience: pick(t, "https://bank.example", "urn:bank:api"), Required: &required,
			TokenBehavior: "single_use", ExpirySeconds: pick(t, 300, number(t, 300)), Floor: floor(),
		}
		if flip(t) {
			s.TokenBehavior, s.ExpirySeconds = "time_bound", pick(t, 600, number(t, 600))
		}
		s.Summary = pick(t, "", "Pay {amount} to {payee}")
		s.Binding = pick(t, environment.Binding{}, environment.Binding{Require: "never"},
			environment.Binding{Require: "always", Displayed: flip(t)},
			environment.Binding{Require: "above",
				Above: []environment.Above{{Of: "amount", Limit: pick(t, "0", "99.50")}, {Of: "fee", Limit: "1"}}})
		e.Scopes = append(e.Scopes, s)
	}
	for _, name := range subset(t, "wallet:sign", "credential:link", "user:delete") {
		s := environment.Scope{Scope: name, TokenBehavior: pick(t, "", "single_use"), ExpirySeconds: pick(t, 0, number(t, 300)),
			Floor: floor()}
		if flip(t) {
			required := true
			s.Required = &required
		}
		e.Scopes = append(e.Scopes, s)
	}
}

func pick[T any](t *rapid.T, from ...T) T { return rapid.SampledFrom(from).Draw(t, "pick") }
func flip(t *rapid.T) bool                { return rapid.Bool().Draw(t, "flip") }
func number(t *rapid.T, most int) int     { return rapid.IntRange(1, most).Draw(t, "number") }

func text(t *rapid.T, label string) string {
	s := rapid.StringN(1, 40, -1).Filter(func(s string) bool {
		return strings.TrimSpace(s) == s && !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
	})
	return rapid.OneOf(s, rapid.SampledFrom([]string{"App", "true", "007", "a: #b"})).Draw(t, label)
}

func seconds(t *rapid.T, least, most int) environment.Duration {
	n := rapid.IntRange(least, most).Draw(t, "seconds")
	return environment.Duration(n) * 1e9
}

func subset(t *rapid.T, from ...string) []string {
	return slices.DeleteFunc(slices.Clone(from), func(string) bool { return flip(t) })
}

var messageLine = regexp.MustCompile(`^line [1-9][0-9]*: .`)

func FuzzParse(f *testing.F) {
	f.Add([]byte(environment.Example))
	f.Add([]byte(head))
	f.Add([]byte(`{"id":"11111111-2222-4333-8444-555555555555","name":"\ud83d\ude00\/"}`))
	f.Add([]byte(head + "origins: &a [*a]\n<<: *a\n? {a: b}\n: - - -\n"))
	f.Add([]byte(head + "---\n...\n%YAML 1.1\n"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		e, err := environment.Parse(doc)
		if err != nil {
			var list environment.Problems
			if e != nil || !errors.As(err, &list) || len(list) == 0 {
				t.Fatalf("%v, %T %v", e, err, err)
			}
			lines := strings.Count(string(doc), "\n") + strings.Count(string(doc), "\r") + strings.Count(string(doc), "\u2028") +
				strings.Count(string(doc), "\u2029") + 1
			for _, p := range list {
				if p.Line < 1 || p.Line > lines || !messageLine.MatchString(p.String()) || strings.Contains(p.String(), "\n") {
					t.Errorf("of %d lines: %q", lines, p)
				}
			}
			return
		}
		again, err := environment.Parse(e.YAML())
		if err != nil || !reflect.DeepEqual(e, again) {
			t.Fatalf("%v\n%s\n%s", err, cmp.Diff(e, again), e.YAML())
		}
		e.Settings()
		if err := environment.CheckApply(nil, e); err != nil {
			t.Fatalf("valid, but cannot be created: %v", err)
		}
	})
}
