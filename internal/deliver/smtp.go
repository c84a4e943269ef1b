package deliver

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/stepup-auth/stepup/internal/secret"
)

const (
	// sendTimeout bounds a whole conversation.
	sendTimeout = 30 * time.Second
	// quitTimeout bounds the goodbye after it, whose outcome nobody needs.
	quitTimeout = time.Second
)

// SMTP hands mail to a server, with a connection per message.
//
// smtps:// speaks TLS from the first byte. smtp:// switches to TLS when the
// server offers it; with a user name it must, unless the server is on this
// machine. Certificates are verified, except after STARTTLS on loopback, where
// plain text would do as well.
//
// Set the exported fields before the first Send.
type SMTP struct {
	RootCAs *x509.CertPool // nil means those of the system
	Timeout time.Duration  // of one Send; 0 means 30 s; an earlier deadline of the context wins
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)

	host, port  string
	loopback    bool
	implicitTLS bool
	user        string // empty means no login
	password    secret.Text
	logger      *slog.Logger
	warnPlain   sync.Once
}

// Format keeps the password out of whatever prints mailers.
func (s *SMTP) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, net.JoinHostPort(s.host, s.port))
}

// NewSMTP reads smtp://user:password@host:port or smtps://…; user and port may
// be left out (587, and 465 for smtps). Its errors never repeat the URL. It
// does not connect.
func NewSMTP(rawURL secret.Text, logger *slog.Logger) (*SMTP, error) {
	u, err := url.Parse(rawURL.Reveal())
	if err != nil {
		return nil,
			errors.New("SMTP URL: write it as smtp://user:password@host:port and percent-encode special characters in user and password")
	}
	s := &SMTP{Dial: new(net.Dialer).DialContext, host: u.Hostname(), port: u.Port(), logger: logger}
	defaultPort := "587"
	switch u.Scheme {
	case "smtp":
	case "smtps":
		s.implicitTLS, defaultPort = true, "465"
	default:
		return nil, errors.New("SMTP URL: must start with smtp:// or smtps://")
	}
	if s.port == "" {
		s.port = defaultPort
	}
	if port, err := strconv.Atoi(s.port); err != nil || port < 1 || port > 65535 {
		return nil, errors.New("SMTP URL: the port must be 1 to 65535")
	}
	if s.host == "" {
		return nil, errors.New("SMTP URL: the host is missing")
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("SMTP URL: nothing may follow the port; percent-encode special characters in user and password")
	}
	if u.User != nil {
		password, _ := u.User.Password()
		if u.User.Username() == "" || password == "" {
			return nil, errors.New("SMTP URL: give both user and password, or neither")
		}
		s.user, s.password = u.User.Username(), secret.Text(password)
	}
	s.loopback = isLoopback(s.host)
	return s, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Send hands m to the server. It returns nil once the server has accepted the
// message, even if the connection breaks right after.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	e, err := m.check()
	if err != nil {
		return &sendError{step: "composing", cause: err, permanent: true}
	}
	body, err := m.compose(e)
	if err != nil {
		return &sendError{step: "composing", cause: errors.New("the message cannot be encoded"), permanent: true}
	}
	ctx, cancel := s.within(ctx)
	defer cancel()
	failed := s.converse(ctx, e, body)
	if failed == nil {
		return nil
	}
	if ctx.Err() != nil && failed.code == 0 {
		failed.cause = ctx.Err() // the broken connection is only how we noticed
	}
	return failed
}

// Probe speaks to the server as before a message, under the name of a host, and
// goes again. It returns nil if the server would have let us send.
func (s *SMTP) Probe(ctx context.Context, hello string) error {
	ctx, cancel := s.within(ctx)
	defer cancel()
	if failed := s.session(ctx, hello, nil, func(*smtp.Client, net.Conn) *sendError { return nil }); failed != nil {
		return failed
	}
	return nil
}

// within bounds a conversation.
func (s *SMTP) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, cmp.Or(s.Timeout, sendTimeout))
}

// Address is host and port of the mail server.
func (s *SMTP) Address() string { return net.JoinHostPort(s.host, s.port) }

// Encrypted says how the way to the server is protected.
func (s *SMTP) Encrypted() string {
	switch {
	case s.implicitTLS:
		return "TLS from the first byte"
	case s.loopback:
		return "STARTTLS where the server offers it; it is on this machine"
	case s.user != "":
		return "STARTTLS, without which nothing is sent"
	}
	return "STARTTLS where the server offers it"
}

// LogsIn reports whether a user name and a password are set.
func (s *SMTP) LogsIn() bool { return s.user != "" }

