// Package sealed closes bytes so that only the holder of one X25519 key opens
// them, and only for what they were closed for. It is HPKE (RFC 9180) in base
// mode, with one suite that is part of the wire format: DHKEM(X25519,
// HKDF-SHA256), HKDF-SHA256, AES-256-GCM. The info says what for; there is no
// further associated data, and each key is encapsulated for one message.
//
// Three things travel so: an exported key to its owner ([Export]), pieces between the
// custodians ([SealPieces]), and offline shares to the operator (package offline).
package sealed

import (
	"crypto/ecdh"
	"crypto/hpke"
	"errors"
	"fmt"
)

func suite() (hpke.KEM, hpke.KDF, hpke.AEAD) {
	return hpke.DHKEM(ecdh.X25519()), hpke.HKDFSHA256(), hpke.AES256GCM()
}

// PublicKeySize is the length of a public key and of an encapsulated key.
const PublicKeySize = 32

// Key opens what was sealed to it.
type Key struct{ private hpke.PrivateKey }

// NewKey makes a key that nobody else has.
func NewKey() (Key, error) {
	kem, _, _ := suite()
	private, err := kem.GenerateKey()
	return Key{private}, err
}

// ParseKey reads a key as [Key.Bytes] writes it.
func ParseKey(raw []byte) (Key, error) {
	kem, _, _ := suite()
	private, err := kem.NewPrivateKey(raw)
	if err != nil {
		return Key{}, errors.New("an X25519 private key is 32 bytes")
	}
	return Key{private}, nil
}

// Bytes are the private key itself.
func (k Key) Bytes() ([]byte, error) { return k.private.Bytes() }

// Format never shows the key.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("a private key")) }

// PublicKey is what others seal to.
func (k Key) PublicKey() []byte { return k.private.PublicKey().Bytes() }

// Seal closes a message to a public key. A public key that is none, or that
// would let everybody open the message, is refused.
func Seal(publicKey, info, message []byte) (encapsulatedKey, ciphertext []byte, err error) {
	kem, kdf, aead := suite()
	public, err := kem.NewPublicKey(publicKey)
	if err != nil {
		return nil, nil, errors.New("an X25519 public key is 32 bytes")
	}
	encapsulatedKey, sender, err := hpke.NewSender(public, kdf, aead, info)
	if err != nil {
		return nil, nil, fmt.Errorf("this X25519 public key is not safe to seal to: %w", err)
	}
	ciphertext, err = sender.Seal(nil, message)
	return encapsulatedKey, ciphertext, err
}

// Open opens what was sealed to this key with the same info.
func (k Key) Open(encapsulatedKey, info, ciphertext []byte) ([]byte, error) {
	_, kdf, aead := suite()
	recipient, err := hpke.NewRecipient(encapsulatedKey, k.private, kdf, aead, info)
	if err != nil {
		return nil, fmt.Errorf("the encapsulated key is none: %w", err)
	}
	message, err := recipient.Open(nil, ciphertext)
	if err != nil {
		return nil, errors.New("this was sealed to another key, for something else, or is damaged")
	}
	return message, nil
}
