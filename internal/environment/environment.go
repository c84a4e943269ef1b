// Package environment is the tenant: one YAML document that says who may call,
// which rules hold and which methods are on. An Environment that came out of
// [Parse] is complete and valid: defaults are filled in, nothing is unknown,
// and no ceiling is exceeded. Secrets are only ever references.
package environment

import (
	"time"
)

// Version is a minimum API version, written 2026_04_01 (2026-04-01 is read too).
type Version string

const (
	// Version20260101 is the legacy system: action-based MFA.
	Version20260101 Version = "2026_01_01"
	// Version20260401 enforces step-up authentication.
	Version20260401 Version = "2026_04_01"
	// Newest is what new environments start at.
	Newest = Version20260401
)

// Environment is the whole document, defaults included.
type Environment struct {
	ID               string   `yaml:"id" json:"id"` // lower-case UUID
	Name             string   `yaml:"name" json:"name"`
	Origins          []string `yaml:"origins" json:"origins"`                 // exact browser origins; empty allows none
	RedirectOrigins  []string `yaml:"redirectOrigins" json:"redirectOrigins"` // origins a flow may return to
	MinAPIVersion    Version  `yaml:"minApiVersion" json:"minApiVersion"`
	CreatedAtVersion Version  `yaml:"createdAtVersion" json:"createdAtVersion"`
	Tokens           Tokens   `yaml:"tokens" json:"tokens"`
	SignUp           SignUp   `yaml:"signUp" json:"signUp"`
	Limits           Limits   `yaml:"limits" json:"limits"`
	Mail             Mail     `yaml:"mail" json:"mail"`
	SMS              SMS      `yaml:"sms" json:"sms"`
	Auth             Auth     `yaml:"auth" json:"auth"`
	Sessions         Sessions `yaml:"sessions" json:"sessions"`
	MFA              MFA      `yaml:"mfa" json:"mfa"`
	Passkeys         Passkeys `yaml:"passkeys" json:"passkeys"`
	Prompt           Prompt   `yaml:"prompt" json:"prompt"`
	Wallets          Wallets  `yaml:"wallets" json:"wallets"`

	EmbeddedWallets EmbeddedWallets `yaml:"embeddedWallets" json:"embeddedWallets"`

	Providers     []Provider   `yaml:"providers" json:"providers"`
	ExternalAuth  ExternalAuth `yaml:"externalAuth" json:"externalAuth"`
	Scopes        []Scope      `yaml:"scopes" json:"scopes"` // custom scopes, and overrides of built-in ones
	Compatibility []Compatible `yaml:"compatibility" json:"compatibility"`
	Rehearsal     Rehearsal    `yaml:"rehearsal" json:"rehearsal"`
	Audit         Audit        `yaml:"audit" json:"audit"`
}

// Tokens says how this environment signs. One algorithm serves all token kinds.
type Tokens struct {
	Algorithm string `yaml:"algorithm" json:"algorithm"` // ES256 (default), EdDSA or RS256
	// how long a retired key still verifies; default: the longest session
	RotationGrace Duration `yaml:"rotationGrace" json:"rotationGrace"`
}

// SignUp says whether a proof of an unknown address creates a user.
type SignUp struct {
	Enabled bool `yaml:"enabled" json:"enabled"` // default true
}

