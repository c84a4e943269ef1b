package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// mailer remembers what it was given, and fails while failure is set.
type mailer struct {
	mu      sync.Mutex
	sent    map[string]int
	tries   int
	failure error
}

func (m *mailer) Send(_ context.Context, message deliver.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tries++
	if m.failure != nil {
		return m.failure
	}
	if m.sent == nil {
		m.sent = map[string]int{}
	}
	m.sent[message.Subject]++
	return nil
}

func enqueue(t testing.TB, db *store.DB, subject string, life time.Duration, then error) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		return errors.Join(outbox.Enqueue(tx, "e",
			deliver.Message{From: "a@example.com", To: "b@example.com", Subject: subject, Text: "the secret 271828"}, life), then)
	})
	if !errors.Is(err, then) {
		t.Fatal(err)
	}
}

func waiting(t testing.TB, db *store.DB) (n int64) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.Tx) (err error) {
		n, _, err = tx.OutboxWaiting()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func worker(db *store.DB, m *mailer) *outbox.Worker {
	return outbox.NewWorker(db, m, slog.New(slog.DiscardHandler))
}

// drain works until nothing is due.
func drain(t testing.TB, w *outbox.Worker) {
	t.Helper()
	for {
		n, err := w.Once(t.Context())
		if err != nil {
			t.Error(err)
		}
		if n == 0 {
			return
		}
	}
}

func engines(t *testing.T, f func(t *testing.T, open func(testing.TB) *store.DB, clock *storetest.Clock)) {
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) { f(t, open, clock) }, storetest.WithClock(clock))
}

// What a failed transaction queued is not sent; what is queued is sealed.
func TestQueue(t *testing.T) {
	engines(t, func(t *testing.T, open func(testing.TB) *store.DB, _ *storetest.Clock) {
		db, m := open(t), &mailer{}
		enqueue(t, db, "undone", time.Hour, errors.New("the event failed"))
		enqueue(t, db, "done", time.Hour, nil)
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			var sealed []byte
			err := tx.Row(`SELECT sealed_message FROM outbox`).Scan(&sealed)
			if len(sealed) == 0 || bytes.Contains(sealed, []byte("271828")) || bytes.Contains(sealed, []byte("b@example.com")) {
				t.Errorf("stored %q", sealed)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), func(tx *store.Tx) error {
			return outbox.Decoy(tx, "e", deliver.Message{To: "b@example.com", Subject: "decoy"})
		}); err != nil {
			t.Fatal(err)
		}
		tried := 0
		w := worker(db, m)
		w.Sent = func(ok bool) {
			if !ok {
				t.Error("not sent")
			}
			tried++
		}
		drain(t, w)
		if len(m.sent) != 1 || m.sent["done"] != 1 || tried != 1 || waiting(t, db) != 0 {
			t.Errorf("sent %v", m.sent)
		}
	})
}

// A failure is tried again, later and later, until it is too late.
func TestRetry(t *testing.T) {
	engines(t, func(t *testing.T, open func(testing.TB) *store.DB, clock *storetest.Clock) {
		db, m := open(t), &mailer{failure: errors.New("the server is away")}
		w := worker(db, m)
		enqueue(t, db, "mail", time.Hour, nil)
		for want := 1; want <= 4; want++ {
			drain(t, w)
			if m.tries != want {
				t.Errorf("%d tries, want %d", m.tries, want)
			}
			drain(t, w) // not yet
			clock.Advance(time.Duration(1) << want * time.Second)
		}
		m.failure = nil
		drain(t, w)
		if m.sent["mail"] != 1 || waiting(t, db) != 0 {
			t.Errorf("sent %v, %d waiting", m.sent, waiting(t, db))
		}

		m.failure = errors.New("away for long")
		enqueue(t, db, "late", 10*time.Minute, nil)
		for range 6 {
			drain(t, w)
			clock.Advance(5 * time.Minute)
		}
		m.failure = nil
		drain(t, w)
		if m.sent["late"] != 0 || waiting(t, db) != 0 {
			t.Errorf("a late mail was sent, or is kept: %v", m.sent)
		}
	})
}

// A worker that died keeps its mail for a minute; then another one sends it.
func TestLease(t *testing.T) {
	engines(t, func(t *testing.T, open func(testing.TB) *store.DB, clock *storetest.Clock) {
		db, m := open(t), &mailer{}
		enqueue(t, db, "mail", time.Hour, nil)
		if err := db.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.ClaimOutbox(10, time.Minute); return err }); err != nil {
			t.Fatal(err)
		}
		w := worker(db, m)
		drain(t, w)
		if m.tries != 0 {
			t.Error("sent under another worker's lease")
		}
		clock.Advance(time.Minute + time.Second)
		drain(t, w)
		if m.sent["mail"] != 1 {
			t.Errorf("sent %v", m.sent)
		}
	})
}

