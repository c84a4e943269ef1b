package stepup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/stepup-auth/stepup/internal/strictjson"
)

// A ServiceToken lets a service talk to the issuer ("stp_…"). It prints as
// "[secret]" in every format; convert it to a string to see it.
type ServiceToken string

// Format implements [fmt.Formatter].
func (ServiceToken) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, "[secret]") }

// MarshalText implements [encoding.TextMarshaler].
func (ServiceToken) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// ClientConfig is what a [Client] needs.
type ClientConfig struct {
	// Issuer is the base address of the environment, as in [Config]. Required.
	Issuer string
	// PlainHTTP lets the service token and tokens be sent in clear to another
	// machine, to an issuer whose address begins with http://. Set it only for a
	// network that nobody else is on.
	PlainHTTP bool
	// ServiceToken is sent with every call; it needs the scope tokens.consume.
	// Required.
	ServiceToken ServiceToken
	// HTTP is the client to call with. Nil means one that gives up after 5
	// seconds. Redirects are never followed: the service token is for the issuer.
	HTTP *http.Client
}

// A Client asks the issuer about tokens. It may be used by many goroutines.
type Client struct {
	issuer    string
	http      http.Client
	authorize func(*http.Request) // a closure, since fmt would print a field
}

const (
	callTimeout     = 5 * time.Second
	maxAnswerLength = 64 << 10
)

// NewClient returns a Client. It fails if the issuer is no https address (http on
// this machine, see [ClientConfig].PlainHTTP), or the service token is missing or
// cannot be a header.
func NewClient(config ClientConfig) (*Client, error) {
	if err := checkURL(config.Issuer); err != nil {
		return nil, fmt.Errorf("making client: issuer: %w", err)
	}
	if !config.PlainHTTP {
		if err := checkTransport(config.Issuer); err != nil {
			return nil, fmt.Errorf("making client: issuer: %w", err)
		}
	}
	bearer := "Bearer " + string(config.ServiceToken)
	if config.ServiceToken == "" || !printable(string(config.ServiceToken), 1024) {
		return nil, errors.New("making client: the service token is empty or not a token; `stepup token create` makes one")
	}
	c := &Client{
		issuer:    config.Issuer,
		http:      http.Client{Timeout: callTimeout},
		authorize: func(r *http.Request) { r.Header.Set("Authorization", bearer) },
	}
	if config.HTTP != nil {
		c.http = *config.HTTP
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

// printable reports whether s is at most limit visible ASCII characters.
func printable(s string, limit int) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= limit
}

// post sends one request and reads the whole answer. An error means that
// nothing is known about what the issuer did.
func (c *Client) post(ctx context.Context, path, contentType string, body []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.issuer+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Accept", "application/json")
	c.authorize(request)
	response, err := c.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := readAtMost(response.Body, maxAnswerLength)
	if err != nil {
		return 0, nil, err
	}
	return response.StatusCode, answer, nil
}

// RefusedError is a refusal by the issuer, with what it said about it. It
// unwraps to one of the errors of this package, such as [ErrSpent].
type RefusedError struct {
	Code      Code
	Message   string   // for people; may be empty
	Scope     Scope    // may be empty
	SingleUse *bool    // whether the scope asks for a single-use token; nil if not said
	Methods   []string // means of proof the user could use; may be empty
	RequestID string   // the issuer's, for its operator's log; may be empty

	kind error
}

// Error says the kind of refusal and what the issuer wrote.
func (e *RefusedError) Error() string {
	if e.Message == "" {
		return e.kind.Error()
	}
	return fmt.Sprintf("%v: issuer says %q", e.kind, e.Message)
}

// Unwrap returns the error of this package that the refusal stands for.
func (e *RefusedError) Unwrap() error { return e.kind }

// refused turns an error answer into a RefusedError. What is not one of the
// refusals of the contract leaves the outcome unknown.
func refused(status int, body []byte) error {
	unknown := fmt.Errorf("%w: issuer answered %d", ErrUnavailable, status)
	r, err := strictjson.Read(body, []string{"error", "code", "requestId", "payload"})
	if err != nil {
		return unknown
	}
	e := &RefusedError{Code: Code(r.Optional("code")), Message: r.Optional("error"), RequestID: r.Optional("requestId")}
	var reason Reason
	if payload := r.Get("payload"); payload.Kind() == strictjson.Object {
		p, err := strictjson.Read(payload.Raw(), []string{"scope", "reason", "singleUse", "methods", "requestId"})
		if err != nil {
			return unknown
		}
		reason, e.Scope, e.Methods = Reason(p.Optional("reason")), Scope(p.Optional("scope")), p.Texts("methods")
		if p.Has("singleUse") {
			single := p.Boolean("singleUse")
			e.SingleUse = &single
		}
		if p.Err() != nil {
			return unknown
		}
	}
	if r.Err() != nil {
		return unknown
	}
	switch {
	case status == http.StatusForbidden && e.Code == CodeElevatedAccessTokenRequired:
		e.kind = errorOf(reason)
	case status == http.StatusConflict && e.Code == CodeOperationConflict:
		e.kind = ErrConflict
	case status == http.StatusUnauthorized,
		status == http.StatusForbidden && e.Code == CodeInsufficientServiceScope,
		status == http.StatusForbidden && e.Code == CodeInvalidServiceToken:
		e.kind = ErrServiceToken
	default:
		return unknown
	}
	return e
}
