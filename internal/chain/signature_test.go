package chain_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/mr-tron/base58"

	"github.com/stepup-auth/stepup/internal/chain"
	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
)

// recovered is the EVM address whose key made the signature.
func recovered(hash, signature []byte) (string, error) {
	a, err := evm.Recover([32]byte(hash), signature)
	return a.String(), err
}

func order() *big.Int {
	n, _ := new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)
	return n
}

// TestReferenceSignatures: signed messages of EIP-4361's reference
// implementation (verification_positive), two of them, with v from 27 and from 0.
func TestReferenceSignatures(t *testing.T) {
	t.Parallel()
	for _, v := range []struct{ text, address, signature string }{
		{
			"login.xyz wants you to sign in with your Ethereum account:\n0x9D85ca56217D2bb651b00f15e694EB7E713637D4\n\n" +
				"Sign-In With Ethereum Example Statement\n\nURI: https://login.xyz\nVersion: 1\nChain ID: 1\nNonce: bTyXgcQxn2htgkjJn\n" +
				"Issued At: 2022-01-27T17:09:38.578Z\nExpiration Time: 2100-01-07T14:31:43.952Z",
			"0x9D85ca56217D2bb651b00f15e694EB7E713637D4",
			"dc35c7f8ba2720df052e0092556456127f00f7707eaa8e3bbff7e56774e7f2e05a093cfc9e02964c33d86e8e066e221b7d153d27e5a" +
				"2e97ccd5ca7d3f2ce06cb1b",
		},
		{
			"www.tally.xyz wants you to sign in with your Ethereum account:\n0xc95EB884FE852e241D409234bfC7045CB9E31BD7\n\n" +
				"Sign in with Ethereum to Tally\n\nURI: https://tally.xyz\nVersion: 1\nChain ID: 1\nNonce: 15050747\n" +
				"Issued At: 2022-06-30T14:08:51.382Z",
			"0xc95EB884FE852e241D409234bfC7045CB9E31BD7",
			"8c46b6eb8505939892d8e9b075f89f8277321b17b993151f37810cdda38cce6f4a85909d2b53e6a14629c74c0ac38bf4becde78ee5b" +
				"2529812bf6cceaf7b2a2501",
		},
	} {
		if _, err := walletsig.ParseMessage(v.text); err != nil {
			t.Errorf("parsing the message of %s: %v", v.address, err)
		}
		raw, _ := hex.DecodeString(v.signature)
		if got, err := recovered(walletsigtest.Personal(v.text), raw); err != nil || got != v.address {
			t.Errorf("got %s, %v, want %s", got, err, v.address)
		}
	}
}

// G4: what means the same as a good signature, or nothing, is refused.
func TestG4OddSignatures(t *testing.T) {
	t.Parallel()
	w := walletsigtest.NewEVM(t)
	hash := walletsigtest.Personal("hello")
	good := w.SignHash(hash)
	if got, err := recovered(hash, good); err != nil || got != w.Address {
		t.Fatalf("control: got %s, %v, want %s", got, err, w.Address)
	}
	with := func(change func([]byte)) []byte {
		s := bytes.Clone(good)
		change(s)
		return s
	}
	small := with(func(s []byte) { s[64] -= 27 })
	if got, err := recovered(hash, small); err != nil || got != w.Address {
		t.Errorf("v from 0: got %s, %v, want %s", got, err, w.Address)
	}
	highS := new(big.Int).Sub(order(), new(big.Int).SetBytes(good[32:64]))
	for name, s := range map[string][]byte{
		"high s":              with(func(s []byte) { highS.FillBytes(s[32:64]); s[64] ^= 27 ^ 28 }),
		"high s, same v":      with(func(s []byte) { highS.FillBytes(s[32:64]) }),
		"r is zero":           with(func(s []byte) { clear(s[:32]) }),
		"s is zero":           with(func(s []byte) { clear(s[32:64]) }),
		"all zero":            make([]byte, 65),
		"all zero, v 27":      append(make([]byte, 64), 27),
		"r is the order":      with(func(s []byte) { order().FillBytes(s[:32]) }),
		"s is the order":      with(func(s []byte) { order().FillBytes(s[32:64]) }),
		"r beyond the order":  with(func(s []byte) { copy(s, bytes.Repeat([]byte{0xff}, 32)) }),
		"v 2":                 with(func(s []byte) { s[64] = 2 }),
		"v 26":                with(func(s []byte) { s[64] = 26 }),
		"v 29":                with(func(s []byte) { s[64] = 29 }),
		"v 31, compressed":    with(func(s []byte) { s[64] += 4 }),
		"v 37, of a chain":    with(func(s []byte) { s[64] = 37 }),
		"v 255":               with(func(s []byte) { s[64] = 255 }),
		"64 bytes (EIP-2098)": good[:64],
		"66 bytes":            append(bytes.Clone(good), 0),
		"nothing":             nil,
	} {
		if got, err := recovered(hash, s); err == nil {
			t.Errorf("%s: recovered %s", name, got)
		}
	}
	other := with(func(s []byte) { s[64] ^= 27 ^ 28 })
	if got, _ := recovered(hash, other); got == w.Address {
		t.Error("the other v recovers the same address")
	}
	if got, _ := recovered(walletsigtest.Personal("hullo"), good); got == w.Address {
		t.Error("another message recovers the same address")
	}
}

