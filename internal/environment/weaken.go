package environment

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
)

// step is one change as its rule sees it. Where something was added before is the
// zero reflect.Value, where something is gone after is.
type step struct {
	*comparison
	path          string // with the name of each list entry in brackets
	name          string // of the innermost list entry
	before, after reflect.Value
}

func (s step) added() bool { return !s.before.IsValid() }
func (s step) gone() bool  { return !s.after.IsValid() }

// weakening says, per path of the document, what a change there weakens. A path
// without a rule weakens nothing; a test holds the list of those.
var weakening = map[string]func(step) string{
	"name":         func(step) string { return otherName },
	"mail.appName": func(step) string { return otherName },
	"mail.from":    func(step) string { return "mail comes from another sender" },

	"mail.languages[]":                 ifGone("people who read %s get their mails in another language"),
	"mail.language":                    func(step) string { return "people of whom nothing is known get their mails in another language" },
	"mail.brand.logo":                  ifSet("people are shown another logo in mails, which may be somebody else's"),
	"mail.templates[]":                 otherWords,
	"mail.templates[].texts[]":         otherWords,
	"mail.templates[].texts[].subject": otherWords,
	"mail.templates[].texts[].title":   otherWords,
	"mail.templates[].texts[].intro":   otherWords,
	"mail.templates[].texts[].closing": otherWords,

	"origins[]":         ifAdded("pages of %s may call with the user's session"),
	"redirectOrigins[]": ifAdded("sign-ins may be sent to %s"),
	"minApiVersion":     ifOlder("the rules of the older version hold again"),
	"createdAtVersion":  ifOlder("the environment may go back to an older version"),

	"tokens.rotationGrace": ifLonger("tokens of a retired key are accepted for longer"),
	"signUp.enabled":       ifOn("unknown addresses become users"),

	"limits.codeAttempts":            ifMore("more guesses at each code"),
	"limits.codeExpiry":              ifLonger("codes can be guessed or intercepted for longer"),
	"limits.codesPerAddress.count":   ifMore("more codes per address to guess at"),
	"limits.codesPerAddress.per":     ifShorter("more codes per address to guess at"),
	"limits.codesPerSession.count":   ifMore("more codes per session to guess at"),
	"limits.codesPerSession.per":     ifShorter("more codes per session to guess at"),
	"limits.codesPerIP.count":        ifMore("more codes from one network address"),
	"limits.codesPerIP.per":          ifShorter("more codes from one network address"),
	"limits.codesPerHour":            ifMore("more codes to guess at over the whole environment"),
	"limits.codesPerAccount.count":   ifMore("more codes per account to guess at"),
	"limits.codesPerAccount.per":     ifShorter("more codes per account to guess at"),
	"limits.codesPerAccountHour":     ifMore("more codes per account to guess at"),
	"limits.ipv6Prefix":              ifMore("more addresses of one IPv6 network count on their own"),
	"limits.guessesPerAccount.count": ifMore("more guesses at each account"),
	"limits.guessesPerAccount.per":   ifShorter("more guesses at each account"),
	"limits.guessesHardStop":         ifMore("more guesses before a credential is stopped"),

	"limits.factorGuesses":  ifMore("more guesses at a second factor before waits begin"),
	"limits.factorHardStop": ifMore("more guesses before a second factor stops"),

	"sms.enabled":         ifOn("codes by SMS sign users in; a number can be diverted"),
	"sms.countries[]":     ifAdded("numbers of %s can be texted, which costs money"),
	"sms.numberTypes[]":   ifAdded("numbers of type %s can be texted"),
	"sms.perPrefix.count": ifMore("more texts to one range of numbers"),
	"sms.perPrefix.per":   ifShorter("more texts to one range of numbers"),
	"sms.perHour":         ifMore("more texts over the whole environment"),

	"audit.retention":        ifShorter("entries of the audit log may be taken away sooner"),
	"audit.addressRetention": ifShorter("where requests came from is forgotten sooner"),

	"auth.storage[]": func(s step) string {
		if s.added() && s.name == "localstorage" {
			return "scripts in the page can read the session"
		}
		return ""
	},
	"sessions.lifetime": ifLonger("a stolen session lives longer"),
	"sessions.idle":     ifLonger("a stolen session token lives longer"),

	"sessions.deviceRegistration": ifOff("users sign in on unknown devices without a link by mail; " +
		"all devices are forgotten, and the sessions that wait for a link end"),
	"sessions.deviceRegistrationUris[]": ifAdded("links that register a device may lead to %s"),

	"mfa.enabled":  ifOff("no second factor at sign-in"),
	"mfa.required": ifOff("users need no second factor"),
	"mfa.enrollment": func(s step) string {
		if slices.Index(enrollments, s.after.String()) < slices.Index(enrollments, s.before.String()) {
			return "users are asked later, or never, to enrol a second factor"
		}
		return ""
	},
	"mfa.methods[]": func(s step) string {
		return cmp.Or(when(s.gone() && s.before.Interface().(Method).Enabled, methodOff), s.weakerFactor())
	},
	"mfa.methods[].enabled": func(s step) string {
		return cmp.Or(when(!s.after.Bool(), methodOff), s.weakerFactor())
	},
	"mfa.methods[].allowBackupCodes": ifOn("recovery codes stand in for the method"),
	"mfa.actions[]": func(s step) string {
		if s.gone() && s.before.Interface().(Action).Required {
			return actionOff
		}
		return s.lifeOfAction()
	},
	"mfa.actions[].required":           ifOff(actionOff),
	"mfa.actions[].tokenBehavior":      step.lifeOfAction,
	"mfa.actions[].tokenExpirySeconds": step.lifeOfAction,

	"passkeys.rpId": func(s step) string {
		if s.before.String() != "" && s.after.String() != "" {
			return "passkeys made for another domain are accepted"
		}
		return ""
	},
	"passkeys.origins[]":        ifAdded("pages of %s may use passkeys"),
	"passkeys.relatedOrigins[]": ifAdded("pages of %s, on another domain, may use passkeys"),

	"prompt.origin":         func(step) string { return "people are asked at another address" },
	"prompt.redirectUris[]": step.returnsTo,

	"wallets.chains[]":   ifAdded("wallets of %s sign users in"),
	"wallets.rpc[]":      ifAdded("what the node says of contract wallets on chain %s signs users in"),
	"wallets.rpc[].url":  ifSet("another node vouches for contract wallets"),
	"wallets.undeployed": ifOn("contract wallets sign before anything of them is on their chain"),

	"embeddedWallets.enabled":             ifOn("the service keeps private keys of users"),
	"embeddedWallets.chains[]":            ifAdded("the service keeps private keys of %s wallets"),
	"embeddedWallets.schemes[]":           ifAdded("users may move the shares of their keys to %s"),
	"embeddedWallets.perUser":             ifMore("a session makes more keys"),
	"embeddedWallets.exportDisabled":      ifOff("private keys may leave the service"),
	"embeddedWallets.networks[]":          ifAdded("transactions are sent to %s"),
	"embeddedWallets.networks[].chain":    func(step) string { return otherChain },
	"embeddedWallets.networks[].chainId":  func(step) string { return otherChain },
	"embeddedWallets.networks[].cluster":  func(step) string { return otherChain },
	"embeddedWallets.networks[].rpc":      ifSet("transactions are sent to another node"),
	"embeddedWallets.networks[].symbol":   ifSet("users are shown another coin for the same amounts"),
	"embeddedWallets.networks[].decimals": func(step) string { return "users are shown other amounts for the same transactions" },

	"providers[]":              ifAdded("the word of %s signs users in"),
	"providers[].clientSecret": func(s step) string { return "another secret of the server is sent to the token endpoint of " + s.name },
	"providers[].clientId":     func(s step) string { return "sign-ins at another application of " + s.name + " are accepted" },

	"providers[].issuer":                  func(s step) string { return "the word of another issuer signs users in" },
	"providers[].endpoints.authorization": func(s step) string { return "users of " + s.name + " are sent elsewhere" },
	"providers[].endpoints.token":         func(s step) string { return "codes of " + s.name + " are exchanged elsewhere" },
	"providers[].endpoints.userinfo":      func(s step) string { return "profiles of " + s.name + " come from elsewhere" },
	"providers[].endpoints.jwks":          func(s step) string { return "whoever holds the keys at another address signs users in" },
	"providers[].direct":                  ifOn("browsers go to the provider without passing here, so nothing shows that a login is fresh"),

	"externalAuth.enabled":              ifOn("an external login signs users in"),
	"externalAuth.iss":                  ifSet("tokens of another issuer sign users in"),
	"externalAuth.aud":                  ifSet("tokens for another audience sign users in"),
	"externalAuth.jwksUrl":              ifSet("whoever holds the keys at another address signs users in"),
	"externalAuth.assumeEmailVerified":  ifOn("email addresses count as verified without a word about it"),
	"externalAuth.assertionReplacesMfa": ifOn("the external login stands in for the second factor"),

	"scopes[]": func(s step) string {
		if s.gone() && !stepup.Scope(s.name).Reserved() {
			return "the rule for " + s.name + " is gone"
		}
		before, after := s.scopes()
		return cmp.Or(
			s.requirement(before, after),
			s.lifeOfScope(),
			floorsLower(before.Floor, after.Floor),
			s.coolDown(),
			s.bindingRequire(),
		)
	},
	"scopes[].audience":         func(step) string { return "tokens open another API" },
	"scopes[].required":         func(s step) string { return s.requirement(s.scopes()) },
	"scopes[].tokenBehavior":    step.lifeOfScope,
	"scopes[].expirySeconds":    step.lifeOfScope,
	"scopes[].floor.withoutMfa": step.floor,
	"scopes[].floor.withMfa":    step.floor,
	"scopes[].floor.preset":     step.floor,
	"scopes[].coolDown":         step.coolDown,

	"scopes[].binding.require":       step.bindingRequire,
	"scopes[].binding.displayed":     ifOff("people need not be shown what they confirm"),
	"scopes[].binding.above[]":       aboveEntry,
	"scopes[].binding.above[].limit": aboveLimit,
	"scopes[].allows":                func(step) string { return "people are told otherwise what a code allows" },
	"scopes[].summary":               func(step) string { return "people are shown another text of what they confirm" },

	"compatibility[]":   func(s step) string { return when(s.added(), letsThrough(s.name)) },
	"rehearsal.users[]": ifGone("the newest rules are no longer enforced for %s"),
}

