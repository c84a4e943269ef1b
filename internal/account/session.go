package account

import (
	"errors"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// SignedIn reads a session that lives and what is known of its user, with the rules in
// force for them: those of the newest version where the user rehearses them. A session
// that a credential which does not count opened, or completed with the second factor,
// is over; that and any other that does not live is store.ErrNotFound. Rules that are
// not in force any more are tenant.ErrRevised.
func SignedIn(tx *store.Tx, t *tenant.Tenant, id string) (Known, *tenant.Tenant, error) {
	in, err := tx.SignedIn(t.ID, id)
	if err != nil {
		return Known{}, t, err
	}
	if in.Revision != t.Revision {
		return Known{}, t, tenant.ErrRevised
	}
	if Rehearses(t.Environment, in.User.ID, in.Credentials) {
		t = t.AtNewest()
	}
	if in.Session.Unproven && t.MinAPIVersion != environment.Version20260101 {
		return Known{}, t, store.ErrNotFound
	}
	return Known{session: in.Session, user: in.User, rows: in.Credentials, at: tx.Now()}, t, nil
}

// Hold is how a transaction begins that decides on the caller's session: it pins the
// rules and locks the user, and reads what is known of them only then.
func Hold(c who.Caller, tx *store.Tx) (Known, error) {
	user, err := c.Tenant.PinUser(tx, c.Session.UserID)
	if err != nil {
		return Known{}, err
	}
	rows, err := tx.Credentials(c.Tenant.ID, user.ID)
	return Known{session: *c.Session, user: user, rows: rows, at: tx.Now()}, err
}

// IntrospectSession tells of a session's token whether the session lives, and the scope that
// the session has by now.
func IntrospectSession(tx *store.Tx, t *tenant.Tenant, claims stepup.SessionClaims) (scope string, live bool, err error) {
	known, inForce, err := SignedIn(tx, t, claims.Session)
	if errors.Is(err, store.ErrNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	live = known.user.ID == claims.Subject && claims.EnvironmentID == t.ID
	return SessionScope(inForce.Environment, known.rows, known.session), live, nil
}
