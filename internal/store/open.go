// Package store keeps the state of stepup in SQLite or PostgreSQL, under one SQL
// text for both.
//
// Its invariants: a function given to [DB.Write] takes effect as a whole and
// durably before Write returns nil, or not at all; one failing operation never
// undoes another; and whoever cannot tell which of the two happened gets
// [ErrUnknownOutcome], which means no.
//
// What decides is a single conditional statement, never a read followed by a write:
//
//	UPDATE … SET used_at = $1 WHERE id = $2 AND used_at IS NULL
//	   AND epoch = (SELECT epoch FROM current_epoch) RETURNING id
//
// The SQL both engines accept: $1 placeholders, RETURNING, ON CONFLICT, BIGINT
// milliseconds for time, TEXT ids, BYTEA bytes, BOOLEAN.
//
// Rows are found by a key, and a time beside it is compared as expires_at + 0 > $1:
// the indexes over times are for the [Purger], and a planner that takes one to find a
// single row reads everything that is live.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/stepup-auth/stepup/internal/seal"
)

// The engines, as [DB.Engine] names them.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Config says which database to open and how.
type Config struct {
	// URL is "sqlite:PATH" or "postgres://…". Query parameters of a PostgreSQL URL
	// are those of libpq; target_session_attrs is read-write unless it says otherwise.
	URL string
	// Schema says which tables the database has; the zero value is the issuer's.
	Schema Schema
	// Box holds the master key. The issuer's tables require it; a database of another
	// schema may do without, and then has neither [Tx.Seal] nor [Tx.Hasher].
	Box *seal.Box
	// Development marks a new database as a plaything. A database opens only in the
	// mode it was made in.
	Development bool
	// MustExist refuses to make a database where there is none; commands that only
	// look should set it. It concerns SQLite: a PostgreSQL database always must exist.
	MustExist bool
	// Logger gets migrations, retries and moved epochs; nil discards them.
	Logger *slog.Logger
	// MaxConns bounds the connections for reading (SQLite) or in all (PostgreSQL); 0 leaves
	// it to the machine.
	MaxConns int

	// TestOnlyOffset is added to the engine's clock; nil in production.
	TestOnlyOffset func() time.Duration
	// TestOnlyFault is asked before each "begin", "exec", "row", "rows" and "commit" and
	// after each commit ("committed"); an error it returns takes the place of the step.
	// The two commits return [ErrUnknownOutcome]: at "commit" nothing was stored, at
	// "committed" everything was. Nil in production.
	TestOnlyFault func(op string) error
}

// ErrNoDatabase says that there is no database yet, or none of ours, where
// [Config.MustExist] wants one.
var ErrNoDatabase = errors.New("there is no database yet")

// DB is an open store. It is safe for concurrent use.
type DB struct {
	config Config
	engine engine
	hasher *seal.Hasher
	counts counts
	queued chan struct{} // holds one value when messages were queued that nobody has looked for since

	// gate is held for reading by every transaction, and for writing by Close, which
	// so waits for them all and lets none start after.
	gate   sync.RWMutex
	closed bool
}

// engine is what the two databases do each in their own way.
type engine interface {
	name() string
	// write and read run fn in a transaction that they begin and end.
	write(ctx context.Context, db *DB, fn func(*Tx) error) error
	read(ctx context.Context, db *DB, fn func(*Tx) error) error
	// glance runs fn outside of any.
	glance(ctx context.Context, db *DB, fn func(*Tx) error) error
	// exists is ErrNoDatabase where nothing was ever migrated.
	exists(ctx context.Context) error
	migrate(ctx context.Context, schema Schema, logger *slog.Logger) error
	// behind runs once, after migrate and before the first write. It reports whether the
	// database has forgotten work it had acknowledged, so that the epoch must move.
	behind(ctx context.Context) (bool, error)
	durability(ctx context.Context) (Durability, error)
	backup(ctx context.Context, path string) error
	close() error
}