const (
	methodOff  = "users who have only this method have no second factor"
	actionOff  = "the action needs no step-up"
	codesAgain = "email and SMS codes are accepted again"
	otherName  = "people are shown another name in mails and prompts, which may be somebody else's"
	otherChain = "transactions of another chain are sent there, and shown to people under this name"
)

// otherWords says what words of an environment's own bring: they can talk people into
// giving a code away, and out of minding a warning. Going back to ours brings nothing.
func otherWords(s step) string {
	return when(!s.gone() && show(s.after) != "", "people are told other words in mails with codes and warnings")
}

// letsThrough says what a compatibility entry lets through.
func letsThrough(entry string) string {
	switch Compatible(entry) {
	case Refresh, Reshare, DeleteDevice:
		return "the call takes a token of action-based MFA too, which is good for anything in its session"
	case RefreshWithoutMFA, ReshareWithoutMFA:
		return "the call takes no proof beyond the session of users without a second factor"
	}
	return "the call takes no proof beyond the session"
}

// The kinds of rule.

func ifAdded(why string) func(step) string {
	return func(s step) string { return when(s.added(), fill(why, s.name)) }
}

func ifGone(why string) func(step) string {
	return func(s step) string { return when(s.gone(), fill(why, s.name)) }
}

func ifOn(why string) func(step) string {
	return func(s step) string { return when(s.after.Bool(), why) }
}

