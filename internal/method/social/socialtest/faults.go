package socialtest

// Fault is one thing that a provider can get wrong, or an attacker can make it
// look as if it did.
type Fault string

// The faults. Each must end in a refusal, but for LateKeys, which is a key
// rotation that must go unnoticed.
const (
	None            Fault = ""
	WrongNonce      Fault = "wrong nonce"
	MissingNonce    Fault = "missing nonce"
	WrongAudience   Fault = "wrong aud"
	SecondAudience  Fault = "second aud without azp"
	WrongParty      Fault = "wrong azp"
	WrongIssuer     Fault = "wrong iss"
	MissingSubject  Fault = "missing sub"
	AlgNone         Fault = "alg none"
	AlgHS256        Fault = "alg HS256 with the client secret"
	AlgPublicHS256  Fault = "alg HS256 with the public key"
	BadSignature    Fault = "bad signature"
	Expired         Fault = "expired"
	MissingExpiry   Fault = "missing exp"
	FromTheFuture   Fault = "iat in the future"
	DoubleClaim     Fault = "sub twice"
	WrongAtHash     Fault = "at_hash of another token"
	StaleAuthTime   Fault = "stale auth_time"
	MissingAuthTime Fault = "missing auth_time"
	NoIDToken       Fault = "no id_token"
	RemovedKey      Fault = "removed key"
	LateKeys        Fault = "late keys"
	KeysAway        Fault = "keys away"
	JunkToken       Fault = "junk for tokens"
	JunkProfile     Fault = "junk for a profile"
	HugeToken       Fault = "huge answer for tokens"
	HugeProfile     Fault = "huge profile"
	Redirecting     Fault = "redirecting token endpoint"
	Slow            Fault = "slow token endpoint"
	ServerError     Fault = "token endpoint in trouble"
	OtherSubject    Fault = "other sub at the profile endpoint"
	MixUp           Fault = "iss of another provider on the way back" // RFC 9207
	NoIssuerBack    Fault = "no iss on the way back"
	MissingState    Fault = "no state on the way back"
	WrongState      Fault = "other state on the way back"
	ErrorBack       Fault = "access_denied on the way back"
	IgnoresPKCE     Fault = "ignores PKCE"
	ReusesCodes     Fault = "takes codes twice"
)

// InToken are the faults that show when the code is traded: an attempt that
// meets one must be refused, whatever it is for.
var InToken = []Fault{
	WrongNonce, MissingNonce, WrongAudience, SecondAudience, WrongParty, WrongIssuer, MissingSubject, AlgNone, AlgHS256, AlgPublicHS256,
	BadSignature, Expired, MissingExpiry, FromTheFuture, DoubleClaim, WrongAtHash, NoIDToken, RemovedKey, JunkToken, JunkProfile, HugeToken,
	HugeProfile, Redirecting, Slow, ServerError, KeysAway, OtherSubject,
}

// Trouble are those of InToken in which the provider says nothing at all: nobody is
// refused for them, and the same login is good when it answers again.
var Trouble = []Fault{Slow, ServerError, KeysAway}

// InStepUp are those that matter to a step-up alone.
var InStepUp = []Fault{StaleAuthTime, MissingAuthTime}

// OnTheWayBack are those that show before: the app gets no code.
var OnTheWayBack = []Fault{MixUp, NoIssuerBack, MissingState, WrongState, ErrorBack}
