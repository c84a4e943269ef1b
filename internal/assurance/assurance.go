// Package assurance says what each way of proving is worth. It is the one
// table that turns a verification method into acr and amr; nothing else may.
package assurance

// Kind is a verification method.
type Kind string

// The methods, in the project's words.
const (
	EmailCode       Kind = "email_otp"
	SMSCode         Kind = "sms_otp"
	WalletSignature Kind = "wallet_signature"
	Social          Kind = "social"
	External        Kind = "external"
	TOTP            Kind = "totp"
	Passkey         Kind = "passkey"
	RecoveryCode    Kind = "recovery_code"
)

// Kinds lists all methods.
var Kinds = []Kind{EmailCode, SMSCode, WalletSignature, Social, External, TOTP, Passkey, RecoveryCode}

// ACR is an authentication context class (OpenID Connect Core 2, RFC 9470).
type ACR string

// The classes, weakest first. Federated is a provider's word without proof of
// freshness; phr is phishing-resistant.
const (
	Federated ACR = "urn:stepup:federated"
	Reauth    ACR = "urn:stepup:reauth"
	MFA       ACR = "urn:stepup:mfa"
	PHR       ACR = "urn:stepup:phr"
)

var order = map[ACR]int{Federated: 1, Reauth: 2, MFA: 3, PHR: 4}

// Meets reports whether a is at least floor. An unknown class meets nothing
// and is met by nothing.
func (a ACR) Meets(floor ACR) bool {
	return order[a] > 0 && order[floor] > 0 && order[a] >= order[floor]
}

// Stricter returns the higher of two classes; an empty one counts as lowest.
func Stricter(a, b ACR) ACR {
	if order[b] > order[a] {
		return b
	}
	return a
}

// worth is one row of the table.
type worth struct {
	acr ACR
	mfa bool     // proves a registered second factor
	amr []string // RFC 8176
}

var table = map[Kind]worth{
	EmailCode:       {Reauth, false, []string{"otp", "email"}},
	SMSCode:         {Reauth, false, []string{"otp", "sms"}},
	WalletSignature: {Reauth, false, []string{"pop", "swk"}},
	Social:          {Reauth, false, []string{"fed"}},
	External:        {Federated, false, []string{"fed"}},
	TOTP:            {MFA, true, []string{"otp", "mfa"}},
	Passkey:         {PHR, true, []string{"pop", "hwk", "user", "mfa"}},
	RecoveryCode:    {MFA, true, []string{"kba", "mfa"}},
}

// ACR is the best class the method can yield. A social login whose provider
// proved no freshness yields Federated instead.
func (k Kind) ACR() ACR { return table[k].acr }

// MFA reports whether the method proves a registered second factor.
func (k Kind) MFA() bool { return table[k].mfa }

// AMR is the method in the words of RFC 8176. The caller must not change it.
func (k Kind) AMR() []string { return table[k].amr }

// Shows reports whether a method can show people what they confirm: a message
// beside its code, a wallet in the text it signs. Authenticator apps, recovery
// codes and other logins show nothing; a passkey signs for what it cannot show.
func (k Kind) Shows() bool {
	switch k {
	case EmailCode, SMSCode, WalletSignature:
		return true
	}
	return false
}
