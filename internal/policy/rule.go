// Package policy decides. [Decide] is the one decision function: stepUp/check
// answers with it, enforcement judges with it and minting is admitted by it,
// so the three cannot differ. It reads no clock, no store and no request: the
// same inputs always give the same decision.
package policy

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/environment"
)

// Ceilings no configuration can raise.
const (
	SingleUseCeiling = 300 * time.Second
	TimeBoundCeiling = 600 * time.Second
)

// ErrUnknownScope says that the environment has no such scope.
var ErrUnknownScope = errors.New("unknown scope")

// ErrOperatorScope says that a console scope was asked for outside the console.
var ErrOperatorScope = errors.New("console scopes are for operators")

// Rule is what one scope asks for, before anybody is looked at.
type Rule struct {
	Scope     stepup.Scope
	Action    string // legacy action the scope inherits from; empty: none
	When      When
	SingleUse bool
	Life      time.Duration // 0 < Life <= the ceiling of its kind
	Audience  string        // empty: the issuer
	Floor     Floor
	Operator  bool          // console:*, never minted by SDK routes
	CoolDown  time.Duration // how long after a recovery or a new factor nothing mints it
	Binding   Binding
}

// When says when the newest version asks for the scope.
type When int

// Always asks whatever the configuration; IfActionOn follows the legacy
// action's switch; Never is a custom scope that is declared but not required.
const (
	Always When = iota
	IfActionOn
	Never
)

// Floor is the least acr for people without and with MFA.
type Floor struct {
	WithoutMFA assurance.ACR
	WithMFA    assurance.ACR
	NoCodes    bool // preset asvs-l3: email and SMS codes never count
}

// RuleFor is the rule of a scope in an environment: the built-in one, narrowed
// by the legacy action's configuration and the environment's own entry, or a
// custom scope as declared.
func RuleFor(env *environment.Environment, scope stepup.Scope) (Rule, error) {
	own, declared := env.Scope(string(scope))
	builtin, known := environment.BuiltinScope(string(scope))
	life, _ := env.Life(string(scope))
	rule := Rule{
		Scope: scope, Action: builtin.Action, SingleUse: life.SingleUse, Life: time.Duration(life.Seconds) * time.Second,
		Operator: strings.HasPrefix(string(scope), "console:"), CoolDown: own.CoolDown.Std(),
		Binding: bindingOf(env.BindingOf(string(scope))),
		Floor: Floor{
			WithoutMFA: assurance.Stricter(environment.DefaultFloorWithoutMFA, assurance.ACR(own.Floor.WithoutMFA)),
			WithMFA:    assurance.Stricter(environment.DefaultFloorWithMFA, assurance.ACR(own.Floor.WithMFA)),
			NoCodes:    own.Floor.Preset == environment.PresetASVSL3,
		},
	}
	required := own.Required != nil && *own.Required
	switch {
	case known && (builtin.Always || required):
		rule.When = Always
	case known:
		rule.When = IfActionOn
	case !declared || own.Audience == "":
		return Rule{}, ErrUnknownScope
	case own.Required != nil && !required:
		rule.When, rule.Audience = Never, own.Audience
	default:
		rule.When, rule.Audience = Always, own.Audience
	}
	rule.Life = min(rule.Life, ceiling(rule.SingleUse))
	return rule, nil
}

func ceiling(singleUse bool) time.Duration {
	if singleUse {
		return SingleUseCeiling
	}
	return TimeBoundCeiling
}

// Scopes lists every scope of the environment that users can be asked for.
func Scopes(env *environment.Environment) []string {
	var scopes []string
	for _, builtin := range environment.Builtins {
		if _, err := Decide(env, Person{}, builtin.Scope); err == nil {
			scopes = append(scopes, string(builtin.Scope))
		}
	}
	for _, own := range env.Scopes {
		if own.Audience != "" {
			scopes = append(scopes, own.Scope)
		}
	}
	return scopes
}

// NoScope says that an environment has no such scope, and which it has.
func NoScope(env *environment.Environment, scope string) string {
	return fmt.Sprintf("This environment has no scope %.60q. It has %s.", scope, strings.Join(Scopes(env), ", "))
}
