package operate

import (
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/method/sentcode"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// UnlockUser forgets what limits have counted against the user: codes that were
// asked for and wrong ones, and wrong tries at second factors. What network
// addresses, ranges of numbers and the environment have used up stays so.
func UnlockUser(c who.Caller, tx *store.Tx, environmentID, userID string) error {
	if _, err := tx.LockUser(environmentID, userID); err != nil {
		return err
	}
	t, err := tenantOf(tx, environmentID)
	if err != nil {
		return err
	}
	c = on(c, t, userID)
	if err := sentcode.Unlock(c, tx); err != nil {
		return err
	}
	if err := account.ForgiveTries(c, tx); err != nil {
		return err
	}
	return audit.Record(tx, c.By, "user.unlocked", nil)
}
