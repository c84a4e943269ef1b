package policy

import (
	"fmt"
	"slices"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/environment"
)

// Explanation is a decision with its reasons in plain words.
type Explanation struct {
	Decision Decision
	Why      string // it is required, or not
	Means    []ExplainedMeans
}

// ExplainedMeans is what one means of the person is worth here.
type ExplainedMeans struct {
	Means    Means
	ACR      assurance.ACR
	Obstacle string // why it does not count; empty: it does
}

// Explain decides as [Decide] does, and says why. The reasons come from the
// decision itself, so they cannot differ from what is enforced.
func Explain(env *environment.Environment, person Person, scope stepup.Scope) (Explanation, error) {
	d, err := Decide(env, person, scope)
	if err != nil {
		return Explanation{}, err
	}
	e := Explanation{Decision: d, Why: why(env, d, person)}
	for _, m := range person.Means {
		explained := ExplainedMeans{Means: m, ACR: m.acr(), Obstacle: d.obstacle(m.Kind, m.acr())}
		switch {
		case !m.Counts:
			explained.Obstacle = "its method is off here, or it may not confirm its owner"
		case d.Withholds(m.ID):
			explained.Obstacle = "it is disputed, or depends on what is, until somebody decides"
		}
		e.Means = append(e.Means, explained)
	}
	return e, nil
}

func why(env *environment.Environment, d Decision, person Person) string {
	rule := d.Rule
	action := rule.Action + " is off"
	if rule.Action != "" && on(env, rule.Action) {
		action = rule.Action + " is on"
	}
	old := env.MinAPIVersion.Before(environment.Version20260401)
	undisputed := person
	undisputed.Disputed = false
	calm := slices.ContainsFunc(Uses[:], func(use Use) bool { // it would be required without the dispute
		is, _ := required(env, rule, undisputed, use)
		return is
	})
	switch {
	case d.Disputed && d.Required && !calm:
		return "a change to the account is disputed, and until that is decided every gate asks"
	case d.Entry != "":
		return fmt.Sprintf("the compatibility entry %s asks nothing of users without a second factor", d.Entry)
	case old && d.Required && rule.Scope == stepup.CredentialUnlink:
		return "taking a second factor away was never free; other credentials are"
	case old && d.Required && rule.Scope == stepup.CredentialLink:
		return "showing the recovery codes of a second factor was never free; linking is"
	case rule.Audience != "" && rule.When == Always:
		return "the environment declares this scope as required"
	case rule.Audience != "":
		return "the environment declares this scope as not required"
	case old && rule.Action == "":
		return fmt.Sprintf("%s knows only actions, and this scope has none", env.MinAPIVersion)
	case old && !on(env, rule.Action):
		return action
	case old && person.Enrolled():
		return action + ", and the user has a second factor"
	case old && env.MFA.Required:
		return action + ", and mfa.required is set"
	case old:
		return action + ", but the user has no second factor and mfa.required is not set"
	case rule.When == Always:
		return fmt.Sprintf("%s always asks for this scope", env.MinAPIVersion)
	}
	return action
}
