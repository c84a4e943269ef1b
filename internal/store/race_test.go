package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// 200 tries at one single-use thing, over two handles on one database as two nodes
// have them: exactly one wins.
func TestSingleUseUnderRace(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		nodes := []*store.DB{open(t), open(t)}
		const rounds, tries = 5, 200
		all := ids(rounds)
		things(t, nodes[0], all...)
		for _, id := range all {
			var wins, losses atomic.Int64
			var start, done sync.WaitGroup
			start.Add(1)
			for i := range tries {
				done.Go(func() {
					start.Wait()
					won, err := consume(t.Context(), nodes[i%len(nodes)], id)
					switch {
					case err != nil:
						t.Errorf("try %d: %v", i, err)
					case won:
						wins.Add(1)
					default:
						losses.Add(1)
					}
				})
			}
			start.Done()
			done.Wait()
			if wins.Load() != 1 || losses.Load() != tries-1 {
				t.Errorf("%s: %d wins, %d losses", id, wins.Load(), losses.Load())
			}
		}
	})
}

// Two nodes count failures; none is lost.
func TestCounterUnderRace(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		nodes := []*store.DB{open(t), open(t)}
		things(t, nodes[0], "code")
		const tries = 100
		var seen sync.Map
		var done sync.WaitGroup
		for i := range tries {
			done.Go(func() {
				var n int64
				err := nodes[i%2].Write(t.Context(), func(tx *store.Tx) error { return tx.Row(countFailure, "code").Scan(&n) })
				if err != nil {
					t.Error(err)
				}
				if _, twice := seen.LoadOrStore(n, true); twice {
					t.Errorf("two tries were both number %d", n)
				}
			})
		}
		done.Wait()
		if n := number(t, nodes[1], `SELECT failures FROM things WHERE id = 'code'`); n != tries {
			t.Errorf("failures = %d, want %d", n, tries)
		}
	})
}

// Transactions that lock the same rows in opposite orders deadlock on PostgreSQL;
// the store starts them over, and every caller gets its yes.
func TestDeadlockStartsOver(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		things(t, db, "a", "b")
		for round := range 3 {
			// Both hold their first row before either asks for its second. SQLite runs
			// one after the other, so there nobody waits.
			var holding sync.WaitGroup
			if db.Engine() == store.Postgres {
				holding.Add(2)
			}
			var done sync.WaitGroup
			var runs atomic.Int64
			for _, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
				done.Go(func() {
					first := db.Engine() == store.Postgres
					err := db.Write(t.Context(), func(tx *store.Tx) error {
						runs.Add(1)
						if _, err := tx.Exec(countFailure, order[0]); err != nil {
							return err
						}
						if first {
							first = false
							holding.Done()
							holding.Wait()
						}
						_, err := tx.Exec(countFailure, order[1])
						return err
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			done.Wait()
			if db.Engine() == store.Postgres && runs.Load() < 3 {
				t.Errorf("round %d: %d runs; nothing deadlocked, so nothing was shown", round, runs.Load())
			}
			for _, id := range []string{"a", "b"} {
				if n := number(t, db, `SELECT failures FROM things WHERE id = $1`, id); n != int64(2*(round+1)) {
					t.Errorf("round %d: %s counted %d, want %d", round, id, n, 2*(round+1))
				}
			}
		}
	})
}

// The lock clauses exist where they are needed.
func TestLockClauses(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		things(t, db, "a")
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			for _, clause := range []string{tx.ForUpdate(), tx.ForShare()} {
				if (clause == "") != (db.Engine() == store.SQLite) {
					return fmt.Errorf("clause %q on %s", clause, db.Engine())
				}
				var id string
				if err := tx.Row(`SELECT id FROM things WHERE id = 'a'` + clause).Scan(&id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestCloseEndsEverything(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		things(t, db)
		var done sync.WaitGroup
		for i := range 50 {
			done.Go(func() {
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					_, err := tx.Exec(insertThing, fmt.Sprint(i))
					return err
				})
				if err != nil && !errors.Is(err, store.ErrClosed) {
					t.Errorf("Write while closing = %v", err)
				}
			})
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("closing twice: %v", err)
		}
		done.Wait()
		nothing := func(*store.Tx) error { return nil }
		if err := db.Write(t.Context(), nothing); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Write after Close = %v", err)
		}
		if err := db.Read(t.Context(), nothing); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Read after Close = %v", err)
		}
	})
}
