package store_test

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// fill makes n tokens, n sessions of one user and n counters, over if due says so.
func fill(t testing.TB, db *store.DB, prefix string, n int, due bool) {
	t.Helper()
	at := time.Now().Add(-60 * 24 * time.Hour).UnixMilli()
	if !due {
		at = time.Now().Add(time.Hour).UnixMilli()
	}
	const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) `
	exec(t, db, `INSERT INTO environments (id, name, document, revision, created_at, updated_at) VALUES ('e', 'e', '', 1, 1, 1)
		ON CONFLICT DO NOTHING`)
	exec(t, db, `INSERT INTO users (id, environment_id, username, profile, created_at, last_visit_at) VALUES ('u', 'e', '', '{}', 1, 1)
		ON CONFLICT DO NOTHING`)
	exec(t, db, numbers+`INSERT INTO counters (name, count, window_end) SELECT $2 || CAST(i AS TEXT), 1, $3 FROM n WHERE 1 = 1`,
		n, prefix, at)
	exec(t, db, numbers+
		`INSERT INTO sessions (id, environment_id, user_id, signin_credential_id, signin_method, last_verified_credential_id, origin,
		session_public_key, device_public_key, sdk_version, created_at, refreshed_at, expires_at, ends_at)
		SELECT $2 || CAST(i AS TEXT), 'e', 'u', 'c', 'm', 'c', '', '', '', '', 1, 1, $3, $3 FROM n WHERE 1 = 1`, n, prefix, at)
	exec(t, db, numbers+`INSERT INTO elevated_tokens (id, environment_id, user_id, session_id, credential_id, method, scopes, audience, acr,
		single_use, epoch, issued_at, expires_at)
		SELECT $2 || CAST(i AS TEXT), 'e', 'u' || CAST(i AS TEXT), 's' || CAST(i AS TEXT), 'c', 'm', 'a:b', 'x', 'y', 1, 'z', 1, $3 FROM n
		WHERE 1 = 1`, n, prefix, at)
}

// What is over goes, the rest stays, and no transaction is long: others wait for it.
func TestPurge(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		fill(t, db, "old-", 1200, true)
		fill(t, db, "new-", 20, false)
		gone := map[string]int64{}
		batches := 0
		purger := store.NewPurger(db)
		purger.Done = func(table string, n int64, _ time.Duration) {
			gone[table] += n
			if n > 0 {
				batches++
			}
			if n > store.BatchMost {
				t.Errorf("%d rows of %s went in one transaction", n, table)
			}
		}
		if err := purger.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"counters", "sessions", "elevated_tokens"} {
			if left := number(t, db, `SELECT COUNT(*) FROM `+table); left != 20 || gone[table] != 1200 {
				t.Errorf("%s: %d rows are left and %d went", table, left, gone[table])
			}
		}
		if batches < 3*1200/store.BatchMost {
			t.Errorf("%d batches", batches)
		}
	})
}

// Of several nodes one purges, until it is gone for a while.
func TestPurgeOnOneNode(t *testing.T) {
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		first, second := store.NewPurger(open(t)), store.NewPurger(open(t))
		did := func(p *store.Purger) (done bool) {
			t.Helper()
			p.Done = func(string, int64, time.Duration) { done = true }
			if err := p.Round(t.Context()); err != nil {
				t.Fatal(err)
			}
			return done
		}
		for i, want := range []struct{ first, second bool }{{true, false}, {true, false}} {
			if a, b := did(first), did(second); a != want.first || b != want.second {
				t.Errorf("round %d: first %v, second %v", i, a, b)
			}
		}
		clock.Advance(3 * time.Minute)
		if !did(second) || did(first) {
			t.Error("the second node did not take over from one that is gone")
		}
	}, storetest.WithClock(clock))
}

// A million rows that are due stop nobody: the longest wait of a writer beside the
// purge. Run with LONG_TESTS=1.
func TestPurgeStopsNobody(t *testing.T) {
	if os.Getenv("LONG_TESTS") == "" {
		t.Skip("a minute or more; set LONG_TESTS=1")
	}
	db := storetest.SQLite(t)
	fill(t, db, "old-", 340_000, true)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	var gone int64
	var batches []time.Duration
	go func() {
		purger := store.NewPurger(db)
		purger.Done = func(_ string, n int64, took time.Duration) { gone += n; batches = append(batches, took) }
		ended <- purger.Round(ctx)
	}()
	defer cancel()
	var waits []time.Duration
	began := time.Now()
	for done := false; !done; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			done = true
		default:
			at := time.Now()
			exec(t, db, `INSERT INTO counters (name, count, window_end) VALUES ($1, 1, $2) ON CONFLICT (name) DO UPDATE
				SET count = counters.count + 1`, "busy", at.Add(time.Hour).UnixMilli())
			waits = append(waits, time.Since(at))
		}
	}
	slices.Sort(waits)
	slices.Sort(batches)
	at := func(all []time.Duration, share float64) time.Duration { return all[int(float64(len(all)-1)*share)] }
	t.Logf("%d rows in %s; %d batches: p50 %s, p99 %s, longest %s; %d writes meanwhile: p50 %s, p99 %s, longest %s", gone,
		time.Since(began).Round(time.Second), len(batches), at(batches, .5), at(batches, .99), at(batches, 1), len(waits), at(waits, .5),
		at(waits, .99), at(waits, 1))
	if at(waits, .999) > 50*time.Millisecond {
		t.Errorf("one write in a thousand waits %s", at(waits, .999))
	}
}
