package signin

import (
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/method/recovery"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// RecoveryCodes shows the user's codes that can still be shown, and says how many
// are left; it makes new ones where there are none or they are to be renewed.
func RecoveryCodes(c who.Caller, tx *store.Tx, renew bool, spend Spend) (shown []string, left int, err error) {
	from, err := mayShowCodes(c, tx, spend)
	if err != nil {
		return nil, 0, err
	}
	if err := account.MayRecover(c, tx); err != nil {
		return nil, 0, err
	}
	_, exists, err := account.RecoverySet(c, tx)
	if err != nil {
		return nil, 0, err
	}
	if renew || !exists {
		set, err := account.NewRecoverySet(c, tx, from)
		if err != nil {
			return nil, 0, err
		}
		if err := recovery.Fill(c, tx, set.ID); err != nil {
			return nil, 0, err
		}
	}
	if shown, left, err = recovery.Show(c, tx); err != nil {
		return nil, 0, err
	}
	return shown, left, audit.Record(tx, c.By, "recovery_codes.shown",
		audit.Detail{"shown": len(shown), "left": left, "new": renew || !exists})
}

// mayShowCodes asks for a second factor given in this session moments ago, or for
// what is spent. It says which, as a provenance.
func mayShowCodes(c who.Caller, tx *store.Tx, spend Spend) (from account.Authority, err error) {
	if err := c.Tenant.Pin(tx); err != nil {
		return from, err
	}
	s, err := tx.LiveSession(c.Tenant.ID, c.Session.ID)
	if err != nil {
		return from, err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return from, err
	}
	if account.Marked(tx, s) {
		by := assurance.Kind("")
		if row := find(rows, s.MFAMarkBy); row.ID != "" {
			by = account.KindOf(row.Format).Method
		}
		return account.Authority{Provenance: store.ProvenanceMFA, Credential: s.MFAMarkBy, Method: by}, nil
	}
	return allowed(c, tx, spend)
}
