package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"

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

	// ErrUnavailable says that the database could not be asked, or not to the end: it
	// is away, stopping, full, busy or read only. Nothing was stored, and nothing it
	// might have said is known. A function that makes something else of such an error
	// is not listened to: [DB.Write] and [DB.Read] return this one.
	ErrUnavailable = errors.New("the database cannot be asked right now")

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

// IsUnavailable reports whether err says that the store could not be asked, which is
// no verdict on anything. An unknown outcome is not meant: it has a name of its own.
func IsUnavailable(err error) bool {
	if errors.Is(err, ErrUnknownOutcome) {
		return false
	}
	return errors.Is(err, ErrUnavailable) || errors.Is(err, ErrClosed) || away(err)
}

// named gives driver errors that callers act on the name this package documents.
func named(err error) error {
	switch {
	case err == nil || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrUnknownOutcome):
		return err
	case readOnly(err) && !errors.Is(err, ErrReadOnly):
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	case away(err):
		return unavailable(err)
	}
	return err
}

// reported is [named] for what a function of the caller returned: only what a
// database itself reported is renamed, because the function may have met other
// broken connections than the store's.
func reported(err error) error {
	if _, ok := sqliteCode(err); ok || postgresCode(err) != "" {
		return named(err)
	}
	return err
}

func unavailable(err error) error {
	if err == nil || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrUnknownOutcome) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func readOnly(err error) bool {
	code, ok := sqliteCode(err)
	return ok && code&0xff == sqlite3.SQLITE_READONLY || postgresCode(err) == "25006" // read_only_sql_transaction
}

// sqliteAway are the primary codes of SQLite that tell of the machine it runs on, or
// of others who use the file, and not of the statement.
var sqliteAway = []int{
	sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR,
	sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOTADB,
}

// postgresAway are the SQLSTATEs, by class or whole, that do the same.
var postgresAway = []string{
	"08",             // connection exception
	"25P03", "25P04", // the server ended a transaction that took too long
	"26000", "42P05", // a pooler lost a prepared statement, or kept somebody else's
	"28", "3D000", // the role or the database of the URL is not there (any more)
	"40",    // rolled back by the server, again and again
	"53",    // insufficient resources: connections, disk, memory
	"55P03", // lock not available
	"57",    // operator intervention: stopping, starting, cancelled
	"58",    // system error, input and output among them
	"XX",    // internal error, damaged data
}

// away is where errors of both drivers are judged: true for those that say nothing
// about the statement, only that it could not be carried out.
func away(err error) bool {
	if code, ok := sqliteCode(err); ok {
		return slices.Contains(sqliteAway, code&0xff)
	}
	if code := postgresCode(err); code != "" {
		return slices.Contains(postgresAway, code) || slices.Contains(postgresAway, code[:min(2, len(code))])
	}
	var connecting *pgconn.ConnectError
	return errors.As(err, &connecting) || lost(err) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// lost reports whether err tells of a connection that broke.
func lost(err error) bool {
	var network net.Error
	if errors.As(err, &network) {
		return true
	}
	for _, broken := range []error{io.EOF, io.ErrUnexpectedEOF, driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone, pgconn.ErrConnClosed} {
		if errors.Is(err, broken) {
			return true
		}
	}
	return false
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
