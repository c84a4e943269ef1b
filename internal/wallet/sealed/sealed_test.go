package sealed

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// The suite is on the wire: clients open exports with it, and operators keep
// files that were sealed with it.
func TestTheSuiteStays(t *testing.T) {
	kem, kdf, aead := suite()
	if kem.ID() != 0x0020 || kdf.ID() != 0x0001 || aead.ID() != 0x0002 {
		t.Errorf("KEM %#04x, KDF %#04x, AEAD %#04x", kem.ID(), kdf.ID(), aead.ID())
	}
}

func newKey(t testing.TB) Key {
	t.Helper()
	k, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestOnlyTheKeyOpensAndOnlyForWhatItWasSealed(t *testing.T) {
	k, info, message := newKey(t), []byte("for this"), []byte("secret")
	enc, ciphertext, err := Seal(k.PublicKey(), info, message)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := k.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []Key{k, again} {
		if opened, err := key.Open(enc, info, ciphertext); err != nil || !bytes.Equal(opened, message) {
			t.Errorf("%q, %v", opened, err)
		}
	}
	flip := func(b []byte) []byte { c := bytes.Clone(b); c[len(c)/2] ^= 1; return c }
	for name, open := range map[string]func() ([]byte, error){
		"another key":         func() ([]byte, error) { return newKey(t).Open(enc, info, ciphertext) },
		"another purpose":     func() ([]byte, error) { return k.Open(enc, []byte("for that"), ciphertext) },
		"another ciphertext":  func() ([]byte, error) { return k.Open(enc, info, flip(ciphertext)) },
		"half a ciphertext":   func() ([]byte, error) { return k.Open(enc, info, ciphertext[:5]) },
		"another encapsulate": func() ([]byte, error) { return k.Open(flip(enc), info, ciphertext) },
		"none":                func() ([]byte, error) { return k.Open(nil, info, ciphertext) },
	} {
		if opened, err := open(); err == nil {
			t.Errorf("%s opens %q", name, opened)
		}
	}
	if second, _, err := Seal(k.PublicKey(), info, message); err != nil || bytes.Equal(second, enc) {
		t.Errorf("two seals share an encapsulated key: %v", err)
	}
}

// Points of low order give a secret that everybody knows (RFC 7748, section 6.1).
func TestKeysThatEverybodyOpensAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "00",
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		raw, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Seal(raw, nil, []byte("secret")); err == nil {
			t.Errorf("%q is sealed to", text)
		}
		if _, err := newKey(t).Open(raw, nil, make([]byte, 64)); err == nil {
			t.Errorf("%q opens something", text)
		}
	}
	if _, err := ParseKey(make([]byte, 31)); err == nil {
		t.Error("31 bytes are taken for a key")
	}
}
