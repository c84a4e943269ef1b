package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

var errRefused = errors.New("refused by the test")

// Neighbours in a group, each with its own fate: none may touch another's.
func TestEachOperationHasItsOwnVerdict(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		things(t, db)
		const n = 60
		errs := make([]error, n)
		var start, done sync.WaitGroup
		start.Add(1)
		for i := range n {
			done.Go(func() {
				defer func() {
					if r := recover(); r != nil {
						errs[i] = fmt.Errorf("panicked: %v", r)
					}
				}()
				start.Wait()
				errs[i] = db.Write(t.Context(), func(tx *store.Tx) error {
					if _, err := tx.Exec(insertThing, fmt.Sprint(i)); err != nil {
						return err
					}
					switch i % 6 {
					case 1:
						return errRefused
					case 2:
						panic("by the test")
					case 3:
						_, _ = tx.Exec(insertThing, fmt.Sprint(i)) // a conflict, ignored
					case 4:
						_, _ = tx.Exec(`this is no SQL`)
						return nil
					}
					return nil
				})
			})
		}
		start.Done()
		done.Wait()
		for i, err := range errs {
			var want bool
			switch i % 6 {
			case 0, 5:
				want = err == nil
			case 1:
				want = errors.Is(err, errRefused)
			case 2:
				want = err != nil && err.Error() == "panicked: by the test"
			case 3:
				want = store.IsUnique(err)
			case 4:
				want = err != nil && !store.IsUnique(err)
			}
			if !want {
				t.Errorf("operation %d (kind %d): %v", i, i%6, err)
			}
			if stored := exists(t, db, fmt.Sprint(i)); stored != (err == nil) {
				t.Errorf("operation %d: stored = %v, error = %v", i, stored, err)
			}
		}
	})
}

// A test that calls t.Fatal inside a transaction must not take the writer with it.
func TestGoexitInsideTransaction(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		things(t, db)
		var done sync.WaitGroup
		done.Go(func() {
			_ = db.Write(t.Context(), func(tx *store.Tx) error {
				if _, err := tx.Exec(insertThing, "gone"); err != nil {
					t.Error(err)
				}
				runtime.Goexit()
				return nil
			})
		})
		done.Wait()
		things(t, db, "after")
		if exists(t, db, "gone") || !exists(t, db, "after") {
			t.Error("the abandoned work was stored, or the store stopped working")
		}
	})
}

func TestFailedStatementEndsTransaction(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		things(t, db, "taken")
		var after error
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.Exec(insertThing, "taken"); !store.IsUnique(err) {
				t.Errorf("Exec = %v, want a conflict", err)
			}
			_, after = tx.Exec(insertThing, "next")
			var n int
			if err := tx.Row(`SELECT 1`).Scan(&n); !store.IsUnique(err) {
				t.Errorf("Row after the failure = %v", err)
			}
			if _, err := tx.Rows(`SELECT 1`); !store.IsUnique(err) {
				t.Errorf("Rows after the failure = %v", err)
			}
			return nil
		})
		if !store.IsUnique(err) || !store.IsUnique(after) {
			t.Errorf("Write = %v, the statement after = %v; want the conflict", err, after)
		}
		if exists(t, db, "next") {
			t.Error("a statement after the failure was stored")
		}
		// The same through Row, whose error shows early and in Scan.
		err = db.Write(t.Context(), func(tx *store.Tx) error {
			var id string
			if err := tx.Row(insertThing+` RETURNING id`, "taken").Scan(&id); !store.IsUnique(err) {
				t.Errorf("Scan = %v, want a conflict", err)
			}
			return nil
		})
		if !store.IsUnique(err) {
			t.Errorf("Write = %v", err)
		}
		// Finding no row is no failure.
		err = db.Write(t.Context(), func(tx *store.Tx) error {
			var id string
			if err := tx.Row(`SELECT id FROM things WHERE id = $1`, "nobody").Scan(&id); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Scan = %v", err)
			}
			_, err := tx.Exec(insertThing, "more")
			return err
		})
		if err != nil || !exists(t, db, "more") {
			t.Errorf("going on after ErrNotFound: %v", err)
		}
	})
}

// One request: count the failure in its own step, then fail as a whole.
func TestCounterStandsAfterHandlerFails(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		things(t, db, "code")
		const tries = 20
		var done sync.WaitGroup
		for range tries {
			done.Go(func() {
				var failures int64
				err := db.Write(t.Context(), func(tx *store.Tx) error { return tx.Row(countFailure, "code").Scan(&failures) })
				if err != nil {
					t.Error(err)
				}
				err = db.Write(t.Context(), func(tx *store.Tx) error {
					if _, err := tx.Exec(`UPDATE things SET failures = 0 WHERE id = $1`, "code"); err != nil {
						return err
					}
					return errRefused // the wrong code: undoes the reset, not the count
				})
				if !errors.Is(err, errRefused) {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if n := number(t, db, `SELECT failures FROM things WHERE id = $1`, "code"); n != tries {
			t.Errorf("failures = %d, want %d", n, tries)
		}
	})
}

func TestContext(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		things(t, db)
		reason := errors.New("the client left")

		ended, cancel := context.WithCancelCause(t.Context())
		cancel(reason)
		err := db.Write(ended, func(*store.Tx) error { t.Error("ran under an ended context"); return nil })
		if !errors.Is(err, reason) {
			t.Errorf("Write = %v, want the cause", err)
		}
		if err := db.Read(ended, func(*store.Tx) error { t.Error("ran under an ended context"); return nil }); !errors.Is(err, reason) {
			t.Errorf("Read = %v, want the cause", err)
		}

		during, cancel := context.WithCancelCause(t.Context())
		err = db.Write(during, func(tx *store.Tx) error {
			if _, err := tx.Exec(insertThing, "during"); err != nil {
				return err
			}
			cancel(reason)
			if tx.Context().Err() == nil {
				t.Error("Tx.Context has not ended with the caller's")
			}
			_, err := tx.Exec(insertThing, "never")
			return err
		})
		if err == nil || exists(t, db, "during") || exists(t, db, "never") {
			t.Errorf("a context that ended half way: %v; stored = %v", err, exists(t, db, "during"))
		}

		// Ended after the last statement: the verdict is waited for, and it is yes.
		late, cancel := context.WithCancelCause(t.Context())
		err = db.Write(late, func(tx *store.Tx) error {
			_, err := tx.Exec(insertThing, "late")
			cancel(reason)
			return err
		})
		if (err == nil) != exists(t, db, "late") {
			t.Errorf("Write = %v, stored = %v", err, exists(t, db, "late"))
		}
	})
}

