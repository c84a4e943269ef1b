package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/secret"
)

// Tx is one transaction, valid inside the function it was given to and only on
// that function's goroutine.
//
// A statement that fails ends the transaction on both engines: each later
// statement returns the same error and nothing is stored, even if the function
// returns nil. Say ON CONFLICT where a conflict is part of the plan. A scan that
// finds no row is no such failure.
type Tx struct {
	db      *DB
	ctx     context.Context // handed out; marks what happens inside a transaction
	stmtCtx context.Context // what statements run under; not cancelled with ctx where that would hurt others
	on      statements
	now     time.Time // zero: nobody has asked yet
	writes  bool      // of [DB.Write]
	glances bool      // of [DB.Glance]
	failed  error
	held    *held  // nil: no user was locked, or they were changed since
	queued  bool   // a message was
	sourced string // the row beside the audit log that was stored last
}

// statements run in one transaction of an engine, which may begin with the first of them.
type statements interface {
	exec(ctx context.Context, query string, args []any) (affected int64, err error)
	query(ctx context.Context, query string, args []any) (Rows, error)
	// later runs a statement before the next one, or before the commit.
	later(ctx context.Context, query string, args []any) error
	// clock is when the transaction began.
	clock(ctx context.Context) (time.Time, error)
}

type insideTx struct{}

// newTx hands out a transaction. Its statements run under stmtCtx as long as ctx has not ended.
func newTx(ctx, stmtCtx context.Context, db *DB, on statements) *Tx {
	return &Tx{db: db, ctx: context.WithValue(ctx, insideTx{}, true), stmtCtx: stmtCtx, on: on}
}

// Context is the caller's context. A Write or Read under it is refused.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Now is the one time of this transaction, in whole milliseconds UTC: the clock of
// the database on PostgreSQL, of this machine on SQLite. A database that cannot be asked
// fails the transaction.
func (tx *Tx) Now() time.Time {
	if tx.now.IsZero() {
		at, err := time.Time{}, tx.refusal()
		if err == nil {
			at, err = tx.on.clock(tx.stmtCtx)
		}
		if tx.fail(err) != nil {
			at = time.Now() // nothing that is made of it will be kept
		}
		tx.now = at.Add(tx.db.offset()).UTC().Truncate(time.Millisecond)
	}
	return tx.now
}

// Hasher is the store's [seal.Hasher]; see [DB.Hasher].
func (tx *Tx) Hasher() *seal.Hasher { return tx.db.Hasher() }

// Seal encrypts under the master key for one place in the database.
func (tx *Tx) Seal(table, column, row string, plaintext []byte) ([]byte, error) {
	if tx.db.config.Box == nil {
		return nil, fmt.Errorf("sealing %s.%s: %w", table, column, errNoBox)
	}
	return tx.db.config.Box.Seal(table, column, row, plaintext)
}

// Open decrypts what [Tx.Seal] made for the same place.
func (tx *Tx) Open(table, column, row string, ciphertext []byte) ([]byte, error) {
	if tx.db.config.Box == nil {
		return nil, fmt.Errorf("opening %s.%s: %w", table, column, errNoBox)
	}
	return tx.db.config.Box.Open(table, column, row, ciphertext)
}

// ForUpdate ends a SELECT that locks its rows against writers and lockers. SQLite
// has one writer at a time and needs no such words.
func (tx *Tx) ForUpdate() string { return tx.lock(" FOR UPDATE") }

// ForShare ends a SELECT that locks its rows against writers only.
func (tx *Tx) ForShare() string { return tx.lock(" FOR SHARE") }

func (tx *Tx) lock(words string) string {
	if tx.db.Engine() == Postgres {
		return words
	}
	return ""
}

// Exec runs a statement and returns how many rows it inserted, changed or deleted.
func (tx *Tx) Exec(query string, args ...any) (affected int64, err error) {
	values, err := tx.prepare("exec", query, args)
	if err == nil {
		affected, err = tx.on.exec(tx.stmtCtx, query, values)
	}
	if err != nil {
		return 0, tx.fail(err)
	}
	return affected, nil
}