// converse does the whole conversation. The steps are driven one by one,
// rather than by go-mail's own client, so that each failure is known for what
// it is, a cancelled context ends every one of them, and a message that was
// accepted is never reported as failed, which would send it twice.
func (s *SMTP) converse(ctx context.Context, e envelope, body []byte) *sendError {
	_, domain, _ := strings.Cut(e.from.Address, "@")
	return s.session(ctx, domain, nil, func(client *smtp.Client, conn net.Conn) *sendError { return hand(client, conn, e, body) })
}

// session connects, introduces itself and logs in, lets speak and says goodbye. What is
// said goes on record, unless that is nil.
func (s *SMTP) session(ctx context.Context, hello string, record *transcript, speak func(*smtp.Client, net.Conn) *sendError) *sendError {
	conn, err := s.Dial(ctx, "tcp", net.JoinHostPort(s.host, s.port))
	if err != nil {
		return stepConnect.failure(err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()

	wire := conn
	if s.implicitTLS {
		secured := tls.Client(conn, s.tlsConfig())
		if err := secured.HandshakeContext(ctx); err != nil {
			return stepTLS.failure(err)
		}
		wire = secured
	}
	client, err := smtp.NewClient(wire, s.host)
	if err != nil {
		return stepGreeting.failure(err)
	}
	defer func() {
		_ = conn.SetDeadline(time.Now().Add(quitTimeout))
		_ = client.Quit()
	}()
	client.SkipSMTPUTF8(true) // all our addresses are ASCII
	if record != nil {
		client.SetLogger(record)
		client.SetDebugLog(true)
	}

	if err := client.Hello(hello); err != nil {
		return stepHello.failure(err)
	}
	if failed := s.secure(ctx, client); failed != nil {
		return failed
	}
	if state, encrypted := client.TLSConnectionState(); encrypted {
		record.note("the connection is encrypted (%s)", tls.VersionName(state.Version))
	} else if s.implicitTLS {
		record.note("the connection is encrypted")
	} else {
		record.note("the connection is not encrypted")
	}
	if failed := s.login(client); failed != nil {
		return failed
	}
	return speak(client, conn)
}

// hand gives one message to the server.
func hand(client *smtp.Client, conn net.Conn, e envelope, body []byte) *sendError {
	if err := client.Mail("<" + e.from.Address + ">"); err != nil {
		return stepFrom.failure(err)
	}
	if err := client.Rcpt("<" + e.to + ">"); err != nil {
		return stepTo.failure(err)
	}
	data, err := client.Data()
	if err != nil {
		return stepData.failure(err)
	}
	// On a failed write the closing dot must not follow: it would turn half a
	// message into a message.
	if _, err := data.Write(body); err != nil {
		_ = conn.Close()
		return stepBody.failure(err)
	}
	if err := data.Close(); err != nil {
		return stepBody.failure(err)
	}
	return nil
}

// secure switches to TLS as the rules of [SMTP] demand.
func (s *SMTP) secure(ctx context.Context, client *smtp.Client) *sendError {
	if s.implicitTLS {
		return nil
	}
	if offered, _ := client.Extension("STARTTLS"); offered {
		if err := client.StartTLS(s.tlsConfig()); err != nil {
			return stepStartTLS.failure(err)
		}
		return nil
	}
	if s.loopback {
		return nil
	}
	if s.user != "" {
		return stepStartTLS.failure(
			fmt.Errorf("%s does not offer it and the password must not travel in the clear: use smtps:// or a server with TLS", s.host))
	}
	s.warnPlain.Do(func() {
		s.logger.WarnContext(ctx, "the mail server does not offer TLS: codes travel in the clear", "host", s.host)
	})
	return nil
}

func (s *SMTP) tlsConfig() *tls.Config {
	return &tls.Config{
		ServerName: s.host,
		RootCAs:    s.RootCAs,
		MinVersion: tls.VersionTLS12,
		// A mail server on this machine commonly has a certificate that
		// nobody can verify, and no network to be attacked on.
		InsecureSkipVerify: s.loopback && !s.implicitTLS,
	}
}

// login is only reached with TLS or on loopback, hence the "true" below: these
// mechanisms tell the server the password.
func (s *SMTP) login(client *smtp.Client) *sendError {
	if s.user == "" {
		return nil
	}
	_, offer := client.Extension("AUTH")
	mechanisms := strings.Fields(strings.ToUpper(offer))
	var auth smtp.Auth
	switch {
	case slices.Contains(mechanisms, "PLAIN"):
		auth = smtp.PlainAuth("", s.user, s.password.Reveal(), s.host, true)
	case slices.Contains(mechanisms, "LOGIN"):
		auth = smtp.LoginAuth(s.user, s.password.Reveal(), s.host, true)
	default:
		return &sendError{step: stepAuth.name,
			cause: errors.New("the server offers neither PLAIN nor LOGIN: check that user and password are meant for it")}
	}
	if err := client.Auth(auth); err != nil {
		return stepAuth.failure(err)
	}
	return nil
}
