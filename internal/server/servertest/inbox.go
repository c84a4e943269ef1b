package servertest

import (
	"context"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/deliver"
)

// Inbox is the server's mailer and texter. It keeps every message by recipient and lets
// tests wait for one.
type Inbox struct {
	deliver.Inbox

	mu      sync.Mutex
	to      map[string][]deliver.Message // oldest first
	arrived chan struct{}                // closed and replaced at each arrival
}

func newInbox() *Inbox {
	return &Inbox{to: map[string][]deliver.Message{}, arrived: make(chan struct{})}
}

// Send implements [deliver.Mailer].
func (b *Inbox) Send(ctx context.Context, m deliver.Message) error {
	if err := b.Inbox.Send(ctx, m); err != nil {
		return err
	}
	b.keep(m)
	return nil
}

// SendText implements [deliver.Texter]; texts stand among the mails, by number.
func (b *Inbox) SendText(ctx context.Context, t deliver.Text) error {
	if err := b.Inbox.SendText(ctx, t); err != nil {
		return err
	}
	b.keep(deliver.Message{To: t.To, Subject: "Text message", Text: t.Body})
	return nil
}

func (b *Inbox) keep(m deliver.Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.to[m.To] = append(b.to[m.To], m)
	close(b.arrived)
	b.arrived = make(chan struct{})
}

// To returns what the address has received so far, oldest first.
func (b *Inbox) To(address string) []deliver.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]deliver.Message(nil), b.to[address]...)
}

// Wait returns message number n (from 0) to the address, as soon as it is there.
func (b *Inbox) Wait(t testing.TB, address string, n int) deliver.Message {
	t.Helper()
	return b.wait(t, address, n, func(deliver.Message) bool { return true })
}

// WaitCode returns the code in the first mail to the address that has one,
// passing over n mails and all notices.
func (b *Inbox) WaitCode(t testing.TB, address string, n int) string {
	t.Helper()
	return Code(t, b.wait(t, address, n, func(m deliver.Message) bool { return codeLine.MatchString(m.Text) }))
}

func (b *Inbox) wait(t testing.TB, address string, n int, wanted func(deliver.Message) bool) deliver.Message {
	t.Helper()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	for {
		b.mu.Lock()
		arrived, messages := b.arrived, b.to[address]
		b.mu.Unlock()
		for ; n < len(messages); n++ {
			if wanted(messages[n]) {
				return messages[n]
			}
		}
		select {
		case <-arrived:
		case <-late.C:
			t.Fatalf("no such mail to %s among %d", address, len(messages))
		}
	}
}

var codeLine = regexp.MustCompile(`(?m)^\s*([0-9]{6}|[0-9]{8})\s*$`)

// Code reads the one-time code out of a mail.
func Code(t testing.TB, m deliver.Message) string {
	t.Helper()
	found := codeLine.FindStringSubmatch(m.Text)
	if found == nil {
		t.Fatalf("no code in the mail %q", m.Subject)
	}
	return found[1]
}
