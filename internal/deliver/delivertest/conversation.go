package delivertest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	maxLine    = 1000    // RFC 5321, section 4.5.3.1.6, with its CRLF
	maxMessage = 1 << 20 // far more than any mail of ours
)

// conversation is one connection to a [Server].
type conversation struct {
	server  *Server
	conn    net.Conn
	reader  *bufio.Reader
	secured bool
	user    string // who logged in
	from    string // of the transaction; hasFrom, because it may be empty
	hasFrom bool
	to      []string
}

func (s *Server) serve(conn net.Conn) {
	c := &conversation{server: s, conn: conn, reader: bufio.NewReader(conn)}
	if s.options.Hang {
		_, _ = c.reader.ReadByte() // returns when either side closes
		for {
			if _, err := c.reader.ReadByte(); err != nil {
				return
			}
		}
	}
	if s.options.ImplicitTLS && !c.secure() {
		return
	}
	if !c.answered("") {
		c.say("220 " + Host + " ESMTP")
	}
	for {
		line, ok := c.line()
		if !ok {
			return
		}
		if c.answered(line) {
			continue
		}
		if !c.command(line) {
			return
		}
	}
}

// command obeys one line and reports whether the conversation goes on.
func (c *conversation) command(line string) bool {
	verb, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO":
		c.reset()
		c.say(c.extensions(rest)...)
	case "HELO":
		c.reset()
		c.say("250 " + Host)
	case "STARTTLS":
		return c.startTLS()
	case "AUTH":
		c.auth(rest)
	case "MAIL":
		c.mail(rest)
	case "RCPT":
		c.rcpt(rest)
	case "DATA":
		return c.data()
	case "RSET":
		c.reset()
		c.say("250 2.0.0 ok")
	case "NOOP":
		c.say("250 2.0.0 ok")
	case "QUIT":
		c.say("221 2.0.0 bye")
		return false
	case "*":
		c.say("501 5.0.0 cancelled") // ends a login, and some send it after a failed one too
	default:
		c.server.problem(fmt.Sprintf("sent an unknown command %q", line))
		c.say("500 5.5.1 unknown command")
	}
	return true
}

