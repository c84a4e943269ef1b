package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// oldestPostgres is the first version whose pg_walfile_name names the timeline
	// that is being written, which the epoch rests on.
	oldestPostgres = 150000

	// attempts bounds how often a deadlocked transaction starts over.
	attempts = 5

	// statementTimeout and idleTimeout are the server's: no statement and no silent
	// client holds its locks longer.
	statementTimeout = 10 * time.Second
	idleTimeout      = 15 * time.Second
	// transactionTimeout is ours, for a server that does not answer at all.
	transactionTimeout = 20 * time.Second
	// commitTimeout bounds the wait for a commit, which a synchronous standby that is
	// gone would stretch for ever. The outcome is unknown after it.
	commitTimeout = 10 * time.Second
)

type postgresEngine struct {
	pool          *pgxpool.Pool
	db            *sql.DB // over the same connections, for what is asked outside of transactions
	config        *pgx.ConnConfig
	logger        *slog.Logger
	counts        *counts
	commitTimeout time.Duration
}

func openPostgres(ctx context.Context, url string, config Config, counts *counts) (*postgresEngine, error) {
	parsed, err := postgresPool(url)
	if err != nil {
		return nil, err
	}
	parsed.MaxConns = int32(config.MaxConns)
	parsed.MinConns = 0
	parsed.MaxConnIdleTime = 5 * time.Minute
	parsed.MaxConnLifetime = time.Hour
	parsed.AfterConnect = assertConnection
	pool, err := pgxpool.NewWithConfig(ctx, parsed)
	if err != nil {
		return nil, fmt.Errorf("opening database: %w", err)
	}
	e := &postgresEngine{
		pool: pool, db: stdlib.OpenDBFromPool(pool), config: parsed.ConnConfig, logger: config.Logger, counts: counts,
		commitTimeout: commitTimeout,
	}
	if err := e.ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening database: %w", err), e.close())
	}
	return e, nil
}

// postgresPool reads a URL. Statements are prepared by name, once per connection, unless
// the URL says default_query_exec_mode=exec: for a pooler that gives each transaction
// another server connection and does not carry the names over.
func postgresPool(url string) (*pgxpool.Config, error) {
	pool, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The error of pgx quotes the URL, with the password struck out as far as it
		// could be parsed.
		return nil, errors.New("opening database: the PostgreSQL URL has a part that is not understood; write " +
			"postgres://user:password@host:port/database?sslmode=verify-full")
	}
	parsed := pool.ConnConfig
	if parsed.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol {
		return nil, errors.New("opening database: default_query_exec_mode=simple_protocol writes values into the SQL text; leave it out")
	}
	if parsed.ValidateConnect == nil {
		parsed.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	if parsed.ConnectTimeout == 0 {
		parsed.ConnectTimeout = 5 * time.Second
	}
	if parsed.RuntimeParams["application_name"] == "" {
		parsed.RuntimeParams["application_name"] = "stepup"
	}
	parsed.OnNotice = noteWarning
	return pool, nil
}

func postgresConfig(url string) (*pgx.ConnConfig, error) {
	pool, err := postgresPool(url)
	if err != nil {
		return nil, err
	}
	return pool.ConnConfig, nil
}

// TransportSecurity is how a PostgreSQL URL wants the way to its server secured:
// the sslmode in force, and the host. Both are empty for SQLite and for a socket
// of this machine.
func TransportSecurity(rawURL string) (mode, host string, err error) {
	target, err := parseURL(rawURL)
	if err != nil || target.engine != Postgres {
		return "", "", err
	}
	parsed, err := postgresConfig(target.url)
	if err != nil || strings.HasPrefix(parsed.Host, "/") {
		return "", "", err
	}
	return cmp.Or(sslMode(target.url), os.Getenv("PGSSLMODE"), "prefer"), parsed.Host, nil
}

// sslMode is what a URL, or the list of words that libpq takes too, says of it.
func sslMode(text string) string {
	if u, err := url.Parse(text); err == nil && u.Scheme != "" {
		return u.Query().Get("sslmode")
	}
	_, rest, _ := strings.Cut(text, "sslmode=")
	mode, _, _ := strings.Cut(rest, " ")
	return mode
}

