package seal_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/secret"
	"pgregory.net/rapid"
)

func newBox(t testing.TB) *seal.Box {
	t.Helper()
	key, err := seal.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.ParseMasterKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func newHasher(t testing.TB) *seal.Hasher {
	t.Helper()
	raw, err := seal.NewHasherKeyset()
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := seal.ParseHasher(raw)
	if err != nil {
		t.Fatal(err)
	}
	return hasher
}

func TestParseMasterKey(t *testing.T) {
	key, err := seal.NewMasterKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := seal.ParseMasterKey(key + "\n"); err != nil {
		t.Errorf("a key read from a file with a line feed: %v", err)
	}
	hasher, err := seal.NewHasherKeyset()
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]secret.Text{
		"empty":            "",
		"not base64":       "correct horse battery staple",
		"random bytes":     secret.Text(base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))),
		"cut":              key[:len(key)/2],
		"keyset of a hash": secret.Text(base64.StdEncoding.EncodeToString(hasher)),
	} {
		_, err := seal.ParseMasterKey(bad)
		if !errors.Is(err, seal.ErrMasterKey) {
			t.Errorf("%s: error = %v", name, err)
			continue
		}
		if !strings.Contains(err.Error(), "stepup keys master") {
			t.Errorf("%s: the error does not name the fix: %v", name, err)
		}
		if bad != "" && strings.Contains(err.Error(), bad.Reveal()) {
			t.Errorf("%s: the error repeats the key", name)
		}
	}
}

func TestSealedValueOpensOnlyInItsPlace(t *testing.T) {
	box, other := newBox(t), newBox(t)
	rapid.Check(t, func(rt *rapid.T) {
		place := rapid.SliceOfN(rapid.String(), 3, 3)
		where, elsewhere := place.Draw(rt, "where"), place.Draw(rt, "elsewhere")
		plaintext := rapid.SliceOf(rapid.Byte()).Draw(rt, "plaintext")

		sealed, err := box.Seal(where[0], where[1], where[2], plaintext)
		if err != nil {
			rt.Fatal(err)
		}
		opened, err := box.Open(where[0], where[1], where[2], sealed)
		if err != nil || !bytes.Equal(opened, plaintext) {
			rt.Fatalf("Open = %x, %v", opened, err)
		}
		if _, err := other.Open(where[0], where[1], where[2], sealed); !errors.Is(err, seal.ErrOpen) {
			rt.Fatalf("another key opened it: %v", err)
		}
		if strings.Join(where, "\x00") != strings.Join(elsewhere, "\x00") {
			if _, err := box.Open(elsewhere[0], elsewhere[1], elsewhere[2], sealed); !errors.Is(err, seal.ErrOpen) {
				rt.Fatalf("it opened elsewhere: %v", err)
			}
		}
		changed := bytes.Clone(sealed)
		changed[rapid.IntRange(0, len(changed)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		if _, err := box.Open(where[0], where[1], where[2], changed); !errors.Is(err, seal.ErrOpen) {
			rt.Fatalf("a changed value opened: %v", err)
		}
	})
}

func TestPartsDoNotRunTogether(t *testing.T) {
	box := newBox(t)
	sealed, err := box.Seal("ab", "c", "d", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := box.Open("a", "bc", "d", sealed); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("moved boundary: %v", err)
	}
	hasher := newHasher(t)
	if seal.Equal(hasher.Sum("p", "ab", "c"), hasher.Sum("p", "a", "bc")) {
		t.Error("moved boundary gives the same hash")
	}
	if seal.Equal(hasher.Sum("p", "a"), hasher.Sum("pa")) {
		t.Error("the purpose runs into the parts")
	}
}

func TestHasher(t *testing.T) {
	raw, err := seal.NewHasherKeyset()
	if err != nil {
		t.Fatal(err)
	}
	first, err := seal.ParseHasher(raw)
	if err != nil {
		t.Fatal(err)
	}
	again, err := seal.ParseHasher(raw)
	if err != nil {
		t.Fatal(err)
	}
	sum := first.Sum("code", "123456")
	if len(sum) != 32 || !seal.Equal(sum, again.Sum("code", "123456")) {
		t.Errorf("the same key gives %x and %x", sum, again.Sum("code", "123456"))
	}
	if seal.Equal(sum, newHasher(t).Sum("code", "123456")) {
		t.Error("another key gives the same hash")
	}
	if seal.Equal(sum, first.Sum("token", "123456")) {
		t.Error("another purpose gives the same hash")
	}
	for _, bad := range [][]byte{nil, []byte("garbage"), raw[:10]} {
		if _, err := seal.ParseHasher(bad); err == nil {
			t.Errorf("ParseHasher(%x) succeeded", bad)
		}
	}
}

func FuzzOpen(f *testing.F) {
	box := newBox(f)
	sealed, err := box.Seal("t", "c", "r", []byte("x"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte{})
	f.Add(sealed[:5])
	f.Fuzz(func(t *testing.T, ciphertext []byte) {
		_, err := box.Open("t", "c", "r", ciphertext)
		if bytes.Equal(ciphertext, sealed) != (err == nil) {
			t.Errorf("Open(%x): %v", ciphertext, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	key, err := seal.NewMasterKey()
	if err != nil {
		f.Fatal(err)
	}
	raw, err := seal.NewHasherKeyset()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(key.Reveal()))
	f.Add(raw)
	f.Fuzz(func(t *testing.T, foreign []byte) {
		if box, err := seal.ParseMasterKey(secret.Text(foreign)); err == nil {
			if _, err := box.Seal("t", "c", "r", nil); err != nil {
				t.Errorf("a key that parses cannot seal: %v", err)
			}
		}
		if hasher, err := seal.ParseHasher(foreign); err == nil {
			hasher.Sum("p")
		}
	})
}
