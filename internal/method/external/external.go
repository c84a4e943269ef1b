// Package external takes the word of a login of the operator's own: a JWT that
// signs somebody in, and an assertion that says the same person confirmed
// something just now. Both are signed by the one issuer the environment names,
// for the one audience it names. An assertion is spent: each jti is good once.
package external

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

const (
	// leeway is how far the other clock may be ahead of ours. An exp is taken as it is.
	leeway = 30 * time.Second
	// maxAssertion is how far ahead an assertion's exp may lie.
	maxAssertion = 300 * time.Second
	maxSubject   = 255
	maxID        = 255
)

// Token is a JWT of the external login that was verified. Only [Verify] makes one.
type Token struct {
	environmentID string
	issuer        string
	claims        claims
}

// names are those of the members that are read.
var names = []string{
	"iss", "aud", "sub", "exp", "iat", "nbf", "scope", "jti", "binding_hash", "email", "emailVerified", "email_verified",
}

// claims are the members that are read. Their names are compared exactly.
type claims struct {
	Issuer    string
	Audience  []string
	Subject   string
	Scope     string
	ID        string
	Expires   time.Time
	IssuedAt  time.Time
	NotBefore time.Time
	Email     shownEmail
	Binding   string // binding_hash: of the transaction that was confirmed
}

// shownEmail is an address that a token tells, and whether it says that it was
// verified.
type shownEmail struct {
	address        string
	said, verified bool
}

// Scopes are the words of the scope claim.
func (t Token) Scopes() []string { return strings.Fields(t.claims.Scope) }

// Verify checks signature, issuer, audience and time of a JWT as the environment
// wants them.
func Verify(ctx context.Context, keys *keyset.Cache, t *tenant.Tenant, now time.Time, text string) (Token, error) {
	x := t.ExternalAuth
	if !x.Enabled {
		return Token{}, fault.New(fault.InvalidExternalAuth, "This environment has no external login. Set externalAuth in its document.")
	}
	token, err := keyset.Verify(ctx, keys.At(x.JWKSURL), text, names...)
	if err != nil && !errors.Is(err, keyset.ErrInvalid) {
		return Token{}, fault.New(fault.Unavailable,
			"The keys of your own login cannot be had right now, so nothing is known about this token. Try again in a moment.").Because(err)
	}
	if err != nil {
		return Token{}, refuse("%w", err)
	}
	c, err := read(token.Members)
	switch {
	case err != nil:
		return Token{}, refuse("%w", err)
	case c.Issuer != x.Issuer:
		return Token{}, refuse("iss is %.100q, and externalAuth.iss is %.100q", c.Issuer, x.Issuer)
	case !named(c.Audience, x.Audience):
		return Token{}, refuse("aud is %.200q, and externalAuth.aud is %.100q", c.Audience, x.Audience)
	case c.Subject == "" || len(c.Subject) > maxSubject || strings.TrimSpace(c.Subject) != c.Subject ||
		strings.ContainsFunc(c.Subject, control):
		return Token{}, refuse("sub is missing, longer than %d bytes, or has spaces around it or a control character in it", maxSubject)
	case c.Expires.IsZero() || !now.Before(c.Expires):
		return Token{}, refuse("exp is missing or past (%s)", off(now, c.Expires))
	case c.IssuedAt.After(now.Add(leeway)):
		return Token{}, refuse("iat is in the future (%s)", off(now, c.IssuedAt))
	case c.NotBefore.After(now.Add(leeway)):
		return Token{}, refuse("nbf is in the future (%s)", off(now, c.NotBefore))
	}
	if !c.Email.verified && (c.Email.said || !x.AssumeEmailVerified) {
		c.Email = shownEmail{}
	}
	return Token{environmentID: t.ID, issuer: x.Issuer, claims: c}, nil
}

// SignIn is the attempt to sign in with a verified token.
type SignIn struct{ Token Token }

// Kind implements [method.Method].
func (SignIn) Kind() assurance.Kind { return assurance.External }

// Count implements [method.Method]. There is nothing to guess.
func (m SignIn) Count(_ *store.Tx, a method.Attempt) (method.Candidate, error) {
	if err := m.Token.of(a); err != nil {
		return nil, err
	}
	e := m.Token.evidence(method.SignIn, assurance.Federated)
	e.EndsBy = m.Token.claims.Expires
	return candidate{spend: func(*store.Tx) (method.Evidence, error) { return e, nil }}, nil
}

// Assertion is the attempt to step up with a verified token.
type Assertion struct{ Token Token }

// Kind implements [method.Method].
func (Assertion) Kind() assurance.Kind { return assurance.External }

