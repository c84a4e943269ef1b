package account

import (
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
	session, user, revision, err := tx.SignedIn(t.ID, id)
	if err != nil {
		return Known{}, t, err
	}
	if revision != t.Revision {
		return Known{}, t, tenant.ErrRevised
	}
	rows, err := tx.Credentials(t.ID, user.ID)
	if err != nil {
		return Known{}, t, err
	}
	if Rehearses(t.Environment, user.ID, rows) {
		t = t.AtNewest()
	}
	if session.Unproven && t.MinAPIVersion != environment.Version20260101 {
		return Known{}, t, store.ErrNotFound
	}
	return Known{session: session, user: user, rows: rows, at: tx.Now()}, t, nil
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