func TestDecodeSignature(t *testing.T) {
	t.Parallel()
	raw := bytes.Repeat([]byte{7}, 64)
	padded, short := base64.StdEncoding.EncodeToString(raw), base58.Encode(raw)
	for _, good := range []string{padded, short, `{"signedTransaction":{"data":"` + padded + `"}}`} {
		if got, err := chain.DecodeSignature(chain.Solana, good); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("%s: got %x, %v", good, got, err)
		}
	}
	evm := "0x" + hex.EncodeToString(raw)
	for _, good := range []string{evm, `{"signedTransaction":{"data":"` + evm + `"}}`} {
		if got, err := chain.DecodeSignature(chain.EVM, good); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("%s: got %x, %v", good, got, err)
		}
	}
	if got, err := chain.DecodeSignature(chain.EVM, "0x"); err != nil || len(got) != 0 {
		t.Errorf("0x: got %x, %v", got, err)
	}
	for kind, bad := range map[chain.Kind][]string{
		chain.Solana: {
			"", strings.TrimRight(padded, "="), padded[:10] + "\n" + padded[10:],
			base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 64)),
			base64.StdEncoding.EncodeToString(raw[:63]), base58.Encode(raw[:63]), base58.Encode(append(raw, 1)), "0" + short[1:],
			short + "=", evm, padded[:85] + "x==", `{"signedTransaction":{"data":["` + padded + `"]}}`,
			`{"signedTransaction":"` + padded + `"}`,
		},
		chain.EVM: {
			"", evm[2:], evm + "0", "0X" + evm[2:], "0x0g", padded, `{"signedTransaction":{}}`, "{",
			`{"signedTransaction":{"data":"` + evm + `"}} `[1:], "0x" + strings.Repeat("00", chain.MaxSignature),
		},
	} {
		for _, text := range bad {
			if got, err := chain.DecodeSignature(kind, text); err == nil {
				t.Errorf("%s took %.100q as %x", kind, text, got)
			}
		}
	}
}

func FuzzDecodeSignature(f *testing.F) {
	f.Add("EVM", "0x00ff")
	f.Add("SOL", base58.Encode(bytes.Repeat([]byte{9}, 64)))
	f.Add("SOL", base64.StdEncoding.EncodeToString(make([]byte, 64)))
	f.Add("EVM", `{"signedTransaction":{"data":"0x00"}}`)
	f.Fuzz(func(t *testing.T, kind, text string) {
		raw, err := chain.DecodeSignature(chain.Kind(kind), text)
		if err != nil {
			return
		}
		if kind == "SOL" && len(raw) != 64 || kind != "SOL" && kind != "EVM" {
			t.Errorf("%s took %q as %x", kind, text, raw)
		}
	})
}

