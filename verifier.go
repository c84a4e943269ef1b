package stepup

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/jose"
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
	// https://HOST/api/v0/sdk/ENVIRONMENT. Required, and compared as a string: to
	// this, localhost and 127.0.0.1 are two issuers.
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
	// PlainHTTP lets keys be fetched from an issuer whose address begins with
	// http:// and is not on this machine. Whoever is on the way can then put keys of
	// their own in place, and make any token good: set it only for a network that
	// nobody else is on.
	PlainHTTP bool
	// Now is the clock. Nil means [time.Now].
	Now func() time.Time
}

// A Verifier checks tokens offline: signature, kind, issuer, audience and time.
// It may be used by many goroutines at once. Of a token that was signed it remembers what
// it says and by which key, and no verdict: issuer, audience and time are judged anew each
// time, and the key is looked up anew too.
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
	signatures       jose.Signatures
	elevated         jose.Memory[reading[Claims]] // one for each kind, so that no token is read as one of another kind
	sessions         jose.Memory[reading[SessionClaims]]
}

// NewVerifier returns a Verifier. It fails if the issuer is not an https address
// without query (http on this machine, see [Config].PlainHTTP), or an audience is
// empty.
func NewVerifier(config Config) (*Verifier, error) {
	if err := checkURL(config.Issuer); err != nil {
		return nil, fmt.Errorf("making verifier: issuer: %w", err)
	}
	if config.Keys == nil && !config.PlainHTTP {
		if err := checkTransport(config.Issuer); err != nil {
			return nil, fmt.Errorf("making verifier: issuer: %w", err)
		}
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

// checkTransport refuses to speak in clear to another machine. Names below
// localhost stand for this one (RFC 6761 section 6.3).
func checkTransport(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "https" {
		return err
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	address, err := netip.ParseAddr(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && address.Unmap().IsLoopback() {
		return nil
	}
	return fmt.Errorf("%q is plain HTTP to another machine, where others can read and change what is sent: use https, "+
		"or set PlainHTTP for a network that nobody else is on", raw)
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
	read, err := open(ctx, v, token, elevatedKind, &v.elevated)
	if err == nil {
		life := MaxTimeBoundLife
		if read.claims.SingleUse {
			life = MaxSingleUseLife
		}
		err = v.judge(read.validity, v.audiences, life)
	}
	if err != nil {
		return Claims{}, fmt.Errorf("verifying elevated access token: %w", err)
	}
	return read.claims.clone(), nil
}

func readElevated(r *jose.Claims, _ string) reading[Claims] {
	c := Claims{
		Issuer:           r.Text("iss"),
		Audience:         r.Audience(),
		Subject:          r.Text("sub"),
		Session:          r.Text("sid"),
		EnvironmentID:    r.Text("environment_id"),
		SingleUse:        r.Boolean("singleUse"),
		ID:               r.Text("jti"),
		IssuedAt:         time.Unix(r.Seconds("iat"), 0),
		Expires:          time.Unix(r.Seconds("exp"), 0),
		AuthTime:         time.Unix(r.Seconds("auth_time"), 0),
		ACR:              r.Text("acr"),
		AMR:              r.Texts("amr"),
		CredentialID:     r.Optional("credential_id"),
		SessionPublicKey: r.Optional("session_public_key"),
		ExternalIssuer:   r.Optional("ext_iss"),
		ExternalSubject:  r.Optional("ext_sub"),
	}
	var ok bool
	if c.Scopes, ok = parseScopes(r.Text("scope")); !ok {
		r.Fail("scope", "is not a list of scopes separated by single spaces")
	}
	if cnf := r.Get("cnf"); cnf.Exists() {
		c.KeyThumbprint = thumbprint(r, cnf)
	}
	c.bind(r)
	return reading[Claims]{c, validity{issuer: c.Issuer, audience: c.Audience, issued: c.IssuedAt, expires: c.Expires,
		notBefore: notBefore(r), proved: c.AuthTime}}
}

// Session verifies a session token and returns what it says, with the errors of
// [Verifier.Elevated]. The full JWT that apps read profiles from is no session
// token. Whether the session was revoked since is not visible offline.
func (v *Verifier) Session(ctx context.Context, token string) (SessionClaims, error) {
	read, err := open(ctx, v, token, sessionKind, &v.sessions)
	if err == nil {
		err = v.judge(read.validity, v.sessionAudiences, MaxSessionLife)
	}
	if err != nil {
		return SessionClaims{}, fmt.Errorf("verifying session token: %w", err)
	}
	return read.claims.clone(), nil
}

func readSession(r *jose.Claims, kid string) reading[SessionClaims] {
	c := SessionClaims{
		Issuer:                   r.Text("iss"),
		Audience:                 r.Audience(),
		Subject:                  r.Text("sub"),
		Session:                  r.Text("sid"),
		EnvironmentID:            r.Text("environment_id"),
		Scopes:                   strings.Fields(r.Optional("scope")),
		IssuedAt:                 time.Unix(r.Seconds("iat"), 0),
		Expires:                  time.Unix(r.Seconds("exp"), 0),
		LastVerifiedCredentialID: r.Optional("last_verified_credential_id"),
		SignInCredentialID:       r.Optional("signin_credential_id"),
		SessionPublicKey:         r.Optional("session_public_key"),
		ExternalIssuer:           r.Optional("ext_iss"),
		ExternalSubject:          r.Optional("ext_sub"),
	}
	if inner := r.Optional("kid"); inner != "" && inner != kid {
		r.Fail("kid", "differs from the header")
	}
	return reading[SessionClaims]{c, validity{issuer: c.Issuer, audience: c.Audience, issued: c.IssuedAt, expires: c.Expires,
		notBefore: notBefore(r)}}
}

// reading is what a token says, without any verdict on it.
type reading[T any] struct {
	claims T
	validity
}

// kind is one of the kinds of token.
type kind[T any] struct {
	typ   string
	names []string                           // of the claims that are read
	read  func(r *jose.Claims, kid string) T // its faults are those of r
}

var (
	elevatedKind = kind[reading[Claims]]{TypeElevated, elevatedNames, readElevated}
	sessionKind  = kind[reading[SessionClaims]]{TypeSession, sessionNames, readSession}
)

// open verifies the signature and the kind of a token, and only then reads what it says.
// Of one that is remembered the key alone is looked up again: if it is gone, or is another
// one now, the token is opened like one that was never seen, and no key is asked for twice.
func open[T any](ctx context.Context, v *Verifier, token string, as kind[T], known *jose.Memory[T]) (T, error) {
	var none T
	name, _ := jose.NameOf(token) // one without a name was never remembered
	was, by, again := known.Recall(name)
	var t jose.Token
	if !again {
		var err error
		if t, err = parse(token, as.typ); err != nil {
			return none, err
		}
		by.ID, by.Algorithm = t.KeyID, t.Algorithm
	}
	key, err := find(ctx, v.keys, by.ID, Algorithm(by.Algorithm))
	if again {
		if err == nil && key.jose().Same(by) {
			return was, nil
		}
		var malformed error
		if t, malformed = parse(token, as.typ); malformed != nil {
			return none, malformed
		}
	}
	if errors.Is(err, ErrUnknownKey) {
		return none, v.unsigned(t, err)
	}
	if err != nil {
		return none, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	payload, err := v.signatures.Verify(t, key.jose())
	if err != nil {
		return none, v.unsigned(t, err)
	}
	r, err := jose.ParseClaims(payload, as.names)
	if err != nil {
		return none, invalid(err)
	}
	says := as.read(r, t.KeyID)
	if err := r.Err(); err != nil {
		return none, invalid(err)
	}
	known.Remember(name, key.jose(), says)
	return says, nil
}

// parse takes a token of one type apart. Nobody has verified it.
func parse(token, typ string) (jose.Token, error) {
	t, err := jose.Parse(token)
	switch {
	case err != nil:
		return t, invalid(err)
	case t.Type != typ:
		return t, invalid(fmt.Errorf("typ is not %s", typ))
	}
	return t, nil
}

// unsigned refuses a token that none of the issuer's keys signed, which is no wonder
// where it comes from another issuer.
func (v *Verifier) unsigned(t jose.Token, err error) error {
	if claimed := t.ClaimedIssuer(); claimed != "" && claimed != v.issuer {
		err = fmt.Errorf("%w: %w", err, &elsewhere{"of", "issuer", claimed, v.issuer})
	}
	return invalid(err)
}

// validity is what tokens of all kinds say of where and when they hold.
type validity struct {
	issuer                     string
	audience                   []string
	issued, expires, notBefore time.Time
	proved                     time.Time // zero: nothing says when a proof was given
}

// notBefore is the claim nbf, or iat where there is none.
func notBefore(r *jose.Claims) time.Time {
	if r.Has("nbf") {
		return time.Unix(r.Seconds("nbf"), 0)
	}
	return time.Unix(r.Seconds("iat"), 0)
}

// judge checks what all kinds have in common: the token holds here, for one of the wanted
// audiences if there are any, and now. Expiry comes last, so that [ErrExpired] is only
// said of tokens that were good once.
func (v *Verifier) judge(says validity, wanted []string, life time.Duration) error {
	now := v.now()
	ahead := now.Add(maxAhead)
	switch {
	case says.issuer != v.issuer:
		return invalid(&elsewhere{"of", "issuer", says.issuer, v.issuer})
	case len(wanted) > 0 && match(says.audience, wanted) == "":
		return invalid(&elsewhere{"for", "audience", strings.Join(says.audience, " "), strings.Join(wanted, " ")})
	case says.proved.After(ahead):
		return invalid(errors.New("auth_time is in the future"))
	case says.issued.After(ahead), says.notBefore.After(ahead):
		return invalid(errors.New("iat or nbf is in the future"))
	case !says.expires.After(says.issued), says.expires.Sub(says.issued) > life:
		return invalid(fmt.Errorf("exp is not within %s of iat", life))
	case !now.Before(says.expires):
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

// bind reads what a token is bound to. Half a binding is none that could be
// enforced, so the token is refused.
func (c *Claims) bind(r *jose.Claims) {
	details := r.Get("authorization_details")
	if !details.Exists() {
		for _, name := range []string{"authorization_details_hash", "displayed"} {
			if r.Has(name) {
				r.Fail(name, "is there without authorization_details")
			}
		}
		return
	}
	c.AuthorizationDetails, c.AuthorizationDetailsHash, c.Displayed = slices.Clone(details.Raw()), r.Text("authorization_details_hash"),
		r.Boolean("displayed")
	switch hash, err := HashDetails(details.Raw()); {
	case err != nil:
		r.Fail("authorization_details", "cannot be hashed")
	case hash != c.AuthorizationDetailsHash:
		r.Fail("authorization_details_hash", "is not that of authorization_details")
	case !c.SingleUse:
		r.Fail("singleUse", "is false in a token bound to one transaction")
	}
}

// thumbprint reads cnf. A confirmation we do not know (RFC 7800) cannot be
// demanded later, so the token is refused.
func thumbprint(r *jose.Claims, cnf strictjson.Value) string {
	inner, err := jose.ParseClaims(cnf.Raw(), cnfNames)
	if err != nil || inner.Len() != 1 {
		r.Fail("cnf", "is not a key thumbprint")
		return ""
	}
	jkt := inner.Text("jkt")
	if inner.Err() != nil {
		r.Fail("cnf", "is not a key thumbprint")
	}
	return jkt
}

// elsewhere says that a token names another issuer, or other audiences, than what it
// is judged for.
type elsewhere struct{ relation, what, named, wanted string }

func (e *elsewhere) Error() string {
	return fmt.Sprintf("it is %s %s %.200q, this guard is for %.200q", e.relation, e.what, e.named, e.wanted)
}

func invalid(cause error) error {
	return fmt.Errorf("%w: %w", ErrInvalid, cause)
}
