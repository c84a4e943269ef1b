package chain

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
)

// VerifySolana checks a signature of 64 bytes by the address over the bytes of
// the message, or over the envelope that hardware wallets put around them.
func VerifySolana(address, message string, signature []byte) error {
	key, ok := solanaKey(address)
	if !ok {
		return errors.New("the address is no sound public key")
	}
	// Verify refuses an s that is not below the order of the group.
	if len(signature) != ed25519.SignatureSize {
		return errors.New("not a signature of 64 bytes")
	}
	for _, signed := range append(offchain(key, message), []byte(message)) {
		if ed25519.Verify(key, signed, signature) {
			return nil
		}
	}
	return errors.New("not a signature by this address")
}

// offchain are the envelopes of version 0 in which hardware wallets sign a text: the
// short one of older firmware, and the one that names an application, here none, and
// the signer. They begin as no transaction does, and hold the text as it is.
func offchain(key ed25519.PublicKey, message string) (all [][]byte) {
	const domain = "\xffsolana offchain\x00"
	if len(message) > maxTransaction {
		return nil // hardware wallets show no longer ones
	}
	length := string([]byte{byte(len(message)), byte(len(message) >> 8)})
	for _, format := range []string{"\x00", "\x01"} { // ASCII, UTF-8
		all = append(all,
			[]byte(domain+format+length+message),
			[]byte(domain+strings.Repeat("\x00", 32)+format+"\x01"+string(key)+length+message))
	}
	return all
}

// soundPoint refuses encodings that are not the one of their point, and the
// eight points of small order: for those anybody can make signatures.
func soundPoint(raw []byte) bool {
	y := slices.Clone(raw)
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

// maxTransaction is the largest transaction that the network carries.
const maxTransaction = 1232

// LooksLikeTransaction reports whether the bytes are, from the first to the
// last, the message of a Solana transaction: versioned or legacy.
func LooksLikeTransaction(b []byte) bool {
	if len(b) > maxTransaction {
		return false
	}
	r := &reader{rest: b}
	versioned := len(b) > 0 && b[0]&0x80 != 0
	if versioned {
		if r.bytes(1)[0]&0x7f != 0 {
			return true // a version of tomorrow: assume the worst
		}
	}
	r.bytes(3) // how many sign, and how many accounts are read-only
	r.bytes(r.length() * 32)
	r.bytes(32) // blockhash
	for range r.length() {
		r.bytes(1)
		r.bytes(r.length())
		r.bytes(r.length())
	}
	if versioned {
		for range r.length() {
			r.bytes(32)
			r.bytes(r.length())
			r.bytes(r.length())
		}
	}
	return !r.failed && len(r.rest) == 0
}

// reader takes bytes and lengths until there are too few.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) bytes(n int) []byte {
	if r.failed || n > len(r.rest) {
		r.failed = true
		return make([]byte, 1)
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

// length reads a compact-u16; 0 once reading has failed.
func (r *reader) length() int {
	n := 0
	for shift := 0; shift < 21; shift += 7 {
		b := r.bytes(1)[0]
		if r.failed {
			return 0
		}
		n |= int(b&0x7f) << shift
		if b&0x80 == 0 {
			return n
		}
	}
	r.failed = true
	return 0
}
