package stepup

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A Caller is who makes a request, known from something other than the elevated
// access token. It names a user of stepup in a session of stepup, or a user of
// your own login, or both. Half a pair, and the zero value, name nobody.
type Caller struct {
	Subject string // the token's sub must be equal
	Session string // and its sid

	ExternalIssuer  string // the token's ext_iss must be equal
	ExternalSubject string // and its ext_sub
}

// known reports whether c names somebody.
func (c Caller) known() bool {
	if (c.Subject == "") != (c.Session == "") || (c.ExternalIssuer == "") != (c.ExternalSubject == "") {
		return false
	}
	return c.Subject != "" || c.ExternalSubject != ""
}

// owns reports whether the token is the caller's: everything known about the
// caller stands in it too.
func (c Caller) owns(claims Claims) bool {
	if !c.known() {
		return false
	}
	if c.Subject != "" && (c.Subject != claims.Subject || c.Session != claims.Session) {
		return false
	}
	return c.ExternalSubject == "" ||
		(c.ExternalIssuer == claims.ExternalIssuer && c.ExternalSubject == claims.ExternalSubject)
}

// SessionCaller returns the [GuardConfig].Caller that is used by default: the
// caller is the user of the session token in Authorization: Bearer. Sessions
// whose sign-in is not finished are refused.
//
// Sessions are verified offline: one that was signed out or revoked counts until its
// token expires, which takes up to sessions.idle of the environment. Where that is
// too long make sessions.idle shorter, or write a Caller that asks
// [Client.Introspect] besides. A token that is spent at the issuer is refused at
// once.
func SessionCaller(verifier *Verifier) func(*http.Request) (Caller, error) {
	return func(r *http.Request) (Caller, error) {
		token, err := BearerToken(r)
		if err != nil {
			return Caller{}, err
		}
		session, err := verifier.Session(r.Context(), token)
		if errors.Is(err, ErrUnavailable) {
			return Caller{}, err
		}
		if other := (*elsewhere)(nil); errors.As(err, &other) {
			return Caller{}, fmt.Errorf("%w: %w", ErrInvalidSession, other)
		}
		if err != nil {
			return Caller{}, fmt.Errorf("%w: %v", ErrInvalidSession, err) // an expired session is no expired token: hide the reason
		}
		if !session.Complete() {
			return Caller{}, fmt.Errorf("%w: the sign-in is not finished", ErrUnauthenticated)
		}
		return Caller{Subject: session.Subject, Session: session.Session}, nil
	}
}

// BearerToken returns the token of a request's one Authorization header, as the
// issuer reads it too: the scheme Bearer in any case, one or more spaces (RFC 9110
// section 11.4), and a token without any other character than those of RFC 6750
// section 2.1. Everything else is [ErrUnauthenticated].
func BearerToken(r *http.Request) (string, error) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", fmt.Errorf("%w: want one Authorization header, got %d", ErrUnauthenticated, len(values))
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimLeft(token, " ")
	if !strings.EqualFold(scheme, "Bearer") || !bearerSyntax(token) {
		return "", fmt.Errorf("%w: the Authorization header is not a bearer token", ErrUnauthenticated)
	}
	return token, nil
}

// bearerSyntax reports whether text is a b64token.
func bearerSyntax(text string) bool {
	text = strings.TrimRight(text, "=")
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z'
		return !letter && (r < '0' || r > '9') && !strings.ContainsRune("-._~+/", r)
	})
}

// Headers that carry an elevated access token. A request uses one of them, once.
const (
	HeaderElevatedAccessToken        = "Elevated-Access-Token"
	HeaderDynamicElevatedAccessToken = "X-Dyn-Elevated-Access-Token"
)

// elevatedToken returns the one elevated access token of a request.
func elevatedToken(r *http.Request) (string, error) {
	values := slices.Concat(r.Header.Values(HeaderElevatedAccessToken), r.Header.Values(HeaderDynamicElevatedAccessToken))
	switch {
	case len(values) > 1:
		return "", ErrAmbiguous
	case len(values) == 0 || values[0] == "":
		return "", ErrMissing
	case len(values[0]) > len("Bearer ") && strings.EqualFold(values[0][:len("Bearer ")], "Bearer "):
		return "", errBearer
	}
	return values[0], nil
}
