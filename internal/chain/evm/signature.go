package evm

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// messagePrefix is that of EIP-191, version 0x45; the length in decimal and the
// message follow.
const messagePrefix = "\x19Ethereum Signed Message:\n"

// MessageDigest is what personal_sign signs for a message (EIP-191, version 0x45).
// No transaction and no typed data has such a digest.
func MessageDigest(message []byte) [32]byte {
	return Keccak256([]byte(messagePrefix+strconv.Itoa(len(message))), message)
}

// UnwrapMessage undoes the prefix that [MessageDigest] puts before a message.
func UnwrapMessage(b []byte) (message []byte, ok bool) {
	rest, ok := bytes.CutPrefix(b, []byte(messagePrefix))
	if !ok {
		return nil, false
	}
	for digits := 1; digits <= min(9, len(rest)); digits++ { // the message may begin with a digit
		if strconv.Itoa(len(rest)-digits) == string(rest[:digits]) {
			return rest[digits:], true
		}
	}
	return nil, false
}

// Recover is the account whose key made the 65 bytes r ‖ s ‖ v over the digest. Of
// the two signatures that mean the same only the one with the low s is taken, and
// v is 0, 1, 27 or 28.
func Recover(digest [32]byte, signature []byte) (Address, error) {
	if len(signature) != 65 {
		return Address{}, errors.New("a signature has 65 bytes")
	}
	v := signature[64]
	if v >= 27 {
		v -= 27
	}
	if v > 1 {
		return Address{}, errors.New("v is not 0, 1, 27 or 28")
	}
	var r, s secp256k1.ModNScalar
	if r.SetByteSlice(signature[:32]) || s.SetByteSlice(signature[32:64]) || r.IsZero() || s.IsZero() {
		return Address{}, errors.New("r or s out of range")
	}
	if s.IsOverHalfOrder() {
		return Address{}, errors.New("high s")
	}
	key, _, err := ecdsa.RecoverCompact(append([]byte{27 + v}, signature[:64]...), digest[:])
	if err != nil {
		return Address{}, err
	}
	a := addressOf(key)
	if a == (Address{}) {
		return Address{}, errors.New("the zero address")
	}
	return a, nil
}
