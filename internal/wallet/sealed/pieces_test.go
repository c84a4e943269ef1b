package sealed

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/wallet/share"
)

func piece(b byte) []byte { return bytes.Repeat([]byte{b}, share.Size) }

// What is sealed opens at its place with its key, and nowhere else.
func TestPlace(t *testing.T) {
	t.Parallel()
	k, other := newKey(t), newKey(t)
	place := Place{"release", "e", "w", "o", 1}
	pieces := share.Pieces{1: piece(0xA1), 10: piece(0xB2)}
	sealed, err := SealPieces(k.PublicKey(), place, pieces)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.OpenPieces(place, sealed); err != nil || !reflect.DeepEqual(got, pieces) {
		t.Errorf("%v", err)
	}
	for _, elsewhere := range []Place{{"stage", "e", "w", "o", 1}, {"release", "f", "w", "o", 1}, {"release", "e", "v", "o", 1},
		{"release", "e", "w", "p", 1}, {"release", "e", "w", "o", 2}, {"release", "ew", "", "o", 1}} {
		if _, err := k.OpenPieces(elsewhere, sealed); !errors.Is(err, ErrPlace) {
			t.Errorf("%+v: %v", elsewhere, err)
		}
	}
	if _, err := other.OpenPieces(place, sealed); !errors.Is(err, ErrPlace) {
		t.Errorf("another key: %v", err)
	}
	sealed.Ciphertext[3] ^= 1
	if _, err := k.OpenPieces(place, sealed); !errors.Is(err, ErrPlace) {
		t.Errorf("changed: %v", err)
	}
	if _, err := SealPieces(make([]byte, 32), place, pieces); err == nil {
		t.Error("sealed to the zero point")
	}
}

func TestKeep(t *testing.T) {
	t.Parallel()
	k := newKey(t)
	raw, err := k.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseKey(raw)
	if err != nil || !bytes.Equal(again.PublicKey(), k.PublicKey()) {
		t.Errorf("%v", err)
	}
	if shown := fmt.Sprintf("%v %+v %#v %s", k, k, k, k); strings.Trim(strings.ReplaceAll(shown, "a private key", ""), " ") != "" {
		t.Errorf("a key shows as %q", shown)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add(append([]byte{1}, piece(7)...))
	f.Add(append(append(append([]byte{2}, piece(7)...), 1), piece(8)...))
	f.Fuzz(func(t *testing.T, text []byte) {
		pieces, err := decode(text)
		if err == nil && !bytes.Equal(encode(pieces), text) {
			t.Errorf("%x is read as something else", text)
		}
	})
}
