package faults

import (
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stepup-auth/stepup/internal/faults/disk"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// A7: the disk under SQLite is full, cannot be written to, or loses what it was to sync, now
// and then and at any step. Nobody hears that something was done which was not.
func TestA7FailingDisk(t *testing.T) {
	if *wantEngine == store.Postgres {
		t.Skip("PostgreSQL's disk is its own")
	}
	n := rounds(12)
	url := storetest.URL(t, store.SQLite)
	under, err := disk.Watch(strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	under.Forget()
	l := loadOf(t, inside(t, url, &storetest.Clock{}))
	l.Hear(50)
	failed := map[disk.Failure]*atomic.Int64{disk.Full: {}, disk.Error: {}, disk.Lost: {}}
	for round := range n {
		failure := []disk.Failure{disk.Full, disk.Error, disk.Lost}[round%3]
		one := 1 + rand.IntN(8) // of so many steps
		under.Fail(func(op disk.Op) disk.Failure {
			if (op.Step == disk.Sync) == (failure == disk.Lost) && rand.IntN(one) == 0 {
				failed[failure].Add(1)
				return failure
			}
			return disk.None
		})
		l.Wait(20)
		under.Fail(nil)
		l.Hear(20)
		l.Settle()
	}
	tally := l.Stop()
	report(t, n, tally)
	for failure, count := range failed {
		if count.Load() == 0 {
			t.Errorf("nothing failed by %d", failure)
		}
	}
	t.Logf("steps that failed: full %d, not written %d, not synced %d", failed[disk.Full].Load(), failed[disk.Error].Load(),
		failed[disk.Lost].Load())
}
