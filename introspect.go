package stepup

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/jose"
)

// Introspection is what the issuer knows about a token this very moment
// (RFC 7662 section 2.2). All fields but Active are zero when it is not active.
type Introspection struct {
	Active        bool     // false for spent, revoked, expired and foreign tokens alike
	Type          string   // [TypeElevated] or [TypeSession]
	Issuer        string   // iss
	Audience      []string // aud
	Subject       string   // sub
	Session       string   // sid
	EnvironmentID string   // environment_id
	Scopes        []string // scope
	SingleUse     bool
	ID            string    // jti; empty for sessions
	ClientID      string    // client_id; may be empty
	IssuedAt      time.Time // iat
	Expires       time.Time // exp
	AuthTime      time.Time // auth_time; zero for sessions
	ACR           string    // acr; empty for sessions
	AMR           []string  // amr; may be empty

	AuthorizationDetails     []byte // authorization_details: what the token is bound to; empty: nothing
	AuthorizationDetailsHash string // authorization_details_hash
	Displayed                bool   // displayed
}

var introspectionNames = []string{"active", "typ", "iss", "aud", "sub", "sid", "environment_id", "scope",
	"singleUse", "jti", "client_id", "iat", "exp", "auth_time", "acr", "amr",
	"authorization_details", "authorization_details_hash", "displayed"}

// Introspect asks the issuer whether a token, elevated or session, is good right
// now. It spends nothing, so it is no permission to act: of two callers that
// both see an active single-use token only one can consume it. The error is
// [ErrServiceToken], or [ErrUnavailable] when there was no usable answer.
func (c *Client) Introspect(ctx context.Context, token string) (Introspection, error) {
	form := url.Values{"token": {token}}.Encode()
	status, answer, err := c.post(ctx, "/tokens/introspect", "application/x-www-form-urlencoded", []byte(form))
	if err != nil {
		return Introspection{}, fmt.Errorf("introspecting token: %w: %w", ErrUnavailable, err)
	}
	if status != http.StatusOK {
		return Introspection{}, fmt.Errorf("introspecting token: %w", refused(status, answer))
	}
	r, err := jose.ParseClaims(answer, introspectionNames)
	if err != nil {
		return Introspection{}, fmt.Errorf("introspecting token: %w: %w", ErrUnavailable, errAnswer)
	}
	if !r.Boolean("active") && r.Err() == nil {
		return Introspection{}, nil
	}
	i := Introspection{
		Active:        true,
		Type:          r.Text("typ"),
		Issuer:        r.Text("iss"),
		Audience:      r.Audience(),
		Subject:       r.Text("sub"),
		Session:       r.Text("sid"),
		EnvironmentID: r.Optional("environment_id"),
		Scopes:        strings.Fields(r.Optional("scope")),
		ID:            r.Optional("jti"),
		ClientID:      r.Optional("client_id"),
		IssuedAt:      time.Unix(r.Seconds("iat"), 0),
		Expires:       time.Unix(r.Seconds("exp"), 0),
		ACR:           r.Optional("acr"),
		AMR:           r.Texts("amr"),
	}
	if r.Has("singleUse") {
		i.SingleUse = r.Boolean("singleUse")
	}
	if r.Has("auth_time") {
		i.AuthTime = time.Unix(r.Seconds("auth_time"), 0)
	}
	if details := r.Get("authorization_details"); details.Exists() {
		i.AuthorizationDetails = slices.Clone(details.Raw())
		i.AuthorizationDetailsHash, i.Displayed = r.Text("authorization_details_hash"), r.Boolean("displayed")
	}
	if r.Err() != nil {
		return Introspection{}, fmt.Errorf("introspecting token: %w: %w", ErrUnavailable, errAnswer)
	}
	return i, nil
}
