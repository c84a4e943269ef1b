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
	Allows        string // what a token for it lets its holder do, as mails say it after the word to
}

// Builtins lists the built-in scopes.
var Builtins = []Builtin{
	{Scope: stepup.WalletExport, Always: true, TokenBehavior: SingleUse, Action: "wallet.waas.export", Allows: "export your wallet's key"},
	{Scope: stepup.WalletSign, TokenBehavior: SingleUse, MayTimeBound: true, Action: "wallet.waas.sign", Allows: "sign with your wallet"},
	{Scope: stepup.WalletRefresh, TokenBehavior: SingleUse, Action: "wallet.waas.refresh", Allows: "renew how your wallet's key is stored"},
	{Scope: stepup.WalletReshare, TokenBehavior: SingleUse, Action: "wallet.waas.reshare", Allows: "change who keeps your wallet's key"},
	{Scope: stepup.WalletDelegate, Always: true, TokenBehavior: SingleUse, Allows: "let somebody else use your wallet"},
	{Scope: stepup.WalletRestore, Always: true, TokenBehavior: SingleUse, Allows: "restore your wallet"},
	{Scope: stepup.WalletDelete, Always: true, TokenBehavior: SingleUse, Allows: "delete your wallet"},
	{Scope: stepup.CredentialLink, Always: true, TokenBehavior: TimeBound, Allows: "add a way to prove that it is you"},
	{Scope: stepup.CredentialUnlink, Always: true, TokenBehavior: TimeBound, Allows: "remove a way to prove that it is you"},
	{Scope: stepup.CredentialUpdate, Always: true, TokenBehavior: TimeBound, Allows: "change your email address or phone number"},
	{Scope: stepup.UserUpdate, TokenBehavior: TimeBound, Action: "user.update", Allows: "change your profile"},
	{Scope: stepup.UserDelete, Always: true, TokenBehavior: SingleUse, Allows: "delete your account"},
	{Scope: stepup.ConsoleAdminActionReview, Always: true, TokenBehavior: TimeBound, Allows: "review actions of administrators"},
	{Scope: stepup.ConsoleApprovalWorkflowUpdate, Always: true, TokenBehavior: TimeBound, Allows: "change who must approve what"},
	{Scope: stepup.ConsoleMemberInvite, Always: true, TokenBehavior: TimeBound, Allows: "invite members"},
	{Scope: stepup.ConsoleMFAReset, Always: true, TokenBehavior: TimeBound, Allows: "reset second factors of a user"},
	{Scope: stepup.ConsoleProjectDelete, Always: true, TokenBehavior: TimeBound, Allows: "delete an environment"},
	{Scope: stepup.ConsoleSettingsUpdate, Always: true, TokenBehavior: TimeBound, Allows: "change settings"},
	{Scope: stepup.ConsoleSSOUpdate, Always: true, TokenBehavior: TimeBound, Allows: "change single sign-on"},
	{Scope: stepup.ConsoleUserDelete, Always: true, TokenBehavior: TimeBound, Allows: "delete a user"},
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

// InWords says what a token for a scope lets its holder do, as mails say it after
// the word to. A custom scope without words of its own is named.
func (e *Environment) InWords(scope string) string {
	if builtin, ok := BuiltinScope(scope); ok {
		return builtin.Allows
	}
	own, _ := e.Scope(scope)
	return cmp.Or(own.Allows, "do what the app calls "+scope)
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
	return life(cmp.Or(b.TokenBehavior, SingleUse), word{a.TokenBehavior, a.TokenExpirySeconds},
		word{s.TokenBehavior, s.ExpirySeconds}), true
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
		if w.behavior == SingleUse ||
			w.behavior == TimeBound && !slices.ContainsFunc(said[:i], func(w word) bool { return w.behavior == SingleUse }) {
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
