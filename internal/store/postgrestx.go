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
	if t.alone() {
		t.engine.counts.roundTrips.Add(1)
		tag, err := t.conn.Exec(ctx, query, args...)
		return tag.RowsAffected(), err
	}
	message, err := t.send(ctx, &pending{query, args})
	if err != nil {
		return 0, err
	}
	tag, err := message.Exec()
	return tag.RowsAffected(), closed(message, err)
}

func (t *postgresTx) query(ctx context.Context, query string, args []any) (Rows, error) {
	if t.alone() {
		t.engine.counts.roundTrips.Add(1)
		rows, err := t.conn.Query(ctx, query, args...)
		return found(rows, err, nil)
	}
	message, err := t.send(ctx, &pending{query, args})
	if err != nil {
		return nil, err
	}
	rows, err := message.Query()
	return found(rows, err, message)
}

func (t *postgresTx) later(_ context.Context, query string, args []any) error {
	t.waiting = append(t.waiting, pending{query, args})
	return nil
}

func (t *postgresTx) clock(ctx context.Context) (time.Time, error) {
	if t.conn == nil {
		message, err := t.send(ctx, nil)
		if err == nil {
			err = message.Close()
		}
		if err != nil {
			return time.Time{}, err
		}
	}
	return t.began, nil
}

// alone reports whether the next statement has a message to itself.
func (t *postgresTx) alone() bool { return t.conn != nil && len(t.waiting) == 0 }

// send sends a statement, which may be nil, behind all that comes before it, and returns
// what comes of it. It begins the transaction on a connection that is alive.
func (t *postgresTx) send(ctx context.Context, p *pending) (pgx.BatchResults, error) {
	results, err := t.sendOnce(ctx, p)
	for attempt := 1; attempt < attempts && t.conn == nil && stale(err) && ctx.Err() == nil; attempt++ {
		results, err = t.sendOnce(ctx, p)
	}
	return results, err
}

func (t *postgresTx) sendOnce(ctx context.Context, p *pending) (pgx.BatchResults, error) {
	batch, begins := &pgx.Batch{}, t.conn == nil
	switch {
	case !begins:
	case t.begin == "":
		batch.Queue(clockAlone)
	default:
		batch.Queue(t.begin)
		batch.Queue(enter, milliseconds(statementTimeout), milliseconds(idleTimeout))
	}
	for _, w := range t.waiting {
		batch.Queue(w.query, w.args...)
	}
	if p != nil {
		batch.Queue(p.query, p.args...)
	}
	if begins {
		conn, err := t.engine.pool.Acquire(ctx)
		if err != nil {
			return nil, unavailable(err)
		}
		t.conn = conn
	}
	t.engine.counts.roundTrips.Add(1)
	results := t.conn.SendBatch(ctx, batch)
	if begins {
		var err error
		if t.began, err = t.entered(results); err != nil {
			_ = results.Close()
			t.leave(ctx)
			return nil, fmt.Errorf("beginning a transaction: %w", err)
		}
	}
	for range t.waiting {
		if _, err := results.Exec(); err != nil {
			return nil, closed(results, err)
		}
	}
	t.waiting = nil
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
	if t.conn == nil && len(t.waiting) > 0 {
		if _, err := t.clock(ctx); err != nil {
			return err
		}
	}
	if t.conn == nil {
		return nil
	}
	t.engine.counts.commits.Add(1)
	return commitVerdict(t.conn.Conn().PgConn(), func() (pgconn.CommandTag, error) { return t.finish(ctx, `commit`) })
}

// end undoes what was not committed and gives the connection back.
func (t *postgresTx) end(ctx context.Context) {
	t.waiting = nil
	t.leave(ctx)
}

// leave gives the connection back, after a ROLLBACK if it needs one. If that fails the
// connection is closed, which rolls back too.
func (t *postgresTx) leave(ctx context.Context) {
	if t.conn == nil {
		return
	}
	if conn := t.conn.Conn().PgConn(); !conn.IsClosed() && conn.TxStatus() != 'I' {
		limited, cancel := t.limited(ctx)
		t.engine.counts.roundTrips.Add(1)
		_, _ = t.conn.Exec(limited, `rollback`)
		cancel()
	}
	t.conn.Release()
	t.conn = nil
}

// limited is a context that goes on after the caller's, but not for ever.
func (t *postgresTx) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), t.engine.commitTimeout)
}

// finish sends the statement that ends the transaction behind all that comes before it.
func (t *postgresTx) finish(ctx context.Context, how string) (pgconn.CommandTag, error) {
	limited, cancel := t.limited(ctx)
	defer cancel()
	if t.alone() {
		t.engine.counts.roundTrips.Add(1)
		return t.conn.Exec(limited, how)
	}
	message, err := t.send(limited, &pending{query: how})
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
