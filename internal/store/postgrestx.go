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
	engine *postgresEngine
	begin  string        // the statement that begins it
	conn   *pgxpool.Conn // nil: it has not begun
	began  time.Time     // by the clock of the database
	over   bool          // its COMMIT was sent
}

// enter is the first statement of every transaction: what must hold for this one
// is asked and set within it, because a pooler may give each transaction another
// server connection.
const enter = `SELECT floor(extract(epoch FROM now()) * 1000)::bigint, current_setting('synchronous_commit'),
	set_config('statement_timeout', $1, true) || set_config('idle_in_transaction_session_timeout', $2, true)`

func (t *postgresTx) exec(ctx context.Context, query string, args []any) (int64, error) {
	if t.conn != nil {
		t.engine.counts.roundTrips.Add(1)
		tag, err := t.conn.Exec(ctx, query, args...)
		return tag.RowsAffected(), err
	}
	first, err := t.start(ctx, query, args)
	if err != nil {
		return 0, err
	}
	tag, err := first.Exec()
	return tag.RowsAffected(), closed(first, err)
}

func (t *postgresTx) query(ctx context.Context, query string, args []any) (Rows, error) {
	if t.conn != nil {
		t.engine.counts.roundTrips.Add(1)
		rows, err := t.conn.Query(ctx, query, args...)
		return found(rows, err, nil)
	}
	first, err := t.start(ctx, query, args)
	if err != nil {
		return nil, err
	}
	rows, err := first.Query()
	return found(rows, err, first)
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
	batch.Queue(t.begin)
	batch.Queue(enter, milliseconds(statementTimeout), milliseconds(idleTimeout))
	if query != "" {
		batch.Queue(query, args...)
	}
	t.conn = conn
	t.engine.counts.roundTrips.Add(1)
	results := conn.SendBatch(ctx, batch)
	var at int64
	var durable, ignored string
	if _, err = results.Exec(); err == nil {
		if err = results.QueryRow().Scan(&at, &durable, &ignored); err == nil {
			if err = assertSynchronous(durable); err != nil {
				err = unavailable(err)
			}
		}
	}
	if err != nil {
		_ = results.Close()
		t.end(ctx)
		return nil, fmt.Errorf("beginning a transaction: %w", err)
	}
	t.began = time.UnixMilli(at)
	return results, nil
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
	t.over = true
	t.engine.counts.commits.Add(1)
	return commitVerdict(t.conn.Conn().PgConn(), func() (pgconn.CommandTag, error) { return t.finish(ctx, `commit`) })
}

// end undoes what was not committed and gives the connection back. A connection on which
// that fails is closed, which undoes it too.
func (t *postgresTx) end(ctx context.Context) {
	if t.conn == nil {
		return
	}
	if conn := t.conn.Conn().PgConn(); !t.over && !conn.IsClosed() && conn.TxStatus() != 'I' {
		_, _ = t.finish(ctx, `rollback`)
	}
	t.conn.Release()
	t.conn = nil
}

func (t *postgresTx) finish(ctx context.Context, how string) (pgconn.CommandTag, error) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.engine.commitTimeout)
	defer cancel()
	t.engine.counts.roundTrips.Add(1)
	return t.conn.Exec(limited, how)
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
