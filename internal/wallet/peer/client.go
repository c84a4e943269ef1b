package peer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/jsonbody"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// callTimeout bounds a call whose context has no earlier end.
const callTimeout = 30 * time.Second

// Client calls the endpoints of one role. Its errors are *fault.Error: what the
// other side refused, as it said it, or [fault.Unavailable] if no valid answer
// came. That nothing came does not say that nothing was done: ask again under
// the same operation id.
type Client struct {
	role wallet.Role
	base string
	http *http.Client
}

// NewClient makes a client of the role that listens at address, HOST:PORT or
// https://HOST:PORT.
func NewClient(identity *Identity, role wallet.Role, address string) (*Client, error) {
	if _, _, err := net.SplitHostPort(address); err == nil {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		(u.Path != "" && u.Path != "/") {
		return nil, fmt.Errorf("the address of role %s must be https://HOST:PORT, not %q", role, address)
	}
	return &Client{
		role: role,
		base: "https://" + u.Host,
		http: &http.Client{
			Timeout:       callTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				TLSClientConfig:     identity.clientTLS(role),
				ForceAttemptHTTP2:   true,
				DialContext:         (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
				TLSHandshakeTimeout: 5 * time.Second,
				IdleConnTimeout:     90 * time.Second,
				MaxIdleConnsPerHost: 16,
				HTTP2:               &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second},
			},
		},
	}, nil
}

// Role is whom the client asks.
func (c *Client) Role() wallet.Role { return c.role }

// HTTP is the client's own connection, for what reads documents of the role at
// [Client.URL].
func (c *Client) HTTP() *http.Client { return c.http }

// URL is the full address of a path.
func (c *Client) URL(path string) string { return c.base + path }

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Call posts in to the endpoint at path and reads the answer into out, a struct
// pointer.
func (c *Client) Call(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("writing a request to role %s: %w", c.role, err)
	}
	return c.do(ctx, http.MethodPost, path, body, out)
}

// Get reads the answer of the endpoint at path into out, a struct pointer.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.do(ctx, http.MethodGet, path, nil, out)
}

func (c *Client) do(ctx context.Context, method, path string, body []byte, out any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("calling role %s: %w", c.role, err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return c.unavailable(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, MaxBody+1))
	if err != nil {
		return c.unavailable(err)
	}
	if len(text) > MaxBody {
		return c.unavailable(fmt.Errorf("the answer is larger than %d bytes", MaxBody))
	}
	if response.StatusCode != http.StatusOK {
		return c.refusal(response, text)
	}
	if err := jsonbody.Decode(text, out, rules); err != nil {
		return c.unavailable(fmt.Errorf("reading the answer: %w", err))
	}
	return nil
}

// refusal is what the other side said no with.
func (c *Client) refusal(response *http.Response, text []byte) error {
	var p problem
	if err := jsonbody.Decode(text, &p, rules); err != nil {
		return c.unavailable(fmt.Errorf("status %d: %w", response.StatusCode, err))
	}
	if p.Code == "" || p.Code == codeRole || p.Code == codeEndpoint || p.Code.Status() != response.StatusCode {
		return c.unavailable(fmt.Errorf("status %d, code %.40q: the roles do not fit together; check addresses, certificates and versions",
			response.StatusCode, p.Code))
	}
	f := &fault.Error{Code: p.Code, Message: p.Error}
	if p.Payload != nil {
		f.Payload = p.Payload
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		f.RetryAfter = time.Duration(seconds-1) * time.Second
	}
	return f
}

// unavailable keeps the cause, which may name addresses, for the log.
func (c *Client) unavailable(cause error) error {
	return fault.New(fault.Unavailable,
		"A part of the wallet service is out of reach. Try again in a moment, with the same idempotency key.").
		Because(fmt.Errorf("calling role %s: %w", c.role, cause)).After(time.Second)
}
