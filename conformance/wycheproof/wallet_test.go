package wycheproof_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"math/big"
	"strings"
	"testing"

	"golang.org/x/crypto/sha3"

	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/chain/solana"
)

type walletGroup struct {
	PublicKey struct {
		Uncompressed string `json:"uncompressed"` // secp256k1
		PK           string `json:"pk"`           // Ed25519
	} `json:"publicKey"`
	Tests []struct {
		ID      int      `json:"tcId"`
		Comment string   `json:"comment"`
		Flags   []string `json:"flags"`
		Message string   `json:"msg"`
		Sig     string   `json:"sig"`
		Result  verdict  `json:"result"`
	} `json:"tests"`
}

// TestWalletSecp256k1 (G4): EVM signatures have no key in them, so a vector holds
// when one of the two values of v recovers the address of its key. Of the two
// signatures that mean the same only the one with the low s holds, as in the
// vectors for Bitcoin; the other files call both valid.
func TestWalletSecp256k1(t *testing.T) {
	for name, parse := range map[string]func([]byte) (r, s []byte, err error){
		"ecdsa_secp256k1_sha256_bitcoin_test.json": fromDER,
		"ecdsa_secp256k1_sha256_test.json":         fromDER,
		"ecdsa_secp256k1_sha256_p1363_test.json":   fromP1363,
	} {
		t.Run(name, func(t *testing.T) {
			var c tally
			f := load[walletGroup](t, name)
			for _, group := range f.TestGroups {
				address := addressOf(unhex(t, group.PublicKey.Uncompressed))
				for _, v := range group.Tests {
					hash := sha256.Sum256(unhex(t, v.Message))
					r, s, err := parse(unhex(t, v.Sig))
					want := v.Result
					if err == nil {
						if v.Comment == largeX {
							want = invalid
						}
						if want == valid && highS(s) {
							if strings.Contains(name, "bitcoin") {
								t.Errorf("vector %d: a high s that is valid for Bitcoin?", v.ID)
							}
							want = invalid
						}
						err = holds(address, hash[:], r, s)
					}
					c.count(t, v.ID, v.Comment, want, err)
				}
			}
			c.done(t, f.NumberOfTests)
		})
	}
}

// largeX is the one kind of signature for which the EVM has no v: the point that
// r comes from lies beyond the order, where none is ever made by chance.
const largeX = "k*G has a large x-coordinate"

func holds(address string, hash, r, s []byte) error {
	for _, v := range []byte{0, 1, 27, 28} {
		got, err := evm.Recover([32]byte(hash), append(append(bytes.Clone(r), s...), v))
		if err == nil && got.String() == address {
			return nil
		}
	}
	return errors.New("recovers another address, or none")
}

// fromDER reads what an EVM signature never is, for the sake of the numbers in it.
func fromDER(raw []byte) (r, s []byte, err error) {
	var numbers struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(raw, &numbers)
	if err != nil {
		return nil, nil, err
	}
	again, err := asn1.Marshal(numbers)
	if err != nil || len(rest) > 0 || !bytes.Equal(again, raw) || numbers.R.Sign() < 0 || numbers.S.Sign() < 0 ||
		numbers.R.BitLen() > 256 || numbers.S.BitLen() > 256 {
		return nil, nil, errors.New("not two numbers of 256 bits in DER")
	}
	return numbers.R.FillBytes(make([]byte, 32)), numbers.S.FillBytes(make([]byte, 32)), nil
}

func fromP1363(raw []byte) (r, s []byte, err error) {
	if len(raw) != 64 {
		return nil, nil, errors.New("not 64 bytes")
	}
	return raw[:32], raw[32:], nil
}

func highS(s []byte) bool {
	order, _ := new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)
	return new(big.Int).Lsh(new(big.Int).SetBytes(s), 1).Cmp(order) > 0
}

// addressOf is the EVM address of an uncompressed key, in the capitals of EIP-55.
func addressOf(key []byte) string {
	keccak := func(b []byte) []byte {
		h := sha3.NewLegacyKeccak256()
		h.Write(b)
		return h.Sum(nil)
	}
	small := []byte(hex.EncodeToString(keccak(key[1:])[12:]))
	digits := hex.EncodeToString(keccak(small))
	for i := range small {
		if digits[i] >= '8' {
			small[i] = bytes.ToUpper(small[i : i+1])[0]
		}
	}
	return "0x" + string(small)
}

// TestWalletEd25519 (G4): Solana's signatures.
func TestWalletEd25519(t *testing.T) {
	var c tally
	f := load[walletGroup](t, "ed25519_test.json")
	for _, group := range f.TestGroups {
		address, err := solana.AddressOf(unhex(t, group.PublicKey.PK))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range group.Tests {
			c.count(t, v.ID, v.Comment, v.Result, address.VerifyText(string(unhex(t, v.Message)), unhex(t, v.Sig)))
		}
	}
	c.done(t, f.NumberOfTests)
}
