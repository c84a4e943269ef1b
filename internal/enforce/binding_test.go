package enforce

import (
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
)

func TestWrongBinding(t *testing.T) {
	rule := func(require string, displayed bool) policy.Binding {
		return policy.Binding{Require: require, Displayed: displayed}
	}
	never, always, above := rule("", false), rule(environment.BindAlways, false), rule(environment.BindAbove, false)
	shown, shownAbove := rule(environment.BindAlways, true), rule(environment.BindAbove, true)
	unbound := Presented{given: true}
	bound := Presented{given: true, claims: stepup.Claims{AuthorizationDetails: []byte("[]"), AuthorizationDetailsHash: "x"}}
	seen := bound
	seen.claims.Displayed = true
	for _, test := range []struct {
		name string
		p    Presented
		rule policy.Binding
		ok   bool
	}{
		{"no rule, unbound", unbound, never, true},
		{"no rule, unbound, known", unbound.For("x"), never, true},
		{"no rule, bound at a gate that does not compare", bound, never, false},
		{"no rule, bound, not read yet", bound.BeforeBody(), never, true},
		{"no rule, bound to it", bound.For("x"), never, true},
		{"no rule, bound to another", bound.For("y"), never, false},
		{"no rule, bound, read, and it amounts to nothing", bound.BeforeBody().For(""), never, false},
		{"no rule, bound, amounts but no hash", bound.Within(true), never, false},
		{"always, unbound", unbound.For("x"), always, false},
		{"always, unbound, not read yet", unbound.BeforeBody(), always, false},
		{"always, unbound at a gate that knows nothing", unbound, always, false},
		{"always, unbound and small", unbound.For("x").Within(true), always, false},
		{"always, bound to it", bound.For("x"), always, true},
		{"above, unbound, not read yet", unbound.BeforeBody(), above, true},
		{"above, unbound and small", unbound.For("x").Within(true), above, true},
		{"above, unbound and not small", unbound.For("x"), above, false},
		{"above, unbound, read after it was let through", unbound.BeforeBody().For("x"), above, false},
		{"above, unbound at a gate that knows nothing", unbound, above, false},
		{"above, bound to another though small", bound.For("y").Within(true), above, false},
		{"shown, bound unseen", bound.For("x"), shown, false},
		{"shown, bound and seen", seen.For("x"), shown, true},
		{"shown, seen, but another", seen.For("y"), shown, false},
		{"shown above, unseen and small", bound.For("x").Within(true), shownAbove, true},
		{"shown above, unseen and not small", bound.For("x"), shownAbove, false},
	} {
		if got := !test.p.wrongBinding(test.rule); got != test.ok {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
