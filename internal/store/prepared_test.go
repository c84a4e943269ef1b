package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// Statements that were prepared go on working when the tables change under them, and
// while their own rows are being read.
func TestPreparedStatements(t *testing.T) {
	const all = `SELECT * FROM things ORDER BY id`
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		things(t, db, "a", "b")
		columns := func() (n int) {
			err := db.Read(t.Context(), func(tx *store.Tx) error {
				rows, err := tx.Rows(all)
				if err != nil {
					return err
				}
				for n = 1; rows.Next(); n++ {
				}
				return errors.Join(rows.Err(), rows.Close())
			})
			if err != nil {
				t.Errorf("reading: %v", err)
			}
			return n
		}
		for i := range 3 {
			exec(t, db, fmt.Sprintf(`ALTER TABLE things ADD COLUMN more%d TEXT`, i))
			for range 4 { // over more than one connection
				if n := columns(); n != 3 {
					t.Errorf("%d rows", n-1)
				}
			}
		}
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			for range 2 * 512 { // as many texts as no source has
				if _, err := tx.Exec(fmt.Sprintf(`UPDATE things SET failures = %d WHERE id = $1`, tx.Now().Nanosecond()), "a"); err != nil {
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

// One text at once in two places, on SQLite, where it is compiled once per connection.
func TestCompiledStatementTwice(t *testing.T) {
	db := storetest.SQLite(t)
	things(t, db, "a", "b", "c")
	const all = `SELECT id FROM things ORDER BY id`
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		outer, err := tx.Rows(all)
		if err != nil {
			return err
		}
		defer outer.Close()
		pairs := 0
		for outer.Next() {
			inner, err := tx.Rows(all)
			if err != nil {
				return err
			}
			for inner.Next() {
				pairs++
			}
			if err := errors.Join(inner.Err(), inner.Close()); err != nil {
				return err
			}
		}
		if pairs != 9 {
			t.Errorf("%d pairs of three", pairs)
		}
		return outer.Err()
	})
	if err != nil {
		t.Error(err)
	}
}

// Nothing depends on names where the URL says so, for a pooler that does not carry them over.
func TestWithoutPreparedNames(t *testing.T) {
	url := storetest.URL(t, store.Postgres)
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	db := storetest.Open(t, url+separator+"default_query_exec_mode=exec")
	things(t, db, "token")
	mustConsume(t, db, "token", true)
	mustConsume(t, db, "token", false)
	var prepared int
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		return tx.Row(`SELECT COUNT(*) FROM pg_prepared_statements`).Scan(&prepared)
	})
	if err != nil || prepared != 0 {
		t.Errorf("%d statements are prepared by name, %v", prepared, err)
	}
}
