package faults

import (
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/faults/history"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// The clock of the servers and of their database is set forward and back under load, over
// the lives of tokens and codes. Things may end before their time; what was used stays so.
func TestClockJumps(t *testing.T) {
	onEngines(t, func(t *testing.T, engine string) {
		n := rounds(5)
		clock := &storetest.Clock{}
		l := loadOf(t, inside(t, storetest.URL(t, engine), clock))
		jumps := []time.Duration{6 * time.Minute, -6 * time.Minute, -2 * time.Hour, 3 * time.Hour, -time.Hour}
		for round := range n {
			l.Hear(80)
			from := l.Log.Now()
			clock.Advance(jumps[round%len(jumps)])
			l.Log.Moved(history.Move{From: from, To: l.Log.Now(), May: []history.Kind{history.Token, history.Nonce, history.MFAToken,
				history.Recovery, history.Session, history.Guesses}})
			l.Hear(40)
			l.Settle()
		}
		report(t, n, l.Stop())
	})
}