// Count implements [method.Method].
func (m Assertion) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	if err := m.Token.of(a); err != nil {
		return nil, err
	}
	now, c := tx.Now(), m.Token.claims
	switch {
	case c.ID == "" || len(c.ID) > maxID:
		return nil, refuse("an assertion needs a jti of at most %d bytes", maxID)
	case c.IssuedAt.IsZero():
		return nil, refuse("an assertion needs iat")
	case c.Expires.After(now.Add(maxAssertion)):
		return nil, refuse("exp is more than %s ahead", maxAssertion)
	case c.IssuedAt.Before(now.Add(-maxAssertion - leeway)):
		return nil, refuse("iat is more than %s ago", maxAssertion)
	case c.Scope == "":
		return nil, refuse("an assertion needs scope")
	}
	acr := assurance.Federated
	if a.Tenant.ExternalAuth.AssertionReplacesMFA {
		acr = assurance.MFA
	}
	return candidate{spend: func(tx *store.Tx) (method.Evidence, error) {
		if !tx.Now().Before(c.Expires) {
			return method.Evidence{}, refuse("exp is past")
		}
		epoch, err := tx.Epoch()
		if err != nil {
			return method.Evidence{}, err
		}
		if err := m.confirms(tx, a); err != nil {
			return method.Evidence{}, err
		}
		first, err := tx.SpendNonce(tx.Hasher().Sum("external-jti", a.Tenant.ID, m.Token.issuer, c.ID), epoch, c.Expires.Add(leeway))
		if err == nil && !first {
			err = refuse("the jti was used before")
		}
		evidence := m.Token.evidence(method.InSession, acr)
		evidence.BindingID = a.BindingID
		return evidence, err
	}}, nil
}

// confirms holds the claim binding_hash against the transaction of the attempt:
// an assertion for one confirms no other, and none without it. Whether your own
// login showed it, nobody here can tell.
func (m Assertion) confirms(tx *store.Tx, a method.Attempt) error {
	hash := ""
	if a.BindingID != "" {
		row, err := binding.Find(a.Caller, tx, a.BindingID)
		if err != nil {
			return err
		}
		hash = row.Hash
	}
	if m.Token.claims.Binding != hash {
		return refuse("binding_hash is %.100q, and the transaction's hash %.100q", m.Token.claims.Binding, hash)
	}
	return nil
}

// of refuses a token that was not verified, or not in this environment.
func (t Token) of(a method.Attempt) error {
	if t.environmentID == "" || t.environmentID != a.Tenant.ID || t.issuer != a.Tenant.ExternalAuth.Issuer ||
		!a.Tenant.ExternalAuth.Enabled {
		return refuse("not verified in this environment")
	}
	return nil
}

func (t Token) evidence(purpose method.Purpose, acr assurance.ACR) method.Evidence {
	person := account.ExternalPerson(t.issuer, t.claims.Subject)
	detail := account.Detail{ExternalIssuer: t.issuer, ExternalUserID: t.claims.Subject}
	if t.claims.Email.address != "" {
		detail.OAuthEmails = []string{t.claims.Email.address}
	}
	return method.Evidence{
		Format: store.FormatExternal, Identifier: person.Identifier, Recipient: t.claims.Subject, ACR: acr, Purpose: purpose,
		Detail: detail.JSON(),
	}
}

type candidate struct {
	spend func(*store.Tx) (method.Evidence, error)
}

// Compare implements [method.Candidate]: the token was verified before.
func (candidate) Compare(context.Context) error { return nil }

// Spend implements [method.Candidate].
func (c candidate) Spend(tx *store.Tx) (method.Evidence, error) { return c.spend(tx) }

// Forgive implements [method.Candidate]: nothing is counted.
func (candidate) Forgive(*store.Tx) error { return nil }

func named(audience []string, want string) bool {
	for _, one := range audience {
		if one == want && want != "" {
			return true
		}
	}
	return false
}

// off is how far a time is from now.
func off(now, at time.Time) string {
	switch d := at.Sub(now).Round(time.Second); {
	case at.IsZero():
		return "missing"
	case d > 0:
		return d.String() + " ahead of this server's clock"
	default:
		return (-d).String() + " ago"
	}
}

// Explain adds to the sentence of a refusal of this package what is wrong with the
// token. It is for whoever sets the two logins up, not for strangers.
func Explain(err error) error {
	var refused *fault.Error
	if !errors.As(err, &refused) || refused.Code != fault.InvalidExternalAuth || refused.Cause == nil {
		return err
	}
	return fault.New(fault.InvalidExternalAuth, "%s What is wrong with it: %v.", refused.Message, refused.Cause).Because(refused.Cause)
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

func refuse(reason string, args ...any) *fault.Error {
	return fault.New(fault.InvalidExternalAuth, "This token of the external login is not good here. Get a new one from your own login.").
		Because(fmt.Errorf(reason, args...))
}
