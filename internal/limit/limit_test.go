package limit_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

var rate = environment.Rate{Count: 3, Per: environment.Duration(time.Minute)}

func take(t testing.TB, db *store.DB, parts ...string) (ok bool, wait time.Duration) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *store.Tx) (err error) {
		ok, wait, err = limit.Take(tx, limit.For(tx, "test", parts...), rate)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return ok, wait
}

func TestTake(t *testing.T) {
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		for i := range 5 {
			if ok, wait := take(t, db, "zoe"); ok != (i < 3) || wait <= 0 || wait > time.Minute {
				t.Errorf("event %d: %v, %v", i, ok, wait)
			}
		}
		for _, parts := range [][]string{{"tom"}, {"zo", "e"}, {"zoe", ""}, {"", "zoe"}, {}} {
			if ok, _ := take(t, db, parts...); !ok {
				t.Errorf("%q shares a counter with zoe", parts)
			}
		}
		clock.Advance(time.Minute)
		if ok, _ := take(t, db, "zoe"); !ok {
			t.Error("refused in a new window")
		}
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			key := limit.For(tx, "test", "zoe")
			for range 10 {
				if _, _, err := limit.Take(tx, key, rate); err != nil {
					return err
				}
			}
			if err := limit.Reset(tx, key); err != nil {
				return err
			}
			if n, err := limit.Seen(tx, key); n != 0 || err != nil {
				t.Errorf("%d after a reset, %v", n, err)
			}
			if err := limit.Forgive(tx, key); err != nil {
				return err
			}
			ok, _, err := limit.Take(tx, key, rate)
			if n, seen := limit.Seen(tx, key); !ok || n != 1 || seen != nil {
				t.Errorf("after a reset: %v, %d, %v", ok, n, seen)
			}
			if err := limit.Forgive(tx, key); err != nil {
				return err
			}
			if n, seen := limit.Seen(tx, key); n != 0 || seen != nil {
				t.Errorf("%d after forgiving, %v", n, seen)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		var readable int64
		err = db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.Row(`SELECT COUNT(*) FROM counters WHERE name LIKE '%zoe%' OR name LIKE '%tom%'`).Scan(&readable)
		})
		if err != nil || readable != 0 {
			t.Errorf("%d counters name a person, %v", readable, err)
		}
	}, storetest.WithClock(clock))
}

// Parallel events over two nodes: exactly as many pass as may.
func TestParallel(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		nodes := []*store.DB{open(t), open(t)}
		var passed atomic.Int64
		var done sync.WaitGroup
		for i := range 100 {
			done.Go(func() {
				if ok, _ := take(t, nodes[i%2], "zoe"); ok {
					passed.Add(1)
				}
			})
		}
		done.Wait()
		if passed.Load() != 3 {
			t.Errorf("%d passed, want 3", passed.Load())
		}
	})
}