func ifOff(why string) func(step) string {
	return func(s step) string { return when(!s.after.Bool(), why) }
}

func ifMore(why string) func(step) string {
	return func(s step) string { return when(s.after.Int() > s.before.Int(), why) }
}

func ifLonger(why string) func(step) string { return ifMore(why) }

func ifShorter(why string) func(step) string {
	return func(s step) string { return when(s.after.Int() < s.before.Int(), why) }
}

func ifOlder(why string) func(step) string {
	return func(s step) string {
		return when(s.after.Interface().(Version).Before(s.before.Interface().(Version)), why)
	}
}

func ifSet(why string) func(step) string {
	return func(s step) string { return when(s.after.String() != "", why) }
}

func when(weaker bool, why string) string {
	if weaker {
		return why
	}
	return ""
}

func fill(why, name string) string { return fmt.Sprintf(why, name) }

// The rules about lives, requirements and floors compare what is in force, not
// what is written: leaving a line out may be the stricter word.

func (s step) lifeOfAction() string {
	return longer(s.old.ActionLife(s.name), s.new.ActionLife(s.name))
}

func (s step) lifeOfScope() string {
	before, was := s.old.Life(s.name)
	after, is := s.new.Life(s.name)
	if !was || !is {
		return ""
	}
	return longer(before, after)
}

