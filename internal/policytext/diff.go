package policytext

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
)

// people are those whom two policies are compared for: everybody with one means
// or two.
func people() [][]string {
	means := Words()
	list := [][]string{{}}
	for i, a := range means {
		list = append(list, []string{a})
		for _, b := range means[i+1:] {
			list = append(list, []string{a, b})
		}
	}
	return list
}

// Difference is a difference of two policies for one scope.
type Difference struct {
	Scope  string   `json:"scope"`
	Text   string   `json:"text"`
	Who    []string `json:"who"`    // examples of people it concerns, as lists of means
	Calls  int64    `json:"calls"`  // protected calls for the scope that were counted lately
	Looser bool     `json:"looser"` // less is asked of these people, or something weaker is taken
}

// Diff compares what two documents decide, scope by scope, for everybody with
// one or two means. calls are the counts of shadow mode by scope.
func Diff(old, next *environment.Environment, calls map[string]int64) ([]Difference, error) {
	var changes []Difference
	scopes := policy.Scopes(old)
	for _, scope := range policy.Scopes(next) {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	for _, scope := range scopes {
		found := map[string]*Difference{}
		var order []string
		for _, means := range people() {
			before, err := decided(old, scope, means)
			if err != nil {
				return nil, err
			}
			after, err := decided(next, scope, means)
			if err != nil {
				return nil, err
			}
			looser := before.looser(after)
			for i, text := range after.text {
				if before.text[i] == text {
					continue
				}
				change := fmt.Sprintf("%s: %s → %s", facts[i], before.text[i], text)
				if found[change] == nil {
					found[change] = &Difference{Scope: scope, Text: change, Calls: calls[scope]}
					order = append(order, change)
				}
				found[change].Who = append(found[change].Who, who(means))
				found[change].Looser = found[change].Looser || looser[i]
			}
		}
		for _, change := range order {
			changes = append(changes, *found[change])
		}
	}
	return changes, nil
}

// facts are what is compared of two decisions, in the order in which the function
// decided puts them into words.
var facts = [...]string{"required", "accepted", "token"}

// outcome is a decision beside its text; known is false where the environment has
// no such scope.
type outcome struct {
	text     [len(facts)]string
	known    bool
	decision policy.Decision
}

func decided(env *environment.Environment, scope string, means []string) (v outcome, err error) {
	if _, err := policy.RuleFor(env, stepup.Scope(scope)); err != nil {
		return outcome{text: [...]string{"no such scope", "nothing", "none"}}, nil
	}
	explained, err := Explain(env, scope, means)
	if err != nil {
		return v, err
	}
	d := explained.Decision
	v.known, v.decision = true, d
	v.text[0] = "no"
	if d.Required {
		v.text[0] = "yes"
	}
	v.text[1] = "nothing"
	if methods := Methods(d); len(methods) > 0 {
		v.text[1] = strings.Join(methods, ", ")
	}
	use := "time-bound"
	if d.Rule.SingleUse {
		use = "single-use"
	}
	v.text[2] = fmt.Sprintf("%s, %d s", use, int(d.Rule.Life.Seconds()))
	return v, nil
}

// looser judges the step from v to after, fact by fact. A scope that comes or
// goes is neither looser nor stricter: without it nothing can be minted.
func (v outcome) looser(after outcome) [len(facts)]bool {
	if !v.known || !after.known {
		return [len(facts)]bool{}
	}
	before, now := v.decision, after.decision
	return [...]bool{
		before.Required && !now.Required,
		admitsWeaker(before.Offers, now.Offers),
		before.Rule.SingleUse && !now.Rule.SingleUse || now.Rule.Life > before.Rule.Life,
	}
}

// admitsWeaker reports whether something is accepted that was not, and that is
// worth no more than the weakest of what was. Where nothing was accepted, a
// second factor of the user's own is no loss.
func admitsWeaker(before, after []policy.Means) bool {
	weakest := strength(assurance.Passkey)
	if len(before) == 0 {
		weakest = strength(assurance.RecoveryCode) - 1
	}
	for _, m := range before {
		weakest = min(weakest, strength(m.Kind))
	}
	return slices.ContainsFunc(after, func(m policy.Means) bool {
		accepted := slices.ContainsFunc(before, func(b policy.Means) bool { return b.Kind == m.Kind })
		return !accepted && strength(m.Kind) <= weakest
	})
}

// strength orders the kinds by what they are worth. A recovery code comes below
// the factor it stands in for.
func strength(kind assurance.Kind) int {
	order := 4 * slices.Index([]assurance.ACR{assurance.Federated, assurance.Reauth, assurance.MFA, assurance.PHR}, kind.ACR())
	if kind.MFA() && !kind.Factor() {
		order -= 2
	}
	return order
}

func who(means []string) string {
	if len(means) == 0 {
		return "nothing"
	}
	return strings.Join(means, "+")
}
