package environment

import (
	"cmp"
	"slices"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
)

// The floors that hold where a scope says nothing: any method for users without
// MFA, an MFA method for users with it. No document may go below the second.
const (
	DefaultFloorWithoutMFA = assurance.Federated
	DefaultFloorWithMFA    = assurance.MFA
)

// acrs lists the classes a floor may name, weakest first.
var acrs = []assurance.ACR{assurance.Federated, assurance.Reauth, assurance.MFA, assurance.PHR}

// PresetASVSL3 bans email and SMS codes.
const PresetASVSL3 = "asvs-l3"

// Builtin is the rule of a scope that every environment has.
type Builtin struct {
	Scope         stepup.Scope
	Always        bool   // required whatever the actions say
	TokenBehavior string // the default
	MayTimeBound  bool   // an operator may choose time_bound although the default is single_use
	Action        string // the legacy action it inherits from, or ""
}

// Builtins lists the built-in scopes.
var Builtins = []Builtin{
	{Scope: stepup.WalletExport, Always: true, TokenBehavior: SingleUse, Action: "wallet.waas.export"},
	{Scope: stepup.WalletSign, TokenBehavior: SingleUse, MayTimeBound: true, Action: "wallet.waas.sign"},
	{Scope: stepup.WalletRefresh, TokenBehavior: SingleUse, Action: "wallet.waas.refresh"},
	{Scope: stepup.WalletReshare, TokenBehavior: SingleUse, Action: "wallet.waas.reshare"},
	{Scope: stepup.WalletDelegate, Always: true, TokenBehavior: SingleUse},
	{Scope: stepup.WalletRestore, Always: true, TokenBehavior: SingleUse},
	{Scope: stepup.WalletDelete, Always: true, TokenBehavior: SingleUse},
	{Scope: stepup.CredentialLink, Always: true, TokenBehavior: TimeBound},
	{Scope: stepup.CredentialUnlink, Always: true, TokenBehavior: TimeBound},
	{Scope: stepup.CredentialUpdate, Always: true, TokenBehavior: TimeBound},
	{Scope: stepup.UserUpdate, TokenBehavior: TimeBound, Action: "user.update"},
	{Scope: stepup.UserDelete, Always: true, TokenBehavior: SingleUse},
	{Scope: stepup.ConsoleAdminActionReview, Always: true, TokenBehavior: TimeBound},
	{Scope: stepup.ConsoleApprovalWorkflowUpdate, Always: true, TokenBehavior: TimeBound},
	{Scope: stepup.ConsoleMemberInvite, Always: true, TokenBehavior: TimeBound},
	{Scope: stepup.ConsoleMFAReset, Always: true, TokenBehavior: TimeBound},
	{Scope: stepup.ConsoleProjectDelete, Always: true, TokenBehavior: TimeBound},
	{Scope: stepup.ConsoleSettingsUpdate, Always: true, TokenBehavior: TimeBound},
	{Scope: stepup.ConsoleSSOUpdate, Always: true, TokenBehavior: TimeBound},
	{Scope: stepup.ConsoleUserDelete, Always: true, TokenBehavior: TimeBound},
}

// Actions lists the events of action-based MFA.
var Actions = []string{
	"wallet.waas.export", "wallet.waas.sign", "wallet.waas.refresh", "wallet.waas.reshare",
	"user.update", "wallet.waas.offline_recovery_trigger",
}

// BuiltinScope finds the rule of a built-in scope.
func BuiltinScope(scope string) (Builtin, bool) {
	i := slices.IndexFunc(Builtins, func(b Builtin) bool { return string(b.Scope) == scope })
	if i < 0 {
		return Builtin{}, false
	}
	return Builtins[i], true
}

// ScopeOf is the built-in scope an action carries over to. The offline recovery
// trigger has none: it has only its rule as an action.
func ScopeOf(action string) (scope string, ok bool) {
	i := slices.IndexFunc(Builtins, func(b Builtin) bool { return b.Action != "" && b.Action == action })
	if i < 0 {
		return "", false
	}
	return string(Builtins[i].Scope), true
}

// Scope finds what the document says about a scope: a custom scope, or an
// override of a built-in one.
func (e *Environment) Scope(scope string) (Scope, bool) {
	for _, s := range e.Scopes {
		if s.Scope == scope {
			return s, true
		}
	}
	return Scope{}, false
}

// Action finds what the document says about an action.
func (e *Environment) Action(action string) (Action, bool) {
	for _, a := range e.MFA.Actions {
		if a.Action == action {
			return a, true
		}
	}
	return Action{}, false
}

// Life is how often a token of a scope works, and how long.
type Life struct {
	SingleUse bool
	Seconds   int
}

// Behavior is the tokenBehavior of l.
func (l Life) Behavior() string {
	if l.SingleUse {
		return SingleUse
	}
	return TimeBound
}

// Life is the life of tokens for the scope after the action it inherits from
// and its entry under scopes; where both speak, the stricter word holds. It is
// false for a scope that is neither built in nor declared.
func (e *Environment) Life(scope string) (Life, bool) {
	s, declared := e.Scope(scope)
	b, builtin := BuiltinScope(scope)
	if !declared && !builtin {
		return Life{}, false
	}
	var a Action
	if b.Action != "" {
		a, _ = e.Action(b.Action)
	}
	return life(cmp.Or(b.TokenBehavior, SingleUse), word{a.TokenBehavior, a.TokenExpirySeconds}, word{s.TokenBehavior, s.ExpirySeconds}), true
}

// ActionLife is the life of tokens for an action: that of its scope, or its own
// where it has none.
func (e *Environment) ActionLife(action string) Life {
	if scope, ok := ScopeOf(action); ok {
		l, _ := e.Life(scope)
		return l
	}
	a, _ := e.Action(action)
	return life(SingleUse, word{a.TokenBehavior, a.TokenExpirySeconds})
}

// word is what one place of the document says about a life; zero says nothing.
type word struct {
	behavior string
	seconds  int
}

func life(behavior string, said ...word) Life {
	for i, w := range said {
		if w.behavior == SingleUse || w.behavior == TimeBound && !slices.ContainsFunc(said[:i], func(w word) bool { return w.behavior == SingleUse }) {
			behavior = w.behavior
		}
	}
	seconds := ceiling(behavior)
	for _, w := range said {
		if w.seconds > 0 {
			seconds = min(seconds, w.seconds)
		}
	}
	return Life{SingleUse: behavior == SingleUse, Seconds: seconds}
}
