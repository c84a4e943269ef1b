// Package adminclient calls the administration of a server elsewhere with a service
// token. Its invariants: the token goes to the one server that was named and to nobody
// else, over TLS that is verified or to loopback, and into no error; a call that changes
// something is sent once, a read again where the server asks to be asked later; and an
// answer is bounded and either what was asked for or an error.
package adminclient

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/secret"
)

// Limits of a call. They are documented in docs/limits.md.
const (
	Timeout   = time.Minute      // of one try
	Tries     = 4                // of a read that the server cannot answer now
	MaxWait   = 30 * time.Second // between two of them
	MaxAnswer = 64 << 20         // bytes
	maxToken  = 4 << 10          // bytes of the file with the token
)

// Config says which server is called, and as whom.
type Config struct {
	URL       string // https://HOST of the server; http on loopback alone
	TokenFile string // whose content is the service token
	CAFile    string // PEM of the authorities that are believed; empty: those of the system
	Agent     string // what the server's audit log knows the program as

	Wait func(context.Context, time.Duration) error // between tries; nil: as long as it says
}

// Client calls one server.
type Client struct {
	base  string
	token secret.Text
	agent string
	http  *http.Client
	wait  func(context.Context, time.Duration) error
}

// New reads the token and the authorities. It speaks to nobody.
func New(c Config) (*Client, error) {
	base, err := checkURL(c.URL)
	if err != nil {
		return nil, err
	}
	token, err := readToken(c.TokenFile)
	if err != nil {
		return nil, err
	}
	roots, err := readRoots(c.CAFile)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: time.Minute,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}, ForceAttemptHTTP2: true,
		DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
	}
	if base.Scheme == "http" {
		transport.Proxy, transport.DialContext = nil, dialLoopback
	}
	return &Client{base: strings.TrimRight(base.String(), "/"), token: token, agent: c.Agent, wait: c.Wait, http: &http.Client{
		Transport: transport, Timeout: Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// checkURL takes the address of a server to which a token may be sent.
func checkURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("--url must be the address of a server, such as https://auth.example.com")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("--url must be an address alone: no name, password, query or fragment in it")
	case u.Scheme == "http" && !config.Loopback(net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80"))):
		return nil, errors.New("--url must begin with https: over plain HTTP the token could be read on its way (loopback excepted)")
	}
	return u, nil
}

// dialLoopback makes sure that what is called localhost is this machine.
func dialLoopback(ctx context.Context, network, address string) (net.Conn, error) {
	connection, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if to, ok := connection.RemoteAddr().(*net.TCPAddr); !ok || !to.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%s is not this machine, and plain HTTP goes nowhere else", address), connection.Close())
	}
	return connection, nil
}

