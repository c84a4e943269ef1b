package social

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/stepup-auth/stepup/internal/jose"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/strictjson"
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
	token   keyset.Token
}

// VerifySignature implements [oidc.KeySet].
func (k *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	var err error
	k.token, err = keyset.Verify(ctx, k.client.keys.At(k.address), token, k.reads...)
	if err != nil && !errors.Is(err, keyset.ErrInvalid) {
		k.failed = err
	}
	return k.token.Payload, err
}

// idToken checks the id_token that came with the tokens and returns its claims.
func (c *Client) idToken(ctx context.Context, e Endpoint, tokens *oauth2.Token, want expected) (profile, error) {
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" {
		return nil, refuse("the provider sent no id_token")
	}
	keys := &keySet{client: c, address: e.JWKS, reads: slices.Concat(idTokenNames, want.reads)}
	algorithms := []string{jose.RS256, jose.ES256, jose.EdDSA}
	verifier := oidc.NewVerifier(e.Issuer, keys, &oidc.Config{ClientID: want.clientID, SupportedSigningAlgs: algorithms, Now: c.now})
	token, err := verifier.Verify(ctx, raw)
	if keys.failed != nil {
		return nil, away("the provider's keys: %w", keys.failed)
	}
	if err != nil {
		return nil, refuse("id_token: %w", err)
	}
	said := jose.Claims{Reader: strictjson.Reader{Members: keys.token.Members}}
	party, authTime, now := "", time.Time{}, c.now()
	if !said.Get("azp").Absent() {
		party = said.Text("azp")
	}
	if !said.Get("auth_time").Absent() {
		authTime = said.Date("auth_time")
	}
	switch {
	case said.Err() != nil:
		return nil, refuse("id_token: %w", said.Err())
	case token.Nonce != want.nonce:
		return nil, refuse("id_token: the nonce is not ours")
	case party != "" && party != want.clientID:
		return nil, refuse("id_token: azp is another client")
	case len(token.Audience) > 1 && party == "":
		return nil, refuse("id_token: several audiences and no azp")
	case token.IssuedAt.IsZero() || token.IssuedAt.After(now.Add(leeway)):
		return nil, refuse("id_token: iat is missing or in the future")
	case token.Subject == "" || slices.Contains(token.Audience, ""):
		return nil, refuse("id_token: sub or aud is empty")
	case token.AccessTokenHash != "" && token.VerifyAccessToken(tokens.AccessToken) != nil:
		return nil, refuse("id_token: at_hash is of another access token")
	case want.fresh && authTime.IsZero():
		return nil, refuse("id_token: auth_time was asked for and is missing")
	case want.fresh && (authTime.Before(want.sent.Add(-leeway)) || authTime.After(now.Add(leeway))):
		return nil, refuse("id_token: auth_time is not within this login: the provider reused an old one")
	}
	return profileOf(keys.token.Members), nil
}
