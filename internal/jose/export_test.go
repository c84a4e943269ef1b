package jose

import "crypto/rand"

// Fill remembers n tokens that nobody will ask for.
func (m *Memory[T]) Fill(n int) {
	for range n {
		var name Name
		rand.Read(name[:])
		var nothing T
		m.Remember(name, Key{}, nothing)
	}
}

// Size is how many tokens it holds.
func (m *Memory[T]) Size() int { return len(m.young) + len(m.old) }

// Fill is that of what it remembers by.
func (s *Signatures) Fill(n int) {
	for range n {
		var name Name
		rand.Read(name[:])
		s.memory.keep(name, remembered[struct{}]{}, signaturesMost)
	}
}

// Size is how many signatures it holds.
func (s *Signatures) Size() int { return s.memory.Size() }