func TestNestedIsRefused(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		inside := func(tx *store.Tx) error {
			nothing := func(*store.Tx) error { return nil }
			if err := db.Write(tx.Context(), nothing); !errors.Is(err, store.ErrNested) {
				t.Errorf("Write inside = %v", err)
			}
			if err := db.Read(tx.Context(), nothing); !errors.Is(err, store.ErrNested) {
				t.Errorf("Read inside = %v", err)
			}
			return nil
		}
		if err := db.Write(t.Context(), inside); err != nil {
			t.Error(err)
		}
		if err := db.Read(t.Context(), inside); err != nil {
			t.Error(err)
		}
	})
}

func TestReadCannotWrite(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		things(t, db, "kept")
		for _, statement := range []string{
			`DELETE FROM things`, `UPDATE things SET used_at = 1`, `INSERT INTO things (id, epoch) VALUES ('x', 'x')`,
			`CREATE TABLE other (id TEXT)`, `DROP TABLE things`,
		} {
			err := db.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(statement); return err })
			if !errors.Is(err, store.ErrReadOnly) {
				t.Errorf("%s = %v, want ErrReadOnly", statement, err)
			}
		}
		mustConsume(t, db, "kept", true)
	})
}

func TestReadIsOneSnapshot(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		things(t, db, "a")
		count := func(tx *store.Tx) (n int) {
			if err := tx.Row(`SELECT count(*) FROM things`).Scan(&n); err != nil {
				t.Error(err)
			}
			return n
		}
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			before := count(tx)
			var done sync.WaitGroup
			done.Go(func() { exec(t, db, insertThing, "b") })
			done.Wait()
			if after := count(tx); before != 1 || after != 1 {
				t.Errorf("counted %d, then %d in one snapshot", before, after)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestNow(t *testing.T) {
	var clock storetest.Clock
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		now := func() (at time.Time) {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				at = tx.Now()
				if _, err := tx.Exec(`SELECT 1`); err != nil {
					return err
				}
				if !tx.Now().Equal(at) {
					t.Error("time passed inside a transaction")
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		first := now()
		if first.Location() != time.UTC || first.Nanosecond()%1e6 != 0 {
			t.Errorf("Now() = %v, want whole milliseconds UTC", first)
		}
		if d := time.Since(first) + clock.Offset(); d.Abs() > 5*time.Second {
			t.Errorf("Now() is %v off", d)
		}
		clock.Advance(time.Hour)
		if passed := now().Sub(first); passed < time.Hour || passed > time.Hour+5*time.Second {
			t.Errorf("%v passed, want an hour", passed)
		}
	}, storetest.WithClock(&clock))
}

// What one engine would take and the other refuse, both refuse.
func TestArguments(t *testing.T) {
	type word string
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		exec(t, db, `CREATE TABLE kinds (id TEXT PRIMARY KEY, n BIGINT, flag BOOLEAN, data BYTEA)`)
		text, n, flag := "pointed", int64(7), true
		for i, args := range [][]any{
			{"plain", 1, true, []byte{0, 1, 255}},
			{word("named"), uint32(2), false, []byte{}},
			{&text, &n, &flag, []byte(nil)},
			{"nil", nil, nil, nil},
		} {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(`INSERT INTO kinds (data, flag, n, id) VALUES ($4, $3, $2, $1)`, args...)
				return err
			})
			if err != nil {
				t.Errorf("row %d: %v", i, err)
			}
		}
		var got []string
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			rows, err := tx.Rows(`SELECT id, n, flag, data, data IS NULL FROM kinds ORDER BY id`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var id string
				var n *int64
				var flag *bool
				var data []byte // nil for empty bytes on SQLite: ask IS NULL where it matters
				var null bool
				if err := rows.Scan(&id, &n, &flag, &data, &null); err != nil {
					return err
				}
				line := fmt.Sprintf("%s %x %v", id, data, null)
				if n != nil && flag != nil {
					line += fmt.Sprint(" ", *n, *flag)
				}
				got = append(got, line)
			}
			return rows.Err()
		})
		want := "named  false 2 false|nil  true|plain 0001ff false 1 true|pointed  true 7 true"
		if err != nil || strings.Join(got, "|") != want {
			t.Errorf("read back %v\n%q, want\n%q", err, strings.Join(got, "|"), want)
		}
		for name, bad := range map[string]any{
			"time": time.Now(), "secret": secret.Text("hush"), "NUL": "a\x00b", "not UTF-8": "\xff", "float": 1.5,
			"struct": struct{}{}, "big": uint64(1),
		} {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(`INSERT INTO kinds (id) VALUES ($1)`, bad)
				return err
			})
			if err == nil || strings.Contains(err.Error(), "hush") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
