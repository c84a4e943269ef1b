package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresTx is a transaction that begins with its first statement, in one message with
// it: until then it holds no connection.
type postgresTx struct {
	engine  *postgresEngine
	begin   string        // the statement that begins it; empty: nothing does, each statement is on its own
	conn    *pgxpool.Conn // nil: it has not begun
	began   time.Time     // by the clock of the database
	waiting []pending     // for the next message
}

// pending is a statement that waits for the next message.
type pending struct {
	query string
	args  []any
}

// enter is the first statement of every transaction: what must hold for this one
// is asked and set within it, because a pooler may give each transaction another
// server connection.
const enter = `SELECT floor(extract(epoch FROM now()) * 1000)::bigint, current_setting('synchronous_commit'),
	set_config('statement_timeout', $1, true) || set_config('idle_in_transaction_session_timeout', $2, true)`

// clockAlone is what a statement outside of a transaction is preceded by, in one message
// and so at one time with it.
const clockAlone = `SELECT floor(extract(epoch FROM now()) * 1000)::bigint`

func (t *postgresTx) exec(ctx context.Context, query string, args []any) (int64, error) {
	if t.conn != nil && len(t.waiting) == 0 {
		t.engine.counts.roundTrips.Add(1)
		tag, err := t.conn.Exec(ctx, query, args...)
		return tag.RowsAffected(), err
	}
	message, err := t.send(ctx, query, args)
	if err != nil {
		return 0, err
	}
	tag, err := message.Exec()
	return tag.RowsAffected(), closed(message, err)
}

func (t *postgresTx) query(ctx context.Context, query string, args []any) (Rows, error) {
	if t.conn != nil && len(t.waiting) == 0 {
		t.engine.counts.roundTrips.Add(1)
		rows, err := t.conn.Query(ctx, query, args...)
		return found(rows, err, nil)
	}
	message, err := t.send(ctx, query, args)
	if err != nil {
		return nil, err
	}
	rows, err := message.Query()
	return found(rows, err, message)
}

func (t *postgresTx) later(ctx context.Context, query string, args []any) error {
	if t.conn == nil {
		_, err := t.exec(ctx, query, args)
		return err
	}
	t.waiting = append(t.waiting, pending{query, args})
	return nil
}

// send sends a statement with what comes before it, and returns what comes of it.
func (t *postgresTx) send(ctx context.Context, query string, args []any) (pgx.BatchResults, error) {
	if t.conn == nil {
		return t.start(ctx, query, args)
	}
	batch := &pgx.Batch{}
	for _, p := range t.waiting {
		batch.Queue(p.query, p.args...)
	}
	batch.Queue(query, args...)
	t.engine.counts.roundTrips.Add(1)
	results := t.conn.SendBatch(ctx, batch)
	for range t.waiting {
		if _, err := results.Exec(); err != nil {
			return nil, closed(results, err)
		}
	}
	t.waiting = nil
	return results, nil
}

func (t *postgresTx) clock(ctx context.Context) (time.Time, error) {
	if t.conn == nil {
		alone, err := t.start(ctx, "", nil)
		if err == nil {
			err = alone.Close()
		}
		if err != nil {
			return time.Time{}, err
		}
	}
	return t.began, nil
}

// start begins the transaction on a connection that is alive, and returns what comes of
// its first statement, if there is one.
func (t *postgresTx) start(ctx context.Context, query string, args []any) (pgx.BatchResults, error) {
	first, err := t.startOnce(ctx, query, args)
	for attempt := 1; attempt < attempts && stale(err) && ctx.Err() == nil; attempt++ {
		first, err = t.startOnce(ctx, query, args)
	}
	return first, err
}

func (t *postgresTx) startOnce(ctx context.Context, query string, args []any) (pgx.BatchResults, error) {
	conn, err := t.engine.pool.Acquire(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	batch := &pgx.Batch{}
	if t.begin != "" {
		batch.Queue(t.begin)
		batch.Queue(enter, milliseconds(statementTimeout), milliseconds(idleTimeout))
	} else {
		batch.Queue(clockAlone)
	}
	if query != "" {
		batch.Queue(query, args...)
	}
	t.conn = conn
	t.engine.counts.roundTrips.Add(1)
	results := conn.SendBatch(ctx, batch)
	if t.began, err = t.entered(results); err != nil {
		_ = results.Close()
		t.end(ctx)
		return nil, fmt.Errorf("beginning a transaction: %w", err)
	}
	return results, nil
}

// entered reads what comes of the statements before the first one.
func (t *postgresTx) entered(results pgx.BatchResults) (time.Time, error) {
	var at int64
	if t.begin == "" {
		err := results.QueryRow().Scan(&at)
		return time.UnixMilli(at), err
	}
	if _, err := results.Exec(); err != nil {
		return time.Time{}, err
	}
	var durable, ignored string
	if err := results.QueryRow().Scan(&at, &durable, &ignored); err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(at), unavailable(assertSynchronous(durable))
}

// stale reports whether a transaction could not begin because the pool had kept a
// connection to a server that was restarted since. It has not even begun, so another
// connection is as good.
func stale(err error) bool {
	var connecting *pgconn.ConnectError
	return !errors.As(err, &connecting) && (lost(err) || postgresCode(err) == "57P01") // admin_shutdown
}

// commit keeps what the transaction has done. Of one that has not begun that is nothing.
func (t *postgresTx) commit(ctx context.Context) error {
	if t.conn == nil {
		return nil
	}
	t.engine.counts.commits.Add(1)
	return commitVerdict(t.conn.Conn().PgConn(), func() (pgconn.CommandTag, error) { return t.finish(ctx, `commit`) })
}

// end undoes what was not committed and gives the connection back. A connection on which
// that fails is closed, which undoes it too.
func (t *postgresTx) end(ctx context.Context) {
	if t.conn == nil {
		return
	}
	t.waiting = nil
	if conn := t.conn.Conn().PgConn(); !conn.IsClosed() && conn.TxStatus() != 'I' {
		_, _ = t.finish(ctx, `rollback`)
	}
	t.conn.Release()
	t.conn = nil
}

func (t *postgresTx) finish(ctx context.Context, how string) (pgconn.CommandTag, error) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.engine.commitTimeout)
	defer cancel()
	if len(t.waiting) == 0 {
		t.engine.counts.roundTrips.Add(1)
		return t.conn.Exec(limited, how)
	}
	message, err := t.send(limited, how, nil)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	tag, err := message.Exec()
	return tag, closed(message, err)
}

// pgRows are rows of which the first was asked for already, so that an error of the
// query is known before anybody looks at them.
type pgRows struct {
	pgx.Rows
	peeked, any bool
	message     pgx.BatchResults // that they came in; nil: they came alone
}

func found(rows pgx.Rows, err error, message pgx.BatchResults) (Rows, error) {
	if err != nil {
		return nil, closed(message, err)
	}
	any := rows.Next()
	if err := rows.Err(); err != nil {
		rows.Close()
		return nil, closed(message, err)
	}
	return &pgRows{Rows: rows, peeked: true, any: any, message: message}, nil
}

func (r *pgRows) Next() bool {
	if r.peeked {
		r.peeked = false
		return r.any
	}
	return r.Rows.Next()
}

func (r *pgRows) Close() error {
	r.Rows.Close()
	message := r.message
	r.message = nil
	return closed(message, r.Rows.Err())
}

// closed ends the message that an answer came in and returns the first error of the two.
func closed(message pgx.BatchResults, err error) error {
	if message == nil {
		return err
	}
	if closing := message.Close(); err == nil {
		err = closing
	}
	return err
}
