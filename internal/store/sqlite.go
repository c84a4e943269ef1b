package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteEngine is one writing connection behind the group commit of [writer], and
// a pool of connections that only read.
type sqliteEngine struct {
	path    string
	writing *sql.DB
	reading *sql.DB
	writer  *writer
	water   *highWater
}

// processWide are settings of the driver that hold for the whole process.
//
// OFD locks: with the default kind, whoever opens and closes the database file
// anywhere in this process (to copy it, say) drops the locks of every connection.
// fdatasync: as durable as fsync, without waiting for the file's timestamps.
// Both are refinements; where the platform lacks them the defaults serve.
var processWide = sync.OnceFunc(func() {
	_, _ = sqlite.OFDLocking(true)
	_, _ = sqlite.Fdatasync(true)
})

func openSQLite(ctx context.Context, path string, config Config, counts *counts) (*sqliteEngine, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening database: %w", err)
	}
	if err := ensureFile(path, config.MustExist); err != nil {
		return nil, err
	}
	water, err := openHighWater(path)
	if err != nil {
		return nil, err
	}
	e := &sqliteEngine{
		path:    path,
		water:   water,
		writing: openSQLitePool(path, sqliteMode{shred: config.Schema.Shred}, 1),
		reading: openSQLitePool(path, sqliteMode{readOnly: true}, config.MaxConns),
	}
	e.writer = startWriter(e.writing, water, config.Logger, counts)
	if err := e.ping(ctx); err != nil {
		if code, ok := sqliteCode(err); ok && code&0xff == sqlite3.SQLITE_NOTADB {
			err = fmt.Errorf("%w; %s is not a SQLite database, name another path or restore a backup", err, path)
		}
		return nil, errors.Join(fmt.Errorf("opening database: %w", err), e.close())
	}
	return e, nil
}

// ensureFile creates the database file, for this user alone, if there is none.
func ensureFile(path string, mustExist bool) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	switch {
	case err == nil:
		return file.Close()
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("opening database: %w; make the file readable and writable for this user", err)
	case mustExist:
		return fmt.Errorf("opening database: %w (%w); check the path in STEPUP_DATABASE_URL, or let `stepup serve` make it",
			ErrNoDatabase, err)
	}
	file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was faster
	}
	if err != nil {
		return fmt.Errorf("creating database: %w; its folder must exist and be writable", err)
	}
	if err := errors.Join(file.Close(), syncFolder(path)); err != nil {
		return fmt.Errorf("creating database: %w", err)
	}
	return nil
}

// exists was asked before the file was opened.
func (e *sqliteEngine) exists(context.Context) error { return nil }

// sqliteMode is what connections are for.
type sqliteMode struct {
	readOnly bool
	shred    bool // see [Schema]
}

func openSQLitePool(path string, mode sqliteMode, conns int) *sql.DB {
	processWide()
	query := url.Values{
		"_busy_timeout": {"10000"}, // other processes: the command line beside the server
		"_foreign_keys": {"on"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"}, // NORMAL may forget the last commits: a spent token comes alive
		"_dqs":          {"0"},
		"_defensive":    {"1"},
	}
	if mode.shred {
		query.Set("_pragma", "secure_delete(on)")
	}
	if mode.readOnly {
		query.Set("_query_only", "on")
	}
	dsn := (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}).String()
	pool := sql.OpenDB(assertingConnector{dsn: dsn})
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return pool
}

// assertingConnector refuses a connection on which durability is not what it
// should be, for whatever reason.
type assertingConnector struct{ dsn string }

func (c assertingConnector) Driver() driver.Driver { return &sqlite.Driver{} }

func (c assertingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	connector, err := sqlite.NewConnector(c.dsn)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	for _, pragma := range []struct {
		name string
		want driver.Value
	}{
		{"journal_mode", "wal"}, {"synchronous", int64(2)}, {"foreign_keys", int64(1)},
	} {
		got, err := askPragma(ctx, conn, pragma.name)
		if err == nil && got != pragma.want {
			err = fmt.Errorf("PRAGMA %s is %v, not %v; the database must lie on a local file system that supports it", pragma.name, got,
				pragma.want)
		}
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return &sqliteConn{sqliteDriverConn: conn.(sqliteDriverConn), compiled: map[string]*compiled{}}, nil
}

func askPragma(ctx context.Context, conn driver.Conn, name string) (driver.Value, error) {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, "PRAGMA "+name, nil)
	if err != nil {
		return nil, err
	}
	row := make([]driver.Value, 1)
	if err := rows.Next(row); err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	return row[0], rows.Close()
}

func (e *sqliteEngine) name() string { return SQLite }

func (e *sqliteEngine) write(ctx context.Context, db *DB, fn func(*Tx) error) error {
	return e.writer.do(ctx, db, fn)
}

func (e *sqliteEngine) read(ctx context.Context, db *DB, fn func(*Tx) error) error {
	conn, err := e.reading.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return unavailable(err)
	}
	defer func() { _ = conn.Rollback() }() // nothing to keep, and nothing to lose
	return fn(newTx(ctx, ctx, db, sqliteTx{conn, time.Now()}))
}

func (e *sqliteEngine) glance(ctx context.Context, db *DB, fn func(*Tx) error) error {
	conn, err := e.reading.Conn(ctx)
	if err != nil {
		return unavailable(err)
	}
	defer func() { _ = conn.Close() }()
	return fn(newTx(ctx, ctx, db, sqliteTx{conn, time.Now()}))
}

// sqliteTx is a transaction, or a connection outside of one, and when it began.
type sqliteTx struct {
	sqliteStatements
	began time.Time
}

type sqliteStatements interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (t sqliteTx) exec(ctx context.Context, query string, args []any) (int64, error) {
	result, err := t.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (t sqliteTx) query(ctx context.Context, query string, args []any) (Rows, error) {
	rows, err := t.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

func (t sqliteTx) later(ctx context.Context, query string, args []any) error {
	_, err := t.ExecContext(ctx, query, args...)
	return err
}

func (t sqliteTx) clock(context.Context) (time.Time, error) { return t.began, nil }

func (e *sqliteEngine) migrate(ctx context.Context, schema Schema, logger *slog.Logger) error {
	return migrateSQLite(ctx, e.writing, schema, logger)
}

func (e *sqliteEngine) behind(ctx context.Context) (bool, error) {
	return e.water.behind(ctx, e.reading)
}

// ping reads the file: opening a connection alone would not notice a file that is
// no database.
func (e *sqliteEngine) ping(ctx context.Context) error {
	var version int
	return e.reading.QueryRowContext(ctx, `PRAGMA schema_version`).Scan(&version)
}

func (e *sqliteEngine) close() error {
	e.writer.close()
	return errors.Join(e.reading.Close(), e.writing.Close(), e.water.close())
}
