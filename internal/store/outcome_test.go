package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// Each failure in its two kinds: failed and not stored, failed and stored.
func TestFaults(t *testing.T) {
	cause := errors.New("the cable was pulled")
	for _, c := range []struct {
		op              string
		unknown, stored bool
	}{
		{"begin", false, false}, {"exec", false, false}, {"row", false, false}, {"rows", false, false},
		{"commit", true, false}, {"committed", true, true},
	} {
		t.Run(c.op, func(t *testing.T) {
			var failing string
			fault := func(op string) error {
				if op == failing {
					return cause
				}
				return nil
			}
			storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
				failing = ""
				db := open(t)
				things(t, db, "seen")
				failing = c.op
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					if _, err := tx.Exec(insertThing, "x"); err != nil {
						return err
					}
					rows, err := tx.Rows(`SELECT id FROM things`)
					if err != nil {
						return err
					}
					if err := rows.Close(); err != nil {
						return err
					}
					var id string
					return tx.Row(`SELECT id FROM things WHERE id = 'seen'`).Scan(&id)
				})
				failing = ""
				if !errors.Is(err, cause) || errors.Is(err, store.ErrUnknownOutcome) != c.unknown {
					t.Errorf("Write = %v; want it unknown: %v", err, c.unknown)
				}
				if stored := exists(t, db, "x"); stored != c.stored {
					t.Errorf("stored = %v, want %v", stored, c.stored)
				}
			}, storetest.WithFault(fault))
		})
	}
}

// A constraint that is checked at COMMIT refuses the one that breaks it.
func TestDeferredConstraint(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		things(t, db, "parent")
		exec(t, db, `CREATE TABLE children (id TEXT PRIMARY KEY, parent TEXT REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED)`)
		const n = 30
		errs := make([]error, n)
		var done sync.WaitGroup
		for i := range n {
			done.Go(func() {
				errs[i] = db.Write(t.Context(), func(tx *store.Tx) error {
					parent := "parent"
					if i%5 == 0 {
						parent = "nobody"
					}
					_, err := tx.Exec(`INSERT INTO children (id, parent) VALUES ($1, $2)`, fmt.Sprint(i), parent)
					return err
				})
			})
		}
		done.Wait()
		for i, err := range errs {
			if errors.Is(err, store.ErrUnknownOutcome) || (err != nil) != (i%5 == 0) {
				t.Errorf("child %d: %v", i, err)
			}
			if stored := number(t, db, `SELECT count(*) FROM children WHERE id = $1`, fmt.Sprint(i)); (stored == 1) != (err == nil) {
				t.Errorf("child %d: stored %d times, error = %v", i, stored, err)
			}
		}
	})
}

// A waiting group whose transaction the engine throws away as a whole: only the
// one to blame fails.
func TestEngineUndoesWholeGroup(t *testing.T) {
	path := t.TempDir() + "/stepup.db"
	synctest.Test(t, func(t *testing.T) {
		db := storetest.Open(t, "sqlite:"+path)
		things(t, db)
		exec(t, db, `CREATE TRIGGER boom BEFORE INSERT ON things WHEN NEW.id = 'op 7' BEGIN SELECT RAISE(ROLLBACK, 'boom'); END`)
		commits := number(t, db, `SELECT value FROM store_meta WHERE key = 'commit'`)

		const n = 20
		var runs [n]int
		errs := inOneGroup(t, db, n, func(i int, tx *store.Tx) error {
			runs[i]++
			if _, err := tx.Exec(insertThing, fmt.Sprint("op ", i)); err != nil && i != 7 {
				return err
			}
			// Number 7 goes on as if nothing had happened; nothing of it may stay.
			_, _ = tx.Exec(insertThing, fmt.Sprint("second of ", i))
			return nil
		})
		for i, err := range errs {
			if (err != nil) != (i == 7) {
				t.Errorf("operation %d: %v", i, err)
			}
			for _, id := range []string{fmt.Sprint("op ", i), fmt.Sprint("second of ", i)} {
				if stored := exists(t, db, id); stored != (i != 7) {
					t.Errorf("%s: stored = %v", id, stored)
				}
			}
			if runs[i] > 2 {
				t.Errorf("operation %d ran %d times", i, runs[i])
			}
		}
		if after := number(t, db, `SELECT value FROM store_meta WHERE key = 'commit'`); after == commits {
			t.Error("no commit was counted")
		}
	})
}

