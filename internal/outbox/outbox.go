// Package outbox is mail, and text messages, that cannot be lost: a message is
// queued in the transaction of the event that causes it and sent afterwards, by whichever
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
	"github.com/stepup-auth/stepup/internal/figures"
	"github.com/stepup-auth/stepup/internal/store"
)

const (
	batch       = 16
	lease       = time.Minute      // how long a node has to send a message before another one may take it
	sendTimeout = 20 * time.Second // below the lease
	// NoticeLife is how long a notice is worth sending.
	NoticeLife = 3 * 24 * time.Hour
)

// envelope is what is sealed in the store: a mail or a text message, never both.
type envelope struct {
	Mail *deliver.Message `json:",omitempty"`
	Text *deliver.Text    `json:",omitempty"`
}

// Enqueue queues a mail in the transaction; it is sent only if that commits.
func Enqueue(tx *store.Tx, environmentID string, m deliver.Message, life time.Duration) error {
	return queue(tx, environmentID, envelope{Mail: &m}, life)
}

// EnqueueText is Enqueue for a text message.
func EnqueueText(tx *store.Tx, environmentID string, t deliver.Text, life time.Duration) error {
	return queue(tx, environmentID, envelope{Text: &t}, life)
}

// Decoy does the work of Enqueue for a message that is not to be sent, so that
// the time an answer takes does not tell whether one was.
func Decoy(tx *store.Tx, environmentID string, like deliver.Message) error {
	like.To = ""
	return Enqueue(tx, environmentID, like, 0)
}

// DecoyText is Decoy for a text message.
func DecoyText(tx *store.Tx, environmentID string, like deliver.Text) error {
	like.To = ""
	return EnqueueText(tx, environmentID, like, 0)
}

func queue(tx *store.Tx, environmentID string, e envelope, life time.Duration) error {
	id := uuid.NewString()
	plain, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("queueing a message: %w", err)
	}
	sealed, err := tx.Seal("outbox", "sealed_message", id, plain)
	if err != nil {
		return fmt.Errorf("queueing a message: %w", err)
	}
	return tx.InsertOutbox(store.OutboxRow{ID: id, EnvironmentID: environmentID, SealedMessage: sealed, NotAfter: tx.Now().Add(life)})
}

// Worker sends what is queued.
type Worker struct {
	db     *store.DB
	mailer deliver.Mailer
	log    *slog.Logger

	// Texter sends text messages; nil: there is none, and they are dropped.
	Texter deliver.Texter
	// Sender is the mailbox that a mail of the environment leaves from, given the one
	// it was queued with; nil: that one.
	Sender func(environmentID, from string) string
	// Logo is the picture that goes with mails of the environment; nil: none does. A mail
	// goes without it where it cannot be had.
	Logo func(ctx context.Context, environmentID string) deliver.Picture
	// Sent is called after each try at a mail, SentText after each at a text, for
	// metrics; nil is allowed.
	Sent, SentText func(ok bool)
}

// NewWorker makes a worker; Run starts it.
func NewWorker(db *store.DB, mailer deliver.Mailer, log *slog.Logger) *Worker {
	return &Worker{db: db, mailer: mailer, log: log}
}

// Run sends what this node queues as soon as that is durable, until ctx ends, and
// looks every second for what other nodes left behind.
func (w *Worker) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		for {
			n, err := w.Once(ctx)
			if err != nil && ctx.Err() == nil {
				w.log.Error("sending queued messages", "error", err)
			}
			if n < batch || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-w.db.Queued():
		case <-tick.C:
		}
	}
}

// Once sends one batch and returns how many messages it took.
func (w *Worker) Once(ctx context.Context) (int, error) {
	var due []store.OutboxRow
	var now time.Time
	waiting := false
	err := w.db.Glance(ctx, func(tx *store.Tx) error {
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
		return fmt.Errorf("opening queued message %s: %w", row.ID, err)
	}
	var e envelope
	if err := json.Unmarshal(plain, &e); err != nil {
		return fmt.Errorf("reading queued message %s: %w", row.ID, err)
	}
	if (e.Mail == nil) == (e.Text == nil) {
		return fmt.Errorf("queued message %s is neither a mail nor a text", row.ID)
	}
	if e.decoy() {
		return w.finish(ctx, row.ID)
	}
	log := w.log.With("outbox_id", row.ID, "environment_id", row.EnvironmentID, "channel", e.channel())
	if !now.Before(row.NotAfter) {
		log.Warn("dropping a message that is too late")
		return w.finish(ctx, row.ID)
	}
	if e.Text != nil && w.Texter == nil {
		log.Warn("dropping a text message: this server sends none, STEPUP_SMS_URL is not set")
		return w.finish(ctx, row.ID)
	}
	err = w.hand(ctx, row, e)
	switch {
	case err == nil:
		return w.finish(ctx, row.ID)
	case deliver.Permanent(err):
		log.Error("message refused for good", "error", err)
		return w.fail(ctx, row, e, func(tx *store.Tx) error { return tx.DeleteOutbox(row.ID) })
	}
	wait := min(time.Duration(1)<<min(row.Attempts, 9)*time.Second, 5*time.Minute)
	log.Warn("message not sent, trying again", "attempts", row.Attempts, "error", err)
	return w.fail(ctx, row, e, func(tx *store.Tx) error { return tx.DeferOutbox(row.ID, tx.Now().Add(wait)) })
}

// fail counts a try that failed, with what becomes of the message.
func (w *Worker) fail(ctx context.Context, row store.OutboxRow, e envelope, settle func(*store.Tx) error) error {
	name := figures.Mail
	if e.Text != nil {
		name = figures.Text
	}
	return w.db.Write(ctx, func(tx *store.Tx) error {
		if err := figures.Failed(tx, row.EnvironmentID, name); err != nil {
			return err
		}
		return settle(tx)
	})
}

// hand gives the message to whoever sends it.
func (w *Worker) hand(ctx context.Context, row store.OutboxRow, e envelope) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	var err error
	sent := w.Sent
	if e.Text != nil {
		e.Text.ID = row.ID
		err, sent = w.Texter.SendText(ctx, *e.Text), w.SentText
	} else {
		if w.Sender != nil {
			e.Mail.From = w.Sender(row.EnvironmentID, e.Mail.From)
		}
		if w.Logo != nil {
			e.Mail.Logo = w.Logo(ctx, row.EnvironmentID)
		}
		err = w.mailer.Send(ctx, *e.Mail)
	}
	if sent != nil {
		sent(err == nil)
	}
	return err
}

func (e envelope) decoy() bool {
	return e.Mail != nil && e.Mail.To == "" || e.Text != nil && e.Text.To == ""
}

func (e envelope) channel() string {
	if e.Text != nil {
		return "text"
	}
	return "mail"
}

func (w *Worker) finish(ctx context.Context, id string) error {
	return w.db.Write(ctx, func(tx *store.Tx) error { return tx.DeleteOutbox(id) })
}
