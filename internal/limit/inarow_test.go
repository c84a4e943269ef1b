package limit_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

var inARow = limit.InARow{Free: 10, Stop: 50}

func takeInARow(t testing.TB, db *store.DB) (ok bool, wait time.Duration, stopped bool) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *store.Tx) (err error) {
		ok, wait, stopped, err = limit.TakeInARow(tx, limit.For(tx, "test", "zoe"), inARow)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return ok, wait, stopped
}

// Ten tries are free, each later one must wait longer than the one before, and
// after fifty there is no further one, however long the wait (B1, N1).
func TestInARow(t *testing.T) {
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		made, last := 0, time.Duration(0)
		for range 200 {
			ok, wait, stopped := takeInARow(t, db)
			switch {
			case ok:
				made++
			case stopped:
				clock.Advance(24 * time.Hour)
			default:
				wait = wait.Round(time.Minute / 2) // the real clock goes on meanwhile
				if made < inARow.Free || wait < last && last < time.Hour {
					t.Errorf("after %d tries: wait %v, before %v", made, wait, last)
				}
				last = wait
				if ok, again, _ := takeInARow(t, db); ok || again > wait {
					t.Errorf("a refused try made the wait longer or was let in: %v, %v", ok, again)
				}
				clock.Advance(wait)
			}
		}
		if made != inARow.Stop {
			t.Errorf("%d tries were made, want %d", made, inARow.Stop)
		}
		err := db.Write(t.Context(), func(tx *store.Tx) error { return limit.ResetInARow(tx, limit.For(tx, "test", "zoe")) })
		if err != nil {
			t.Fatal(err)
		}
		if ok, _, _ := takeInARow(t, db); !ok {
			t.Error("refused after a reset")
		}
	}, storetest.WithClock(clock))
}

// A burst gets no more than the free tries (B3).
func TestInARowBurst(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		var made atomic.Int64
		var done sync.WaitGroup
		for range 200 {
			done.Go(func() {
				if ok, _, _ := takeInARow(t, db); ok {
					made.Add(1)
				}
			})
		}
		done.Wait()
		if made.Load() != int64(inARow.Free) {
			t.Errorf("%d tries in a burst, want %d", made.Load(), inARow.Free)
		}
	})
}

// What docs/limits.md publishes: how long fifty tries take, and what they are worth.
func TestInARowArithmetic(t *testing.T) {
	var whole time.Duration
	for n := 1; n < inARow.Stop; n++ {
		whole += inARow.Wait(n)
	}
	if whole < 34*time.Hour || whole > 35*time.Hour {
		t.Errorf("fifty tries take %v", whole)
	}
	if inARow.Wait(9) != 0 || inARow.Wait(10) != 30*time.Second || inARow.Wait(11) != time.Minute || inARow.Wait(49) != time.Hour {
		t.Error("the waits are not those of the page")
	}
	if chance := float64(inARow.Stop) * 3 / 1e6; chance > 0.00015 {
		t.Errorf("chance of %g at six digits", chance)
	}
}