// Limits bound guessing and sending. What is left out has its default; a zero in
// the document is an error.
type Limits struct {
	CodeAttempts    int      `yaml:"codeAttempts" json:"codeAttempts"`       // wrong tries per sent code; default 5, at most 12
	CodeExpiry      Duration `yaml:"codeExpiry" json:"codeExpiry"`           // default 5m, at most 10m
	CodesPerAddress Rate     `yaml:"codesPerAddress" json:"codesPerAddress"` // sends; default 5 per 10m
	CodesPerSession Rate     `yaml:"codesPerSession" json:"codesPerSession"` // sends; default 10 per 10m
	CodesPerIP      Rate     `yaml:"codesPerIP" json:"codesPerIP"`           // sends; default 30 per 10m
	// sends of the whole environment, to strangers and to accounts each; default 10000
	CodesPerHour int `yaml:"codesPerHour" json:"codesPerHour"`

	// sends in all sessions of an account, proven ones given back; default 10 per 10m
	CodesPerAccount Rate `yaml:"codesPerAccount" json:"codesPerAccount"`
	// sends in all sessions of an account, proven or not; default 30
	CodesPerAccountHour int `yaml:"codesPerAccountHour" json:"codesPerAccountHour"`

	// wrong codes per address and door over all codes; default 10 per 1h
	GuessesPerAccount Rate `yaml:"guessesPerAccount" json:"guessesPerAccount"`
	// wrong codes per credential without a success; default 50, at most 100
	GuessesHardStop int `yaml:"guessesHardStop" json:"guessesHardStop"`
	// wrong tries in a row at a second factor before waits begin; default 10
	FactorGuesses int `yaml:"factorGuesses" json:"factorGuesses"`
	// wrong tries in a row before the factor stops; default 50, at most 100
	FactorHardStop int `yaml:"factorHardStop" json:"factorHardStop"`
	// length of the IPv6 network that counts as one address; default 64, at most that
	IPv6Prefix int `yaml:"ipv6Prefix" json:"ipv6Prefix"`
}

// Audit says how long the audit log is kept. Nothing of it goes by itself:
// retention is the age that `stepup audit prune` may take entries from.
type Audit struct {
	Retention Duration `yaml:"retention" json:"retention"` // default 365d, at least 30d
	// how long network addresses stand beside entries; default 30d, at most retention
	AddressRetention Duration `yaml:"addressRetention" json:"addressRetention"`
}

// Rate is so many events in a fixed window.
type Rate struct {
	Count int      `yaml:"count" json:"count"`
	Per   Duration `yaml:"per" json:"per"`
}

// Mail is how messages of this environment present themselves.
type Mail struct {
	From    string `yaml:"from" json:"from"`       // RFC 5322 mailbox; default "NAME <no-reply@HOST of the public URL>"
	AppName string `yaml:"appName" json:"appName"` // default: Name

	Languages []string       `yaml:"languages" json:"languages"` // that messages are written in; default: all there are
	Language  string         `yaml:"language" json:"language"`   // where nothing is known of a reader; default: en, or the only one
	Brand     Brand          `yaml:"brand" json:"brand"`
	Templates []MailTemplate `yaml:"templates" json:"templates"` // words of your own
}

// Brand is how mails look.
type Brand struct {
	Color string `yaml:"color,omitempty" json:"color,omitempty"` // of buttons and codes, #rrggbb; empty: ours
	Logo  Image  `yaml:"logo,omitempty" json:"logo,omitempty"`   // goes with each mail; empty: none
}

// MailTemplate is one mail with words of the environment's own.
type MailTemplate struct {
	Template string     `yaml:"template" json:"template"` // one of MailTemplates
	Texts    []MailText `yaml:"texts" json:"texts"`
}

// MailText are the words in one language. They stand beside ours, never in place of
// what a code is for, how long it is good and who may ask for it.
type MailText struct {
	Language string `yaml:"language" json:"language"`
	Subject  string `yaml:"subject,omitempty" json:"subject,omitempty"`
	Title    string `yaml:"title,omitempty" json:"title,omitempty"`
	Intro    string `yaml:"intro,omitempty" json:"intro,omitempty"`     // a paragraph before everything
	Closing  string `yaml:"closing,omitempty" json:"closing,omitempty"` // a paragraph at the end
}

// SMS says which numbers may be texted. Texts cost money, and whoever is paid
// for receiving them likes to ask for many.
type SMS struct {
	Enabled     bool     `yaml:"enabled" json:"enabled"`
	Countries   []string `yaml:"countries" json:"countries"`     // ISO 3166-1 alpha-2; needed when enabled
	NumberTypes []string `yaml:"numberTypes" json:"numberTypes"` // default mobile and fixed_line_or_mobile
	PerPrefix   Rate     `yaml:"perPrefix" json:"perPrefix"`     // texts to one range of numbers; default 30 per 1h
	PerHour     int      `yaml:"perHour" json:"perHour"`         // texts of the whole environment; default 1000
}

// Auth says where browsers keep the session.
type Auth struct {
	Storage []string `yaml:"storage" json:"storage"` // localstorage (default) or cookie
}

