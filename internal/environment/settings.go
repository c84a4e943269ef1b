package environment

import (
	"time"
)

// Settings is what browsers are told about an environment (wire reference 20
// and 21). It is public: nothing in it is secret. Arrays are present even when
// empty, because clients iterate over them unasked.
type Settings struct {
	EnvironmentName string             `json:"environmentName"`
	Chains          []SettingsChain    `json:"chains"`
	KYC             []struct{}         `json:"kyc"`
	Networks        []struct{}         `json:"networks"`
	Design          struct{}           `json:"design"`
	General         SettingsGeneral    `json:"general"`
	Privacy         struct{}           `json:"privacy"`
	Providers       []SettingsProvider `json:"providers"`
	Security        SettingsSecurity   `json:"security"`
	SDK             SettingsSDK        `json:"sdk"`
}

// SettingsChain is one kind of blockchain wallets may sign in from.
type SettingsChain struct {
	Name    string `json:"name"`
	Enabled bool   `json:"enabled"`
}

// SettingsGeneral names the app.
type SettingsGeneral struct {
	DisplayName string `json:"displayName"`
}

// SettingsProvider is one way to sign in. Clients take an entry without
// enabledAt as switched off. The rest is for social providers.
type SettingsProvider struct {
	Provider     string    `json:"provider"`
	EnabledAt    time.Time `json:"enabledAt"`
	Name         string    `json:"name,omitempty"` // for people
	ClientID     string    `json:"clientId,omitempty"`
	BaseAuthURL  string    `json:"baseAuthUrl,omitempty"` // where clients send the browser
	RedirectURL  string    `json:"redirectUrl,omitempty"` // where the provider sends it back
	Scopes       string    `json:"scopes,omitempty"`
	ShopifyStore string    `json:"shopifyStore,omitempty"`

	EnabledCountries []SettingsCountry `json:"enabledCountries,omitempty"` // of sms
}

// SettingsCountry is one country whose numbers may be texted.
type SettingsCountry struct {
	ISOCountryCode   string `json:"isoCountryCode"`
	PhoneCountryCode string `json:"phoneCountryCode"` // without +
}

// SettingsSecurity is the part that steers sessions and step-up.
type SettingsSecurity struct {
	Auth         SettingsAuth         `json:"auth"`
	MFA          SettingsMFA          `json:"mfa"`
	JWTDuration  SettingsDuration     `json:"jwtDuration"`
	ExternalAuth SettingsExternalAuth `json:"externalAuth"`

	DeviceRegistrationRequired bool `json:"deviceRegistrationRequired,omitempty"`
}

// SettingsAuth chooses header mode (localstorage) or cookie mode.
type SettingsAuth struct {
	Storage []string `json:"storage"`
}

// SettingsMFA carries the rules of action-based MFA, with what is in force
// spelled out.
type SettingsMFA struct {
	Enabled          bool             `json:"enabled"`
	Required         bool             `json:"required"`
	Enrollment       string           `json:"enrollment"`
	AvailableMethods []string         `json:"availableMethods"`
	Methods          []SettingsMethod `json:"methods"`
	Actions          []SettingsAction `json:"actions"`
}

// SettingsMethod is one MFA method and whether it is on.
type SettingsMethod struct {
	Type             string `json:"type"`
	Enabled          bool   `json:"enabled"`
	AllowBackupCodes bool   `json:"allowBackupCodes"`
}

// SettingsAction is one event and the token it takes.
type SettingsAction struct {
	Action             string `json:"action"`
	Required           bool   `json:"required"`
	TokenBehavior      string `json:"tokenBehavior"`
	TokenExpirySeconds int    `json:"tokenExpirySeconds"`
}

// SettingsDuration is a duration in the largest unit that divides it.
type SettingsDuration struct {
	Amount int64  `json:"amount"`
	Unit   string `json:"unit"` // days, hours or minutes
}

// SettingsExternalAuth describes the external login. It never names a cookie:
// that alone would switch clients to cookie mode.
type SettingsExternalAuth struct {
	Enabled             bool   `json:"enabled"`
	Issuer              string `json:"iss,omitempty"`
	Audience            string `json:"aud,omitempty"`
	JWKSURL             string `json:"jwksUrl,omitempty"`
	AssumeEmailVerified bool   `json:"assumeEmailVerified,omitempty"`
}

