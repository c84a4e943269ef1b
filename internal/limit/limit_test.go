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

// Bounds that are taken together are taken all or not at all, on every node, and the one
// that refuses is named.
func TestTogether(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		nodes := []*store.DB{open(t), open(t)}
		bounds := func(tx *store.Tx, who string) []limit.Bound {
			narrow, wide := rate, rate
			narrow.Count, wide.Count = 2, 5
			return []limit.Bound{
				{Name: "one", Key: limit.For(tx, "one", who), Rate: narrow}, {Name: "all", Key: limit.For(tx, "all"), Rate: wide},
			}
		}
		take := func(db *store.DB, who string) (refused string) {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				b, wait, err := limit.TakeAll(tx, bounds(tx, who)...)
				refused = ""
				if b != nil {
					refused = b.Name
					if wait <= 0 || wait > 2*time.Minute { // the nodes' transactions began at different times
						t.Errorf("%s refuses for %v", b.Name, wait)
					}
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			return refused
		}
		var passed, one, all atomic.Int64
		var done sync.WaitGroup
		for i := range 60 {
			done.Go(func() {
				switch take(nodes[i%2], string(rune('a'+i%3))) {
				case "":
					passed.Add(1)
				case "one":
					one.Add(1)
				case "all":
					all.Add(1)
				}
			})
		}
		done.Wait()
		if passed.Load() != 5 || one.Load() == 0 || all.Load() == 0 {
			t.Errorf("%d passed, %d were one's own doing, %d everybody's", passed.Load(), one.Load(), all.Load())
		}
		err := nodes[0].Write(t.Context(), func(tx *store.Tx) error {
			var sum int64
			for _, who := range []string{"a", "b", "c"} {
				n, err := limit.Seen(tx, bounds(tx, who)[0].Key)
				if err != nil {
					return err
				}
				sum += n
			}
			if n, err := limit.Seen(tx, bounds(tx, "a")[1].Key); err != nil || n != 5 || sum != 5 {
				t.Errorf("everybody's counts %d, the three %d: %v", n, sum, err)
			}
			key := bounds(tx, "a")[0].Key
			_, err := limit.TakeTogether(tx, limit.Bound{Key: key, Rate: rate}, limit.Bound{Key: key, Rate: rate})
			if err == nil {
				t.Error("one counter was counted twice")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// An event is noted in each of its windows, and what was there before is told.
func TestNoteAll(t *testing.T) {
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		for round, want := range [][2]int64{{0, 0}, {1, 1}, {0, 2}} {
			if round == 2 {
				clock.Advance(time.Minute)
			}
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				hour := environment.Rate{Per: environment.Duration(time.Hour)}
				before, err := limit.NoteAll(tx, limit.Bound{Key: limit.For(tx, "short"), Rate: rate},
					limit.Bound{Key: limit.For(tx, "long"), Rate: hour})
				if err == nil && [2]int64(before) != want {
					t.Errorf("round %d: %v before, want %v", round, before, want)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	}, storetest.WithClock(clock))
}
