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

// ACR is the best class the method can yield. A social login whose provider
// proved no freshness yields Federated instead.
func (k Kind) ACR() ACR {
	switch k {
	case EmailCode, SMSCode, WalletSignature, Social:
		return Reauth
	case External:
		return Federated
	case TOTP, RecoveryCode:
		return MFA
	case Passkey:
		return PHR
	}
	return ""
}

// MFA reports whether the method proves a registered second factor.
func (k Kind) MFA() bool { return k == TOTP || k == Passkey || k == RecoveryCode }

// AMR is the method in the words of RFC 8176.
func (k Kind) AMR() []string {
	switch k {
	case EmailCode:
		return []string{"otp", "email"}
	case SMSCode:
		return []string{"otp", "sms"}
	case WalletSignature:
		return []string{"pop", "swk"}
	case Social, External:
		return []string{"fed"}
	case TOTP:
		return []string{"otp", "mfa"}
	case Passkey:
		return []string{"pop", "hwk", "user", "mfa"}
	case RecoveryCode:
		return []string{"kba", "mfa"}
	}
	return nil
}
