// Package outbox is mail that cannot be lost: a message is queued in the
// transaction of the event that causes it and sent afterwards, by whichever
// node comes first. Messages are sealed in the store, because they carry codes
// and links, and are dropped when they are too late to be of use.
package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/store"
)

const (
	batch       = 16
	lease       = time.Minute      // another node takes over after that
	sendTimeout = 20 * time.Second // below the lease
	// NoticeLife is how long a notice is worth sending.
	NoticeLife = 3 * 24 * time.Hour
)

// Enqueue queues a message in the transaction; it is sent only if that commits.
func Enqueue(tx *store.Tx, environmentID string, m deliver.Message, life time.Duration) error {
	plain, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("queueing mail: %w", err)
	}
	id := uuid.NewString()
	sealed, err := tx.Seal("outbox", "sealed_message", id, plain)
	if err != nil {
		return fmt.Errorf("queueing mail: %w", err)
	}
	return tx.InsertOutbox(store.OutboxRow{ID: id, EnvironmentID: environmentID, SealedMessage: sealed, NotAfter: tx.Now().Add(life)})
}

// Decoy does the work of Enqueue for a message that is not to be sent, so that
// the time an answer takes does not tell whether one was.
func Decoy(tx *store.Tx, environmentID string, like deliver.Message) error {
	like.To = ""
	return Enqueue(tx, environmentID, like, 0)
}

// Worker sends what is queued.
type Worker struct {
	db     *store.DB
	mailer deliver.Mailer
	log    *slog.Logger
	nudge  chan struct{}

	// Sent is called after each try, for metrics; nil is allowed.
	Sent func(ok bool)
}

// NewWorker makes a worker; Run starts it.
func NewWorker(db *store.DB, mailer deliver.Mailer, log *slog.Logger) *Worker {
	return &Worker{db: db, mailer: mailer, log: log, nudge: make(chan struct{}, 1)}
}

// Nudge says that something was queued. It never blocks.
func (w *Worker) Nudge() {
	select {
	case w.nudge <- struct{}{}:
	default:
	}
}

// Run sends until ctx ends, looking on its own every second for what other
// nodes left behind.
func (w *Worker) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		for {
			n, err := w.Once(ctx)
			if err != nil && ctx.Err() == nil {
				w.log.Error("sending queued mail", "error", err)
			}
			if n < batch || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-w.nudge:
		case <-tick.C:
		}
	}
}

// Once sends one batch and returns how many messages it took.
func (w *Worker) Once(ctx context.Context) (int, error) {
	var due []store.OutboxRow
	var now time.Time
	waiting := false
	err := w.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		waiting, err = tx.OutboxDue()
		return err
	})
	if err != nil || !waiting {
		return 0, err
	}
	err = w.db.Write(ctx, func(tx *store.Tx) error {
		var err error
		now = tx.Now()
		due, err = tx.ClaimOutbox(batch, lease)
		return err
	})
	if err != nil {
		return 0, err
	}
	done := make(chan error, len(due))
	for _, row := range due {
		go func() { done <- w.send(ctx, row, now) }()
	}
	for range due {
		if e := <-done; e != nil && err == nil {
			err = e
		}
	}
	return len(due), err
}

func (w *Worker) send(ctx context.Context, row store.OutboxRow, now time.Time) error {
	plain, err := w.db.Box().Open("outbox", "sealed_message", row.ID, row.SealedMessage)
	if err != nil {
		return fmt.Errorf("opening queued mail %s: %w", row.ID, err)
	}
	var m deliver.Message
	if err := json.Unmarshal(plain, &m); err != nil {
		return fmt.Errorf("reading queued mail %s: %w", row.ID, err)
	}
	if m.To == "" { // a decoy
		return w.finish(ctx, row.ID)
	}
	if !now.Before(row.NotAfter) {
		w.log.Warn("dropping mail that is too late", "outbox_id", row.ID, "environment_id", row.EnvironmentID)
		return w.finish(ctx, row.ID)
	}
	sending, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	err = w.mailer.Send(sending, m)
	if w.Sent != nil {
		w.Sent(err == nil)
	}
	switch {
	case err == nil:
		return w.finish(ctx, row.ID)
	case deliver.Permanent(err):
		w.log.Error("mail refused for good", "outbox_id", row.ID, "environment_id", row.EnvironmentID, "error", err)
		return w.finish(ctx, row.ID)
	}
	wait := min(time.Duration(1)<<min(row.Attempts, 9)*time.Second, 5*time.Minute)
	w.log.Warn("mail not sent, trying again", "outbox_id", row.ID, "environment_id", row.EnvironmentID, "attempts", row.Attempts, "error", err)
	return w.db.Write(ctx, func(tx *store.Tx) error { return tx.DeferOutbox(row.ID, tx.Now().Add(wait)) })
}

func (w *Worker) finish(ctx context.Context, id string) error {
	return w.db.Write(ctx, func(tx *store.Tx) error { return tx.DeleteOutbox(id) })
}