// Sessions bounds how long a sign-in lasts.
type Sessions struct {
	Lifetime Duration `yaml:"lifetime" json:"lifetime"` // from sign-in, refreshes included; default 24h, at most 30 days
	Idle     Duration `yaml:"idle" json:"idle"`         // life of one session token; a refresh renews it; default 1h, at most Lifetime

	// sign-ins on a device that the user has not registered wait for a link by mail; default false
	DeviceRegistration bool `yaml:"deviceRegistration" json:"deviceRegistration"`
	// where the link leads: below redirectOrigins; none: the root of the origin that signs in, or of the first of those
	DeviceRegistrationURIs []string `yaml:"deviceRegistrationUris" json:"deviceRegistrationUris"`
}

// RegistersDevices reports whether a sign-in on an unknown device waits for a link by mail.
func (e *Environment) RegistersDevices() bool {
	return e.Sessions.DeviceRegistration && e.MinAPIVersion != Version20260101
}

// MFA is the second-factor setting. Enabled only means "at every sign-in".
type MFA struct {
	Enabled    bool     `yaml:"enabled" json:"enabled"`
	Required   bool     `yaml:"required" json:"required"`
	Enrollment string   `yaml:"enrollment" json:"enrollment"` // none (default), signup or action
	Methods    []Method `yaml:"methods" json:"methods"`
	Actions    []Action `yaml:"actions" json:"actions"`
}

// On reports whether any MFA method is enabled: the meaning of "MFA is on" in
// the exclusion rule.
func (m MFA) On() bool {
	for _, method := range m.Methods {
		if method.Enabled {
			return true
		}
	}
	return false
}

// Method switches one MFA method on or off.
type Method struct {
	Type             string `yaml:"type" json:"type"` // totp or passkey
	Enabled          bool   `yaml:"enabled" json:"enabled"`
	AllowBackupCodes bool   `yaml:"allowBackupCodes" json:"allowBackupCodes"`
}

// Action is one event of action-based MFA; it carries over to its scope.
type Action struct {
	Action   string `yaml:"action" json:"action"` // wallet.waas.export, …
	Required bool   `yaml:"required" json:"required"`
	// single_use or time_bound; empty: the scope's default
	TokenBehavior string `yaml:"tokenBehavior,omitempty" json:"tokenBehavior,omitempty"`
	// 0: the scope's default; never above the ceiling
	TokenExpirySeconds int `yaml:"tokenExpirySeconds,omitempty" json:"tokenExpirySeconds,omitempty"`
}

// Passkeys is the WebAuthn relying party.
type Passkeys struct {
	RPID    string   `yaml:"rpId" json:"rpId"`
	Origins []string `yaml:"origins" json:"origins"`

	// RelatedOrigins are pages of other domains that may use the same passkeys
	// (WebAuthn 5.11): browsers ask https://RPID/.well-known/webauthn about them.
	RelatedOrigins []string `yaml:"relatedOrigins" json:"relatedOrigins"`
}

// Provider is one social login provider.
type Provider struct {
	Provider     string   `yaml:"provider" json:"provider"`
	ClientID     string   `yaml:"clientId" json:"clientId"`
	ClientSecret Ref      `yaml:"clientSecret" json:"clientSecret"`
	Scopes       []string `yaml:"scopes" json:"scopes"`

	Name      string    `yaml:"name,omitempty" json:"name,omitempty"`           // shown to people; empty: the provider's own
	Issuer    string    `yaml:"issuer,omitempty" json:"issuer,omitempty"`       // OpenID Connect issuer; makes any name a provider
	Endpoints Endpoints `yaml:"endpoints,omitempty" json:"endpoints,omitempty"` // in place of those the catalogue or the issuer names
	// browsers go to the provider without passing here, which proves less
	Direct bool `yaml:"direct,omitempty" json:"direct,omitempty"`
}

// Endpoints are addresses of a provider; empty ones are as the provider
// publishes them.
type Endpoints struct {
	Authorization string `yaml:"authorization,omitempty" json:"authorization,omitempty"`
	Token         string `yaml:"token,omitempty" json:"token,omitempty"`
	UserInfo      string `yaml:"userinfo,omitempty" json:"userinfo,omitempty"`
	JWKS          string `yaml:"jwks,omitempty" json:"jwks,omitempty"`
}