// assertConnection refuses a server that would acknowledge what it may forget.
func assertConnection(ctx context.Context, conn *pgx.Conn) error {
	var version, durable string
	err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num'), current_setting('synchronous_commit')`).
		Scan(&version, &durable)
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(version); err != nil || n < oldestPostgres {
		return fmt.Errorf("the server is PostgreSQL %s; version 15 or newer is needed", version)
	}
	return assertSynchronous(durable)
}

func assertSynchronous(setting string) error {
	if setting == "off" || setting == "local" {
		return fmt.Errorf(
			"synchronous_commit is %s, which may forget commits it has acknowledged; say ALTER ROLE … SET synchronous_commit = on", setting)
	}
	return nil
}

func (e *postgresEngine) name() string { return Postgres }

func (e *postgresEngine) write(ctx context.Context, db *DB, fn func(*Tx) error) error {
	return e.again(ctx, func() error {
		return e.transact(ctx, db, `begin isolation level read committed`, func(tx *Tx, on *postgresTx) error {
			if err := fn(tx); err != nil {
				return err
			}
			return on.commit(ctx)
		})
	})
}

func (e *postgresEngine) read(ctx context.Context, db *DB, fn func(*Tx) error) error {
	return e.again(ctx, func() error {
		return e.transact(ctx, db, `begin isolation level repeatable read, read only`, func(tx *Tx, _ *postgresTx) error { return fn(tx) })
	})
}

func (e *postgresEngine) glance(ctx context.Context, db *DB, fn func(*Tx) error) error {
	return e.again(ctx, func() error {
		return e.transact(ctx, db, "", func(tx *Tx, _ *postgresTx) error { return fn(tx) })
	})
}

// again runs a transaction, and anew for as long as it is one of those that the server
// ended for reasons of its own.
func (e *postgresEngine) again(ctx context.Context, run func() error) error {
	for attempt := 1; ; attempt++ {
		err := run()
		if attempt == attempts || !retryable(err) {
			return hinted(err)
		}
		e.logger.DebugContext(ctx, "starting a transaction over", "attempt", attempt, "error", err)
		pause := time.NewTimer(time.Duration(rand.Int64N(int64(attempt) * int64(10*time.Millisecond))))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return err
		}
	}
}

// transact runs fn once. Statements end with the caller's context; once COMMIT was
// sent only commitTimeout ends the wait, because giving up early would turn an
// outcome that is about to be known into an unknown one.
func (e *postgresEngine) transact(ctx context.Context, db *DB, begin string, fn func(*Tx, *postgresTx) error) error {
	stmtCtx, cancel := context.WithTimeout(ctx, transactionTimeout)
	defer cancel()
	on := &postgresTx{engine: e, begin: begin}
	defer on.end(ctx)
	return fn(newTx(ctx, stmtCtx, db, on), on)
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func retryable(err error) bool {
	if errors.Is(err, ErrUnknownOutcome) {
		return false
	}
	switch postgresCode(err) {
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return true
	case "0A000", "26000", "42P05": // a prepared statement whose tables a migration changed, or that a pooler lost: it is prepared anew
		return true
	}
	return false
}

// hinted says what to do about a pooler that does not carry prepared statements over.
func hinted(err error) error {
	switch postgresCode(err) {
	case "26000", "42P05":
		return fmt.Errorf("%w; a pooler before the server does not carry prepared statements over: let it (PgBouncer 1.21 or newer: "+
			"max_prepared_statements), or add default_query_exec_mode=exec to the URL", err)
	}
	return err
}

func (e *postgresEngine) exists(ctx context.Context) error {
	var table sql.NullString
	if err := e.db.QueryRowContext(ctx, `SELECT to_regclass('goose_db_version')::text`).Scan(&table); err != nil {
		return fmt.Errorf("opening database: %w", err)
	}
	if !table.Valid {
		return fmt.Errorf("opening database: %w: it holds no tables of stepup; apply an environment with `stepup env apply`, or let "+
			"`stepup serve` make them", ErrNoDatabase)
	}
	return nil
}

// behind is always false: the view current_epoch compares the server's history
// inside each statement.
func (e *postgresEngine) behind(context.Context) (bool, error) { return false, nil }

func (e *postgresEngine) ping(ctx context.Context) error { return e.db.PingContext(ctx) }

func (e *postgresEngine) close() error {
	err := e.db.Close()
	e.pool.Close()
	return err
}
