// Package who says who asks. A [Caller] is the first parameter of whatever acts for
// somebody, so that environment, user, session, presented tokens and whom the audit
// log names cannot come from different requests. Its invariant: a [Token] carries
// claims only if the environment's key signed them and they hold at this time; all
// that the store knows better is for package enforce to judge.
package who

import (
	"context"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// Caller is who asks, in which environment and session, and with what in hand.
type Caller struct {
	By       audit.By          // who acts, on whom and in which request, for the audit log
	Tenant   *tenant.Tenant    // with the rules in force for the user; nil: the installation itself is asked
	Session  *store.SessionRow // nil: nobody is signed in
	Source   string            // network address
	Elevated Token             // the elevated access token that was sent; zero: none was
	Legacy   Legacy            // the token of action-based MFA that was sent; nil: none was
	Prompt   string            // the hosted prompt in which it happens; empty: elsewhere

	AcceptLanguage string // of the request, as its header says; empty: nothing was said
}

// UserID is whom the caller acts on: the user of the session, or the one that whoever
// runs the installation has chosen; empty: nobody.
func (c Caller) UserID() string {
	if c.By.UserID == "" && c.Session != nil {
		return c.Session.UserID
	}
	return c.By.UserID
}

// Concerning is the caller acting on another user.
func (c Caller) Concerning(userID string) Caller {
	c.By = c.By.Concerning(userID)
	return c
}

// In is the caller acting in a session, under the rules in force for its user.
func (c Caller) In(t *tenant.Tenant, session store.SessionRow) Caller {
	c.Tenant, c.Session = t, &session
	c.By = c.By.Concerning(session.UserID).In(session.ID)
	return c
}

// Token is an elevated access token after the checks that need no store. The zero
// value is that of a request without one.
type Token struct {
	text    string
	claims  stepup.Claims
	invalid stepup.Reason
}

// Present checks the text of a token offline: signature, kind, issuer, time.
func Present(ctx context.Context, t *tenant.Tenant, text string) Token {
	if text == "" {
		return Token{}
	}
	claims, err := t.Verifier.Elevated(ctx, text)
	if err == nil {
		return Token{text: text, claims: claims}
	}
	reason := stepup.ReasonOf(err)
	if reason == "" {
		reason = stepup.ReasonMissing
	}
	return Token{text: text, invalid: reason}
}

// Given reports whether a token was sent at all.
func (t Token) Given() bool { return t.text != "" }

// Text is the token as it was sent, for those who check it again.
func (t Token) Text() string { return t.text }

// Invalid says why a token that was sent is no good, whatever it is for; empty: its
// claims hold, or none was sent.
func (t Token) Invalid() stepup.Reason { return t.invalid }

// Claims is what the token says; ok is false without a token whose signature holds.
func (t Token) Claims() (claims stepup.Claims, ok bool) { return t.claims, t.ID() != "" }

// ID is the jti of a token whose signature holds, else empty.
func (t Token) ID() string { return t.claims.ID }

// Legacy is a presented token of action-based MFA, which only its own package can
// judge.
type Legacy interface {
	// Judge says why the token opens nothing for the caller; an empty reason means it does.
	Judge(c Caller, tx *store.Tx) (stepup.Reason, error)
	// Spend uses it once and returns its id, or store.ErrNotFound.
	Spend(c Caller, tx *store.Tx, scope stepup.Scope) (tokenID string, err error)
}