// ExternalAuth is a login of yours whose JWTs sign users in.
type ExternalAuth struct {
	Enabled              bool   `yaml:"enabled" json:"enabled"`
	Issuer               string `yaml:"iss" json:"iss"`
	Audience             string `yaml:"aud" json:"aud"`
	JWKSURL              string `yaml:"jwksUrl" json:"jwksUrl"`
	AssumeEmailVerified  bool   `yaml:"assumeEmailVerified" json:"assumeEmailVerified"`
	AssertionReplacesMFA bool   `yaml:"assertionReplacesMfa" json:"assertionReplacesMfa"`
}

// Scope declares a custom scope, or narrows a built-in one.
type Scope struct {
	Scope    string `yaml:"scope" json:"scope"`
	Audience string `yaml:"audience,omitempty" json:"audience,omitempty"` // required for a custom scope; forbidden for a built-in one
	// custom scopes: default true; built-in: only true, and only raises
	Required      *bool  `yaml:"required,omitempty" json:"required,omitempty"`
	TokenBehavior string `yaml:"tokenBehavior,omitempty" json:"tokenBehavior,omitempty"` // default single_use
	ExpirySeconds int    `yaml:"expirySeconds,omitempty" json:"expirySeconds,omitempty"` // 0: the ceiling
	Floor         Floor  `yaml:"floor,omitempty" json:"floor,omitempty"`

	// after a recovery or a new factor nothing mints the scope for so long; 0: no wait
	CoolDown Duration `yaml:"coolDown,omitempty" json:"coolDown,omitempty"`

	Binding Binding `yaml:"binding,omitempty" json:"binding,omitempty"`
	// custom scopes: what a token lets its holder do, as mails say it after the word to, as in
	// "send money"
	Allows string `yaml:"allows,omitempty" json:"allows,omitempty"`
	// custom scopes: what a bound transaction is called, as in "Pay {amount} to {payee}"; empty:
	// its members are listed
	Summary string `yaml:"summary,omitempty" json:"summary,omitempty"`
}

// Floor is the least acr a scope asks for. An empty value means the default
// rule: any method for users without MFA, an MFA method for users with it.
type Floor struct {
	WithoutMFA string `yaml:"withoutMfa,omitempty" json:"withoutMfa,omitempty"`
	WithMFA    string `yaml:"withMfa,omitempty" json:"withMfa,omitempty"`
	Preset     string `yaml:"preset,omitempty" json:"preset,omitempty"` // asvs-l3 bans email and SMS codes
}

// Compatible names calls that published clients cannot attach a token to.
type Compatible string

// The closed list of compatibility entries. The first six ask for no token; the
// next three also accept a legacy MFA token; the last two ask for none where the
// user has no second factor.
const (
	LinkWallet   Compatible = "link-wallet"
	LinkEmail    Compatible = "link-email"
	LinkPhone    Compatible = "link-phone"
	UnlinkWallet Compatible = "unlink-wallet"
	UpdateUser   Compatible = "update-user"
	DeleteUser   Compatible = "delete-user"
	Refresh      Compatible = "refresh"
	Reshare      Compatible = "reshare"
	DeleteDevice Compatible = "delete-device"

	RefreshWithoutMFA Compatible = "refresh-without-mfa"
	ReshareWithoutMFA Compatible = "reshare-without-mfa"
)

// Allows reports whether the environment carries the compatibility entry.
func (e *Environment) Allows(c Compatible) bool {
	for _, have := range e.Compatibility {
		if have == c {
			return true
		}
	}
	return false
}

// Rehearsal enforces the newest rules early for these users.
type Rehearsal struct {
	Users []string `yaml:"users" json:"users"` // user ids or verified email addresses
}

// Ref points at a secret: exactly one of its fields is set, or none. The value
// itself is never part of the document.
type Ref struct {
	File string `yaml:"file,omitempty" json:"file,omitempty"`
	Env  string `yaml:"env,omitempty" json:"env,omitempty"`
}

// Duration is a time.Duration written as Go writes it ("10m"), or with days ("30d").
type Duration time.Duration

// Std returns d as a time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) }
