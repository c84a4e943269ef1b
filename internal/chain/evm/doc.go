// Package evm reads and writes what an EVM wallet signs, without any key:
// transactions (legacy with EIP-155, EIP-2930, EIP-1559, EIP-7702), messages
// (EIP-191), typed data (EIP-712) and authorisations (EIP-7702). Whatever it
// accepts has one meaning and one encoding: what it decodes, it encodes to the
// same bytes.
package evm

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"golang.org/x/crypto/sha3"

	"github.com/stepup-auth/stepup/internal/chain"
)

// Keccak256 is the hash of the EVM.
func Keccak256(parts ...[]byte) [32]byte {
	h := sha3.NewLegacyKeccak256()
	for _, p := range parts {
		h.Write(p)
	}
	return [32]byte(h.Sum(nil))
}

// Address is of an account or a contract.
type Address [20]byte

// String writes the address with the capitals of EIP-55.
func (a Address) String() string { return chain.Checksum("0x" + hex.EncodeToString(a[:])) }

// ParseAddress reads an address: 0x and 40 hex digits, either of one case or
// with the right capitals of EIP-55, which is how a typing mistake shows.
func ParseAddress(text string) (Address, error) {
	digits, found := strings.CutPrefix(text, "0x")
	raw, err := hex.DecodeString(digits)
	if !found || err != nil || len(raw) != 20 {
		return Address{}, fmt.Errorf("%s is no address; write 0x and 40 hex digits", quoted(text))
	}
	a := Address(raw)
	if digits != strings.ToLower(digits) && digits != strings.ToUpper(digits) && a.String() != text {
		return Address{}, fmt.Errorf("the capitals of %s are wrong (EIP-55), so it may be mistyped; check it", text)
	}
	return a, nil
}

// AddressOf is the address of a public key, compressed or not.
func AddressOf(publicKey []byte) (Address, error) {
	key, err := secp256k1.ParsePubKey(publicKey)
	if err != nil {
		return Address{}, errors.New("not a point of secp256k1")
	}
	hash := Keccak256(key.SerializeUncompressed()[1:])
	return Address(hash[12:]), nil
}

// Recover is the account whose key made the 65 bytes r ‖ s ‖ v over the digest;
// v is 27 or 28, or 0 or 1.
func Recover(digest [32]byte, signature []byte) (Address, error) {
	text, err := chain.RecoverEVM(digest[:], signature)
	if err != nil {
		return Address{}, err
	}
	return Address(chain.AddressBytes(text)), nil
}

// MessageDigest is what is signed for a message: EIP-191, version 0x45. No
// transaction and no typed data has such a digest.
func MessageDigest(message []byte) [32]byte {
	return [32]byte(chain.PersonalHash(string(message)))
}

// clip keeps an error readable.
func clip(text string) string {
	if len(text) > 80 {
		return text[:80] + "…"
	}
	return text
}

// UnwrapMessage undoes the prefix of EIP-191, version 0x45.
func UnwrapMessage(b []byte) (message []byte, ok bool) {
	rest, ok := bytes.CutPrefix(b, []byte("\x19Ethereum Signed Message:\n"))
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
