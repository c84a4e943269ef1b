package operate

import (
	"slices"
	"strings"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/fault"
)

// StepUps are the scopes that an operator of the console proves before the changes are
// made: one for rules that get weaker, one where other people's logins are let in or
// trusted with more. What only strengthens needs none.
func (a Applied) StepUps() []stepup.Scope {
	var scopes []stepup.Scope
	add := func(scope stepup.Scope) {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	for _, change := range a.Changes {
		switch {
		case change.Weakens == "":
		case strings.HasPrefix(change.Path, "providers[") || strings.HasPrefix(change.Path, "externalAuth."):
			add(stepup.ConsoleSSOUpdate)
		default:
			add(stepup.ConsoleSettingsUpdate)
		}
	}
	return scopes
}

// mayWeaken refuses what weakens to those who may not, and to those who have not proved
// who they are where that is asked of them. It judges what changes in the end, so that no
// way to write a document is a way around it.
func mayWeaken(applied Applied, weakens []string, o ApplyOptions) error {
	if len(weakens) == 0 {
		return nil
	}
	if !o.MayWeaken {
		return fault.New(fault.InsufficientServiceScope, "This weakens the environment, which needs environments.weaken:\n%s",
			join(weakens)).
			With(map[string]any{"weakens": weakens})
	}
	if lower := applied.Weakens(); o.NoWeakening && len(lower) > 0 {
		return fault.New(fault.Conflict, "nothing was changed, because this weakens the environment:\n  %s", strings.Join(lower, "\n  ")).
			With(map[string]any{"weakens": lower})
	}
	if o.Prove == nil {
		return nil
	}
	scopes := applied.StepUps()
	if len(scopes) == 0 { // a new environment that may go by older rules
		scopes = []stepup.Scope{stepup.ConsoleSettingsUpdate}
	}
	for _, scope := range scopes {
		if err := o.Prove(scope); err != nil {
			return err
		}
	}
	return nil
}
