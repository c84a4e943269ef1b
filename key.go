package stepup

import (
	"crypto"

	"github.com/stepup-auth/stepup/internal/jose"
)

// An Algorithm is a JWS signature algorithm (RFC 7518 section 3.1, RFC 8037).
// The list is closed: nothing symmetric, and never "none".
type Algorithm string

const (
	ES256 Algorithm = "ES256" // ECDSA on P-256; the default of an environment
	EdDSA Algorithm = "EdDSA" // Ed25519
	RS256 Algorithm = "RS256" // RSA PKCS #1 v1.5, 2048 to 8192 bits
)

// A Key is one public key of an issuer, good for exactly one algorithm
// (RFC 8725 section 3.1). The zero value verifies nothing.
type Key struct {
	ID        string           // the kid: a name to look the key up by, nothing else
	Algorithm Algorithm        // the only algorithm this key may be used with
	Public    crypto.PublicKey // *ecdsa.PublicKey, ed25519.PublicKey or *rsa.PublicKey
}

// NewKey returns the Key of a public key, whose type decides the algorithm:
// P-256 is ES256, Ed25519 is EdDSA, RSA of 2048 to 8192 bits is RS256. Anything
// else, a point off the curve, or an empty id is an error.
func NewKey(id string, public crypto.PublicKey) (Key, error) {
	key, err := jose.NewKey(id, public)
	return keyOf(key), err
}

// Verify reports whether signature is that of message under this key: nil means
// yes. The signature has its JWS form (RFC 7518 section 3; for ES256, r and s of
// 32 bytes each). Any other answer, also for a Key put together by hand of
// parts that do not fit, is an error.
func (k Key) Verify(message, signature []byte) error {
	return k.jose().Verify(message, signature)
}
