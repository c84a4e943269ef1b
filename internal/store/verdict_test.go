package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// Whoever is told that something is spent can see it spent: an operation that
// failed because of a neighbour in its group hears of it after their commit.
func TestLoserSeesWhyItLost(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		const rounds, tries = 10, 40
		all := ids(rounds)
		things(t, db, all...)
		errSpent := errors.New("spent")
		for _, id := range all {
			var start, done sync.WaitGroup
			start.Add(1)
			for range tries {
				done.Go(func() {
					start.Wait()
					err := db.Write(t.Context(), func(tx *store.Tx) error {
						n, err := tx.Exec(`UPDATE things SET used_at = 1 WHERE id = $1 AND used_at IS NULL`, id)
						if err == nil && n == 0 {
							return errSpent
						}
						return err
					})
					if !errors.Is(err, errSpent) {
						if err != nil {
							t.Error(err)
						}
						return
					}
					open := 0
					err = db.Read(t.Context(), func(tx *store.Tx) error {
						return tx.Row(`SELECT COUNT(*) FROM things WHERE id = $1 AND used_at IS NULL`, id).Scan(&open)
					})
					if err != nil || open != 0 {
						t.Errorf("%s was called spent while it was not: %v", id, err)
					}
				})
			}
			start.Done()
			done.Wait()
		}
	})
}
