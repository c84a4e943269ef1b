package jose

import (
	"crypto"
	"crypto/sha256"
	"sync"
)

// How many entries each of the two generations of a [Memory] has at most: some 100 bytes
// each where nothing but the signature is remembered, and 1 KiB with what was read.
const (
	signaturesMost = 8192
	claimsMost     = 1024
)

// Signatures remembers which signatures were good, so that a token that comes again costs
// a hash and not a verification.
type Signatures struct{ memory Memory[struct{}] }

// Verify is [Token.Verify].
func (s *Signatures) Verify(t Token, key Key) ([]byte, error) {
	name := t.digest()
	if _, by, ok := s.memory.Recall(name); ok && by.Same(key) && key.ID == t.KeyID {
		return t.payload, nil
	}
	payload, err := t.Verify(key)
	if err == nil {
		s.memory.keep(name, remembered[struct{}]{by: key}, signaturesMost)
	}
	return payload, err
}

// digest names what was signed, with its signature.
func (t Token) digest() (sum Name) {
	h := sha256.New()
	_, _ = h.Write(t.signed)
	_, _ = h.Write([]byte{'.'}) // which no part of it holds beside its own one
	_, _ = h.Write(t.signature)
	h.Sum(sum[:0])
	return sum
}

// Memory remembers what was read in tokens whose signature was good, so that a token that
// comes again costs a hash: no verification, no parsing. It holds for the whole token and
// for the very key that verified it; who recalls finds that key anew each time, so that a
// key which is gone, or another one under its name, ends all it ever signed. No verdict
// is remembered: time, audience and whatever else may change is judged each time. The
// zero value remembers nothing yet; it is safe for concurrent use.
type Memory[T any] struct {
	mu         sync.Mutex
	young, old map[Name]remembered[T]
}

// Name stands for a whole token, signature and all.
type Name [sha256.Size]byte

type remembered[T any] struct {
	by   Key
	read T
}

// NameOf is the name of a token. One that is too long to be looked at has none.
func NameOf(token string) (Name, bool) {
	if len(token) > MaxLength {
		return Name{}, false
	}
	return sha256.Sum256([]byte(token)), true
}

// Recall returns what was read in a token, and the key that had verified it.
func (m *Memory[T]) Recall(name Name) (read T, by Key, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.young[name]
	if !ok {
		if r, ok = m.old[name]; ok {
			m.young[name] = r // which holds one more for once
		}
	}
	return r.read, r.by, ok
}

// Remember keeps what was read in a token that by has verified.
func (m *Memory[T]) Remember(name Name, by Key, read T) {
	m.keep(name, remembered[T]{by, read}, claimsMost)
}

// keep makes an entry of the young generation. When that has as many as there may be it
// becomes the old one, and what was old and has not come again is forgotten.
func (m *Memory[T]) keep(name Name, r remembered[T], most int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young == nil || len(m.young) >= most {
		m.young, m.old = map[Name]remembered[T]{}, m.young
	}
	m.young[name] = r
}

// Same reports whether two keys are one: what either has verified, the other would too.
func (k Key) Same(other Key) bool {
	public, comparable := k.Public.(interface{ Equal(crypto.PublicKey) bool })
	return comparable && k.ID == other.ID && k.Algorithm == other.Algorithm && public.Equal(other.Public)
}