// Later runs a statement of which nothing is asked but that it does not fail, such as an
// INSERT. PostgreSQL gets it in one message with the next statement or with the COMMIT,
// which then returns its error.
func (tx *Tx) Later(query string, args ...any) error {
	values, err := tx.prepare("exec", query, args)
	if err == nil {
		err = tx.on.later(tx.stmtCtx, query, values)
	}
	return tx.fail(err)
}

// Row runs a query for at most one row; its Scan returns [ErrNotFound] for none.
func (tx *Tx) Row(query string, args ...any) *Row {
	rows, err := tx.ask("row", query, args)
	_ = tx.fail(err)
	return &Row{rows: rows, err: err}
}

// Rows runs a query. Close the result before the next statement, and ask its Err.
func (tx *Tx) Rows(query string, args ...any) (Rows, error) {
	rows, err := tx.ask("rows", query, args)
	if err != nil {
		return nil, tx.fail(err)
	}
	return rows, nil
}

func (tx *Tx) ask(op, query string, args []any) (Rows, error) {
	values, err := tx.prepare(op, query, args)
	if err != nil {
		return nil, err
	}
	return tx.on.query(tx.stmtCtx, query, values)
}

// prepare gives the arguments for one statement, or says why it must not run.
func (tx *Tx) prepare(op, query string, args []any) ([]any, error) {
	if err := tx.refusal(); err != nil {
		return nil, err
	}
	if err := tx.db.fault(op); err != nil {
		return nil, err
	}
	if tx.glances && (!strings.HasPrefix(query, "SELECT") || strings.Contains(query, " FOR ")) {
		return nil, fmt.Errorf("%w: it is only looked at", ErrReadOnly)
	}
	if tx.held != nil && forgets(query) {
		tx.held = nil
	}
	tx.db.counts.statements.Add(1)
	values := make([]any, len(args))
	for i, arg := range args {
		value, err := bind(arg)
		if err != nil {
			return nil, fmt.Errorf("binding $%d: %w", i+1, err)
		}
		values[i] = value
	}
	return values, nil
}

// refusal is why nothing more may be asked of the database.
func (tx *Tx) refusal() error {
	if tx.failed != nil {
		return tx.failed
	}
	if tx.ctx.Err() != nil {
		return context.Cause(tx.ctx)
	}
	return nil
}

func (tx *Tx) fail(err error) error {
	if err != nil && tx.failed == nil {
		tx.failed = tx.named(err)
	}
	return tx.failed
}

// named does what the function named of this package does, and one thing more: a write
// that meets a database which takes none (a standby, a disk that went read only) has
// met one that is away.
func (tx *Tx) named(err error) error {
	if err = named(err); tx.writes && errors.Is(err, ErrReadOnly) {
		return unavailable(err)
	}
	return err
}

// run calls fn and says whether its work may be committed. What fn makes of a
// database that is away does not count: it has seen half of what it asked for.
func (tx *Tx) run(fn func(*Tx) error) error {
	err := fn(tx)
	if tx.failed != nil && (err == nil || errors.Is(tx.failed, ErrUnavailable)) {
		return tx.failed
	}
	return reported(err)
}

// bind reduces an argument to what both drivers take the same way. Left alone, one
// of them would store a named string type by its String method, take a time as
// text or refuse a NUL that the other keeps.
func bind(arg any) (any, error) {
	switch v := arg.(type) {
	case nil, int64, bool:
		return v, nil
	case secret.Text:
		return nil, errors.New("a secret is stored sealed or hashed, never as it is")
	case time.Time:
		return nil, errors.New("a time is stored as its UnixMilli")
	case string:
		return text(v)
	case []byte:
		if v == nil {
			return nil, nil
		}
		return v, nil
	case driver.Valuer: // sql.NullString and its like
		value, err := v.Value()
		if err != nil {
			return nil, err
		}
		return bind(value)
	}
	v := reflect.ValueOf(arg)
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return int64(v.Uint()), nil
	case reflect.Bool:
		return v.Bool(), nil
	case reflect.String:
		return text(v.String())
	case reflect.Pointer:
		if v.IsNil() {
			return nil, nil
		}
		return bind(v.Elem().Interface())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return bind(v.Bytes())
		}
	}
	return nil, fmt.Errorf("a %T cannot be stored; use a string, integer, bool or bytes", arg)
}

func text(s string) (any, error) {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return nil, errors.New("a text must be UTF-8 without NUL bytes")
	}
	return s, nil
}
