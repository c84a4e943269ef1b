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
	env      *environment.Environment
	known    account.Known
	profile  account.Profile
	newUser  bool
	minted   *elevate.Minted
	mfaToken secret.Text
}

// As is what answers show of a session's user, of whom this is known.
func As(c who.Caller, known account.Known) (Signed, error) {
	profile, err := account.ReadProfile(known.User())
	return Signed{env: c.Tenant.Environment, known: known, profile: profile}, err
}

// Refresh renews the caller's session and records what was proven just now. It shows
// what the transaction knows of the user by then.
func Refresh(c who.Caller, tx *store.Tx, known account.Known, by store.Proved) (Signed, error) {
	row, err := session.Refresh(c, tx, by)
	if err != nil {
		return Signed{}, err
	}
	return As(c, known.In(row))
}

// RefreshChanged is Refresh after a change of the user, who is read again.
func RefreshChanged(c who.Caller, tx *store.Tx, by store.Proved) (Signed, error) {
	row, err := session.Refresh(c, tx, by)
	if err != nil {
		return Signed{}, err
	}
	known, err := account.Know(tx, row)
	if err != nil {
		return Signed{}, err
	}
	return As(c, known)
}

// Session is the session as it stands.
func (s Signed) Session() store.SessionRow { return s.known.Session() }

// Answer is what a client is told, and the tokens it gets.
type Answer struct {
	User     User
	Session  session.Tokens
	Elevated string      // elevated access token; empty: none was minted
	MFAToken secret.Text // of action-based MFA; empty: none was minted
}

// VerifyResponse is that answer as clients read it (wire reference 4.1).
type VerifyResponse struct {
	User                User   `json:"user"`
	ExpiresAt           int64  `json:"expiresAt"`             // unix seconds
	MinifiedJWT         string `json:"minifiedJwt,omitempty"` // absent in cookie mode, like jwt
	JWT                 string `json:"jwt,omitempty"`
	ElevatedAccessToken string `json:"elevatedAccessToken,omitempty"`
	MFAToken            string `json:"mfaToken,omitempty"` // action-based MFA
}

// Response is what a client is told; the session's tokens are left out where the
// browser keeps them in a cookie.
func (a Answer) Response(byCookie bool) VerifyResponse {
	response := VerifyResponse{
		User: a.User, ExpiresAt: a.Session.Expires.Unix(), ElevatedAccessToken: a.Elevated, MFAToken: a.MFAToken.Reveal(),
	}
	if !byCookie {
		response.MinifiedJWT, response.JWT = a.Session.Minified, a.Session.Full
	}
	return response
}

// Sign makes the answer, after the transaction: no key signs inside one.
func (s Signed) Sign(t *tenant.Tenant, now time.Time) (Answer, error) {
	answer := Answer{User: s.View(), MFAToken: s.mfaToken}
	about := session.About{Scope: answer.User.Scope, Profile: claims(answer.User)}
	var err error
	about.ExternalIssuer, about.ExternalSubject, err = account.External(s.known.Credentials(), s.known.Session().SignInCredentialID)
	if err != nil {
		return Answer{}, err
	}
	if answer.Session, err = session.Sign(t, s.known.Session(), about, now); err != nil {
		return Answer{}, err
	}
	if s.minted != nil {
		answer.Elevated, err = s.minted.Sign(t, now)
	}
	return answer, err
}
