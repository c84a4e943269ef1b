package store

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// TableSize is how many rows a table has: on PostgreSQL by its own estimate.
type TableSize struct {
	Name string
	Rows int64
}

// Sizes reads the sizes of all tables, by name, and the bytes of the whole database.
func (tx *Tx) Sizes() (tables []TableSize, bytes int64, err error) {
	names := `SELECT name, 0 FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
	whole := `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`
	if tx.ForUpdate() != "" {
		names = `SELECT c.relname, COALESCE(s.n_live_tup, 0) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid WHERE c.relkind = 'r' AND n.nspname = current_schema() ORDER BY c.relname`
		whole = `SELECT pg_database_size(current_database())`
	}
	rows, err := tx.Rows(names)
	tables, err = collect(rows, err, func(rows Rows) (t TableSize, err error) {
		err = rows.Scan(&t.Name, &t.Rows)
		return t, err
	})
	if err != nil {
		return nil, 0, err
	}
	if tx.ForUpdate() == "" {
		for i, t := range tables { // the names are those of our own migrations
			if err := tx.Row(`SELECT COUNT(*) FROM "` + t.Name + `"`).Scan(&tables[i].Rows); err != nil {
				return nil, 0, err
			}
		}
	}
	return tables, bytes, tx.Row(whole).Scan(&bytes)
}

// metaForwarding is the key under which the last problem with forwarded headers, and
// its time, is kept.
const metaForwarding = "forwarding"

// NoteForwarding keeps a problem with forwarded headers, for the doctor.
func (tx *Tx) NoteForwarding(problem string) error {
	_, err := tx.Exec(`INSERT INTO store_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2`,
		metaForwarding, strconv.FormatInt(millis(tx.Now()), 10)+" "+problem)
	return err
}

// Forwarding is the last problem with forwarded headers; empty: there was none.
func (tx *Tx) Forwarding() (problem string, at time.Time, err error) {
	var value string
	err = notFound(tx.Row(`SELECT value FROM store_meta WHERE key = $1`, metaForwarding).Scan(&value))
	if errors.Is(err, ErrNotFound) {
		return "", time.Time{}, nil
	}
	stamp, problem, _ := strings.Cut(value, " ")
	n, parsed := strconv.ParseInt(stamp, 10, 64)
	return problem, fromMillis(n), errors.Join(err, parsed)
}
