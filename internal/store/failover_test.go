package store_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// A synchronous standby takes over: the timeline moves the epoch, what was spent
// stays spent, and what was open is refused.
func TestFailover(t *testing.T) {
	primary := storetest.StartServer(t)
	url := primary.Database(t)
	name := url[strings.LastIndex(url, "/t_")+1 : strings.Index(url, "?")]
	standby := primary.Standby(t)
	admin := primary.Admin()
	for _, statement := range []string{`ALTER SYSTEM SET synchronous_standby_names = '*'`, `SELECT pg_reload_conf()`} {
		if _, err := admin.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for poll := time.NewTicker(10 * time.Millisecond); ; <-poll.C {
		var synchronous bool
		if err := admin.QueryRowContext(t.Context(), `SELECT coalesce(bool_or(sync_state = 'sync'), false) FROM pg_stat_replication`).
			Scan(&synchronous); err != nil {
			t.Fatal(err)
		}
		if synchronous {
			break
		}
	}
	// One URL with both hosts, as an operator writes it.
	both := strings.Replace(url, "host=", "host="+strings.ReplaceAll(standby.Folder(), "/", "%2F")+"%2C", 1)
	db := storetest.Open(t, both)
	things(t, db, "spent", "open")
	mustConsume(t, db, "spent", true)
	before := storetest.Epoch(t, db)

	report, err := db.Durability(t.Context())
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("with a synchronous standby: %+v, %v", report, err)
	}
	config := store.Config{URL: standby.URL(name), Box: storetest.Box(t)}
	if _, err := store.Open(t.Context(), config); err == nil {
		t.Error("the store opened on a standby")
	}

	primary.Kill(t)
	if won, err := consume(t.Context(), db, "open"); won || err == nil {
		t.Errorf("consume while nobody leads = %v, %v", won, err)
	}
	started := time.Now()
	standby.Promote(t)

	// The same handle finds the new primary by itself.
	var after string
	for deadline := time.Now().Add(20 * time.Second); ; {
		if err = db.Read(t.Context(), func(tx *store.Tx) (err error) { after, err = tx.Epoch(); return err }); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the store does not come back: %v", err)
		}
	}
	t.Logf("served again %v after the promotion began", time.Since(started).Round(time.Millisecond))
	if after == before || strings.Split(after, ":")[0] != strings.Split(before, ":")[0] {
		t.Errorf("the epoch went from %q to %q; want another timeline of the same stored epoch", before, after)
	}
	mustConsume(t, db, "spent", false)
	mustConsume(t, db, "open", false)
	// The promoted server waits for no standby unless it is told to.
	things(t, db, "new")
	mustConsume(t, db, "new", true)
	// Nor does a backup depend on the host that the URL names first.
	dead := strings.Replace(url, "&sslmode", "%2C"+strings.ReplaceAll(standby.Folder(), "/", "%2F")+"&sslmode", 1)
	if err := storetest.Open(t, dead).Backup(t.Context(), filepath.Join(t.TempDir(), "backup")); err != nil {
		t.Error(err)
	}
}
