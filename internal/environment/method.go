package environment

import "slices"

// Enables reports whether an MFA method ("totp", "passkey") is on.
func (m MFA) Enables(method string) bool {
	return slices.ContainsFunc(m.Methods, func(x Method) bool { return x.Type == method && x.Enabled })
}

// AllowsBackupCodes reports whether recovery codes may stand in for a method
// that is on.
func (m MFA) AllowsBackupCodes() bool {
	return slices.ContainsFunc(m.Methods, func(x Method) bool { return x.Enabled && x.AllowBackupCodes })
}

// AllowsBackupCodesFor reports whether recovery codes may stand in for one
// method ("totp", "passkey").
func (m MFA) AllowsBackupCodesFor(method string) bool {
	return slices.ContainsFunc(m.Methods, func(x Method) bool { return x.Type == method && x.Enabled && x.AllowBackupCodes })
}

// EnrolsAtSignUp reports whether a user must have a second factor before doing
// anything else. The enrollment "action" waits for the first protected action.
func (m MFA) EnrolsAtSignUp() bool { return m.Required || m.Enrollment == "signup" }

// Cookies reports whether browsers keep the session in a cookie.
func (a Auth) Cookies() bool { return slices.Contains(a.Storage, "cookie") }

// Texts reports whether numbers of the country may be texted.
func (s SMS) Texts(country string) bool { return s.Enabled && slices.Contains(s.Countries, country) }
