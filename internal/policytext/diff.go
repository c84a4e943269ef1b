package policytext

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
)

// people are those whom two policies are compared for: everybody with one means
// or two.
func people() [][]string {
	means := []string{"email", "sms", "wallet", "social", "external", "totp", "passkey", "recovery", "embedded-wallet"}
	list := [][]string{{}}
	for i, a := range means {
		list = append(list, []string{a})
		for _, b := range means[i+1:] {
			list = append(list, []string{a, b})
		}
	}
	return list
}

// Change is a difference of two policies for one scope.
type Change struct {
	Scope string
	Text  string
	Who   []string // examples of people it concerns, as lists of means
	Calls int64    // protected calls for the scope that were counted lately
}

// Diff compares what two documents decide, scope by scope, for everybody with
// one or two means. calls are the counts of shadow mode by scope.
func Diff(old, next *environment.Environment, calls map[string]int64) ([]Change, error) {
	var changes []Change
	scopes := Scopes(old)
	for _, scope := range Scopes(next) {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	for _, scope := range scopes {
		found := map[string][]string{}
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
			for i, text := range after {
				if before[i] == text {
					continue
				}
				change := fmt.Sprintf("%s: %s → %s", facts[i], before[i], text)
				if found[change] == nil {
					order = append(order, change)
				}
				found[change] = append(found[change], who(means))
			}
		}
		for _, change := range order {
			changes = append(changes, Change{Scope: scope, Text: change, Who: found[change], Calls: calls[scope]})
		}
	}
	return changes, nil
}

// facts are what is compared, in the order of decided.
var facts = [...]string{"required", "accepted", "token"}

func decided(env *environment.Environment, scope string, means []string) (text [len(facts)]string, err error) {
	if _, err := policy.RuleFor(env, stepup.Scope(scope)); err != nil {
		return [...]string{"no such scope", "nothing", "none"}, nil
	}
	explained, err := Explain(env, scope, means)
	if err != nil {
		return text, err
	}
	d := explained.Decision
	text[0] = "no"
	if d.Required {
		text[0] = "yes"
	}
	text[1] = "nothing"
	if methods := Methods(d); len(methods) > 0 {
		text[1] = strings.Join(methods, ", ")
	}
	use := "time-bound"
	if d.Rule.SingleUse {
		use = "single-use"
	}
	text[2] = fmt.Sprintf("%s, %d s", use, int(d.Rule.Life.Seconds()))
	return text, nil
}

func who(means []string) string {
	if len(means) == 0 {
		return "nothing"
	}
	return strings.Join(means, "+")
}
