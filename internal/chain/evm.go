package chain

import (
	"errors"
	"strconv"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// PersonalHash is what personal_sign signs (EIP-191, version 0x45).
func PersonalHash(message string) []byte {
	return keccak256([]byte("\x19Ethereum Signed Message:\n"+strconv.Itoa(len(message))), []byte(message))
}

// RecoverEVM is the address whose key made the 65 bytes r ‖ s ‖ v over the
// hash. Of the two signatures that mean the same only the one with the low s is
// taken, and v is 0, 1, 27 or 28.
func RecoverEVM(hash, signature []byte) (address string, err error) {
	if len(hash) != 32 || len(signature) != 65 {
		return "", errors.New("not 65 bytes over 32")
	}
	v := signature[64]
	if v >= 27 {
		v -= 27
	}
	if v > 1 {
		return "", errors.New("v is not 0, 1, 27 or 28")
	}
	var r, s secp256k1.ModNScalar
	if r.SetByteSlice(signature[:32]) || s.SetByteSlice(signature[32:64]) || r.IsZero() || s.IsZero() {
		return "", errors.New("r or s out of range")
	}
	if s.IsOverHalfOrder() {
		return "", errors.New("high s")
	}
	compact := append([]byte{27 + v}, signature[:64]...)
	key, _, err := ecdsa.RecoverCompact(compact, hash)
	if err != nil {
		return "", err
	}
	address = addressOf(key)
	if _, ok := EVM.ReadAddress(address); !ok {
		return "", errors.New("the zero address")
	}
	return address, nil
}

func addressOf(key *secp256k1.PublicKey) string {
	const hexDigits = "0123456789abcdef"
	out := []byte("0x")
	for _, b := range keccak256(key.SerializeUncompressed()[1:])[12:] {
		out = append(out, hexDigits[b>>4], hexDigits[b&0xf])
	}
	return Checksum(string(out))
}
