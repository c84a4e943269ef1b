package jose

import (
	"crypto"
	"crypto/sha256"
	"sync"
)

// memorySize bounds each of the two generations of a [Memory]: some 100 bytes an entry.
const memorySize = 8192

// Memory remembers which signatures were good, so that a token that comes again costs a
// hash and not a verification. It holds for the very key that verified them, whatever its
// name, and says nothing of what a token claims: whoever asks judges time, audience and
// the issuer's keys each time. The zero value remembers nothing yet; it is safe for
// concurrent use.
type Memory struct {
	mu         sync.Mutex
	young, old map[[sha256.Size]byte]crypto.PublicKey // the key by what it has signed
}

// Verify is [Token.Verify].
func (m *Memory) Verify(t Token, key Key) ([]byte, error) {
	if key.ID != t.KeyID || key.Algorithm != t.Algorithm {
		return nil, errKey
	}
	name := t.digest()
	if m.knows(name, key) {
		return t.payload, nil
	}
	payload, err := t.Verify(key)
	if err == nil {
		m.remember(name, key)
	}
	return payload, err
}

// digest names the token, signature and all.
func (t Token) digest() (sum [sha256.Size]byte) {
	h := sha256.New()
	_, _ = h.Write(t.signed)
	_, _ = h.Write([]byte{'.'}) // which no part of it holds beside its own one
	_, _ = h.Write(t.signature)
	h.Sum(sum[:0])
	return sum
}

func (m *Memory) knows(name [sha256.Size]byte, key Key) bool {
	m.mu.Lock()
	by, ok := m.young[name]
	if !ok {
		if by, ok = m.old[name]; ok {
			m.put(name, by)
		}
	}
	m.mu.Unlock()
	same, comparable := by.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable && same.Equal(key.Public)
}

func (m *Memory) remember(name [sha256.Size]byte, key Key) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(name, key.Public)
}

// put makes an entry of the young generation. When that is full it becomes the old one,
// and what was old and has not come again is forgotten.
func (m *Memory) put(name [sha256.Size]byte, by crypto.PublicKey) {
	if m.young == nil || len(m.young) >= memorySize {
		m.young, m.old = map[[sha256.Size]byte]crypto.PublicKey{}, m.young
	}
	m.young[name] = by
}
