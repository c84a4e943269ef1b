package store_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stepup-auth/stepup/internal/faults/disk"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// Whoever is told that something is used up can see it used up, though the commit that
// they share with whoever used it fails: of the others each gets another try.
func TestNeighbourOfAFailedCommit(t *testing.T) {
	url := storetest.Empty(t, store.SQLite)
	first := storetest.Open(t, url)
	write := func(db *store.DB, statement string, args ...any) error {
		return db.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(statement, args...); return err })
	}
	if err := write(first, `CREATE TABLE things (id BIGINT PRIMARY KEY, used_at BIGINT)`); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	under, err := disk.Watch(strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	under.Forget()
	db := storetest.Open(t, url)
	errUsed := errors.New("used")
	shared := 0
	for id := range 30 {
		if err := write(db, `INSERT INTO things (id) VALUES ($1)`, id); err != nil {
			t.Fatal(err)
		}
		var failing atomic.Bool // the next sync, which is that of the commit
		failing.Store(true)
		under.Fail(func(op disk.Op) disk.Failure {
			if op.Step == disk.Sync && failing.CompareAndSwap(true, false) {
				return disk.Lost
			}
			return disk.None
		})
		const tries = 8
		var unknown, used, through atomic.Int64
		var trying sync.WaitGroup
		for range tries {
			trying.Go(func() {
				err := db.Write(t.Context(), func(tx *store.Tx) error {
					n, err := tx.Exec(`UPDATE things SET used_at = $1 WHERE id = $2 AND used_at IS NULL`, 1, id)
					if err == nil && n == 0 {
						err = errUsed
					}
					return err
				})
				switch {
				case err == nil:
					through.Add(1)
				case errors.Is(err, errUsed):
					used.Add(1)
				case errors.Is(err, store.ErrUnknownOutcome):
					unknown.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		trying.Wait()
		under.Fail(nil)
		if unknown.Load() != 1 {
			t.Fatalf("%d commits failed, one should", unknown.Load())
		}
		var at *int64
		if err := db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.Row(`SELECT used_at FROM things WHERE id = $1`, id).Scan(&at)
		}); err != nil {
			t.Fatal(err)
		}
		if used.Load() > 0 && at == nil {
			t.Errorf("%d heard that it was used, and it is not", used.Load())
		}
		if used.Load()+through.Load() == tries-1 {
			shared++
		}
	}
	if shared == 0 {
		t.Error("nobody ever shared a commit")
	}
}
