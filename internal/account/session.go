package account

import (
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// LiveSession reads a session that lives, with the rules in force for its user:
// those of the newest version where the user rehearses them. A session that a
// credential which does not count opened, or completed with the second factor, is
// over; that and any other that does not live is store.ErrNotFound.
func LiveSession(tx *store.Tx, t *tenant.Tenant, id string) (store.SessionRow, *tenant.Tenant, error) {
	row, err := tx.LiveSession(t.ID, id)
	if err != nil {
		return row, t, err
	}
	rehearses, err := Rehearses(tx, t.Environment, row.UserID)
	if err != nil {
		return row, t, err
	}
	if rehearses {
		t = t.AtNewest()
	}
	if row.Unproven && t.MinAPIVersion != environment.Version20260101 {
		return store.SessionRow{}, t, store.ErrNotFound
	}
	return row, t, nil
}
