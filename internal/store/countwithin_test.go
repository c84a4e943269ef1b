package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// Of any number of callers at once as many are counted as fit, and a full counter is left
// alone until its window is over.
func TestCountWithin(t *testing.T) {
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		const most, callers = 7, 40
		count := func() (counted bool, end time.Time) {
			err := db.Write(t.Context(), func(tx *store.Tx) (err error) {
				counted, end, err = tx.CountWithin("busy", time.Minute, most)
				return err
			})
			if err != nil {
				t.Error(err)
			}
			return counted, end
		}
		for round := range 2 {
			var counted atomic.Int64
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					if ok, _ := count(); ok {
						counted.Add(1)
					}
				})
			}
			all.Wait()
			if counted.Load() != most {
				t.Errorf("round %d: %d were counted, want %d", round, counted.Load(), most)
			}
			if n := number(t, db, `SELECT count FROM counters WHERE name = 'busy'`); n != most {
				t.Errorf("round %d: the counter says %d", round, n)
			}
			_, end := count()
			if left := end.Sub(time.Now().Add(clock.Offset())); left <= 0 || left > time.Minute {
				t.Errorf("round %d: full for %v", round, left)
			}
			clock.Advance(time.Minute)
		}
	}, storetest.WithClock(clock))
}
