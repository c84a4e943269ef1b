package stepup

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/strictjson"
)

// The longest lives a token may have, whatever its issuer wrote into it.
const (
	MaxSingleUseLife = 300 * time.Second
	MaxTimeBoundLife = 600 * time.Second
	MaxSessionLife   = 30 * 24 * time.Hour
)

// maxAhead is how far the issuer's clock may be ahead of ours. No leeway is
// given at the other end: a token is dead in the very second of its exp.
const maxAhead = 30 * time.Second

// Config is what a [Verifier] checks tokens against.
type Config struct {
	// Issuer is the base address of the environment,
	// https://HOST/api/v0/sdk/ENVIRONMENT. Required, and compared as a string.
	Issuer string
	// Audiences is who you are: one of these must be an element of the aud of an
	// elevated token. Empty means the issuer itself, which is the audience of
	// the built-in scopes; a service with scopes of its own names the audience
	// that was declared for them.
	Audiences []string
	// SessionAudiences, when not empty, is the app origins whose sessions count.
	// Empty accepts sessions of every app of the environment.
	SessionAudiences []string
	// Keys finds the issuer's keys. Nil fetches and caches ISSUER/.well-known/jwks.json.
	Keys KeySet
	// Now is the clock. Nil means [time.Now].
	Now func() time.Time
}

// A Verifier checks tokens offline: signature, kind, issuer, audience and time.
// It may be used by many goroutines at once, and remembers no verdict.
//
// Offline is not enough for single-use tokens, which must be spent at the
// issuer, nor to learn that a token was revoked a moment ago: [Guard] and
// [Client] see to that.
type Verifier struct {
	issuer           string
	audiences        []string
	sessionAudiences []string
	keys             KeySet
	now              func() time.Time
}

// NewVerifier returns a Verifier. It fails if the issuer is not an http or
// https address without query, or an audience is empty.
func NewVerifier(config Config) (*Verifier, error) {
	if err := checkURL(config.Issuer); err != nil {
		return nil, fmt.Errorf("making verifier: issuer: %w", err)
	}
	if slices.Contains(config.Audiences, "") || slices.Contains(config.SessionAudiences, "") {
		return nil, errors.New("making verifier: an audience is empty")
	}
	v := &Verifier{
		issuer:           config.Issuer,
		audiences:        slices.Clone(config.Audiences),
		sessionAudiences: slices.Clone(config.SessionAudiences),
		keys:             config.Keys,
		now:              config.Now,
	}
	if len(v.audiences) == 0 {
		v.audiences = []string{config.Issuer}
	}
	if v.now == nil {
		v.now = time.Now
	}
	if v.keys == nil {
		v.keys = &RemoteKeySet{URL: config.Issuer + "/.well-known/jwks.json", Now: v.now}
	}
	return v, nil
}

func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil ||
		strings.ContainsAny(raw, "?#") || strings.HasSuffix(raw, "/") {
		return fmt.Errorf("%q is not an http or https address without user, query, fragment and final slash", raw)
	}
	return nil
}

var (
	commonNames = []string{"iss", "aud", "sub", "sid", "environment_id", "scope", "iat", "exp", "nbf",
		"session_public_key", "ext_iss", "ext_sub"}
	elevatedNames = append([]string{"singleUse", "jti", "auth_time", "acr", "amr", "credential_id", "cnf",
		"authorization_details", "authorization_details_hash", "displayed"}, commonNames...)
	sessionNames = append([]string{"kid", "last_verified_credential_id", "signin_credential_id"}, commonNames...)
	cnfNames     = []string{"jkt"}
)

// Elevated verifies an elevated access token and returns what it says. The
// error is [ErrExpired] for a token that was good once, [ErrUnavailable] if the
// issuer's keys are out of reach, and [ErrInvalid] for everything else; all are
// [ErrDenied]. Whether the token allows what is asked, belongs to the caller, is
// spent, or needs a client key is still open after this.
func (v *Verifier) Elevated(ctx context.Context, token string) (Claims, error) {
	r, _, err := v.open(ctx, token, TypeElevated, elevatedNames)
	if err != nil {
		return Claims{}, fmt.Errorf("verifying elevated access token: %w", err)
	}
	c := Claims{
		Issuer:           r.text("iss"),
		Audience:         r.audience(),
		Subject:          r.text("sub"),
		Session:          r.text("sid"),
		EnvironmentID:    r.text("environment_id"),
		SingleUse:        r.boolean("singleUse"),
		ID:               r.text("jti"),
		IssuedAt:         time.Unix(r.integer("iat"), 0),
		Expires:          time.Unix(r.integer("exp"), 0),
		AuthTime:         time.Unix(r.integer("auth_time"), 0),
		ACR:              r.text("acr"),
		AMR:              r.texts("amr"),
		CredentialID:     r.optional("credential_id"),
		SessionPublicKey: r.optional("session_public_key"),
		ExternalIssuer:   r.optional("ext_iss"),
		ExternalSubject:  r.optional("ext_sub"),
	}
	if c.Scopes, err = parseScopes(r.text("scope")); err != nil && r.err == nil {
		r.err = err
	}
	if cnf := r.Get("cnf"); cnf.Exists() {
		c.KeyThumbprint = r.thumbprint(cnf)
	}
	r.binding(&c)
	if r.err == nil && c.AuthTime.After(v.now().Add(maxAhead)) {
		r.fail("auth_time", "is in the future")
	}
	life := MaxTimeBoundLife
	if c.SingleUse {
		life = MaxSingleUseLife
	}
	if err := v.judge(r, c.Issuer, c.Audience, v.audiences, c.IssuedAt, c.Expires, life); err != nil {
		return Claims{}, fmt.Errorf("verifying elevated access token: %w", err)
	}
	return c, nil
}