// Several workers on two nodes send each mail once.
func TestTwoWorkers(t *testing.T) {
	engines(t, func(t *testing.T, open func(testing.TB) *store.DB, _ *storetest.Clock) {
		nodes, m := []*store.DB{open(t), open(t)}, &mailer{}
		const mails = 60
		for i := range mails {
			enqueue(t, nodes[i%2], fmt.Sprint("mail ", i), time.Hour, nil)
		}
		var done sync.WaitGroup
		for i := range 6 {
			done.Go(func() { drain(t, worker(nodes[i%2], m)) })
		}
		done.Wait()
		drain(t, worker(nodes[0], m))
		if len(m.sent) != mails || waiting(t, nodes[0]) != 0 {
			t.Errorf("%d mails sent", len(m.sent))
		}
		for subject, n := range m.sent {
			if n != 1 {
				t.Errorf("%s: sent %d times", subject, n)
			}
		}
	})
}

// A flood of mail that can wait, such as invitations that another environment's owner
// sends, does not hold up a code that somebody waits for.
func TestCodesFirst(t *testing.T) {
	engines(t, func(t *testing.T, open func(testing.TB) *store.DB, clock *storetest.Clock) {
		db, m := open(t), &mailer{}
		for range 40 {
			enqueue(t, db, "invitation", 24*time.Hour, nil)
			enqueue(t, db, "notice", outbox.NoticeLife, nil)
		}
		clock.Advance(time.Minute)
		enqueue(t, db, "code", 5*time.Minute, nil)
		w := worker(db, m)
		if _, err := w.Once(t.Context()); err != nil || m.sent["code"] != 1 {
			t.Errorf("the first batch is %v, %v", m.sent, err)
		}
		drain(t, w)
		if m.sent["invitation"] != 40 || m.sent["notice"] != 40 {
			t.Errorf("sent: %v", m.sent)
		}
	})
}

// Run sends what was queued at once, and ends with its context.
func TestRun(t *testing.T) {
	db, m := storetest.SQLite(t), &mailer{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sent, ended := make(chan bool, 10), make(chan bool)
	w := worker(db, m)
	w.Sent = func(ok bool) { sent <- ok }
	go func() {
		w.Run(ctx)
		close(ended)
	}()
	for range 3 {
		enqueue(t, db, "mail", time.Hour, nil)
		if !<-sent {
			t.Error("not sent")
		}
	}
	cancel()
	<-ended
}

// texter remembers what it was given.
type texter struct{ got []deliver.Text }

func (x *texter) SendText(_ context.Context, t deliver.Text) error {
	x.got = append(x.got, t)
	if len(x.got) == 1 {
		return errors.New("busy")
	}
	return nil
}

// Texts travel beside mail, sealed like it, under one id at each try; a decoy
// does not; and a server that sends none drops them instead of trying for days.
func TestTexts(t *testing.T) {
	engines(t, func(t *testing.T, open func(testing.TB) *store.DB, clock *storetest.Clock) {
		db, m, x := open(t), &mailer{}, &texter{}
		queue := func() {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				like := deliver.Text{To: "+14155550123", Body: "the secret 271828"}
				return errors.Join(outbox.EnqueueText(tx, "e", like, time.Hour), outbox.DecoyText(tx, "e", like))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		queue()
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			var sealed []byte
			err := tx.Row(`SELECT sealed_message FROM outbox ORDER BY not_after DESC LIMIT 1`).Scan(&sealed)
			if len(sealed) == 0 || bytes.Contains(sealed, []byte("271828")) || bytes.Contains(sealed, []byte("4155550123")) {
				t.Errorf("stored %q", sealed)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w := worker(db, m)
		var results []bool
		w.Texter, w.SentText = x, func(ok bool) { results = append(results, ok) }
		drain(t, w)
		clock.Advance(time.Minute)
		drain(t, w)
		if len(x.got) != 2 || x.got[0].ID == "" || x.got[0] != x.got[1] || x.got[0].To != "+14155550123" || len(results) != 2 ||
			results[0] || !results[1] || m.tries != 0 || waiting(t, db) != 0 {
			t.Errorf("%d texts, %v, %d waiting", len(x.got), results, waiting(t, db))
		}
		queue()
		drain(t, worker(db, m))
		if len(x.got) != 2 || waiting(t, db) != 0 {
			t.Errorf("without a texter: %d texts, %d waiting", len(x.got), waiting(t, db))
		}
	})
}
