package signer

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

// errSecret says that an assembled secret is no key: the pieces do not belong together.
var errSecret = errors.New("the assembled secret is no private key")

// key is a whole private key. Wipe it as soon as it was used.
type key interface {
	public() []byte
	// sign signs what an intent says is signed.
	sign(message []byte) ([]byte, error)
	wipe()
}

// newSecret draws a secret from the operating system.
func newSecret(chain wallet.Chain) ([]byte, error) {
	secret := make([]byte, share.Size)
	pin(secret)
	for range 10 { // a draw that is no scalar has a chance of 2^-128
		_, _ = rand.Read(secret)
		if k, err := keyOf(chain, secret); err == nil {
			k.wipe()
			return secret, nil
		}
	}
	return nil, fmt.Errorf("making a key of the kind %q: the random source does not give any", chain)
}

// assembled is a whole key with the secret that it is of.
type assembled struct {
	key
	secret []byte
}

func (a assembled) wipe() {
	a.key.wipe()
	clear(a.secret)
}

// keyOf is the key of a secret, which stays the caller's to clear.
func keyOf(chain wallet.Chain, secret []byte) (key, error) {
	if len(secret) != share.Size {
		return nil, errSecret
	}
	switch chain {
	case wallet.EVM:
		var scalar secp256k1.ModNScalar
		if overflow := scalar.SetByteSlice(secret); overflow || scalar.IsZero() {
			return nil, errSecret
		}
		defer scalar.Zero()
		return evmKey{secp256k1.NewPrivateKey(&scalar)}, nil
	case wallet.SOL:
		private := ed25519.NewKeyFromSeed(secret)
		pin(private)
		return solanaKey{private}, nil
	}
	return nil, fmt.Errorf("there are no keys of the kind %q", chain)
}

// addressOf is a key's address and public key.
func addressOf(c wallet.Chain, k key) (address string, public []byte, err error) {
	public = k.public()
	address, err = chain.Kind(c).AddressOf(public)
	return address, public, err
}

type evmKey struct{ private *secp256k1.PrivateKey }

func (k evmKey) public() []byte { return k.private.PubKey().SerializeCompressed() }

// sign makes r ‖ s ‖ v with v 27 or 28, deterministic (RFC 6979), s in the lower half.
func (k evmKey) sign(digest []byte) ([]byte, error) {
	if len(digest) != 32 {
		return nil, fmt.Errorf("a digest has 32 bytes, not %d", len(digest))
	}
	compact := ecdsa.SignCompact(k.private, digest, false) // v ‖ r ‖ s
	return append(compact[1:65:65], compact[0]), nil
}

func (k evmKey) wipe() { k.private.Zero() }

type solanaKey struct{ private ed25519.PrivateKey }

func (k solanaKey) public() []byte {
	return append([]byte(nil), k.private[ed25519.SeedSize:]...)
}

func (k solanaKey) sign(message []byte) ([]byte, error) {
	if len(message) == 0 {
		return nil, errors.New("there is nothing to sign")
	}
	return ed25519.Sign(k.private, message), nil
}

func (k solanaKey) wipe() { clear(k.private) }
