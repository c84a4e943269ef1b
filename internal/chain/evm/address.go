package evm

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"golang.org/x/crypto/sha3"
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
func (a Address) String() string {
	digits := []byte(hex.EncodeToString(a[:]))
	hash := Keccak256(digits)
	for i, c := range digits {
		if c >= 'a' && hash[i/2]>>(4*(1-i%2))&0xf >= 8 {
			digits[i] = c - 'a' + 'A'
		}
	}
	return "0x" + string(digits)
}

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
	return addressOf(key), nil
}

func addressOf(key *secp256k1.PublicKey) Address {
	hash := Keccak256(key.SerializeUncompressed()[1:])
	return Address(hash[12:])
}
