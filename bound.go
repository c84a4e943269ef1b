package stepup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// MaxBoundBody is the largest request body, in bytes, that [BoundTo] reads.
const MaxBoundBody = 1 << 20

// An Option narrows what [Guard.Require] lets through.
type Option func(*requirement)

type requirement struct {
	scope   Scope
	details func(*http.Request) (any, error) // nil: tokens are not bound
}

// BoundTo lets a request through only with a token that its user confirmed for
// this very transaction. The function says what the request is about, as the
// authorization_details (RFC 9396) that the client registered at the issuer
// before the user proved anything: a list of objects, each with a "type", as a
// Go value or as JSON ([json.RawMessage], []byte). Both are compared by
// [HashDetails]. Take every member from the request itself, and all of them that
// matter: what is left out is not confirmed.
//
// The function is called after token and scope were found good, and before the
// token is spent. It may read the body, of at most [MaxBoundBody] bytes; the
// handler reads it again. A token that is bound to nothing or to something else
// refuses the request as [ErrWrongBinding] (403). An error of the function, and what
// it returns that cannot be compared, refuse it as [ErrBadRequest] (400), since no
// other proof would help; an error that is [ErrUnavailable] as 503. None of them
// spends the token.
func BoundTo(details func(*http.Request) (any, error)) Option {
	return func(r *requirement) { r.details = details }
}

// bind compares the token with the transaction, and returns the hash of it; ""
// where neither is bound.
func (n requirement) bind(r *http.Request, claims Claims) (string, error) {
	switch {
	case n.details == nil && claims.Bound():
		return "", errUnasked
	case n.details == nil:
		return "", nil
	}
	details, err := n.requested(r)
	if err != nil {
		return "", err
	}
	hash, err := HashDetails(details)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	switch {
	case !claims.Bound():
		return "", &unbound{details, fmt.Errorf("%w: it is bound to no transaction", ErrWrongBinding)}
	case hash != claims.AuthorizationDetailsHash:
		return "", &unbound{details, fmt.Errorf("%w: it allows another transaction", ErrWrongBinding)}
	}
	return hash, nil
}

// requested asks what the request is about. The body is put back as it was.
func (n requirement) requested(r *http.Request) ([]byte, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	value, err := n.details(r)
	if body != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if err != nil && !errors.Is(err, ErrUnavailable) {
		return nil, fmt.Errorf("%w: %v", ErrBadRequest, err) // to read, not to match
	}
	if err != nil {
		return nil, err
	}
	if document, ok := value.([]byte); ok {
		return document, nil
	}
	document, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrBadRequest, err)
	}
	if bytes.Contains(document, []byte(`\ufffd`)) { // how encoding/json writes bytes that are no UTF-8
		return nil, fmt.Errorf("%w: a text of it is not valid UTF-8", ErrBadRequest)
	}
	return document, nil
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBoundBody+1))
	_ = r.Body.Close()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: reading the request's body: %v", ErrUnavailable, err)
	case len(body) > MaxBoundBody:
		return nil, fmt.Errorf("%w: its body is longer than %d bytes", ErrBadRequest, MaxBoundBody)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// unbound carries what the client has to register.
type unbound struct {
	details []byte
	err     error
}

func (u *unbound) Error() string { return u.err.Error() }
func (u *unbound) Unwrap() error { return u.err }