func (c *conversation) extensions(client string) []string {
	if client == "" {
		c.server.problem("sent EHLO without a name")
	}
	list := []string{Host, "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "PIPELINING", "SIZE 1048576"}
	if c.server.options.STARTTLS && !c.secured {
		list = append(list, "STARTTLS")
	}
	if c.server.options.RequireAuth {
		list = append(list, "AUTH PLAIN LOGIN")
	}
	for i := range list {
		list[i] = "250-" + list[i]
	}
	list[len(list)-1] = strings.Replace(list[len(list)-1], "-", " ", 1)
	return list
}

func (c *conversation) startTLS() bool {
	if !c.server.options.STARTTLS || c.secured {
		c.say("503 5.5.1 not offered")
		return true
	}
	c.say("220 2.0.0 go ahead")
	if !c.secure() {
		return false
	}
	c.reset()
	c.user = ""
	return true
}

func (c *conversation) secure() bool {
	secured := tls.Server(c.conn, &tls.Config{Certificates: []tls.Certificate{c.server.certificate}, MinVersion: tls.VersionTLS12})
	if secured.Handshake() != nil {
		return false // the client's to report: it may well refuse our certificate
	}
	c.conn, c.reader, c.secured = secured, bufio.NewReader(secured), true
	return true
}

func (c *conversation) auth(rest string) {
	mechanism, initial, _ := strings.Cut(rest, " ")
	var user, password string
	switch strings.ToUpper(mechanism) {
	case "PLAIN":
		if initial == "" {
			initial = c.ask("")
		}
		parts := strings.Split(decode64(initial), "\x00")
		if len(parts) == 3 {
			user, password = parts[1], parts[2]
		}
	case "LOGIN":
		user = decode64(c.ask("Username:"))
		password = decode64(c.ask("Password:"))
	default:
		c.say("504 5.5.4 unknown mechanism")
		return
	}
	if !c.server.options.RequireAuth || user != User || password != Password {
		c.say("535 5.7.8 wrong user or password")
		return
	}
	c.user = user
	c.say("235 2.7.0 welcome")
}

func (c *conversation) ask(prompt string) string {
	c.say("334 " + base64.StdEncoding.EncodeToString([]byte(prompt)))
	line, _ := c.line()
	return line
}

func decode64(s string) string {
	raw, _ := base64.StdEncoding.DecodeString(s)
	return string(raw)
}

func (c *conversation) mail(rest string) {
	from, ok := path(rest, "FROM:")
	switch {
	case c.server.options.RequireAuth && c.user == "":
		c.say("530 5.7.0 authentication required")
	case !ok:
		c.server.problem(fmt.Sprintf("sent a malformed sender %q", rest))
		c.say("501 5.1.7 malformed sender")
	case c.hasFrom:
		c.say("503 5.5.1 one sender is enough")
	default:
		c.from, c.hasFrom = from, true
		c.say("250 2.1.0 ok")
	}
}

func (c *conversation) rcpt(rest string) {
	to, ok := path(rest, "TO:")
	rejected := slices.ContainsFunc(c.server.options.RejectRecipients, func(r string) bool { return strings.EqualFold(r, to) })
	switch {
	case !ok:
		c.server.problem(fmt.Sprintf("sent a malformed recipient %q", rest))
		c.say("501 5.1.3 malformed recipient")
	case !c.hasFrom:
		c.say("503 5.5.1 sender first")
	case rejected:
		c.say("550 5.1.1 no such mailbox here")
	default:
		c.to = append(c.to, to)
		c.say("250 2.1.5 ok")
	}
}

// path reads "FROM:<a@b> PARAMETERS".
func path(rest, prefix string) (string, bool) {
	if len(rest) < len(prefix) || !strings.EqualFold(rest[:len(prefix)], prefix) {
		return "", false
	}
	addr, params, ok := strings.Cut(rest[len(prefix):], ">")
	if !ok || !strings.HasPrefix(addr, "<") || params != "" && params[0] != ' ' {
		return "", false
	}
	parsed, err := mail.ParseAddress(addr[1:])
	if err != nil || parsed.Address != addr[1:] {
		return "", false
	}
	return parsed.Address, true
}

func (c *conversation) data() bool {
	if len(c.to) == 0 {
		c.say("503 5.5.1 recipient first")
		return true
	}
	c.say("354 go ahead, end with a dot")
	var raw strings.Builder
	for {
		line, ok := c.line()
		if !ok {
			return false
		}
		if line == "." {
			break
		}
		raw.WriteString(strings.TrimPrefix(line, ".") + "\r\n")
		if raw.Len() > maxMessage {
			c.say("552 5.3.4 too big")
			return false
		}
	}
	defer c.reset()
	if c.answered(".") {
		return true
	}
	if c.server.failNow() {
		c.say("451 4.3.0 try again later")
		return true
	}
	for _, to := range c.to {
		mail, err := parse([]byte(raw.String()))
		if err != nil {
			c.server.problem("sent a mail that cannot be read: " + err.Error())
			c.say("554 5.6.0 malformed message")
			return true
		}
		mail.To, mail.Sender, mail.User, mail.TLS = to, c.from, c.user, c.secured
		c.server.keep(mail)
	}
	c.say("250 2.0.0 queued")
	return true
}

func (c *conversation) reset() { c.from, c.hasFrom, c.to = "", false, nil }

func (c *conversation) answered(line string) bool {
	if c.server.options.Reply == nil {
		return false
	}
	reply := c.server.options.Reply(line)
	if reply == "" {
		return false
	}
	c.say(reply)
	return true
}

func (c *conversation) say(lines ...string) {
	_, _ = c.conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n"))
}

// line reads up to CRLF. A bare CR or LF is how one mail is smuggled inside
// another, so a client that sends one has failed.
func (c *conversation) line() (string, bool) {
	raw, err := c.reader.ReadString('\n')
	if err != nil {
		return "", false
	}
	line, ok := strings.CutSuffix(raw, "\r\n")
	if !ok || strings.ContainsAny(line, "\r\x00") {
		c.server.problem(fmt.Sprintf("sent a line with a bare CR, LF or NUL: %q", raw))
	}
	if len(raw) > maxLine {
		c.server.problem(fmt.Sprintf("sent a line of %d bytes", len(raw)))
	}
	return line, true
}

func newCertificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("making a certificate: %v", err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		DNSNames:              []string{"localhost", Host},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatalf("making a certificate: %v", err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("making a certificate: %v", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
