package signin

import (
	"slices"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// An operator's first factor is let in by an invitation. Whoever calls these has seen
// that the caller's session was opened by one: they hold the rest, that it is the first
// factor, of an operator, and that there is one first factor however many are tried.

// EnrolFirstApp begins to enrol an authenticator app as an operator's first factor.
func EnrolFirstApp(c who.Caller, tx *store.Tx) (totp.Enrolment, error) {
	if _, err := first(c, tx); err != nil {
		return totp.Enrolment{}, err
	}
	return EnrolApp(c, tx, func(*store.Tx) (string, error) { return "", nil })
}

// LinkFirstApp makes a confirmed enrolment an operator's first factor.
func LinkFirstApp(c who.Caller, tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
	if proof.Evidence().Purpose != method.Enrol {
		return store.CredentialRow{}, notFirst()
	}
	return linkApp(c, tx, proof, func() (account.Authority, error) { return first(c, tx) })
}

// BeginFirstPasskey asks a browser to make a passkey as an operator's first factor.
func BeginFirstPasskey(c who.Caller, tx *store.Tx) (passkey.CreationOptions, error) {
	if _, err := first(c, tx); err != nil {
		return passkey.CreationOptions{}, err
	}
	return passkey.BeginRegistration(c, tx)
}

// LinkFirstPasskey makes what a registration proves an operator's first factor.
func LinkFirstPasskey(c who.Caller, tx *store.Tx, r *passkey.Registration, proof method.Proof) (store.CredentialRow, error) {
	return linkPasskey(c, tx, r, proof, func() (account.Authority, error) { return first(c, tx) })
}

// first locks the operator, who must have no factor yet.
func first(c who.Caller, tx *store.Tx) (account.Authority, error) {
	if c.Tenant.ID != environment.Operators {
		return account.Nothing, notFirst()
	}
	if _, err := tx.LockUser(c.Tenant.ID, c.Session.UserID); err != nil {
		return account.Nothing, err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return account.Nothing, err
	}
	if slices.ContainsFunc(rows, account.IsFactor) {
		return account.Nothing, notFirst()
	}
	return account.Authority{Provenance: store.ProvenanceInvitation}, nil
}

func notFirst() *fault.Error {
	return fault.New(fault.EnrolmentNotProven, "There is a second factor already. Prove with it that it is you, then add another one.")
}
