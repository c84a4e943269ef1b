package deliver

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"regexp"
	"strings"
)

// sendError says at which step a mail failed and why. It never holds the
// password or any part of the message.
type sendError struct {
	text      bool   // a text message, not a mail
	step      string // what we were doing: "RCPT TO"
	code      int    // the server's reply; 0 if it gave none
	enhanced  string // its enhanced status code (RFC 3463), may be empty
	said      string // its words, cleaned; empty where it may have echoed a secret
	cause     error  // what else went wrong; nil when the server refused
	permanent bool
}

func (e *sendError) Error() string {
	text := "sending mail: " + e.step
	if e.text {
		text = "sending a text: " + e.step
	}
	if e.code != 0 {
		text += fmt.Sprintf(": server answered %d", e.code)
	}
	if e.enhanced != "" {
		text += " " + e.enhanced
	}
	if e.said != "" {
		text += fmt.Sprintf(" %q", e.said)
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

func (e *sendError) Unwrap() error { return e.cause }

// step is one exchange with the server.
type step struct {
	name string
	// secret means that the server has just been told the password or the
	// message, so that its answer may repeat it.
	secret bool
	// aboutMessage means that a final refusal here is meant for this message
	// and not for us or the connection.
	aboutMessage bool
}

var (
	stepConnect  = step{name: "connecting"}
	stepTLS      = step{name: "TLS handshake"}
	stepGreeting = step{name: "greeting"}
	stepHello    = step{name: "EHLO"}
	stepStartTLS = step{name: "STARTTLS"}
	stepAuth     = step{name: "AUTH", secret: true}
	stepFrom     = step{name: "MAIL FROM", aboutMessage: true}
	stepTo       = step{name: "RCPT TO", aboutMessage: true}
	stepData     = step{name: "DATA", aboutMessage: true}
	stepBody     = step{name: "message text", secret: true, aboutMessage: true}
)

var errNonsense = errors.New("the server's answer made no sense")

var enhancedCode = regexp.MustCompile(`^([245]\.\d{1,3}\.\d{1,3})\b`)

// failure describes err, the failed outcome of s.
func (s step) failure(err error) *sendError {
	failed := &sendError{step: s.name}
	var reply *textproto.Error
	var malformed textproto.ProtocolError
	var network net.Error
	switch {
	case errors.As(err, &reply):
		failed.code = reply.Code
		failed.enhanced = enhancedCode.FindString(reply.Msg)
		if !s.secret {
			words := strings.TrimPrefix(reply.Msg, failed.enhanced)
			failed.said = oneLine(words, 200)
		}
		// 530 to 538 complain about our login, wherever they are said.
		failed.permanent = s.aboutMessage && reply.Code >= 500 && (reply.Code < 530 || reply.Code > 538)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		failed.cause = errors.New("the server closed the connection")
	case errors.As(err, &malformed):
		failed.cause = errNonsense // its text is the server's raw line
	case !s.secret:
		failed.cause = err
	case errors.As(err, &network):
		failed.cause = network
	default:
		failed.cause = errNonsense
	}
	return failed
}
