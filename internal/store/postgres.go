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
	db            *sql.DB
	config        *pgx.ConnConfig
	logger        *slog.Logger
	commitTimeout time.Duration
}

func openPostgres(ctx context.Context, url string, config Config) (*postgresEngine, error) {
	parsed, err := postgresConfig(url)
	if err != nil {
		return nil, err
	}
	e := &postgresEngine{
		config:        parsed,
		logger:        config.Logger,
		commitTimeout: commitTimeout,
		db:            stdlib.OpenDB(*parsed, stdlib.OptionAfterConnect(assertConnection)),
	}
	e.db.SetMaxOpenConns(config.MaxConns)
	e.db.SetMaxIdleConns(config.MaxConns)
	e.db.SetConnMaxIdleTime(5 * time.Minute)
	e.db.SetConnMaxLifetime(time.Hour)
	if err := e.ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening database: %w", err), e.db.Close())
	}
	return e, nil
}

func postgresConfig(url string) (*pgx.ConnConfig, error) {
	parsed, err := pgx.ParseConfig(url)
	if err != nil {
		// The error of pgx quotes the URL, with the password struck out as far as it
		// could be parsed.
		return nil, errors.New("opening database: the PostgreSQL URL has a part that is not understood; write " +
			"postgres://user:password@host:port/database?sslmode=verify-full")
	}
	if parsed.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol {
		return nil, errors.New("opening database: default_query_exec_mode=simple_protocol writes values into the SQL text; leave it out")
	}
	if parsed.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		// Nothing is prepared by name: that needs a session of one's own, which a
		// pooler in transaction mode does not give, and it outlives migrations.
		parsed.DefaultQueryExecMode = pgx.QueryExecModeExec
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
	return parsed, nil
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
	for attempt := 1; ; attempt++ {
		err := e.transact(ctx, db, &sql.TxOptions{Isolation: sql.LevelReadCommitted}, fn)
		if attempt == attempts || !retryable(err) {
			return err
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

func (e *postgresEngine) read(ctx context.Context, db *DB, fn func(*Tx) error) error {
	return e.transact(ctx, db, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, fn)
}

// transact runs fn once. Statements end with the caller's context; once COMMIT was
// sent only commitTimeout ends the wait, because giving up early would turn an
// outcome that is about to be known into an unknown one.
func (e *postgresEngine) transact(ctx context.Context, db *DB, options *sql.TxOptions, fn func(*Tx) error) error {
	stmtCtx, cancel := context.WithTimeout(ctx, transactionTimeout)
	defer cancel()
	open, err := e.begin(ctx, stmtCtx, options)
	for attempt := 1; attempt < attempts && stale(err) && stmtCtx.Err() == nil; attempt++ {
		open, err = e.begin(ctx, stmtCtx, options)
	}
	if err != nil {
		return unavailable(err)
	}
	defer open.close()
	finish := func(step func() error) error {
		limit := time.AfterFunc(e.commitTimeout, open.end)
		defer limit.Stop()
		return step()
	}
	committed := false
	defer func() {
		if !committed {
			_ = finish(open.tx.Rollback) // if it fails the connection is closed, which rolls back too
		}
	}()
	if err := fn(newTx(ctx, stmtCtx, db, open.tx, open.now)); err != nil {
		return err
	}
	if options.ReadOnly {
		return nil
	}
	committed = true
	return commitVerdict(open.conn, func() error { return finish(open.tx.Commit) })
}

// stale reports whether a transaction could not begin because the pool had kept a
// connection to a server that was restarted since. Nothing was asked over it, so
// another connection is as good.
func stale(err error) bool {
	var connecting *pgconn.ConnectError
	return !errors.As(err, &connecting) && (lost(err) || postgresCode(err) == "57P01") // admin_shutdown
}

// openTx is a transaction that has begun.
type openTx struct {
	conn *sql.Conn
	tx   *sql.Tx
	now  time.Time
	end  func() // breaks off whatever it waits for
}

// close gives the connection back to the pool.
func (o *openTx) close() {
	o.end()
	_ = o.conn.Close()
}

func (e *postgresEngine) begin(ctx, stmtCtx context.Context, options *sql.TxOptions) (*openTx, error) {
	conn, err := e.db.Conn(stmtCtx)
	if err != nil {
		return nil, err
	}
	txCtx, end := context.WithCancel(context.WithoutCancel(ctx))
	o := &openTx{conn: conn, end: end}
	stopBegin := context.AfterFunc(stmtCtx, end)
	if o.tx, err = conn.BeginTx(txCtx, options); err != nil {
		o.close()
		return nil, err
	}
	if !stopBegin() {
		err = context.Cause(stmtCtx)
	} else {
		o.now, err = e.enter(stmtCtx, o.tx)
	}
	if err != nil {
		limit := time.AfterFunc(e.commitTimeout, end)
		defer limit.Stop()
		_ = o.tx.Rollback()
		o.close()
		return nil, err
	}
	return o, nil
}

// enter is the first statement of every transaction: what must hold for this one
// is asked and set within it, because a pooler may give each transaction another
// server connection.
func (e *postgresEngine) enter(ctx context.Context, tx *sql.Tx) (now time.Time, err error) {
	var millis int64
	var durable, ignored string
	err = tx.QueryRowContext(ctx, `SELECT floor(extract(epoch FROM now()) * 1000)::bigint, current_setting('synchronous_commit'),
		set_config('statement_timeout', $1, true) || set_config('idle_in_transaction_session_timeout', $2, true)`,
		milliseconds(statementTimeout), milliseconds(idleTimeout)).Scan(&millis, &durable, &ignored)
	if err != nil {
		return time.Time{}, fmt.Errorf("beginning a transaction: %w", err)
	}
	return time.UnixMilli(millis), assertSynchronous(durable)
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func retryable(err error) bool {
	if errors.Is(err, ErrUnknownOutcome) {
		return false
	}
	switch postgresCode(err) {
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return true
	}
	return false
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

func (e *postgresEngine) migrate(ctx context.Context, schema Schema, logger *slog.Logger) error {
	return migratePostgres(ctx, e.db, schema, logger)
}

// behind is always false: the view current_epoch compares the server's history
// inside each statement.
func (e *postgresEngine) behind(context.Context) (bool, error) { return false, nil }

func (e *postgresEngine) ping(ctx context.Context) error { return e.db.PingContext(ctx) }

func (e *postgresEngine) close() error { return e.db.Close() }
