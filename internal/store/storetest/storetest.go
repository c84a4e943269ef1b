// Package storetest gives tests real databases: a SQLite file, and one of a PostgreSQL
// server that all of a test run share, or that is started from the installed binaries
// once per test process.
//
// Its invariant: nothing it starts outlives the test process, however that ends.
package storetest

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/store"
)

// Option changes the configuration a test's store is opened with.
type Option func(*store.Config)

// WithClock moves the store's clock.
func WithClock(clock *Clock) Option {
	return func(c *store.Config) { c.TestOnlyOffset = clock.Offset }
}

// WithFault makes steps fail; see store.Config.TestOnlyFault.
func WithFault(fault func(op string) error) Option {
	return func(c *store.Config) { c.TestOnlyFault = fault }
}

// Clock is an offset that a test moves by hand. The zero value is the present.
type Clock struct{ offset atomic.Int64 }

// Advance moves the clock, backwards if d is negative.
func (c *Clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

// Offset is how far the clock was moved.
func (c *Clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// Epoch is the epoch a database is in.
func Epoch(t testing.TB, db *store.DB) (epoch string) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.Tx) (err error) { epoch, err = tx.Epoch(); return err }); err != nil {
		t.Fatal(err)
	}
	return epoch
}

// Engines runs f once per engine, in subtests "sqlite" and "postgres". Each call of
// open gives another handle on the subtest's one database, as another node of the
// server would have it; handles are closed when the test that opened them ends.
func Engines(t *testing.T, f func(t *testing.T, open func(t testing.TB) *store.DB), options ...Option) {
	t.Helper()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			url := URL(t, engine, options...)
			f(t, func(t testing.TB) *store.DB {
				t.Helper()
				return Open(t, url, options...)
			})
		})
	}
}

// URL is the URL of a fresh database of that engine. It has the tables of the schema
// that the options name, the issuer's by default, and nobody has opened it yet.
func URL(t testing.TB, engine string, options ...Option) string {
	t.Helper()
	var config store.Config
	for _, option := range options {
		option(&config)
	}
	if engine == store.Postgres {
		return shared(t).Copy(t, config.Schema)
	}
	path := filepath.Join(t.TempDir(), "stepup.db")
	if err := os.WriteFile(path, sqliteTemplate(t, config.Schema), 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// Empty is the URL of a fresh database of that engine without any tables.
func Empty(t testing.TB, engine string) string {
	t.Helper()
	if engine == store.Postgres {
		return shared(t).Database(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "stepup.db")
}

// SQLite opens a fresh SQLite database.
func SQLite(t testing.TB, options ...Option) *store.DB {
	t.Helper()
	return Open(t, URL(t, store.SQLite, options...), options...)
}

// Postgres opens a fresh PostgreSQL database.
func Postgres(t testing.TB, options ...Option) *store.DB {
	t.Helper()
	return Open(t, URL(t, store.Postgres, options...), options...)
}

// Open opens the database at url under [Box] until the test ends.
func Open(t testing.TB, url string, options ...Option) *store.DB {
	t.Helper()
	config := store.Config{URL: url, Box: Box(t)}
	for _, option := range options {
		option(&config)
	}
	db, err := store.Open(t.Context(), config)
	if err != nil {
		t.Fatalf("opening a test database: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("closing the test database: %v", err)
		}
	})
	return db
}

var box = sync.OnceValues(func() (*seal.Box, error) {
	key, err := seal.NewMasterKey()
	if err != nil {
		return nil, err
	}
	return seal.ParseMasterKey(key)
})

// Box holds the master key of this test process.
func Box(t testing.TB) *seal.Box {
	t.Helper()
	box, err := box()
	if err != nil {
		t.Fatal(err)
	}
	return box
}
