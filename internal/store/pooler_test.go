package store_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// Behind PgBouncer in transaction mode, where each transaction gets another session:
// nodes that start together migrate once and leave no lock behind, a thing is consumed
// once, and each transaction has the limits that it sets.
func TestPooler(t *testing.T) {
	server := storetest.StartServer(t)
	pooler := server.Pooler(t)
	url := server.Database(t)
	name := url[strings.LastIndex(url, "/")+1 : strings.Index(url, "?")]
	const nodes = 6
	opened := make([]*store.DB, nodes)
	var starting sync.WaitGroup
	for i := range nodes {
		starting.Go(func() {
			db, err := store.Open(t.Context(), store.Config{URL: server.Through(pooler, name), Box: storetest.Box(t)})
			if err != nil {
				t.Errorf("node %d: %v", i, err)
			}
			opened[i] = db
		})
	}
	starting.Wait()
	if t.Failed() {
		return
	}
	t.Cleanup(func() {
		for _, db := range opened {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	var locks int
	if err := server.Admin().QueryRow(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'`).Scan(&locks); err != nil || locks != 0 {
		t.Errorf("%d locks stayed behind, %v", locks, err)
	}

	// A dump would leave the pooler with sessions that find no table.
	if err := opened[0].Backup(t.Context(), filepath.Join(t.TempDir(), "backup")); err == nil || !strings.Contains(err.Error(), "pooler") {
		t.Errorf("a backup through the pooler: %v", err)
	}

	things(t, opened[0], ids(20)...)
	for _, id := range ids(20) {
		wins := make([]bool, nodes)
		var racing sync.WaitGroup
		for i := range nodes {
			racing.Go(func() {
				var err error
				if wins[i], err = consume(t.Context(), opened[i], id); err != nil {
					t.Errorf("%s on node %d: %v", id, i, err)
				}
			})
		}
		racing.Wait()
		won := 0
		for _, win := range wins {
			if win {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%s was consumed %d times", id, won)
		}
	}
	if err := opened[0].Read(t.Context(), func(tx *store.Tx) error {
		var timeout string
		if err := tx.Row(`SELECT current_setting('statement_timeout')`).Scan(&timeout); err != nil || timeout != "10s" {
			t.Errorf("within a transaction statement_timeout is %s, %v", timeout, err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}
