package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stepup-auth/stepup/internal/store"
)

// The tests' own table: single-use things, each with a failure counter.
const createThings = `CREATE TABLE IF NOT EXISTS things (
	id       TEXT PRIMARY KEY,
	epoch    TEXT NOT NULL,
	used_at  BIGINT,
	failures BIGINT NOT NULL DEFAULT 0
)`

const (
	insertThing  = `INSERT INTO things (id, epoch) SELECT $1, epoch FROM current_epoch`
	consumeThing = `UPDATE things SET used_at = $1 WHERE id = $2 AND used_at IS NULL
		AND epoch = (SELECT epoch FROM current_epoch) RETURNING id`
	countFailure = `UPDATE things SET failures = failures + 1 WHERE id = $1 RETURNING failures`
)

func exec(t testing.TB, db *store.DB, query string, args ...any) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// things makes the table with these rows.
func things(t testing.TB, db *store.DB, ids ...string) {
	t.Helper()
	exec(t, db, createThings)
	for _, id := range ids {
		exec(t, db, insertThing, id)
	}
}

// consume reports whether this call used the thing up.
func consume(ctx context.Context, db *store.DB, id string) (won bool, err error) {
	err = db.Write(ctx, func(tx *store.Tx) error {
		won = false
		var got string
		err := tx.Row(consumeThing, tx.Now().UnixMilli(), id).Scan(&got)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		won = err == nil
		return err
	})
	return won && err == nil, err
}

func mustConsume(t testing.TB, db *store.DB, id string, want bool) {
	t.Helper()
	won, err := consume(t.Context(), db, id)
	if err != nil || won != want {
		t.Errorf("consume(%s) = %v, %v; want %v", id, won, err, want)
	}
}

// number reads one integer.
func number(t testing.TB, db *store.DB, query string, args ...any) int64 {
	t.Helper()
	var n int64
	err := db.Read(t.Context(), func(tx *store.Tx) error { return tx.Row(query, args...).Scan(&n) })
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func exists(t testing.TB, db *store.DB, id string) bool {
	t.Helper()
	return number(t, db, `SELECT count(*) FROM things WHERE id = $1`, id) == 1
}

func ids(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("thing-%d", i)
	}
	return all
}