func FuzzRecoverEVM(f *testing.F) {
	hash := walletsigtest.Personal("hello")
	f.Add(hash, bytes.Repeat([]byte{1}, 65))
	f.Add(hash, append(bytes.Repeat([]byte{1}, 64), 27))
	f.Fuzz(func(t *testing.T, hash, signature []byte) {
		if len(hash) != 32 {
			return
		}
		address, err := recovered(hash, signature)
		if err != nil {
			return
		}
		if read, ok := chain.EVM.ReadAddress(address); !ok || read != address {
			t.Errorf("recovered %q", address)
		}
		if new(big.Int).Lsh(new(big.Int).SetBytes(signature[32:64]), 1).Cmp(order()) > 0 {
			t.Error("took a high s")
		}
	})
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, good := range []string{ // EIP-55
		"0x52908400098527886E0F7030069857D2E4169EE7", "0xde709f2102306220921060314715629080e2fb77",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
		"0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
		"0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
	} {
		for _, spelling := range []string{good, strings.ToLower(good), "0x" + strings.ToUpper(good[2:])} {
			if read, ok := chain.EVM.ReadAddress(spelling); !ok || read != good {
				t.Errorf("%s: read as %q, %v", spelling, read, ok)
			}
		}
	}
	const solana = "7S3P4HxJpyyigGzodYwHtCxZyUQe9JiBMHyRWXArAaKv" // 44 digits, so that one more is a byte too many
	if _, ok := chain.Solana.ReadAddress(solana); !ok {
		t.Errorf("%s is refused", solana)
	}
	for kind, bad := range map[chain.Kind][]string{
		chain.EVM: {"", "0x", "52908400098527886E0F7030069857D2E4169EE7", "0x0000000000000000000000000000000000000000",
			"0X52908400098527886E0F7030069857D2E4169EE7", solana,
			"0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD"}, // mistyped
		chain.Solana: {"", "1", solana + "1", "1" + solana, "0" + solana[1:], strings.Repeat("z", 44),
			"0x52908400098527886E0F7030069857D2E4169EE7"},
		"BTC": {"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
	} {
		for _, address := range bad {
			if _, ok := kind.ReadAddress(address); ok {
				t.Errorf("%s took %q", kind, address)
			}
		}
	}
	if read, ok := chain.Solana.ReadAddress(solana); !ok || read != solana {
		t.Errorf("refused %s", solana)
	}
}

// G4: for the points of small order anybody makes signatures. The system
// program's address is one of them; here is such a signature, and no way to use it.
func TestG4SmallOrderSolanaKeys(t *testing.T) {
	t.Parallel()
	system := make([]byte, 32) // a point of order 4, "1111…"
	message := []byte(strings.Replace(text4361, "Ethereum", "Solana", 1))
	forged := forgeFor(system, message)
	if !ed25519.Verify(system, message, forged) {
		t.Fatal("control: the forgery does not even verify")
	}
	prime := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	eighth, _ := new(big.Int).SetString("7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7", 16)
	minus := func(n *big.Int) *big.Int { return new(big.Int).Sub(prime, n) }
	for _, y := range []*big.Int{
		big.NewInt(0), big.NewInt(1), minus(big.NewInt(1)), eighth, minus(eighth), // of small order
		prime, new(big.Int).Add(prime, big.NewInt(1)), new(big.Int).Add(prime, big.NewInt(18)), // written in a second way
	} {
		for _, sign := range []byte{0, 0x80} {
			raw := y.FillBytes(make([]byte, 32))
			slices.Reverse(raw)
			raw[31] |= sign
			if _, ok := chain.Solana.ReadAddress(base58.Encode(raw)); ok {
				t.Errorf("took the key %x", raw)
			}
		}
	}
}

// forgeFor makes a signature for a key of order 4, without any private key: the
// key's part vanishes whenever the challenge is a multiple of four.
func forgeFor(key, message []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	for seed := byte(0); ; seed++ {
		h := sha512.Sum512(bytes.Repeat([]byte{seed}, 32))
		h[0] &= 248
		h[31] = h[31]&127 | 64
		scalar := h[:32]
		slices.Reverse(scalar)
		s := new(big.Int).Mod(new(big.Int).SetBytes(scalar), order).FillBytes(make([]byte, 32))
		slices.Reverse(s)
		r := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32)).Public().(ed25519.PublicKey)
		digest := sha512.Sum512(slices.Concat(r, key, message))
		challenge := digest[:]
		slices.Reverse(challenge)
		k := new(big.Int).Mod(new(big.Int).SetBytes(challenge), order)
		if k.Bit(0) == 0 && k.Bit(1) == 0 {
			return slices.Concat(r, s)
		}
	}
}
