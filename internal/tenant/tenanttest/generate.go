package tenanttest

import (
	"cmp"
	"slices"

	"pgregory.net/rapid"

	"github.com/stepup-auth/stepup/internal/environment"
)

// Documents generates valid documents of the environment [ID], over everything
// that decides: versions, MFA, actions, overrides and custom scopes.
func Documents() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		e := environment.Defaults()
		e.ID, e.Name = ID, "Generated"
		e.Mail.AppName, e.Sessions.Idle, e.Tokens.RotationGrace = e.Name, e.Sessions.Lifetime, e.Sessions.Lifetime
		e.Mail.Language, e.CreatedAtVersion = environment.MailLanguages[0], environment.Version20260101
		e.MinAPIVersion = rapid.SampledFrom([]environment.Version{environment.Version20260101, environment.Version20260401}).
			Draw(t, "version")
		yes := rapid.Bool()
		if yes.Draw(t, "totp listed") {
			e.MFA.Methods = append(e.MFA.Methods,
				environment.Method{Type: "totp", Enabled: yes.Draw(t, "totp"), AllowBackupCodes: yes.Draw(t, "recovery codes")})
		}
		if yes.Draw(t, "passkey listed") {
			e.Passkeys = environment.Passkeys{RPID: "example.com", Origins: []string{"https://example.com"}}
			e.MFA.Methods = append(e.MFA.Methods, environment.Method{Type: "passkey", Enabled: yes.Draw(t, "passkey")})
		}
		if e.MFA.On() {
			e.MFA.Enabled, e.MFA.Required = yes.Draw(t, "mfa enabled"), yes.Draw(t, "mfa required")
		}
		for _, action := range environment.Actions {
			if !yes.Draw(t, action+" listed") {
				continue
			}
			builtin := environment.Builtin{TokenBehavior: environment.SingleUse}
			if scope, ok := environment.ScopeOf(action); ok {
				builtin, _ = environment.BuiltinScope(scope)
			}
			a := environment.Action{Action: action, Required: yes.Draw(t, action)}
			a.TokenBehavior, a.TokenExpirySeconds = life(t, builtin)
			e.MFA.Actions = append(e.MFA.Actions, a)
		}
		for _, b := range environment.Builtins {
			if rapid.IntRange(0, 3).Draw(t, string(b.Scope)+" overridden") > 0 {
				continue
			}
			s := environment.Scope{Scope: string(b.Scope), Floor: floor(t)}
			if yes.Draw(t, "raised") {
				s.Required = new(true)
			}
			s.TokenBehavior, s.ExpirySeconds = life(t, b)
			e.Scopes = append(e.Scopes, s)
		}
		for _, name := range []string{string(Transfer), "payout:approve", "vault:open:now"} {
			if !yes.Draw(t, name) {
				continue
			}
			s := environment.Scope{Scope: name,
				Audience: rapid.SampledFrom([]string{Bank, "https://vault.example.com"}).Draw(t, "audience"), Floor: floor(t)}
			s.Required = new(yes.Draw(t, "required"))
			s.TokenBehavior, s.ExpirySeconds = life(t, environment.Builtin{TokenBehavior: environment.SingleUse, MayTimeBound: true})
			s.TokenBehavior = cmp.Or(s.TokenBehavior, environment.SingleUse)
			if s.ExpirySeconds == 0 {
				s.ExpirySeconds = environment.MaxSingleUseSeconds
			}
			e.Scopes = append(e.Scopes, s)
		}
		for _, entry := range environment.Compatibilities {
			if rapid.IntRange(0, 3).Draw(t, string(entry)) == 0 {
				e.Compatibility = append(e.Compatibility, entry)
			}
		}
		return string(e.YAML())
	})
}

// life is a token behaviour and a life in seconds that the built-in rule allows;
// long enough to use the token on a machine that is busy.
func life(t *rapid.T, b environment.Builtin) (behavior string, seconds int) {
	choices := []string{"", environment.SingleUse}
	if b.MayTimeBound || b.TokenBehavior == environment.TimeBound {
		choices = append(choices, environment.TimeBound)
	}
	behavior = rapid.SampledFrom(choices).Draw(t, "behavior")
	most := environment.MaxSingleUseSeconds
	if behavior == environment.TimeBound || behavior == "" && b.TokenBehavior == environment.TimeBound {
		most = environment.MaxTimeBoundSeconds
	}
	if rapid.Bool().Draw(t, "expires early") {
		seconds = rapid.IntRange(60, most).Draw(t, "seconds")
	}
	return behavior, seconds
}

func floor(t *rapid.T) environment.Floor {
	classes := []string{"", "urn:stepup:federated", "urn:stepup:reauth", "urn:stepup:mfa", "urn:stepup:phr"}
	return environment.Floor{
		WithoutMFA: rapid.SampledFrom(classes).Draw(t, "floor"),
		WithMFA:    rapid.SampledFrom(slices.Concat(classes[:1], classes[3:])).Draw(t, "floor with mfa"),
		Preset:     rapid.SampledFrom([]string{"", environment.PresetASVSL3}).Draw(t, "preset"),
	}
}
