package environment

import (
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
)

func (c checker) mfa() {
	m := c.e.MFA
	c.oneOf("mfa.enrollment", m.Enrollment, enrollments)
	names := make([]string, len(m.Methods))
	for i, method := range m.Methods {
		names[i] = method.Type
		c.oneOf(index("mfa.methods", i)+".type", method.Type, methodTypes)
		if method.Type == "passkey" && method.Enabled && c.e.Passkeys.RPID == "" && c.readable("passkeys") {
			c.at(index("mfa.methods", i), "passkeys need passkeys.rpId and passkeys.origins: add them")
		}
	}
	c.distinctKeys("mfa.methods", "type", names)
	if !m.On() && c.readable("mfa.methods") {
		for _, key := range []struct {
			path string
			asks bool
		}{{"mfa.enabled", m.Enabled}, {"mfa.required", m.Required}, {"mfa.enrollment", m.Enrollment != "none"}} {
			if key.asks {
				c.at(key.path, "asks for a second factor, but no method is enabled: enable one under mfa.methods")
			}
		}
	}
	c.actions()
}

func (c checker) actions() {
	names := make([]string, len(c.e.MFA.Actions))
	for i, a := range c.e.MFA.Actions {
		path := index("mfa.actions", i)
		names[i] = a.Action
		c.oneOf(path+".action", a.Action, Actions)
		if !c.readable(path + ".action") {
			continue
		}
		b := Builtin{Scope: stepup.Scope(a.Action), TokenBehavior: SingleUse}
		if scope, ok := ScopeOf(a.Action); ok {
			b, _ = BuiltinScope(scope)
		}
		c.tokenLife(path, "tokenExpirySeconds", b, a.TokenBehavior, a.TokenExpirySeconds)
	}
	c.distinctKeys("mfa.actions", "action", names)
}

// tokenLife holds an action or scope to the built-in rule: neither more uses nor
// a longer life.
func (c checker) tokenLife(path, secondsKey string, b Builtin, behavior string, seconds int) {
	effective := b.TokenBehavior
	if behavior != "" {
		c.oneOf(path+".tokenBehavior", behavior, behaviors)
		effective = behavior
		if behavior == TimeBound && b.TokenBehavior == SingleUse && !b.MayTimeBound {
			c.at(path+".tokenBehavior", "%s is single_use and cannot be loosened: remove the line", b.Scope)
		}
	}
	if !c.readable(path + ".tokenBehavior") {
		return
	}
	if most := ceiling(effective); seconds > most {
		hint := ""
		if effective == SingleUse && b.MayTimeBound {
			hint = ", or choose tokenBehavior: time_bound"
		}
		c.at(path+"."+secondsKey,
			"%d is above the ceiling of a %s token: use at most %d%s (%d for single_use, %d for time_bound, and nothing raises them)",
			seconds, effective, most, hint, ceiling(SingleUse), ceiling(TimeBound))
	}
}

func (c checker) scopes() {
	names := make([]string, len(c.e.Scopes))
	for i, s := range c.e.Scopes {
		path := index("scopes", i)
		names[i] = s.Scope
		c.floor(path+".floor", s.Floor)
		if s.CoolDown != 0 {
			c.within(path+".coolDown", s.CoolDown, Duration(time.Minute), MaxCoolDown)
		}
		c.binding(path, s)
		c.allows(path, s)
		c.summary(path, s)
		switch {
		case !stepup.Scope(s.Scope).Valid():
			c.at(path+".scope",
				"%s is not a scope: write lower-case words with colons between them, as in transfer:create (at most %d characters)",
				quoted(s.Scope), stepup.MaxScopeLength)
		case stepup.Scope(s.Scope).Reserved():
			c.override(path, s)
		default:
			c.custom(path, s)
		}
	}
	c.distinctKeys("scopes", "scope", names)
}

func (c checker) override(path string, s Scope) {
	prefix, _, _ := strings.Cut(s.Scope, ":")
	b, known := BuiltinScope(s.Scope)
	switch {
	case prefix == "business_account":
		c.at(path+".scope", "business_account scopes are not supported: remove the entry")
	case !known:
		c.at(path+".scope", "the prefix %s is reserved and %s is none of its scopes; %s", prefix, s.Scope,
			meant(s.Scope, words(stepup.BuiltInScopes())))
	default:
		if s.Audience != "" {
			c.at(path+".audience", "a built-in scope is for this server alone: remove the line")
		}
		if s.Required != nil && !*s.Required {
			c.at(path+".required", "a built-in scope cannot be switched off here: remove the line")
		}
		c.tokenLife(path, "expirySeconds", b, s.TokenBehavior, s.ExpirySeconds)
	}
}

// unfit are characters that a URI writes as %XX (RFC 3986 section 2), and the quote: people
// copy an audience into code and into commands.
func unfit(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("'\"`\\<>{}|^", r) }

// issuer is how the address of an environment ends: the audience of built-in scopes.
var issuer = regexp.MustCompile(`(?i)/api/v0/sdk/[0-9a-f-]{36}/*$`)

func (c checker) custom(path string, s Scope) {
	switch u, err := url.Parse(s.Audience); {
	case s.Audience == "":
		c.at(path+".audience", "is missing: name the API that accepts the token, as in https://bank.example.com")
	case err != nil || !u.IsAbs() || u.Host == "" && u.Opaque == "" || strings.ContainsAny(s.Audience, " #"):
		c.at(path+".audience", "%s is not an absolute URI without a fragment, such as https://bank.example.com", quoted(s.Audience))
	case strings.ContainsFunc(s.Audience, unfit):
		c.at(path+".audience", "%s has characters that no URI holds here: write them as %%XX", quoted(s.Audience))
	case u.User != nil:
		c.at(path+".audience", "a URI here carries no user name or password: remove them")
	case issuer.MatchString(s.Audience):
		c.at(path+".audience", "is a stepup environment, which guards only built-in scopes: name your own API")
	}
	c.tokenLife(path, "expirySeconds", Builtin{Scope: stepup.Scope(s.Scope), TokenBehavior: SingleUse, MayTimeBound: true}, s.TokenBehavior,
		s.ExpirySeconds)
}

func (c checker) floor(path string, f Floor) {
	if f.WithoutMFA != "" {
		c.oneOf(path+".withoutMfa", f.WithoutMFA, words(acrs))
	}
	if f.WithMFA != "" {
		c.oneOf(path+".withMfa", f.WithMFA, words(acrs))
		if !assurance.ACR(f.WithMFA).Meets(DefaultFloorWithMFA) {
			c.at(path+".withMfa", "is below %s: whoever has a second factor must use it", DefaultFloorWithMFA)
		}
	}
	if f.Preset != "" {
		c.oneOf(path+".preset", f.Preset, presets)
	}
}
