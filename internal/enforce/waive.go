package enforce

import (
	"slices"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Waives reports whether the compatibility entry lets the call through without a
// token: none does while something of the user's is disputed.
func Waives(c who.Caller, tx *store.Tx, entry environment.Compatible) (bool, error) {
	if !c.Tenant.Allows(entry) {
		return false, nil
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	return !slices.ContainsFunc(rows, store.CredentialRow.Disputed), err
}