func readToken(name string) (secret.Text, error) {
	if name == "" {
		return "", errors.New("with --url a service token is needed: name the file that holds it with --token-file or STEPUP_TOKEN_FILE")
	}
	file, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("reading the service token: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxToken+1))
	if err != nil {
		return "", fmt.Errorf("reading the service token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	other := func(r rune) bool { return r <= ' ' || r > '~' }
	if !strings.HasPrefix(token, "stp_") || len(text) > maxToken || strings.ContainsFunc(token, other) {
		return "", fmt.Errorf("%s holds no service token, which begins with stp_ and stands there alone; "+
			"`stepup token create` makes one", name)
	}
	return secret.Text(token), nil
}

func readRoots(name string) (*x509.CertPool, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading --ca-file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", name)
	}
	return roots, nil
}

// Do makes a call and reads its answer into a pointer; nil: there is none to read. A
// refusal is a [*Refusal].
func (c *Client) Do(ctx context.Context, call Call, into any) error {
	for try := 1; ; try++ {
		text, err := c.once(ctx, call)
		if wait, again := repeatable(call, err); again && try < Tries {
			if err := c.pause(ctx, wait); err != nil {
				return err
			}
			continue
		}
		if err != nil || into == nil {
			return err
		}
		if err := json.Unmarshal(text, into); err != nil {
			return fmt.Errorf("%s answers something else than was asked for: is it as new as this program? (%w)", c.base, err)
		}
		return nil
	}
}

// repeatable says after what time a call may be made again: only one that changes
// nothing, and only if the server asks for that.
func repeatable(call Call, err error) (time.Duration, bool) {
	var refused *Refusal
	if call.Method != http.MethodGet || !errors.As(err, &refused) || refused.Fault.RetryAfter <= 0 {
		return 0, false
	}
	again := refused.Status == http.StatusTooManyRequests || refused.Status == http.StatusServiceUnavailable
	return refused.Fault.RetryAfter, again && refused.Fault.RetryAfter <= MaxWait
}

func (c *Client) pause(ctx context.Context, d time.Duration) error {
	if c.wait != nil {
		return c.wait(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (c *Client) once(ctx context.Context, call Call) ([]byte, error) {
	request, err := call.Request(ctx, c.base)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	request.Header.Set("User-Agent", c.agent)
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, c.unreached(call, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, MaxAnswer+1))
	switch {
	case err != nil:
		return nil, c.unreached(call, err)
	case len(text) > MaxAnswer:
		return nil, fmt.Errorf("%s answers more than %d MiB", c.base, MaxAnswer>>20)
	case answer.StatusCode >= 300:
		return nil, c.refusal(answer, text)
	case answer.StatusCode == http.StatusNoContent:
		return []byte("null"), nil
	}
	if media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, fmt.Errorf("%s is no stepup server: it does not answer with JSON", c.base)
	}
	return text, nil
}

// unreached is a call that got no whole answer. The address is left out of it: it may
// name persons.
func (c *Client) unreached(call Call, err error) error {
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%s has a certificate of an authority that is not believed here: %w. If it is your own, name it with --ca-file",
			c.base, err)
	case call.Method == http.MethodGet || errors.Is(err, context.Canceled):
		return fmt.Errorf("%s does not answer: %w", c.base, err)
	}
	return fmt.Errorf("%s does not answer: %w. Whether it did what was asked is not known: look before you do it again", c.base, err)
}

// Refusal is what the server said no with.
type Refusal struct {
	Fault     *fault.Error
	Status    int
	RequestID string // by which the server's log knows it
}

// Error is the sentence, with what a report of it needs.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s (%s, request %s)", r.Fault.Message, r.Fault.Code, cmp.Or(r.RequestID, "unknown"))
}

// Unwrap is the refusal as this process would have had it of its own.
func (r *Refusal) Unwrap() error { return r.Fault }

func (c *Client) refusal(answer *http.Response, text []byte) error {
	if answer.StatusCode < 400 {
		return fmt.Errorf("%s sends to another address (%.200s), where the token is not taken: give the server's own with --url",
			c.base, answer.Header.Get("Location"))
	}
	var problem struct {
		Error     string
		Code      fault.Code
		RequestID string
	}
	if err := json.Unmarshal(text, &problem); err != nil || problem.Code == "" {
		return fmt.Errorf("%s answers %d and is no stepup server, or something between does", c.base, answer.StatusCode)
	}
	said := fault.New(problem.Code, "%s", problem.Error)
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 {
		said = said.After(time.Duration(seconds) * time.Second)
	}
	return &Refusal{Fault: said, Status: answer.StatusCode, RequestID: problem.RequestID}
}

// Call is one call of the administration.
type Call struct {
	Method   string
	Path     []string // below the administration, each part as it is
	Query    url.Values
	Body     any    // sent as JSON; nil: nothing is
	Document []byte // sent as it is, instead of a body
}

// root is where the administration begins.
const root = "/api/v0/admin"

// Request is the call at a server, of nobody yet.
func (c Call) Request(ctx context.Context, base string) (*http.Request, error) {
	address := base + root
	for _, part := range c.Path {
		if part == "" || part == "." || part == ".." {
			return nil, fault.New(fault.NotFound, "There is nothing called %q.", part)
		}
		address += "/" + url.PathEscape(part)
	}
	if len(c.Query) > 0 {
		address += "?" + c.Query.Encode()
	}
	body, media := c.Document, "application/yaml"
	if c.Body != nil {
		text, err := json.Marshal(c.Body)
		if err != nil {
			return nil, err
		}
		body, media = text, "application/json"
	}
	request, err := http.NewRequestWithContext(ctx, c.Method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if len(body) > 0 {
		request.Header.Set("Content-Type", media)
	}
	return request, nil
}
