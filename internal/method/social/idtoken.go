package social

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/stepup-auth/stepup/internal/jws"
)

// leeway is how far a provider's clock may be from ours.
const leeway = 30 * time.Second

// expected is what an id_token must say.
type expected struct {
	clientID string
	reads    []string  // members of the profile
	nonce    string    // empty: none was sent, and none may be there
	sent     time.Time // when the browser was sent to the provider
	fresh    bool      // auth_time must be there and not before sent
}

// idTokenNames are the members that are read of every id_token, by go-oidc too.
var idTokenNames = []string{
	"iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "azp", "auth_time", "at_hash", "_claim_names", "_claim_sources",
}

// keySet lets go-oidc verify by our own keys and rules.
type keySet struct {
	client  *Client
	address string
	reads   []string // members of the payload
	failed  error    // the keys could not be had, which is no verdict on the token
}

// VerifySignature implements [oidc.KeySet].
func (k *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := jws.Verify(ctx, k.client.keys.At(k.address), token, k.reads...)
	if err != nil && !errors.Is(err, jws.ErrInvalid) {
		k.failed = err
	}
	return payload, err
}

// idToken checks the id_token that came with the tokens and returns its claims.
func (c *Client) idToken(ctx context.Context, e Endpoint, tokens *oauth2.Token, want expected) (map[string]any, error) {
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" {
		return nil, refuse("the provider sent no id_token")
	}
	keys := &keySet{client: c, address: e.JWKS, reads: slices.Concat(idTokenNames, want.reads)}
	algorithms := make([]string, len(jws.Algorithms))
	for i, algorithm := range jws.Algorithms {
		algorithms[i] = string(algorithm)
	}
	verifier := oidc.NewVerifier(e.Issuer, keys, &oidc.Config{ClientID: want.clientID, SupportedSigningAlgs: algorithms, Now: c.now})
	token, err := verifier.Verify(ctx, raw)
	if keys.failed != nil {
		return nil, away("the provider's keys: %w", keys.failed)
	}
	if err != nil {
		return nil, refuse("id_token: %w", err)
	}
	var said struct {
		AuthorizedParty *string  `json:"azp"`
		AuthTime        *float64 `json:"auth_time"` // a NumericDate may be fractional (RFC 7519 section 2)
	}
	if err := token.Claims(&said); err != nil {
		return nil, refuse("id_token: %w", err)
	}
	now := c.now()
	switch {
	case token.Nonce != want.nonce:
		return nil, refuse("id_token: the nonce is not ours")
	case said.AuthorizedParty != nil && *said.AuthorizedParty != want.clientID:
		return nil, refuse("id_token: azp is another client")
	case len(token.Audience) > 1 && said.AuthorizedParty == nil:
		return nil, refuse("id_token: several audiences and no azp")
	case token.IssuedAt.IsZero() || token.IssuedAt.After(now.Add(leeway)):
		return nil, refuse("id_token: iat is missing or in the future")
	case token.Subject == "" || slices.Contains(token.Audience, ""):
		return nil, refuse("id_token: sub or aud is empty")
	case token.AccessTokenHash != "" && token.VerifyAccessToken(tokens.AccessToken) != nil:
		return nil, refuse("id_token: at_hash is of another access token")
	case want.fresh && said.AuthTime == nil:
		return nil, refuse("id_token: auth_time was asked for and is missing")
	case want.fresh &&
		(time.Unix(int64(*said.AuthTime), 0).Before(want.sent.Add(-leeway)) || time.Unix(int64(*said.AuthTime), 0).After(now.Add(leeway))):
		return nil, refuse("id_token: auth_time is not within this login: the provider reused an old one")
	}
	claims := map[string]any{}
	if err := token.Claims(&numbers{&claims}); err != nil {
		return nil, refuse("id_token: %w", err)
	}
	return claims, nil
}

// numbers decodes claims and keeps numbers as they were written.
type numbers struct{ into *map[string]any }

// UnmarshalJSON implements json.Unmarshaler.
func (n *numbers) UnmarshalJSON(text []byte) error { return decodeAnswer(text, n.into) }
