package policy_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// strength is the order of classes, written a second time for the judge of the first.
var strength = map[assurance.ACR]int{
	"urn:stepup:federated": 1, "urn:stepup:reauth": 2, "urn:stepup:mfa": 3, "urn:stepup:phr": 4,
}

var (
	classes = []assurance.ACR{"", "urn:stepup:federated", "urn:stepup:reauth", "urn:stepup:mfa", "urn:stepup:phr", "urn:stepup:PHR", "phr"}
	factors = []assurance.Kind{assurance.TOTP, assurance.Passkey, assurance.RecoveryCode}
	codes   = []assurance.Kind{assurance.EmailCode, assurance.SMSCode}
)

// Every kind of proof, worth anything, against every floor, preset, switch of
// MFA and enrolment: what is admitted is exactly what the rules say.
func TestNothingMintsBelowTheFloor(t *testing.T) {
	cases := 0
	for _, scope := range []stepup.Scope{stepup.WalletExport, stepup.CredentialLink, stepup.UserUpdate, tenanttest.Transfer} {
		for _, on := range []bool{false, true} {
			for _, withoutMFA := range classes {
				for _, withMFA := range classes {
					for _, preset := range []string{"", environment.PresetASVSL3} {
						env := environment.Defaults()
						env.MFA.Methods = []environment.Method{{Type: "totp", Enabled: on}}
						env.Scopes = []environment.Scope{{Scope: string(scope),
							Floor: environment.Floor{WithoutMFA: string(withoutMFA), WithMFA: string(withMFA), Preset: preset}}}
						if scope == tenanttest.Transfer {
							env.Scopes[0].Audience = tenanttest.Bank
						}
						for _, enrolled := range append([]assurance.Kind{""}, factors...) {
							person := policy.Person{Means: []policy.Means{{ID: "email", Kind: assurance.EmailCode, Counts: true}}}
							floor := max(strength[assurance.Federated], strength[withoutMFA])
							if enrolled != "" {
								person.Means = append(person.Means, policy.Means{ID: "factor", Kind: enrolled, Counts: true})
								floor = max(strength[assurance.MFA], strength[withMFA])
							}
							d, err := policy.Decide(env, person, scope)
							if err != nil {
								t.Fatal(err)
							}
							for _, kind := range assurance.Kinds {
								for _, acr := range classes {
									cases++
									want := strength[acr] >= floor &&
										!(on && enrolled != "" && !slices.Contains(factors, kind)) &&
										!(preset != "" && slices.Contains(codes, kind))
									if got := d.Admits(kind, acr); got != want {
										t.Fatalf("%s: MFA on %v, floors %q and %q, preset %q, enrolled %q: Admits(%s, %q) = %v", scope, on,
											withoutMFA, withMFA, preset, enrolled, kind, acr, got)
									}
								}
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d combinations", cases)
}

func people() *rapid.Generator[policy.Person] {
	means := rapid.Custom(func(t *rapid.T) policy.Means {
		return policy.Means{
			ID: rapid.StringMatching(`[a-z]{8}`).Draw(t, "id"), Kind: rapid.SampledFrom(assurance.Kinds).Draw(t, "kind"),
			ACR:    rapid.SampledFrom([]assurance.ACR{"", "", "", assurance.Federated, assurance.Reauth}).Draw(t, "acr"),
			Counts: rapid.Bool().Draw(t, "counts"), Default: rapid.IntRange(0, 4).Draw(t, "default") == 0,
		}
	})
	return rapid.Custom(func(t *rapid.T) policy.Person {
		p := policy.Person{Means: rapid.SliceOfN(means, 0, 5).Draw(t, "means")}
		if len(p.Means) > 0 {
			p.SignInCredentialID = rapid.SampledFrom(p.Means).Draw(t, "signed in with").ID
		}
		return p
	})
}

// Over all environments that can be applied and all people: lives stay under
// the ceilings, only what counts and admits is offered, the first offer is one
// of them, and re-authentication never admits where MFA is on and enrolled.
func TestDecisions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		document := tenanttest.Documents().Draw(t, "document")
		env, err := environment.Parse([]byte(document))
		if err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
		person := people().Draw(t, "person")
		scopes := stepup.BuiltInScopes()
		for _, s := range env.Scopes {
			scopes = append(scopes, stepup.Scope(s.Scope))
		}
		enrolled := slices.ContainsFunc(person.Means, func(m policy.Means) bool { return slices.Contains(factors, m.Kind) })
		for _, scope := range scopes {
			d, err := policy.Decide(env, person, scope)
			if err != nil {
				if _, builtin := environment.BuiltinScope(string(scope)); !builtin || d.Required || len(d.Offers) > 0 {
					t.Fatalf("Decide(%s) = %+v, %v", scope, d, err)
				}
				continue
			}
			ceiling := policy.TimeBoundCeiling
			if d.Rule.SingleUse {
				ceiling = policy.SingleUseCeiling
			}
			if d.Rule.Life <= 0 || d.Rule.Life > ceiling {
				t.Fatalf("%s lives %v", scope, d.Rule.Life)
			}
			for _, m := range d.Offers {
				acr := m.ACR
				if acr == "" {
					acr = m.Kind.ACR()
				}
				if !m.Counts || !d.Admits(m.Kind, acr) {
					t.Fatalf("%s: %+v is offered", scope, m)
				}
			}
			if (d.DefaultID == "") != d.NoMethod() ||
				!d.NoMethod() && !slices.ContainsFunc(d.Offers, func(m policy.Means) bool { return m.ID == d.DefaultID }) {
				t.Fatalf("%s: default %q of %v", scope, d.DefaultID, d.Offers)
			}
			if enrolled && env.MFA.On() {
				for _, kind := range assurance.Kinds {
					if !slices.Contains(factors, kind) && d.Admits(kind, assurance.PHR) {
						t.Fatalf("%s: %s admits although MFA is on and enrolled", scope, kind)
					}
				}
			}
		}
	})
}

// A token for several scopes is never laxer than one for any of them.
func TestCombineIsStricter(t *testing.T) {
	rule := rapid.Custom(func(t *rapid.T) policy.Rule {
		r := policy.Rule{SingleUse: rapid.Bool().Draw(t, "single"),
			Audience: rapid.SampledFrom([]string{"", "https://a.example"}).Draw(t, "audience")}
		most := policy.TimeBoundCeiling
		if r.SingleUse {
			most = policy.SingleUseCeiling
		}
		r.Life = time.Duration(rapid.Int64Range(1, int64(most)).Draw(t, "life"))
		return r
	})
	rapid.Check(t, func(t *rapid.T) {
		rules := rapid.SliceOfN(rule, 0, 5).Draw(t, "rules")
		one := len(rules) > 0
		for _, r := range rules {
			one = one && r.Audience == rules[0].Audience
		}
		combined, ok := policy.Combine(rules)
		if ok != one {
			t.Fatalf("Combine(%v) = %v", rules, ok)
		}
		if !ok {
			return
		}
		single := false
		for _, r := range rules {
			single = single || r.SingleUse
			if r.SingleUse && !combined.SingleUse || combined.Life > r.Life || combined.Audience != r.Audience {
				t.Fatalf("%v became %v", r, combined)
			}
		}
		if combined.SingleUse != single || combined.SingleUse && combined.Life > policy.SingleUseCeiling {
			t.Fatalf("%v became %v", rules, combined)
		}
	})
}
