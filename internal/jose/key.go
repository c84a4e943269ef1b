package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
)

// The algorithms of JWS that are known (RFC 7518 section 3.1, RFC 8037). The list
// is closed: nothing symmetric, and never "none".
const (
	ES256 = "ES256" // ECDSA on P-256
	EdDSA = "EdDSA" // Ed25519
	RS256 = "RS256" // RSA PKCS #1 v1.5, 2048 to 8192 bits
)

const minRSABits, maxRSABits = 2048, 8192

// Key is one public key, good for exactly one algorithm (RFC 8725 section 3.1). The
// zero value verifies nothing.
type Key struct {
	ID        string           // the kid: a name to look the key up by, nothing else
	Algorithm string           // the only algorithm this key may be used with
	Public    crypto.PublicKey // *ecdsa.PublicKey, ed25519.PublicKey or *rsa.PublicKey
}

// NewKey returns the Key of a public key, whose type decides the algorithm:
// P-256 is ES256, Ed25519 is EdDSA, RSA of 2048 to 8192 bits is RS256. Anything
// else, a point off the curve, or an empty id is an error.
func NewKey(id string, public crypto.PublicKey) (Key, error) {
	if id == "" || len(id) > maxKeyID {
		return Key{}, fmt.Errorf("making key: the id must have 1 to %d bytes", maxKeyID)
	}
	key := Key{ID: id, Public: public}
	switch public := public.(type) {
	case *ecdsa.PublicKey:
		key.Algorithm = ES256
		if public == nil || public.Curve != elliptic.P256() {
			return Key{}, errors.New("making key: only the curve P-256 is supported")
		}
		if _, err := public.Bytes(); err != nil {
			return Key{}, fmt.Errorf("making key: %w", err)
		}
	case ed25519.PublicKey:
		key.Algorithm = EdDSA
		if len(public) != ed25519.PublicKeySize {
			return Key{}, errors.New("making key: an Ed25519 key has 32 bytes")
		}
	case *rsa.PublicKey:
		key.Algorithm = RS256
		if !goodRSA(public) {
			return Key{}, fmt.Errorf("making key: an RSA key needs %d to %d bits and an odd exponent", minRSABits, maxRSABits)
		}
	default:
		return Key{}, fmt.Errorf("making key: %T is not supported", public)
	}
	return key, nil
}

func goodRSA(public *rsa.PublicKey) bool {
	return public != nil && public.N != nil && public.N.Bit(0) == 1 && public.E >= 3 && public.E&1 == 1 &&
		public.N.BitLen() >= minRSABits && public.N.BitLen() <= maxRSABits
}

var errSignature = errors.New("signature does not match")

// Verify reports whether signature is that of message under this key: nil means
// yes. The signature has its JWS form (RFC 7518 section 3; for ES256, r and s of
// 32 bytes each). Any other answer, also for a Key put together by hand of
// parts that do not fit, is an error.
func (k Key) Verify(message, signature []byte) error {
	ok := false
	switch public := k.Public.(type) {
	case *ecdsa.PublicKey:
		if k.Algorithm == ES256 && public != nil && public.Curve == elliptic.P256() && len(signature) == 64 {
			digest := sha256.Sum256(message)
			r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
			ok = ecdsa.Verify(public, digest[:], r, s)
		}
	case ed25519.PublicKey:
		if k.Algorithm == EdDSA && len(public) == ed25519.PublicKeySize {
			ok = ed25519.Verify(public, message, signature)
		}
	case *rsa.PublicKey:
		if k.Algorithm == RS256 && goodRSA(public) {
			digest := sha256.Sum256(message)
			ok = rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
		}
	}
	if !ok {
		return errSignature
	}
	return nil
}