// Open opens the database, brings its tables up to date and checks that this
// master key and this mode are the ones it was made with.
func Open(ctx context.Context, config Config) (*DB, error) {
	if err := config.Schema.valid(); err != nil {
		return nil, err
	}
	if config.Box == nil && config.Schema == (Schema{}) {
		return nil, errors.New("opening the store: Config.Box is required")
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	target, err := parseURL(config.URL)
	if err != nil {
		return nil, err
	}
	if config.MaxConns == 0 {
		config.MaxConns = connections(target.engine)
	}
	db := &DB{config: config, queued: make(chan struct{}, 1)}
	if target.engine == SQLite {
		db.engine, err = openSQLite(ctx, target.path, config, &db.counts)
	} else {
		db.engine, err = openPostgres(ctx, target.url, config, &db.counts)
	}
	if err != nil {
		return nil, err
	}
	if err := db.prepare(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// connections is how many are worth having: those of SQLite read, which takes a processor
// each; those of PostgreSQL wait for the most part, for commits above all.
func connections(engine string) int {
	if engine == SQLite {
		return max(4, 2*runtime.GOMAXPROCS(0))
	}
	return max(16, 4*runtime.GOMAXPROCS(0))
}

func (db *DB) prepare(ctx context.Context) error {
	if db.config.MustExist {
		if err := db.engine.exists(ctx); err != nil {
			return err
		}
	}
	if err := db.engine.migrate(ctx, db.config.Schema, db.config.Logger); err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	behind, err := db.engine.behind(ctx)
	if err != nil {
		return err
	}
	if err := db.loadMeta(ctx); err != nil {
		return err
	}
	if behind {
		db.config.Logger.WarnContext(ctx,
			"the database is older than work it had acknowledged: moving the epoch, open challenges and single-use tokens are void")
		return RestoreEpoch(ctx, db)
	}
	return nil
}

// Close waits for running transactions and closes the database. Closing twice is
// closing once.
func (db *DB) Close() error {
	db.gate.Lock()
	defer db.gate.Unlock()
	if db.closed {
		return nil
	}
	db.closed = true
	return db.engine.close()
}

// Engine is [SQLite] or [Postgres].
func (db *DB) Engine() string { return db.engine.name() }

// Box holds the master key; nil if Config.Box was.
func (db *DB) Box() *seal.Box { return db.config.Box }

// Hasher makes the keyed hashes of this database. Its key lives in the database,
// sealed. It panics if Config.Box was nil.
func (db *DB) Hasher() *seal.Hasher {
	if db.hasher == nil {
		panic("store: there is no hasher: " + errNoBox.Error())
	}
	return db.hasher
}

// Write runs fn in one transaction and returns after its commit is durable. An
// error from fn undoes fn's own work and nothing else; a panic in fn does too and
// goes on in the caller.
//
// fn may run more than once, after a deadlock for example, so it must set its
// results rather than add to them, and must not call Write or Read. A context
// that ends before fn starts leaves everything untouched; one that ends while fn
// runs fails fn's next statement; after that Write waits for the verdict.
//
// SQLite runs one fn at a time and commits those that were waiting together, so
// fn should hold nothing but statements: compute before, and after. PostgreSQL
// runs them side by side at READ COMMITTED.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	if err := db.admit(ctx); err != nil {
		return err
	}
	defer db.gate.RUnlock()
	queued := false
	err := db.engine.write(ctx, db, func(tx *Tx) error {
		tx.writes = true
		if err := tx.run(fn); err != nil {
			return err
		}
		queued = tx.queued
		if err := db.fault("commit"); err != nil {
			return unknown(err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if queued {
		select {
		case db.queued <- struct{}{}:
		default:
		}
	}
	if err := db.fault("committed"); err != nil {
		return unknown(err)
	}
	return nil
}

// WriteCounting is [DB.Write] for work that counts before it refuses: when fn returns
// a refusal (a [fault.Error]) its work is committed all the same, and then the refusal
// is returned, so that a refused try stays counted. Every other error undoes the work,
// and so does a refusal that says only that something could not be found out.
func (db *DB) WriteCounting(ctx context.Context, fn func(*Tx) error) error {
	var refused error
	err := db.Write(ctx, func(tx *Tx) error {
		refused = nil
		err := fn(tx)
		if decided(err) {
			refused, err = err, nil
		}
		return err
	})
	if err == nil {
		err = refused
	}
	return err
}

// Read runs fn on one snapshot of the database, which it cannot change.
func (db *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	if err := db.admit(ctx); err != nil {
		return err
	}
	defer db.gate.RUnlock()
	return db.engine.read(ctx, db, func(tx *Tx) error { return tx.run(fn) })
}

// Glance runs fn outside of any transaction, for one statement that reads or for several
// that need not agree: each sees a snapshot of its own. It costs a message less than
// [DB.Read] before and one after. Nothing but a SELECT that locks nothing may run in it.
func (db *DB) Glance(ctx context.Context, fn func(*Tx) error) error {
	if err := db.admit(ctx); err != nil {
		return err
	}
	defer db.gate.RUnlock()
	return db.engine.glance(ctx, db, func(tx *Tx) error {
		tx.glances = true
		return tx.run(fn)
	})
}

// admit holds the gate for reading when it returns nil.
func (db *DB) admit(ctx context.Context) error {
	if ctx.Value(insideTx{}) != nil {
		return ErrNested
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := db.fault("begin"); err != nil {
		return err
	}
	db.gate.RLock()
	if db.closed {
		db.gate.RUnlock()
		return ErrClosed
	}
	db.counts.transactions.Add(1)
	return nil
}

func (db *DB) fault(op string) error {
	if db.config.TestOnlyFault == nil {
		return nil
	}
	return db.config.TestOnlyFault(op)
}

func (db *DB) offset() time.Duration {
	if db.config.TestOnlyOffset == nil {
		return 0
	}
	return db.config.TestOnlyOffset()
}

type target struct {
	engine string
	path   string // SQLite
	url    string // PostgreSQL; may hold a password
}

// parseURL says which database a URL names. Its errors do not repeat the URL,
// which may hold a password.
func parseURL(raw string) (target, error) {
	scheme, rest, _ := strings.Cut(raw, ":")
	switch scheme {
	case "sqlite":
		if strings.HasPrefix(rest, "//") {
			return target{}, errors.New("opening the store: write sqlite:PATH, without //")
		}
		if rest == "" || strings.HasPrefix(rest, ":") || strings.IndexByte(rest, 0) >= 0 {
			return target{}, errors.New("opening the store: sqlite: needs the path of a file, as in sqlite:stepup.db")
		}
		return target{engine: SQLite, path: rest}, nil
	case "postgres", "postgresql":
		if _, err := url.Parse(raw); err != nil || !strings.HasPrefix(rest, "//") {
			return target{}, errors.New("opening the store: the PostgreSQL URL is malformed; write " +
				"postgres://user:password@host:port/database and percent-encode special characters")
		}
		return target{engine: Postgres, url: raw}, nil
	}
	return target{}, errors.New("opening the store: the database URL must start with sqlite: or postgres://")
}
