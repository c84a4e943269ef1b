package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrations of the issuer lie in migrations/, those of another [Schema] in its
// Files. What differs between the engines lies under one name in migrations/sqlite
// and migrations/postgres, and every database has it; what lies in a folder issuer
// below them, only the issuer's.
//
// Nothing has number 8 or 16: the work that had taken them landed behind others, with
// later numbers. They stay free, as does every number below the newest, because a
// database that is past a number is refused by a file that comes to it late.
//
//go:embed migrations
var migrationFiles embed.FS

// migrationFS shows several folders as one: the tables of a schema and those of one
// engine. Of two files with one name the first one counts.
type migrationFS struct{ layers []fs.FS }

// Migrations are the files that make the schema's tables on that engine, the
// engine's own among them.
func (s Schema) Migrations(engine string) (fs.FS, error) {
	shared := s.Files
	if s == (Schema{}) {
		var err error
		if shared, err = fs.Sub(migrationFiles, "migrations"); err != nil {
			return nil, err
		}
	}
	own, err := fs.Sub(migrationFiles, "migrations/"+engine)
	if err != nil {
		return nil, err
	}
	layers := []fs.FS{shared, own}
	if s == (Schema{}) {
		issuers, err := fs.Sub(own, "issuer")
		if err != nil {
			return nil, err
		}
		layers = append(layers, issuers)
	}
	return migrationFS{layers: layers}, nil
}

func (m migrationFS) Open(name string) (fs.File, error) {
	for _, layer := range m.layers {
		file, err := layer.Open(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (m migrationFS) ReadDir(name string) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	for _, layer := range m.layers {
		entries, err := fs.ReadDir(layer, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, entry := range entries {
			if !entry.IsDir() {
				all = append(all, entry)
			}
		}
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all, nil
}

func newProvider(engine string, db *sql.DB, schema Schema, logger *slog.Logger) (*goose.Provider, error) {
	files, err := schema.Migrations(engine)
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectSQLite3
	if engine == Postgres {
		dialect = goose.DialectPostgres
	}
	return goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true), goose.WithSlog(logger))
}

// migrate takes a lock only when something is pending, so that nodes that start
// later need not wait for one another.
func (e *postgresEngine) migrate(ctx context.Context, schema Schema, logger *slog.Logger) error {
	db := e.db
	provider, err := newProvider(Postgres, db, schema, logger)
	if err != nil {
		return err
	}
	if current(ctx, provider) {
		return schema.mustBe(ctx, db)
	}
	return e.alone(ctx, func() error { return up(ctx, provider, db, schema, logger) })
}

// How often the lock of migrations is asked for, and for how long.
const (
	lockEvery = 200 * time.Millisecond
	lockWait  = 5 * time.Minute
)

// alone runs f while no other node migrates. The lock is that of goose, held by a
// transaction: a pooler gives what comes outside of one another session each time, and a
// lock of a session would stay behind in it. Whoever waits holds nothing meanwhile.
func (e *postgresEngine) alone(ctx context.Context, f func() error) error {
	conn, err := pgx.ConnectConfig(ctx, e.config) // besides the pool, which may have only one
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	waiting, cancel := context.WithTimeoutCause(ctx, lockWait, errors.New("another node has been migrating the database for five minutes"))
	defer cancel()
	tick := time.NewTicker(lockEvery)
	defer tick.Stop()
	for {
		ran, err := aloneOnce(ctx, conn, f)
		if ran || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-waiting.Done():
			return context.Cause(waiting)
		}
	}
}

func aloneOnce(ctx context.Context, conn *pgx.Conn, f func() error) (ran bool, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	// The transaction does nothing for as long as f runs.
	err = tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1) FROM set_config('idle_in_transaction_session_timeout', '0', true)`,
		lock.DefaultLockID).Scan(&ran)
	if err != nil || !ran {
		return false, err
	}
	return true, f()
}

// migrateSQLite has no lock to take: each migration is a transaction of its own,
// so of two processes that start at once one fails at a table that is there
// already. It looks again for as long as the other one moves on.
func migrateSQLite(ctx context.Context, db *sql.DB, schema Schema, logger *slog.Logger) error {
	provider, err := newProvider(SQLite, db, schema, logger)
	if err != nil {
		return err
	}
	for last := int64(-1); ; {
		upErr := up(ctx, provider, db, schema, logger)
		if upErr == nil {
			return nil
		}
		version, err := provider.GetDBVersion(ctx)
		if err != nil || version == last {
			return upErr
		}
		last = version
	}
}

// engineVersion is the migration that every database has.
const engineVersion = 1

// up applies what is pending, once it knows that the database is one of this
// schema. One that a newer version has migrated is refused: this one would not keep
// the promises its tables make.
func up(ctx context.Context, provider *goose.Provider, db *sql.DB, schema Schema, logger *slog.Logger) error {
	apply := func(version int64) error {
		results, err := provider.UpTo(ctx, version)
		for _, result := range results {
			logger.InfoContext(ctx, "migrated the database", "migration", result.Source.Path, "took", result.Duration)
		}
		if err != nil {
			return fmt.Errorf("applying migrations: %w", err)
		}
		return nil
	}
	version, err := provider.GetDBVersion(ctx)
	if err != nil || version < engineVersion {
		if err := apply(engineVersion); err != nil {
			return err
		}
	}
	if err := schema.claim(ctx, db, version > engineVersion); err != nil {
		return err
	}
	newest := newest(provider)
	if version > newest {
		return fmt.Errorf("the database is at migration %d and this version of stepup knows %d: run the newer version again",
			version, newest)
	}
	return apply(newest)
}

func newest(provider *goose.Provider) int64 {
	sources := provider.ListSources()
	return sources[len(sources)-1].Version
}

// current reports whether the database has every migration and no newer one.
func current(ctx context.Context, provider *goose.Provider) bool {
	version, err := provider.GetDBVersion(ctx)
	if err != nil || version != newest(provider) {
		return false
	}
	pending, err := provider.HasPending(ctx) // an error: one before the newest is missing
	return err == nil && !pending
}
