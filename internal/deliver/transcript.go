package deliver

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/wneessen/go-mail/log"
	"github.com/wneessen/go-mail/smtp"
)

// A Line is what one side of a conversation with the mail server said, or what happened
// between them. It holds no password and no part of a message.
type Line struct {
	By   string `json:"by"` // us, server, or empty: neither
	Text string `json:"text"`
}

// Who says a [Line].
const (
	ByUs     = "us"
	ByServer = "server"
)

// maxLines bounds a transcript: a server may talk for ever.
const maxLines = 200

// Transcribe is Send that tells what was said, also of a conversation that failed.
func (s *SMTP) Transcribe(ctx context.Context, m Message) ([]Line, error) {
	e, err := m.check()
	if err != nil {
		return nil, &sendError{step: "composing", cause: err, permanent: true}
	}
	body, err := m.compose(e)
	if err != nil {
		return nil, &sendError{step: "composing", cause: errors.New("the message cannot be encoded"), permanent: true}
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	record := &transcript{secrets: s.secrets()}
	record.note("connecting to %s", net.JoinHostPort(s.host, s.port))
	_, domain, _ := strings.Cut(e.from.Address, "@")
	failed := s.session(ctx, domain, record, func(client *smtp.Client, conn net.Conn) *sendError { return hand(client, conn, e, body) })
	if failed == nil {
		record.note("the server has taken the message, %d bytes", len(body))
		return record.lines, nil
	}
	if ctx.Err() != nil && failed.code == 0 {
		failed.cause = ctx.Err()
	}
	record.note("%s", failed.Error())
	return record.lines, failed
}

// secrets are the forms in which the password travels.
func (s *SMTP) secrets() []string {
	if s.user == "" {
		return nil
	}
	password := s.password.Reveal()
	encode := base64.StdEncoding.EncodeToString
	return []string{encode([]byte("\x00" + s.user + "\x00" + password)), encode([]byte(password)), password}
}

// transcript writes down a conversation. The nil transcript writes nothing.
type transcript struct {
	secrets []string
	lines   []Line
}

func (t *transcript) note(format string, args ...any) { t.add("", fmt.Sprintf(format, args...)) }

// add keeps one line. Whatever repeats the password, a server that does so included, is
// masked.
func (t *transcript) add(by, text string) {
	if t == nil {
		return
	}
	for _, secret := range t.secrets {
		if strings.Contains(text, secret) {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	for line := range strings.Lines(text) {
		if len(t.lines) >= maxLines {
			return
		}
		t.lines = append(t.lines, Line{by, oneLine(line, 300)})
	}
}

// Debugf implements [log.Logger]: the mail library tells it each command and answer.
func (t *transcript) Debugf(l log.Log) {
	by := ByServer
	if l.Direction == log.DirClientToServer {
		by = ByUs
	}
	t.add(by, fmt.Sprintf(l.Format, l.Messages...))
}

// Infof implements [log.Logger].
func (t *transcript) Infof(l log.Log) { t.Debugf(l) }

// Warnf implements [log.Logger].
func (t *transcript) Warnf(l log.Log) { t.Debugf(l) }

// Errorf implements [log.Logger].
func (t *transcript) Errorf(l log.Log) { t.Debugf(l) }