// Operations that wait together share a commit, up to the limit, and one that left
// while waiting does not run.
func TestGroupsShareCommit(t *testing.T) {
	path := t.TempDir() + "/stepup.db"
	synctest.Test(t, func(t *testing.T) {
		db := storetest.Open(t, "sqlite:"+path)
		things(t, db)
		before := number(t, db, `SELECT value FROM store_meta WHERE key = 'commit'`)
		errs := inOneGroup(t, db, 2*store.GroupLimit-1, func(i int, tx *store.Tx) error {
			if _, err := tx.Exec(insertThing, fmt.Sprint(i)); err != nil {
				return err
			}
			if i%3 == 0 {
				return errRefused
			}
			return nil
		})
		for i, err := range errs {
			if errors.Is(err, errRefused) != (i%3 == 0) || exists(t, db, fmt.Sprint(i)) != (i%3 != 0) {
				t.Errorf("operation %d: %v", i, err)
			}
		}
		if commits := number(t, db, `SELECT value FROM store_meta WHERE key = 'commit'`) - before; commits != 2 {
			t.Errorf("%d commits for two full groups, want 2", commits)
		}
	})
}

// inOneGroup holds the writer with a first operation until n more are waiting.
func inOneGroup(t *testing.T, db *store.DB, n int, fn func(i int, tx *store.Tx) error) []error {
	errs := make([]error, n)
	release := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		if err := db.Write(t.Context(), func(*store.Tx) error { <-release; return nil }); err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	for i := range n {
		done.Go(func() { errs[i] = db.Write(t.Context(), func(tx *store.Tx) error { return fn(i, tx) }) })
	}
	synctest.Wait()
	close(release)
	done.Wait()
	return errs
}

// The disk refuses to take the commit: unknown, refused; and the store works again
// without a restart once there is room.
func TestDiskFullSQLite(t *testing.T) {
	db := storetest.SQLite(t)
	things(t, db, "token")

	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	full := limit
	full.Cur = 4096 // the write-ahead log is longer than that already
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Fatal(err)
	}
	won, err := consume(t.Context(), db, "token")
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if won || !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("consume on a full disk = %v, %v; want ErrUnknownOutcome", won, err)
	}
	exec(t, db, insertThing, "after")
	mustConsume(t, db, "after", true)
}