func longer(before, after Life) string {
	switch {
	case before.SingleUse && !after.SingleUse:
		return "a token works more than once"
	case after.Seconds > before.Seconds:
		return "a token lives longer"
	}
	return ""
}

// returnsTo says what an address brings that prompts may go back to.
func (s step) returnsTo() string {
	switch {
	case s.gone():
		return ""
	case s.after.Interface().(RedirectURI).CustomScheme:
		return "what people confirm is told at " + s.name + ", which any app of a device may claim"
	}
	return "what people confirm is told at " + s.name
}

// weakerFactor says what a method brings beside the second factors there were:
// recovery codes where none stood in, authenticator apps where all were passkeys.
// The first method there is brings nothing weaker, because there was none.
func (s step) weakerFactor() string {
	before, after := s.old.MFA, s.new.MFA
	switch {
	case !before.On():
	case after.AllowsBackupCodes() && !before.AllowsBackupCodes():
		return "recovery codes stand in for a second factor"
	case after.Enables("totp") && !before.Enables("totp"):
		return "authenticator apps, whose codes can be phished, are accepted beside passkeys"
	}
	return ""
}

// scopes are the two entries of the scope; one that is not there says nothing.
func (s step) scopes() (before, after Scope) {
	before, _ = s.old.Scope(s.name)
	after, _ = s.new.Scope(s.name)
	return before, after
}

func (s step) requirement(before, after Scope) string {
	b, _ := BuiltinScope(s.name)
	was := b.Always || before.Required != nil && *before.Required
	is := b.Always || after.Required != nil && *after.Required
	return when(was && !is, "the scope needs no step-up")
}

func (s step) coolDown() string {
	before, after := s.scopes()
	return when(after.CoolDown < before.CoolDown, "a thief with a new factor waits less, or not at all")
}

func (s step) floor() string {
	before, after := s.scopes()
	return floorsLower(before.Floor, after.Floor)
}

func floorsLower(before, after Floor) string {
	lower := func(before, after string, usual assurance.ACR) bool {
		return !assurance.Stricter(usual, assurance.ACR(after)).Meets(assurance.Stricter(usual, assurance.ACR(before)))
	}
	if lower(before.WithoutMFA, after.WithoutMFA, DefaultFloorWithoutMFA) || lower(before.WithMFA, after.WithMFA, DefaultFloorWithMFA) {
		return "weaker proofs are accepted"
	}
	return when(before.Preset != "" && after.Preset == "", codesAgain)
}
