// Package delivertest is a mail server for tests: a real one, over TCP, strict
// about the protocol, that keeps what it is sent. Its invariant: a mail it
// shows has come through a whole, well-formed SMTP conversation.
package delivertest

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Host is the name, besides localhost and 127.0.0.1, that the certificate of a
// [Server] is made for: for clients that treat loopback in a special way.
const Host = "mail.example.test"

// Credentials that a [Server] with RequireAuth takes, and no others.
const (
	User     = "mailer"
	Password = "correct horse:battery@staple/%41"
)

// waitTimeout is how long [Server.Wait] is patient.
const waitTimeout = 10 * time.Second

// Options say how a [Server] behaves. The zero value takes all mail.
type Options struct {
	RequireAuth      bool     // offer AUTH, and refuse mail without it
	STARTTLS         bool     // offer STARTTLS
	ImplicitTLS      bool     // speak TLS from the first byte
	RejectRecipients []string // answered with 550
	FailFirst        int      // answer 451 to so many messages before taking one
	Hang             bool     // accept connections and never say a word
	// Reply, when set, is asked about every line the client sends, with "" for
	// the greeting and "." for the end of a message. Unless it returns "", its
	// answer is sent instead of ours and the line is otherwise ignored.
	Reply func(line string) string
}

// Server is a running mail server. All its methods may be called at any time.
type Server struct {
	Addr string // host:port
	URL  string // smtp://… or smtps://…, with credentials when they are required

	options     Options
	listener    net.Listener
	certificate tls.Certificate
	pool        *x509.CertPool

	mu       sync.Mutex
	mails    []Mail
	taken    []bool        // parallel to mails: already returned by Wait
	failures int           // messages answered with 451 so far
	arrived  chan struct{} // closed, and replaced, with each mail
	open     map[net.Conn]bool
	closed   bool
	running  sync.WaitGroup
	problems []string
}

// Start runs a server on loopback until the test ends. The test fails if a
// client broke the protocol.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("starting the mail server: %v", err)
	}
	s := &Server{
		Addr:     listener.Addr().String(),
		options:  options,
		listener: listener,
		arrived:  make(chan struct{}),
		open:     make(map[net.Conn]bool),
	}
	s.URL = s.urlFor(listener.Addr().String())
	if options.STARTTLS || options.ImplicitTLS {
		s.certificate, s.pool = newCertificate(t)
	}
	s.running.Go(s.accept)
	t.Cleanup(func() {
		s.stop()
		for _, problem := range s.problems {
			t.Errorf("mail server: the client %s", problem)
		}
	})
	return s
}

// CertPool trusts the server's certificate; nil without TLS.
func (s *Server) CertPool() *x509.CertPool { return s.pool }

// NamedURL is URL with [Host] in place of the loopback address. Dial Addr for it.
func (s *Server) NamedURL() string {
	_, port, _ := net.SplitHostPort(s.Addr)
	return s.urlFor(net.JoinHostPort(Host, port))
}

func (s *Server) urlFor(hostport string) string {
	u := url.URL{Scheme: "smtp", Host: hostport}
	if s.options.ImplicitTLS {
		u.Scheme = "smtps"
	}
	if s.options.RequireAuth {
		u.User = url.UserPassword(User, Password)
	}
	return u.String()
}

// Mails gives all mails so far, oldest first.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Wait gives the oldest mail to that address which Wait has not given before.
// Without one in 10 seconds the test ends.
func (s *Server) Wait(t testing.TB, to string) Mail {
	t.Helper()
	deadline := time.NewTimer(waitTimeout)
	defer deadline.Stop()
	for {
		mail, arrived, ok := s.take(to)
		if ok {
			return mail
		}
		select {
		case <-arrived:
		case <-deadline.C:
			t.Fatalf("no mail to %s within %s; there are %d mails in all", to, waitTimeout, len(s.Mails()))
		case <-t.Context().Done():
			t.Fatalf("no mail to %s before the test ended", to)
		}
	}
}

// take returns the next mail, or a channel that is closed when there is more.
func (s *Server) take(to string) (Mail, <-chan struct{}, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, mail := range s.mails {
		if !s.taken[i] && strings.EqualFold(mail.To, to) {
			s.taken[i] = true
			return mail, nil, true
		}
	}
	return Mail{}, s.arrived, false
}

func (s *Server) keep(mail Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, mail)
	s.taken = append(s.taken, false)
	close(s.arrived)
	s.arrived = make(chan struct{})
}

// failNow reports whether this message is one of the FailFirst.
func (s *Server) failNow() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures >= s.options.FailFirst {
		return false
	}
	s.failures++
	return true
}

func (s *Server) problem(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, what)
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // closed: nothing else ends a listener on loopback
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = conn.Close()
			return
		}
		s.open[conn] = true
		s.running.Go(func() {
			defer s.forget(conn)
			s.serve(conn)
		})
		s.mu.Unlock()
	}
}

func (s *Server) forget(conn net.Conn) {
	_ = conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, conn)
}

func (s *Server) stop() {
	s.mu.Lock()
	s.closed = true
	_ = s.listener.Close()
	for conn := range s.open {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}
