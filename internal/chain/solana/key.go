// Package solana reads and writes Solana's messages and transactions and says in
// plain words what signing one would do. It is strict: bytes are read only if
// writing what was read gives the same bytes, and whatever it cannot value it
// says so. It holds no key, signs nothing and asks no network.
package solana

import (
	"crypto/ed25519"
	"errors"

	"github.com/mr-tron/base58"
)

// Address is an account's address; a wallet's is its Ed25519 public key.
type Address [32]byte

// maxAddress is how many digits of base58 an address has at most.
const maxAddress = 44

// ParseAddress reads base58 in the one spelling that [Address.String] writes.
func ParseAddress(text string) (Address, error) {
	if len(text) <= maxAddress {
		if raw, err := base58.Decode(text); err == nil && len(raw) == len(Address{}) && base58.Encode(raw) == text {
			return Address(raw), nil
		}
	}
	return Address{}, errors.New("a Solana address is 32 bytes in base58")
}

// AddressOf is the address of a wallet with this public key.
func AddressOf(key ed25519.PublicKey) (Address, error) {
	if len(key) != ed25519.PublicKeySize {
		return Address{}, errors.New("an Ed25519 public key is 32 bytes")
	}
	return Address(key), nil
}

// String is the address in base58.
func (a Address) String() string { return base58.Encode(a[:]) }

// ExportText is a key as wallets import it: base58 of seed and public key.
func ExportText(key ed25519.PrivateKey) string { return base58.Encode(key) }
