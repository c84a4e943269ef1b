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
	acr     ACR
	amr     []string // RFC 8176
	mfa     bool     // proves a registered second factor, or something that stands in for one
	standIn bool     // stands in for a second factor and is none itself
	sent    bool     // a code that is sent, and can be read on its way
	shows   bool     // can show people what they confirm
}

var table = map[Kind]worth{
	EmailCode:       {acr: Reauth, amr: []string{"otp", "email"}, sent: true, shows: true},
	SMSCode:         {acr: Reauth, amr: []string{"otp", "sms"}, sent: true, shows: true},
	WalletSignature: {acr: Reauth, amr: []string{"pop", "swk"}, shows: true},
	Social:          {acr: Reauth, amr: []string{"fed"}},
	External:        {acr: Federated, amr: []string{"fed"}},
	TOTP:            {acr: MFA, amr: []string{"otp", "mfa"}, mfa: true},
	Passkey:         {acr: PHR, amr: []string{"pop", "hwk", "user", "mfa"}, mfa: true},
	RecoveryCode:    {acr: MFA, amr: []string{"kba", "mfa"}, mfa: true, standIn: true},
}

// ACR is the best class the method can yield. A social login whose provider
// proved no freshness yields Federated instead.
func (k Kind) ACR() ACR { return table[k].acr }

// AMR is the method in the words of RFC 8176. The caller must not change it.
func (k Kind) AMR() []string { return table[k].amr }

// MFA reports whether the method counts as a second factor: it proves a registered
// one, or what stands in for one.
func (k Kind) MFA() bool { return table[k].mfa }

// Factor reports whether what the method proves is a second factor itself. Recovery
// codes stand in for one and are none.
func (k Kind) Factor() bool { return table[k].mfa && !table[k].standIn }

// Sent reports whether the method is a code that is sent to an address.
func (k Kind) Sent() bool { return table[k].sent }

// Shows reports whether a method can show people what they confirm: a message
// beside its code, a wallet in the text it signs. Authenticator apps, recovery
// codes and other logins show nothing; a passkey signs for what it cannot show.
func (k Kind) Shows() bool { return table[k].shows }
