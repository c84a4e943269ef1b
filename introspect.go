package stepup

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
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
	members, err := parseObject(answer, introspectionNames)
	if err != nil {
		return Introspection{}, fmt.Errorf("introspecting token: %w: %w", ErrUnavailable, errAnswer)
	}
	r := reader{Members: members}
	if !r.boolean("active") && r.err == nil {
		return Introspection{}, nil
	}
	i := Introspection{
		Active:        true,
		Type:          r.text("typ"),
		Issuer:        r.text("iss"),
		Audience:      r.audience(),
		Subject:       r.text("sub"),
		Session:       r.text("sid"),
		EnvironmentID: r.optional("environment_id"),
		Scopes:        strings.Fields(r.optional("scope")),
		ID:            r.optional("jti"),
		ClientID:      r.optional("client_id"),
		IssuedAt:      time.Unix(r.integer("iat"), 0),
		Expires:       time.Unix(r.integer("exp"), 0),
		ACR:           r.optional("acr"),
		AMR:           r.texts("amr"),
	}
	if r.Has("singleUse") {
		i.SingleUse = r.boolean("singleUse")
	}
	if r.Has("auth_time") {
		i.AuthTime = time.Unix(r.integer("auth_time"), 0)
	}
	if details := r.Get("authorization_details"); details.Exists() {
		i.AuthorizationDetails = slices.Clone(details.Raw())
		i.AuthorizationDetailsHash, i.Displayed = r.text("authorization_details_hash"), r.boolean("displayed")
	}
	if r.err != nil {
		return Introspection{}, fmt.Errorf("introspecting token: %w: %w", ErrUnavailable, errAnswer)
	}
	return i, nil
}