// SettingsSDK steers the client's own behaviour. It has no member waas and no
// embeddedWallets: either would make clients load their vendor's wallet frame.
type SettingsSDK struct {
	MinAPIVersion Version              `json:"minApiVersion"`
	SocialSignIn  SettingsSocialSignIn `json:"socialSignIn"`
}

// SettingsSocialSignIn lists the social providers to offer.
type SettingsSocialSignIn struct {
	Providers []SettingsSocialProvider `json:"providers"`
}

// SettingsSocialProvider is one social provider and whether to offer it.
type SettingsSocialProvider struct {
	Provider string `json:"provider"`
	Enabled  bool   `json:"enabled"`
}

// emailEnabledAt is the date clients want to see; any past one will do.
var emailEnabledAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Settings is the settings document of e: the ways to sign in that this server
// serves, and the rules in force.
func (e *Environment) Settings() Settings {
	s := Settings{
		EnvironmentName: "live",
		Chains:          e.Wallets.settingsChains(),
		KYC:             []struct{}{},
		Networks:        []struct{}{},
		General:         SettingsGeneral{DisplayName: e.Mail.AppName},
		// React takes the entry "dynamic" for email sign-in, others "emailOnly".
		Providers: []SettingsProvider{
			{Provider: "dynamic", EnabledAt: emailEnabledAt},
			{Provider: "emailOnly", EnabledAt: emailEnabledAt},
		},
		Security: SettingsSecurity{
			Auth:        SettingsAuth{Storage: append([]string{}, e.Auth.Storage...)},
			MFA:         e.settingsMFA(),
			JWTDuration: inLargestUnit(e.Sessions.Lifetime.Std()),

			DeviceRegistrationRequired: e.RegistersDevices(),
		},
		SDK: SettingsSDK{
			MinAPIVersion: e.MinAPIVersion,
			SocialSignIn:  SettingsSocialSignIn{Providers: []SettingsSocialProvider{}},
		},
	}
	if x := e.ExternalAuth; x.Enabled {
		s.Security.ExternalAuth = SettingsExternalAuth{
			Enabled: true, Issuer: x.Issuer, Audience: x.Audience, JWKSURL: x.JWKSURL, AssumeEmailVerified: x.AssumeEmailVerified,
		}
	}
	return s
}

// AddSocial offers a social provider. It is for those who know where the server
// is reached.
func (s *Settings) AddSocial(p SettingsProvider) {
	p.EnabledAt = emailEnabledAt
	s.Providers = append(s.Providers, p)
	s.SDK.SocialSignIn.Providers = append(s.SDK.SocialSignIn.Providers, SettingsSocialProvider{Provider: p.Provider, Enabled: true})
}

// AddSMS offers codes by text message, where the server can send them. code is
// the calling code of a country; one without is left out.
func (s *Settings) AddSMS(countries []string, code func(country string) string) {
	sms := SettingsProvider{Provider: "sms", EnabledAt: emailEnabledAt}
	for _, country := range countries {
		if prefix := code(country); prefix != "" {
			sms.EnabledCountries = append(sms.EnabledCountries, SettingsCountry{ISOCountryCode: country, PhoneCountryCode: prefix})
		}
	}
	s.Providers = append(s.Providers, sms)
}

func (e *Environment) settingsMFA() SettingsMFA {
	m := SettingsMFA{
		Enabled: e.MFA.Enabled,
		// Older clients read enrollment through required.
		Required:         e.MFA.Required || e.MFA.Enrollment != "none",
		Enrollment:       e.MFA.Enrollment,
		AvailableMethods: append([]string{}, methodTypes...),
		Methods:          []SettingsMethod{},
		Actions:          []SettingsAction{},
	}
	for _, method := range e.MFA.Methods {
		m.Methods = append(m.Methods, SettingsMethod(method))
	}
	for _, a := range e.MFA.Actions {
		life := e.ActionLife(a.Action)
		m.Actions = append(m.Actions, SettingsAction{
			Action: a.Action, Required: a.Required, TokenBehavior: life.Behavior(), TokenExpirySeconds: life.Seconds,
		})
	}
	return m
}

func inLargestUnit(d time.Duration) SettingsDuration {
	switch {
	case d%day == 0:
		return SettingsDuration{Amount: int64(d / day), Unit: "days"}
	case d%time.Hour == 0:
		return SettingsDuration{Amount: int64(d / time.Hour), Unit: "hours"}
	}
	return SettingsDuration{Amount: int64((d + time.Minute - 1) / time.Minute), Unit: "minutes"}
}
