package signin

import (
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// Signed is a session and its user as one transaction saw them, with what was
// minted for them in it.
type Signed struct {
	env         *environment.Environment
	session     store.SessionRow
	user        store.UserRow
	profile     account.Profile
	credentials []store.CredentialRow
	newUser     bool
	minted      *elevate.Minted
	mfaToken    secret.Text
}

// Read loads what answers show of a session's user.
func Read(c who.Caller, tx *store.Tx, row store.SessionRow) (Signed, error) {
	s := Signed{env: c.Tenant.Environment, session: row}
	var err error
	if s.user, err = tx.User(c.Tenant.ID, row.UserID); err != nil {
		return s, err
	}
	if s.profile, err = account.ReadProfile(s.user); err != nil {
		return s, err
	}
	s.credentials, err = tx.Credentials(c.Tenant.ID, row.UserID)
	return s, err
}

// Refresh renews the caller's session and records the credential just proven; an
// empty id: none was.
func Refresh(c who.Caller, tx *store.Tx, credentialID string) (Signed, error) {
	if credentialID != "" {
		if err := tx.VerifiedWith(c.Tenant.ID, c.Session.ID, credentialID); err != nil {
			return Signed{}, err
		}
	}
	row, err := session.Refresh(c, tx)
	if err != nil {
		return Signed{}, err
	}
	return Read(c, tx, row)
}

// Answer is what a client is told, and the tokens it gets.
type Answer struct {
	User     User
	Session  session.Tokens
	Elevated string      // elevated access token; empty: none was minted
	MFAToken secret.Text // of action-based MFA; empty: none was minted
}

// Sign makes the answer, after the transaction: no key signs inside one.
func (s Signed) Sign(t *tenant.Tenant, now time.Time) (Answer, error) {
	answer := Answer{User: s.View(), MFAToken: s.mfaToken}
	about := session.About{Scope: answer.User.Scope, Profile: claims(answer.User)}
	var err error
	if about.ExternalIssuer, about.ExternalSubject, err = account.External(s.credentials, s.session.SignInCredentialID); err != nil {
		return Answer{}, err
	}
	if answer.Session, err = session.Sign(t, s.session, about, now); err != nil {
		return Answer{}, err
	}
	if s.minted != nil {
		answer.Elevated, err = s.minted.Sign(t, now)
	}
	return answer, err
}
