package deliver

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"
)

// inboxSize is how many messages an [Inbox] keeps.
const inboxSize = 200

// Inbox is the mailer and texter of development mode: it keeps messages in memory instead
// of sending them. It holds other people's codes, so nothing but a page of
// development mode may show it. The zero value is ready for use.
type Inbox struct {
	Now func() time.Time // nil means time.Now; set it before use

	mu       sync.Mutex
	last     int
	received []Received // oldest first
}

// Received is a message in an [Inbox].
type Received struct {
	ID string // unique in this inbox, never reused
	At time.Time
	Message
}

// Send keeps m, and forgets the oldest message when there are too many. It
// refuses what [SMTP] would refuse, so that development shows such mistakes.
func (b *Inbox) Send(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return &sendError{step: "delivering to the inbox", cause: err}
	}
	if _, err := m.check(); err != nil {
		return &sendError{step: "composing", cause: err, permanent: true}
	}
	b.keep(m)
	return nil
}

// Transcribe is Send; there is nobody to talk to.
func (b *Inbox) Transcribe(ctx context.Context, m Message) ([]Line, error) {
	if err := b.Send(ctx, m); err != nil {
		return []Line{{Text: err.Error()}}, err
	}
	return []Line{{Text: "kept in the inbox of development, and sent to nobody"}}, nil
}

// SendText keeps t beside the mails.
func (b *Inbox) SendText(ctx context.Context, t Text) error {
	if err := ctx.Err(); err != nil {
		return &sendError{step: "delivering to the inbox", cause: err}
	}
	if err := t.check(); err != nil {
		return &sendError{step: "composing", cause: err, permanent: true}
	}
	b.keep(Message{To: t.To, Subject: "Text message", Text: t.Body})
	return nil
}

func (b *Inbox) keep(m Message) {
	now := time.Now
	if b.Now != nil {
		now = b.Now
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	b.received = append(b.received, Received{ID: strconv.Itoa(b.last), At: now(), Message: m})
	if excess := len(b.received) - inboxSize; excess > 0 {
		b.received = slices.Delete(b.received, 0, excess)
	}
}

// List gives the messages kept, newest first.
func (b *Inbox) List() []Received {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := slices.Clone(b.received)
	slices.Reverse(list)
	return list
}

// Clear forgets all messages.
func (b *Inbox) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.received) // codes need not linger in the backing array
	b.received = nil
}
