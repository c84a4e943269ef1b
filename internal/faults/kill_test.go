package faults

import (
	"math/rand/v2"
	"testing"
)

// A1: the server is killed with SIGKILL at a random moment under load, and started again.
func TestA1KilledServer(t *testing.T) {
	onEngines(t, func(t *testing.T, engine string) {
		n := rounds(6)
		i := install(t, database(t, engine))
		l := i.load(t)
		l.Hear(200)
		for range n {
			l.Hear(1 + rand.IntN(100))
			i.restart(t, l)
			l.Settle()
		}
		report(t, n, l.Stop())
	})
}
