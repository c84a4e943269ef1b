package store

import (
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrNotFound is sql.ErrNoRows: what Row(…).Scan returns when no row matched.
	ErrNotFound = sql.ErrNoRows

	// ErrUnknownOutcome says that nobody knows whether the commit holds: it may be
	// stored, and it may survive the next crash or failover, or not. Refuse; never
	// answer as if the work had been done, and never do it again under a new id.
	ErrUnknownOutcome = errors.New("the outcome of the commit is unknown")

	// ErrClosed is returned by every call after [DB.Close].
	ErrClosed = errors.New("the store is closed")

	// ErrNested is returned by a Write or Read whose context comes from [Tx.Context].
	ErrNested = errors.New("a transaction cannot start inside another one")

	// ErrReadOnly is returned for a statement that writes inside [DB.Read].
	ErrReadOnly = errors.New("the transaction is read only")
)

// IsUnique reports whether err says that a row with the same unique key exists.
func IsUnique(err error) bool {
	if code, ok := sqliteCode(err); ok {
		switch code {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
			return true
		}
	}
	return postgresCode(err) == "23505" // unique_violation
}

// named gives driver errors that callers act on the name this package documents.
func named(err error) error {
	if err == nil {
		return nil
	}
	code, ok := sqliteCode(err)
	if ok && code&0xff == sqlite3.SQLITE_READONLY || postgresCode(err) == "25006" { // read_only_sql_transaction
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

func unknown(err error) error { return fmt.Errorf("%w: %w", ErrUnknownOutcome, err) }

// sqliteCode returns the extended result code of an error of the SQLite driver;
// its low byte is the primary code.
func sqliteCode(err error) (int, bool) {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code(), true
	}
	return 0, false
}

// postgresCode returns the SQLSTATE of an error a PostgreSQL server reported, or "".
func postgresCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
