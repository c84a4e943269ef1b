package jose

import (
	"crypto/rand"
	"crypto/sha256"
)

// Fill remembers n signatures that nobody will ask for.
func (m *Memory) Fill(n int) {
	for range n {
		var name [sha256.Size]byte
		rand.Read(name[:])
		m.remember(name, Key{})
	}
}

// Size is how many signatures it holds.
func (m *Memory) Size() int { return len(m.young) + len(m.old) }