// Session verifies a session token and returns what it says, with the errors of
// [Verifier.Elevated]. The full JWT that apps read profiles from is no session
// token. Whether the session was revoked since is not visible offline.
func (v *Verifier) Session(ctx context.Context, token string) (SessionClaims, error) {
	r, kid, err := v.open(ctx, token, TypeSession, sessionNames)
	if err != nil {
		return SessionClaims{}, fmt.Errorf("verifying session token: %w", err)
	}
	c := SessionClaims{
		Issuer:                   r.text("iss"),
		Audience:                 r.audience(),
		Subject:                  r.text("sub"),
		Session:                  r.text("sid"),
		EnvironmentID:            r.text("environment_id"),
		Scopes:                   strings.Fields(r.optional("scope")),
		IssuedAt:                 time.Unix(r.integer("iat"), 0),
		Expires:                  time.Unix(r.integer("exp"), 0),
		LastVerifiedCredentialID: r.optional("last_verified_credential_id"),
		SignInCredentialID:       r.optional("signin_credential_id"),
		SessionPublicKey:         r.optional("session_public_key"),
		ExternalIssuer:           r.optional("ext_iss"),
		ExternalSubject:          r.optional("ext_sub"),
	}
	if inner := r.optional("kid"); inner != "" && inner != kid {
		r.fail("kid", "differs from the header")
	}
	if err := v.judge(r, c.Issuer, c.Audience, v.sessionAudiences, c.IssuedAt, c.Expires, MaxSessionLife); err != nil {
		return SessionClaims{}, fmt.Errorf("verifying session token: %w", err)
	}
	return c, nil
}

// open verifies the signature and the kind of a token, and only then reads what
// it says.
func (v *Verifier) open(ctx context.Context, token, typ string, names []string) (*reader, string, error) {
	c, err := parseCompact(token)
	if err != nil {
		return nil, "", invalid(err)
	}
	if c.typ != typ {
		return nil, "", invalid(fmt.Errorf("typ is not %s", typ))
	}
	key, err := find(ctx, v.keys, c.kid, c.algorithm)
	if errors.Is(err, ErrUnknownKey) {
		return nil, "", invalid(err)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if key.ID != c.kid || key.Algorithm != c.algorithm {
		return nil, "", invalid(errors.New("alg is not that of the key"))
	}
	if err := key.Verify(c.signed, c.signature); err != nil {
		return nil, "", invalid(err)
	}
	members, err := parseObject(c.payload, names)
	if err != nil {
		return nil, "", invalid(err)
	}
	return &reader{Members: members}, c.kid, nil
}

// judge checks what all kinds have in common. Expiry comes last, so that
// [ErrExpired] is only said of tokens that were good once.
func (v *Verifier) judge(r *reader, issuer string, audience, wanted []string, issued, expires time.Time, life time.Duration) error {
	notBefore := issued
	if r.Has("nbf") {
		notBefore = time.Unix(r.integer("nbf"), 0)
	}
	now := v.now()
	switch {
	case r.err != nil:
		return invalid(r.err)
	case issuer != v.issuer:
		return invalid(errors.New("iss is another issuer"))
	case len(wanted) > 0 && match(audience, wanted) == "":
		return invalid(errors.New("aud does not name this service"))
	case issued.After(now.Add(maxAhead)), notBefore.After(now.Add(maxAhead)):
		return invalid(errors.New("iat or nbf is in the future"))
	case !expires.After(issued), expires.Sub(issued) > life:
		return invalid(fmt.Errorf("exp is not within %s of iat", life))
	case !now.Before(expires):
		return ErrExpired
	}
	return nil
}

// match returns the first element of audience that is wanted, or "".
func match(audience, wanted []string) string {
	for _, a := range audience {
		if slices.Contains(wanted, a) {
			return a
		}
	}
	return ""
}

// binding reads what a token is bound to. Half a binding is none that could be
// enforced, so the token is refused.
func (r *reader) binding(c *Claims) {
	details := r.Get("authorization_details")
	if !details.Exists() {
		for _, name := range []string{"authorization_details_hash", "displayed"} {
			if r.Has(name) {
				r.fail(name, "is there without authorization_details")
			}
		}
		return
	}
	c.AuthorizationDetails, c.AuthorizationDetailsHash, c.Displayed = slices.Clone(details.Raw()), r.text("authorization_details_hash"),
		r.boolean("displayed")
	switch hash, err := HashDetails(details.Raw()); {
	case err != nil:
		r.fail("authorization_details", "cannot be hashed")
	case hash != c.AuthorizationDetailsHash:
		r.fail("authorization_details_hash", "is not that of authorization_details")
	case !c.SingleUse:
		r.fail("singleUse", "is false in a token bound to one transaction")
	}
}

// thumbprint reads cnf. A confirmation we do not know (RFC 7800) cannot be
// demanded later, so the token is refused.
func (r *reader) thumbprint(cnf strictjson.Value) string {
	members, err := parseObject(cnf.Raw(), cnfNames)
	if err != nil || members.Len() != 1 {
		r.fail("cnf", "is not a key thumbprint")
		return ""
	}
	inner := reader{Members: members}
	jkt := inner.text("jkt")
	if inner.err != nil {
		r.fail("cnf", "is not a key thumbprint")
	}
	return jkt
}

func invalid(cause error) error {
	return fmt.Errorf("%w: %w", ErrInvalid, cause)
}
