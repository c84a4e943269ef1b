package jose_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/jose"
)

func name(t *testing.T, token string) jose.Name {
	t.Helper()
	name, ok := jose.NameOf(token)
	if !ok {
		t.Fatalf("a token of %d bytes has no name", len(token))
	}
	return name
}

// It knows a token by all of its bytes, and gives back the key it was remembered with.
func TestMemory(t *testing.T) {
	t.Parallel()
	s := newSigner(t)
	text := s.sign(t, header, `{"a":1}`)
	var m jose.Memory[string]
	if _, _, ok := m.Recall(name(t, text)); ok {
		t.Error("an empty memory knows a token")
	}
	m.Remember(name(t, text), s.public, "read")
	read, by, ok := m.Recall(name(t, text))
	if read != "read" || !ok || !by.Same(s.public) {
		t.Errorf("%q by %v, %v", read, by, ok)
	}
	for i := range text {
		other := text[:i] + string(text[i]^1) + text[i+1:]
		if read, _, ok := m.Recall(name(t, other)); ok || read != "" {
			t.Fatalf("it takes %s for %s", other, text)
		}
	}
	if _, ok := jose.NameOf(strings.Repeat("a", jose.MaxLength+1)); ok {
		t.Error("a token that is too long has a name")
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	s, other := newSigner(t), newSigner(t)
	copied := *s.public.Public.(*ecdsa.PublicKey)
	if !s.public.Same(jose.Key{ID: "k", Algorithm: jose.ES256, Public: &copied}) {
		t.Error("a copy of a key is another one")
	}
	for name, key := range map[string]jose.Key{
		"none":              {},
		"another one":       other.public,
		"another name":      {ID: "K", Algorithm: jose.ES256, Public: s.public.Public},
		"another algorithm": {ID: "k", Algorithm: jose.EdDSA, Public: s.public.Public},
		"another type":      {ID: "k", Algorithm: jose.ES256, Public: ed25519.PublicKey(make([]byte, 32))},
	} {
		if s.public.Same(key) || key.Same(s.public) {
			t.Errorf("%s is the same", name)
		}
	}
	if (jose.Key{}).Same(jose.Key{}) {
		t.Error("a key that verifies nothing is the same as one that was remembered")
	}
}

// It forgets what does not come again, and never takes one token for another.
func TestMemoryForgets(t *testing.T) {
	t.Parallel()
	s := newSigner(t)
	var m jose.Memory[string]
	first := name(t, "first")
	m.Remember(first, s.public, "first")
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 40 {
				text := fmt.Sprintf("%d-%d", worker, i)
				own, _ := jose.NameOf(text)
				m.Remember(own, s.public, text)
				for at, want := range map[jose.Name]string{own: text, first: "first"} {
					if read, _, ok := m.Recall(at); ok && read != want {
						t.Errorf("%q, not %q", read, want)
					}
				}
				m.Fill(100)
			}
		})
	}
	all.Wait()
	if n := m.Size(); n > 3*1024 {
		t.Errorf("it holds %d", n)
	}
	m.Fill(3 * 1024)
	if _, _, ok := m.Recall(first); ok {
		t.Error("it remembers for ever")
	}
}