// What a commit can meet on PostgreSQL, on a server of its own.
func TestUnknownOutcomePostgres(t *testing.T) {
	server := storetest.StartServer(t)
	db := storetest.Open(t, server.Database(t))
	things(t, db, ids(4)...)
	admin := server.Admin()

	t.Run("connection lost before commit", func(t *testing.T) {
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			var pid int
			if err := tx.Row(`SELECT pg_backend_pid()`).Scan(&pid); err != nil {
				return err
			}
			if _, err := tx.Exec(insertThing, "lost"); err != nil {
				return err
			}
			_, err := admin.Exec(`SELECT pg_terminate_backend($1, 10000)`, pid)
			return err
		})
		if !errors.Is(err, store.ErrUnknownOutcome) {
			t.Errorf("Write = %v", err)
		}
	})

	// From here on no standby answers: every commit waits.
	for _, statement := range []string{`ALTER SYSTEM SET synchronous_standby_names = 'ghost'`, `SELECT pg_reload_conf()`} {
		if _, err := admin.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	waitForWaiting(t, admin)
	if report, err := db.Durability(t.Context()); err != nil || len(report.Problems) != 1 ||
		!strings.Contains(report.Problems[0], "no standby is connected") {
		t.Errorf("without anybody to wait for: %v, %v", report.Problems, err)
	}
	for i, c := range []struct{ name, end string }{
		{"wait for the standby cancelled", `SELECT pg_cancel_backend($1)`},
		{"wait for the standby terminated", `SELECT pg_terminate_backend($1)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := fmt.Sprintf("thing-%d", i)
			result := make(chan error, 1)
			go func() {
				_, err := consume(t.Context(), db, id)
				result <- err
			}()
			endWaitingCommit(t, admin, c.end, result)
		})
	}
	t.Run("standby never answers", func(t *testing.T) {
		store.SetCommitTimeout(db, 300*time.Millisecond)
		won, err := consume(t.Context(), db, "thing-2")
		if won || !errors.Is(err, store.ErrUnknownOutcome) {
			t.Errorf("consume = %v, %v; want ErrUnknownOutcome", won, err)
		}
	})
	for _, statement := range []string{`ALTER SYSTEM RESET synchronous_standby_names`, `SELECT pg_reload_conf()`} {
		if _, err := admin.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	store.SetCommitTimeout(db, 10*time.Second)
	// The cancelled commits did take place here; none of them may be done again.
	mustConsume(t, db, "thing-0", false)
	mustConsume(t, db, "thing-1", false)
	mustConsume(t, db, "thing-2", false)
	mustConsume(t, db, "thing-3", true)
}

// endWaitingCommit ends the wait of the one backend that waits for the standby, and
// expects the caller to hear that the outcome is unknown.
func endWaitingCommit(t *testing.T, admin *sql.DB, end string, result <-chan error) {
	t.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case err := <-result:
			if !errors.Is(err, store.ErrUnknownOutcome) {
				t.Errorf("Write = %v, want ErrUnknownOutcome", err)
			}
			return
		case <-poll.C:
			var pid int
			err := admin.QueryRow(`SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'stepup'`).
				Scan(&pid)
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err == nil {
				_, err = admin.Exec(end, pid)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestRefusedCommit(t *testing.T) {
	server := func(severity, code string) error {
		return fmt.Errorf("committing: %w", &pgconn.PgError{SeverityUnlocalized: severity, Code: code})
	}
	for _, c := range []struct {
		err     error
		refused bool
	}{
		{server("ERROR", "23505"), true},  // unique violation
		{server("ERROR", "40001"), true},  // serialization failure
		{server("ERROR", "40P01"), true},  // deadlock
		{pgx.ErrTxCommitRollback, true},   // the server rolled back
		{server("FATAL", "40001"), false}, // and then ended the connection
		{server("PANIC", "23505"), false},
		{server("ERROR", "40003"), false}, // statement completion unknown
		{server("ERROR", "08006"), false}, // connection failure
		{server("ERROR", "57014"), false}, // query cancelled, while waiting for a standby
		{server("FATAL", "57P01"), false}, // administrator shutdown
		{server("ERROR", "58030"), false}, // I/O error
		{server("ERROR", "XX000"), false}, // internal error
		{errors.New("unexpected EOF"), false},
		{context.DeadlineExceeded, false},
		{fmt.Errorf("reading: %w", io.EOF), false},
	} {
		if got := store.Refused(c.err); got != c.refused {
			t.Errorf("refused(%v) = %v", c.err, got)
		}
	}
}

// waitForWaiting returns once commits wait for the standby that is not there:
// the server takes a new setting over some time after it was told to.
func waitForWaiting(t *testing.T, admin *sql.DB) {
	t.Helper()
	for range 100 {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		_, err := admin.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS waiting (n INT); INSERT INTO waiting VALUES (1)`)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return
		}
	}
	t.Fatal("commits do not wait for the standby")
}
