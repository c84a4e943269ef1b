package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// Transactions that pin the rules follow one another without a gap, each begun before
// the one before it ends. Whoever changes the rules gets in between all the same.
// (SQLite lets one writer in at a time.)
func TestChangeOfRulesIsNotStarved(t *testing.T) {
	t.Parallel()
	db, id := storetest.Postgres(t), ids(1)[0]
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	must(db.Write(t.Context(), func(tx *store.Tx) error { return tx.PutEnvironment(id, "Demo", "{}", 0) }))

	const rounds = 40
	changed := make(chan struct{})
	next := make(chan struct{})
	var all sync.WaitGroup
	pin := func(pinned chan<- struct{}, follower <-chan struct{}) {
		must(db.Write(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.EnvironmentRevision(id); err != nil {
				return err
			}
			close(pinned)
			select { // until the next one holds the rules too, or waits for whoever changes them
			case <-follower:
			case <-changed:
			case <-time.After(time.Second):
			}
			return nil
		}))
	}
	follower := make(chan struct{})
	all.Go(func() { pin(next, follower) })
	<-next
	var took int
	all.Go(func() {
		defer close(changed)
		must(db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.LockEnvironment(id)
			return err
		}))
	})
	for waiting := 0; waiting == 0; {
		must(db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.Row(`SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).
				Scan(&waiting)
		}))
	}
	for took = 0; took < rounds; took++ {
		select {
		case <-changed:
			took += rounds
			continue
		default:
		}
		pinned, after := follower, make(chan struct{})
		follower = after
		all.Go(func() { pin(pinned, after) })
		select {
		case <-pinned:
		case <-changed:
		}
	}
	if took <= rounds {
		t.Errorf("%d transactions pinned the rules while one waited to change them", rounds)
	}
	close(follower)
	all.Wait()
}
