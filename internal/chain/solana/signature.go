package solana

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/mr-tron/base58"
)

// ParseSignature reads the 64 bytes of a signature out of base64 or base58.
func ParseSignature(text string) ([]byte, error) {
	const most = 88 // digits of 64 bytes, in either
	if len(text) <= most {
		raw, err := base64.StdEncoding.Strict().DecodeString(text)
		if err == nil && len(raw) == ed25519.SignatureSize && !strings.ContainsAny(text, "\r\n") {
			return raw, nil
		}
		if raw, err = base58.Decode(text); err == nil && len(raw) == ed25519.SignatureSize && base58.Encode(raw) == text {
			return raw, nil
		}
	}
	return nil, errors.New("not 64 bytes in base64 or base58")
}

// VerifyText checks the signature of a wallet over the bytes of a text, or over the
// envelope that hardware wallets put around them.
func (a Address) VerifyText(text string, signature []byte) error {
	if !a.Sound() {
		return errors.New("the address is no sound public key")
	}
	// Verify refuses an s that is not below the order of the group.
	if len(signature) != ed25519.SignatureSize {
		return errors.New("not a signature of 64 bytes")
	}
	for _, signed := range append(a.envelopes(text), []byte(text)) {
		if ed25519.Verify(a[:], signed, signature) {
			return nil
		}
	}
	return errors.New("not a signature by this address")
}

// envelopes are those of version 0 in which hardware wallets sign a text: the
// short one of older firmware, and the one that names an application, here none, and
// the signer. They begin as no transaction does, and hold the text as it is.
func (a Address) envelopes(text string) (all [][]byte) {
	if len(text) > maxTransaction {
		return nil // hardware wallets show no longer ones
	}
	domain := string(offchainDomain) + "\x00"
	length := string([]byte{byte(len(text)), byte(len(text) >> 8)})
	for _, format := range []string{"\x00", "\x01"} { // ASCII, UTF-8
		all = append(all,
			[]byte(domain+format+length+text),
			[]byte(domain+strings.Repeat("\x00", 32)+format+"\x01"+string(a[:])+length+text))
	}
	return all
}

// Sound reports whether the address is a public key whose signatures mean something.
// It is not for an encoding that is not the one of its point, nor for the eight points
// of small order: for those anybody can make signatures.
func (a Address) Sound() bool {
	y := slices.Clone(a[:])
	y[31] &= 0x7f
	slices.Reverse(y)
	if slices.Compare(y, fieldPrime) >= 0 {
		return false
	}
	for _, small := range smallOrder {
		if slices.Equal(y, small) {
			return false
		}
	}
	return true
}

// Numbers in big-endian order.
var (
	fieldPrime = fromHex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed") // 2^255 - 19
	smallOrder = [][]byte{
		fromHex("0000000000000000000000000000000000000000000000000000000000000000"), // order 4
		fromHex("0000000000000000000000000000000000000000000000000000000000000001"), // order 1
		fromHex("7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec"), // order 2
		fromHex("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7"), // order 8
		fromHex("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826"), // order 8
	}
)

func fromHex(digits string) []byte {
	raw, err := hex.DecodeString(digits)
	if err != nil {
		panic(err) // a constant of this package
	}
	return raw
}
