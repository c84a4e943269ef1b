package environment

import (
	"slices"
	"time"

	"github.com/stepup-auth/stepup"
)

// Ceilings and bounds that no document may pass.
const (
	MaxSingleUseSeconds = 300
	MaxTimeBoundSeconds = 600
	MaxCodeAttempts     = 12
	MaxCodeExpiry       = Duration(10 * time.Minute)
	MaxGuessesHardStop  = 100
	MaxFactorGuesses    = 20
	MaxCoolDown         = Duration(7 * day)
	MaxLifetime         = Duration(30 * day)
	MinAuditRetention   = Duration(30 * day)
	MaxAuditRetention   = Duration(3650 * day)
)

// The two values of tokenBehavior.
const (
	SingleUse = "single_use"
	TimeBound = "time_bound"
)

const (
	defaultLifetime         = Duration(24 * time.Hour)
	defaultIdle             = Duration(time.Hour)
	defaultAuditRetention   = Duration(365 * day)
	defaultAddressRetention = Duration(30 * day)
	// shortestGrace outlives every elevated token.
	shortestGrace = Duration(MaxTimeBoundSeconds * time.Second)
)

// Defaults is an environment with nothing but defaults. It is not valid: it has
// no id and no name, and what follows from other values is still zero.
func Defaults() *Environment {
	minutes := func(n int) Duration { return Duration(time.Duration(n) * time.Minute) }
	return &Environment{
		Origins:          []string{},
		RedirectOrigins:  []string{},
		MinAPIVersion:    Newest,
		CreatedAtVersion: Newest,
		Tokens:           Tokens{Algorithm: "ES256"},
		SignUp:           SignUp{Enabled: true},
		Limits: Limits{
			CodeAttempts:        5,
			CodeExpiry:          minutes(5),
			CodesPerAddress:     Rate{5, minutes(10)},
			CodesPerSession:     Rate{10, minutes(10)},
			CodesPerIP:          Rate{30, minutes(10)},
			CodesPerHour:        10000,
			CodesPerAccount:     Rate{10, minutes(10)},
			CodesPerAccountHour: 30,
			GuessesPerAccount:   Rate{10, minutes(60)},
			GuessesHardStop:     50,
			FactorGuesses:       10,
			FactorHardStop:      50,
			IPv6Prefix:          64,
		},
		Mail: Mail{Languages: slices.Clone(MailLanguages), Templates: []MailTemplate{}},
		SMS: SMS{Countries: []string{}, NumberTypes: []string{"mobile", "fixed_line_or_mobile"}, PerPrefix: Rate{30, minutes(60)},
			PerHour: 1000},
		Auth:     Auth{Storage: []string{"localstorage"}},
		Sessions: Sessions{Lifetime: defaultLifetime, DeviceRegistrationURIs: []string{}},
		MFA:      MFA{Enrollment: "none", Methods: []Method{}, Actions: []Action{}},
		Passkeys: Passkeys{Origins: []string{}, RelatedOrigins: []string{}},
		Prompt:   Prompt{RedirectURIs: []RedirectURI{}},
		Wallets:  Wallets{Chains: []string{}, RPC: []RPC{}},
		EmbeddedWallets: EmbeddedWallets{
			Chains: slices.Clone(chains), Schemes: slices.Clone(schemes), PerUser: defaultPerUser, Networks: []Network{},
		},
		Providers:     []Provider{},
		Scopes:        []Scope{},
		Compatibility: []Compatible{},
		Rehearsal:     Rehearsal{Users: []string{}},
		Audit:         Audit{Retention: defaultAuditRetention, AddressRetention: defaultAddressRetention},
	}
}

// derive fills in the defaults that follow from other values.
func derive(e *Environment) {
	if e.Mail.AppName == "" {
		e.Mail.AppName = e.Name
	}
	if e.Mail.Language == "" {
		e.Mail.Language = MailLanguages[0]
		if len(e.Mail.Languages) == 1 {
			e.Mail.Language = e.Mail.Languages[0]
		}
	}
	if e.Sessions.Idle == 0 {
		e.Sessions.Idle = min(defaultIdle, e.Sessions.Lifetime)
	}
	if e.Tokens.RotationGrace == 0 {
		e.Tokens.RotationGrace = max(e.Sessions.Lifetime, shortestGrace)
	}
	for i := range e.Providers {
		if e.Providers[i].Scopes == nil {
			e.Providers[i].Scopes = []string{}
		}
	}
	for i := range e.EmbeddedWallets.Networks {
		deriveNetwork(&e.EmbeddedWallets.Networks[i])
	}
	for i := range e.Scopes {
		deriveScope(&e.Scopes[i])
	}
}

// deriveScope completes a custom scope. In an override of a built-in one, what
// is left out stays out: it means the built-in rule.
func deriveScope(s *Scope) {
	if stepup.Scope(s.Scope).Reserved() {
		return
	}
	if s.Required == nil {
		required := true
		s.Required = &required
	}
	if s.TokenBehavior == "" {
		s.TokenBehavior = SingleUse
	}
	if s.ExpirySeconds == 0 {
		s.ExpirySeconds = ceiling(s.TokenBehavior)
	}
}

// backupCodesByDefault: an authenticator app can be lost with its phone, so
// TOTP comes with recovery codes unless the document says otherwise.
func backupCodesByDefault(method string) bool { return method == "totp" }

func ceiling(behavior string) int {
	if behavior == TimeBound {
		return MaxTimeBoundSeconds
	}
	return MaxSingleUseSeconds
}
