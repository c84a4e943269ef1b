package policy_test

import (
	"math/big"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/policy"
)

func binding(t *testing.T, scope stepup.Scope, rule string) policy.Binding {
	t.Helper()
	audience := ""
	if !scope.Reserved() {
		audience = ", audience: https://bank.example"
	}
	r, err := policy.RuleFor(parse(t, head+"scopes: [{scope: "+string(scope)+audience+", binding: "+rule+"}]"), scope)
	if err != nil {
		t.Fatal(err)
	}
	return r.Binding
}

func TestBindingDetails(t *testing.T) {
	const transfer stepup.Scope = "transfer:create"
	limits := binding(t, transfer, `{require: above, above: [{of: amount, limit: "100.10"}, {of: fee, limit: "1"}]}`)
	for details, want := range map[string]bool{
		`[{"type":"t","amount":"100.10","fee":"1"}]`:                                     false,
		`[{"type":"t","amount":100.1,"fee":0}]`:                                          false,
		`[{"type":"t","amount":"100.100000000000000000000000000001","fee":"1"}]`:         true,
		`[{"type":"t","amount":"100.11","fee":"1"}]`:                                     true,
		`[{"type":"t","amount":"1","fee":"1.01"}]`:                                       true,
		`[{"type":"t","amount":"50","fee":"0"},{"type":"t","amount":"50.10","fee":"0"}]`: false,
		`[{"type":"t","amount":"50","fee":"0"},{"type":"t","amount":"50.11","fee":"0"}]`: true, // split in two
		`[{"type":"t","amount":"1"}]`:                                                    true,
		`[{"type":"t","amount":"-1","fee":"0"}]`:                                         true,
		`[{"type":"t","amount":"200","fee":"0"},{"type":"t","amount":"-150","fee":"0"}]`: true,
		`[{"type":"t","amount":"1e1","fee":"0"}]`:                                        true,
		`[{"type":"t","amount":1e1,"fee":0}]`:                                            true,
		`[{"type":"t","amount":"0x1","fee":"0"}]`:                                        true,
		`[{"type":"t","amount":" 1","fee":"0"}]`:                                         true,
		`[{"type":"t","amount":"1/3","fee":"0"}]`:                                        true,
		`[{"type":"t","amount":["1"],"fee":"0"}]`:                                        true,
		`[{"type":"t","amount":null,"fee":"0"}]`:                                         true,
		`[{"type":"t","Amount":"1","fee":"0"}]`:                                          true,
		`[]`:                                                                             true, `{}`: true, ``: true, `x`: true,
	} {
		if got := limits.Details([]byte(details)); got != want {
			t.Errorf("Details(%s) = %v", details, got)
		}
	}
	for rule, want := range map[string]bool{`{require: always}`: true, `{require: never}`: false, `{}`: false} {
		if got := binding(t, transfer, rule).Details([]byte(`[{"type":"t","amount":"0","fee":"0"}]`)); got != want {
			t.Errorf("%s: %v", rule, got)
		}
	}
}

func TestBindingSpends(t *testing.T) {
	limits := binding(t, stepup.WalletSign, `{require: above, above: [{of: ETH, limit: "1.5"}]}`)
	eth := func(n int64, d int64) policy.Amount { return policy.Amount{Of: "ETH", Value: big.NewRat(n, d)} }
	for _, test := range []struct {
		name     string
		amounts  []policy.Amount
		unvalued bool
		want     bool
	}{
		{"nothing", nil, false, false},
		{"nothing that can be valued", nil, true, true},
		{"up to it", []policy.Amount{eth(3, 2)}, false, false},
		{"above", []policy.Amount{eth(3000001, 2000000)}, false, true},
		{"two halves", []policy.Amount{eth(1, 1), eth(1, 1)}, false, true},
		{"small, and more that cannot be valued", []policy.Amount{eth(1, 1)}, true, true},
		{"another asset", []policy.Amount{{Of: "USDC", Value: big.NewRat(1, 1)}}, false, true},
		{"negative", []policy.Amount{eth(-1, 1)}, false, true},
		{"no value", []policy.Amount{{Of: "ETH"}}, false, true},
	} {
		if got := limits.Spends(test.amounts, test.unvalued); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	if !binding(t, stepup.WalletSign, `{require: always}`).Spends(nil, false) || binding(t, stepup.WalletSign, `{}`).Spends(nil, true) {
		t.Error("always and never are not told apart")
	}
}

// Where a binding must have been displayed, what cannot display mints nothing,
// and is not offered.
func TestDisplayedAdmits(t *testing.T) {
	env := parse(t, head+"scopes: [{scope: transfer:create, audience: https://bank.example, binding: {require: always, displayed: true}}]")
	person := policy.Person{}
	for _, kind := range assurance.Kinds {
		person.Means = append(person.Means, policy.Means{ID: string(kind), Kind: kind, Counts: true})
	}
	// Without MFA enrolled, so that all kinds would do.
	person.Means = person.Means[:5]
	decision, err := policy.Decide(env, person, "transfer:create")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range assurance.Kinds {
		shows := kind == assurance.EmailCode || kind == assurance.SMSCode || kind == assurance.WalletSignature
		if got := decision.Admits(kind, assurance.PHR); got != shows {
			t.Errorf("%s admitted: %v", kind, got)
		}
	}
	if got := decision.Methods(); len(got) != 3 {
		t.Errorf("offered: %v", got)
	}
}
