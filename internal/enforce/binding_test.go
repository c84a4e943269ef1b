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
	unbound := stepup.Claims{}
	bound := stepup.Claims{AuthorizationDetails: []byte("[]"), AuthorizationDetailsHash: "x"}
	seen := bound
	seen.Displayed = true
	within := func(policy.Binding) bool { return true }
	for _, test := range []struct {
		name  string
		token stepup.Claims
		d     Demand
		rule  policy.Binding
		ok    bool
	}{
		{"no rule, unbound", unbound, Demand{}, never, true},
		{"no rule, unbound, known", unbound, Demand{DetailsHash: "x"}, never, true},
		{"no rule, bound at a gate that does not compare", bound, Demand{}, never, false},
		{"no rule, bound, not read yet", bound, Demand{Unread: true}, never, true},
		{"no rule, bound to it", bound, Demand{DetailsHash: "x"}, never, true},
		{"no rule, bound to another", bound, Demand{DetailsHash: "y"}, never, false},
		{"no rule, bound, read, and it amounts to nothing", bound, Demand{}, never, false},
		{"no rule, bound, amounts but no hash", bound, Demand{Within: within}, never, false},
		{"always, unbound", unbound, Demand{DetailsHash: "x"}, always, false},
		{"always, unbound, not read yet", unbound, Demand{Unread: true}, always, false},
		{"always, unbound at a gate that knows nothing", unbound, Demand{}, always, false},
		{"always, unbound and small", unbound, Demand{DetailsHash: "x", Within: within}, always, false},
		{"always, bound to it", bound, Demand{DetailsHash: "x"}, always, true},
		{"above, unbound, not read yet", unbound, Demand{Unread: true}, above, true},
		{"above, unbound and small", unbound, Demand{DetailsHash: "x", Within: within}, above, true},
		{"above, unbound and not small", unbound, Demand{DetailsHash: "x"}, above, false},
		{"above, unbound, read after it was let through", unbound, Demand{DetailsHash: "x"}, above, false},
		{"above, unbound at a gate that knows nothing", unbound, Demand{}, above, false},
		{"above, bound to another though small", bound, Demand{DetailsHash: "y", Within: within}, above, false},
		{"shown, bound unseen", bound, Demand{DetailsHash: "x"}, shown, false},
		{"shown, bound and seen", seen, Demand{DetailsHash: "x"}, shown, true},
		{"shown, seen, but another", seen, Demand{DetailsHash: "y"}, shown, false},
		{"shown above, unseen and small", bound, Demand{DetailsHash: "x", Within: within}, shownAbove, true},
		{"shown above, unseen and not small", bound, Demand{DetailsHash: "x"}, shownAbove, false},
	} {
		if got := !test.d.wrongBinding(test.token, test.rule); got != test.ok {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
