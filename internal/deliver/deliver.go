// Package deliver sends mail: codes, and notices about an account. It owns
// what a message looks like, which addresses may be mailed at all, and the
// conversation with the mail server; when to send, and again after a failure,
// is the caller's business.
//
// The invariant: nothing a user, an attacker or an app name contributes can
// become a header, markup, a link or another recipient, and no code and no
// password ever leaves through a subject, an error or a log line.
package deliver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Message is one mail to one person. The functions of this package that build
// one, such as [SignInCode], leave nothing to fill in. It prints as a
// placeholder, because its text carries codes; it does marshal to JSON, so
// seal what you store.
type Message struct {
	From    string // RFC 5322 mailbox, see [NoReply]
	To      string // an address as [NormalizeEmail] returns it
	Subject string
	Text    string
	HTML    string // may be empty: then the mail has only the text part
	// what the HTML shows as [LogoID], if it does; it is added on the way out
	Logo Picture `json:"-"`
}

// Picture is one that goes with a mail, so that nothing is fetched when it is read.
type Picture struct {
	Type string // image/png or image/jpeg
	Data []byte
}

// Format keeps codes out of whatever prints messages.
func (Message) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[mail]") }

// LogValue keeps codes out of logs.
func (Message) LogValue() slog.Value { return slog.StringValue("[mail]") }

// Mailer sends one message. When Send returns nil the mail was handed over;
// an error for which [Permanent] is false may be worth another try, which can
// then, rarely, arrive twice.
type Mailer interface {
	Send(ctx context.Context, m Message) error
}

// Permanent reports whether the message itself was refused, so that sending it
// again cannot succeed. A server that is down, busy, misconfigured or does not
// accept our password is not permanent: the next try may find it mended.
func Permanent(err error) bool {
	var failed *sendError
	return errors.As(err, &failed) && failed.permanent
}

// NoReply is the mailbox an environment sends from unless it names another:
// NAME <no-reply@HOST>, quoted as its characters need. A host that cannot
// stand in an address, such as an IP address, becomes localhost.
func NoReply(name, host string) string {
	domain, err := senderDomain(host)
	if err != nil {
		domain = "localhost"
	}
	return (&mail.Address{Name: oneLine(name, maxName), Address: "no-reply@" + domain}).String()
}

// parseSender is laxer than [NormalizeEmail]: the operator wrote the address,
// and no-reply@localhost is a fine sender on a laptop.
func parseSender(from string) (*mail.Address, error) {
	if hasControl(from) {
		return nil, errors.New("sender: remove the line breaks and control characters")
	}
	sender, err := mail.ParseAddress(from)
	if err != nil {
		return nil, errors.New(`sender: write it like "Example <no-reply@example.com>"`)
	}
	// The name may have hidden a line break in an encoded word.
	if hasControl(sender.Name) {
		return nil, errors.New("sender: remove the line breaks and control characters from the name")
	}
	local, host, ok := strings.Cut(sender.Address, "@")
	if !ok {
		return nil, errors.New("sender: the address needs exactly one @")
	}
	if err := checkLocal(local); err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	domain, err := senderDomain(host)
	if err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	sender.Address = local + "@" + domain
	return sender, nil
}

// envelope is a message that was found fit to travel.
type envelope struct {
	from *mail.Address
	to   string
}

// check refuses what no mailer may send, whoever wrote the message.
func (m Message) check() (envelope, error) {
	from, err := parseSender(m.From)
	if err != nil {
		return envelope{}, err
	}
	to, _, err := NormalizeEmail(m.To)
	if err != nil {
		return envelope{}, fmt.Errorf("recipient: %w", err)
	}
	switch {
	case hasControl(m.Subject):
		return envelope{}, errors.New("subject: remove the line breaks and control characters")
	case m.Subject == "" || len(m.Subject) > maxSubject:
		return envelope{}, fmt.Errorf("subject: want 1 to %d bytes", maxSubject)
	case m.Text == "":
		return envelope{}, errors.New("text: must not be empty")
	case !utf8.ValidString(m.Subject + m.Text + m.HTML):
		return envelope{}, errors.New("message: must be valid UTF-8")
	}
	return envelope{from: from, to: to}, nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	})
}
