package stepup

import (
	"context"
	"slices"
	"time"
)

// The strength of a proof, as the acr claim says it, weakest first.
const (
	ACRFederated         = "urn:stepup:federated" // a provider's word, without proof that it is fresh
	ACRReauth            = "urn:stepup:reauth"    // proved again by a means of signing in
	ACRMFA               = "urn:stepup:mfa"       // proved by a second factor
	ACRPhishingResistant = "urn:stepup:phr"       // proved by something that cannot be phished
)

// Claims is what a verified elevated access token says. Only a [Verifier]
// makes one that means something: a Claims in your hands that did not come from
// [Verifier.Elevated] or [FromContext] proves nothing.
type Claims struct {
	Issuer        string   // iss: the environment that minted it
	Audience      []string // aud: where it may be used; never empty
	Subject       string   // sub: the user
	Session       string   // sid: the session in which the proof was given
	EnvironmentID string   // environment_id
	Scopes        []Scope  // scope: what it allows; never empty, none twice
	SingleUse     bool     // singleUse: it must be spent at the issuer, see [Client.Consume]
	ID            string   // jti

	IssuedAt time.Time // iat
	Expires  time.Time // exp: dead from this second on
	AuthTime time.Time // auth_time: when the proof was given, which is not when the user signed in

	ACR          string   // acr: strength of the proof, such as [ACRMFA]
	AMR          []string // amr: methods of the proof (RFC 8176); may be empty
	CredentialID string   // credential_id: what the proof was given with; may be empty

	SessionPublicKey string // session_public_key: the device key of the session, if it has one
	ExternalIssuer   string // ext_iss: your own login's iss, for users who signed in through it
	ExternalSubject  string // ext_sub: your own login's sub

	// KeyThumbprint is cnf.jkt (RFC 9449 section 6): when it is not empty, the
	// token is good only together with a DPoP proof by that key.
	KeyThumbprint string
	// AuthorizationDetails is the JSON of authorization_details (RFC 9396): when
	// it is not empty, the token allows that exact transaction and no other.
	// Such a token is single-use.
	AuthorizationDetails []byte
	// AuthorizationDetailsHash is authorization_details_hash, which the verifier
	// has compared with [HashDetails] of them.
	AuthorizationDetailsHash string
	// Displayed is displayed: whether the user was shown the transaction by the
	// very thing that confirmed it, such as the message beside its code. Passkeys,
	// authenticator apps and recovery codes confirm, but show nothing.
	Displayed bool
}

// Bound reports whether the token allows one exact transaction only.
func (c Claims) Bound() bool { return len(c.AuthorizationDetails) > 0 }

// Has reports whether the token allows scope, compared as a whole string.
func (c Claims) Has(scope Scope) bool {
	return slices.Contains(c.Scopes, scope)
}

// clone shares nothing with c, so that who gets it may change it.
func (c Claims) clone() Claims {
	c.Audience, c.Scopes, c.AMR = slices.Clone(c.Audience), slices.Clone(c.Scopes), slices.Clone(c.AMR)
	c.AuthorizationDetails = slices.Clone(c.AuthorizationDetails)
	return c
}

// SessionClaims is what a verified session token says.
type SessionClaims struct {
	Issuer        string   // iss
	Audience      []string // aud: the app origin that signed in, or the issuer
	Subject       string   // sub: the user
	Session       string   // sid: stays the same while the session is renewed
	EnvironmentID string   // environment_id
	Scopes        []string // scope: words such as "user:basic"; not scopes of elevated tokens

	IssuedAt time.Time // iat
	Expires  time.Time // exp

	LastVerifiedCredentialID string // last_verified_credential_id; may be empty
	SignInCredentialID       string // signin_credential_id; may be empty
	SessionPublicKey         string // session_public_key: the device key, if the session has one
	ExternalIssuer           string // ext_iss, for users who signed in through your own login
	ExternalSubject          string // ext_sub
}

// Complete reports whether the sign-in is finished: a second factor or a device
// registration that is still missing leaves a session nobody should act on.
func (c SessionClaims) Complete() bool {
	return !slices.Contains(c.Scopes, "requiresAdditionalAuth") && !slices.Contains(c.Scopes, "device:register")
}

// clone shares nothing with c, so that who gets it may change it.
func (c SessionClaims) clone() SessionClaims {
	c.Audience, c.Scopes = slices.Clone(c.Audience), slices.Clone(c.Scopes)
	return c
}

type contextKey int

const (
	claimsKey contextKey = iota
	callerKey
	operationKey
)

// FromContext returns the claims of the elevated access token that let this
// request through. It reports false for requests that no [Guard.Require] let
// through, and in [GuardConfig].OnReplay.
func FromContext(ctx context.Context) (Claims, bool) {
	claims, ok := ctx.Value(claimsKey).(Claims)
	return claims, ok
}

// CallerFromContext returns who makes the request, as [Guard.SignedIn] or
// [Guard.Require] found out.
func CallerFromContext(ctx context.Context) (Caller, bool) {
	caller, ok := ctx.Value(callerKey).(Caller)
	return caller, ok
}

// OperationFromContext returns the operation id under which the guard spent the
// token of this request: the key to finish or resume the operation under. It is
// "" when the token was checked offline.
func OperationFromContext(ctx context.Context) string {
	id, _ := ctx.Value(operationKey).(string)
	return id
}
