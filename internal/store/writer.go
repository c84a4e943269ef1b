package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

// groupLimit bounds how many operations share a commit: enough that the disk's
// sync stops being the limit, few enough that the first one does not wait long.
const groupLimit = 128

// writer owns the only connection that writes to a SQLite database. It lends one
// open transaction to one waiting operation after the other, each but the first inside
// a savepoint, commits once, and then answers them all: waiting operations share
// one sync of the disk.
//
// An operation's function runs on its caller's goroutine, so that a panic or a
// runtime.Goexit stays there. The writer goroutine waits meanwhile: at any moment
// either it or one caller uses the transaction.
type writer struct {
	db     *sql.DB // one connection
	water  *highWater
	logger *slog.Logger
	counts *counts

	queue   chan *operation // unbuffered: an operation is queued until it is taken
	stop    chan struct{}
	stopped chan struct{}
}

// operation is one call of [DB.Write] as the writer sees it.
type operation struct {
	ctx  context.Context
	turn chan *sql.Tx // writer → caller: the transaction is yours
	back chan error   // caller → writer: take it back; nil keeps the work
	done chan error   // writer → caller: the verdict
}

// errAbandoned is the verdict on a function that panicked; nobody reads it.
var errAbandoned = errors.New("the operation panicked")

func startWriter(db *sql.DB, water *highWater, logger *slog.Logger, counts *counts) *writer {
	w := &writer{
		db: db, water: water, logger: logger, counts: counts,
		queue: make(chan *operation), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	go w.loop()
	return w
}

// close ends the goroutine; [DB.Close] calls it once, with no operation under way.
func (w *writer) close() {
	close(w.stop)
	<-w.stopped
}

// do is the caller's side.
func (w *writer) do(ctx context.Context, db *DB, fn func(*Tx) error) error {
	op := &operation{ctx: ctx, turn: make(chan *sql.Tx), back: make(chan error), done: make(chan error, 1)}
	select {
	case w.queue <- op:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for {
		select {
		case conn := <-op.turn:
			op.run(db, conn, fn)
		case err := <-op.done:
			return err
		}
	}
}

// run uses the lent transaction. Statements are not cancelled with the caller's
// context: SQLite answers an interrupted write by undoing the whole transaction,
// the neighbours' work included.
func (op *operation) run(db *DB, conn *sql.Tx, fn func(*Tx) error) {
	verdict := errAbandoned
	defer func() { op.back <- verdict }()
	verdict = fn(newTx(op.ctx, context.WithoutCancel(op.ctx), db, sqliteTx{conn, time.Now()}))
}

func (w *writer) loop() {
	defer close(w.stopped)
	for {
		select {
		case op := <-w.queue:
			w.group(op)
		case <-w.stop:
			return
		}
	}
}

// group runs first and whoever else is waiting in one transaction.
func (w *writer) group(first *operation) {
	tx, err := w.db.BeginTx(context.Background(), nil)
	if err != nil {
		first.done <- unavailable(err)
		return
	}
	var kept, failed []*operation
	var verdicts []error // on the failed ones
	taken := 0
	for op := first; op != nil; op = w.next(taken) {
		taken++
		err, intact := w.lend(tx, op, len(kept) > 0)
		switch {
		case !intact:
			// The first of them failed, or the engine undid the whole transaction: a full
			// disk, an I/O error. Only this operation is to blame; the others get another try.
			w.rollback(tx)
			op.done <- err
			w.alone(kept)
			w.alone(failed)
			return
		case err != nil:
			failed, verdicts = append(failed, op), append(verdicts, err)
		default:
			kept = append(kept, op)
		}
	}
	if len(kept) == 0 {
		w.rollback(tx)
	} else if err = w.commit(tx); err != nil && !errors.Is(err, ErrUnknownOutcome) && len(kept) > 1 {
		w.alone(kept) // a deferred constraint: find the one that breaks it
		w.alone(failed)
		return
	}
	for _, op := range kept {
		op.done <- err
	}
	// What made an operation fail may be a neighbour's work, so it hears of it only once
	// that is durable: whoever is told "spent" can see it spent. If it is not, the reason
	// may be gone.
	if err != nil {
		w.alone(failed)
		return
	}
	for i, op := range failed {
		op.done <- verdicts[i]
	}
}

// next is an operation that waits already, or nil when the group should commit.
func (w *writer) next(taken int) *operation {
	if taken >= groupLimit {
		return nil
	}
	select {
	case op := <-w.queue:
		return op
	default:
		return nil
	}
}

// alone gives each operation a transaction of its own.
func (w *writer) alone(ops []*operation) {
	for _, op := range ops {
		op.done <- func() error {
			tx, err := w.db.BeginTx(context.Background(), nil)
			if err != nil {
				return unavailable(err)
			}
			if err, _ := w.lend(tx, op, false); err != nil {
				w.rollback(tx)
				return err
			}
			return w.commit(tx)
		}()
	}
}

// lend lets op do its work. Where it has neighbours that is in a savepoint, which is undone
// when op fails. intact tells whether the transaction around it still stands.
func (w *writer) lend(tx *sql.Tx, op *operation, neighbours bool) (verdict error, intact bool) {
	if op.ctx.Err() != nil {
		return context.Cause(op.ctx), true
	}
	if neighbours {
		if _, err := tx.Exec(`SAVEPOINT op`); err != nil {
			return unavailable(err), false
		}
	}
	op.turn <- tx
	verdict = <-op.back
	if !neighbours {
		return verdict, verdict == nil
	}
	if verdict != nil {
		if _, err := tx.Exec(`ROLLBACK TO op`); err != nil {
			return verdict, false
		}
	}
	if _, err := tx.Exec(`RELEASE op`); err != nil {
		return errors.Join(verdict, unavailable(err)), false
	}
	return verdict, true
}

// commit returns nil once the transaction is durable, and [ErrUnknownOutcome] for
// every failure in which parts of it may have reached the disk.
func (w *writer) commit(tx *sql.Tx) error {
	number, err := w.water.raise(tx)
	if err != nil {
		w.rollback(tx)
		return unavailable(err)
	}
	w.counts.commits.Add(1)
	if err := tx.Commit(); err != nil {
		if code, ok := sqliteCode(err); ok {
			switch code & 0xff {
			case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_BUSY:
				return named(err)
			}
		}
		return unknown(err)
	}
	if err := w.water.acknowledge(number); err != nil {
		w.logger.Error("writing the side file; an older copy of the database may go unnoticed", "error", err)
	}
	return nil
}

func (w *writer) rollback(tx *sql.Tx) {
	// After an error that ended the transaction there is nothing left to roll back,
	// and SQLite says so.
	_ = tx.Rollback()
}
