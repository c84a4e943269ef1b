package account

import (
	"slices"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// ResetFactors takes all second factors of a user away, with recovery codes,
// enrolments, sessions and elevated tokens, and says how many factors there
// were. Registered devices go with them. It makes nothing that proves anything: the
// user signs in again with what is left. Every address is told.
func ResetFactors(c who.Caller, tx *store.Tx) (int, error) {
	user, err := tx.LockUser(c.Tenant.ID, c.UserID())
	if err != nil {
		return 0, err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return 0, err
	}
	devices, err := forgetDevices(c, tx, "")
	if err != nil {
		return 0, err
	}
	if !slices.ContainsFunc(rows, StepsUp) {
		if devices == 0 {
			return 0, nil // there is nothing to take away, and nothing of it to tell
		}
		if _, err := tx.RevokeSessions(c.Tenant.ID, c.UserID(), "devices reset"); err != nil {
			return 0, err
		}
		return 0, tellOfDeviceGone(c, tx, deliver.Thing{Kind: deliver.EveryDevice})
	}
	if !slices.ContainsFunc(rows, func(row store.CredentialRow) bool {
		return !IsFactor(row) && row.SignInEnabled && Counts(c.Tenant.Environment, row)
	}) {
		return 0, fault.New(fault.LastCredential, "A second factor is all this user can sign in with. Disable or delete the user instead.")
	}
	if err := ForgiveTries(c, tx); err != nil { // while their factors are known
		return 0, err
	}
	if rows, err = dropLetIn(c, tx, rows); err != nil {
		return 0, err
	}
	n, err := dropFactors(c, tx, rows)
	if err != nil {
		return 0, err
	}
	if err := tx.DropEnrolments(c.Tenant.ID, c.UserID()); err != nil {
		return 0, err
	}
	if err := acknowledgement(tx, user, ""); err != nil {
		return 0, err
	}
	if err := tx.FactorsChanged(c.Tenant.ID, c.UserID()); err != nil {
		return 0, err
	}
	sessions, err := tx.RevokeSessions(c.Tenant.ID, c.UserID(), "second factors reset")
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		if err := Notify(c, tx, row, deliver.Notice{At: tx.Now()}, reset); err != nil {
			return 0, err
		}
	}
	return n, audit.Record(tx, c.By, "user.mfa_reset", audit.Detail{"factors": n, "sessions_revoked": sessions})
}

// dropLetIn removes what disputed factors let in, because with the factors gone nobody
// will decide about it. It returns the rows that are left, the factors among them.
func dropLetIn(c who.Caller, tx *store.Tx, rows []store.CredentialRow) ([]store.CredentialRow, error) {
	var v verdict
	for _, row := range rows {
		if row.Disputed() && StepsUp(row) {
			judged := judge(rows, row, false)
			v.goes, v.fades = append(v.goes, judged.goes...), append(v.fades, judged.fades...)
		}
	}
	factor := func(id string) bool { return StepsUp(*find(rows, id)) }
	v.goes, v.fades = slices.DeleteFunc(v.goes, factor), slices.DeleteFunc(v.fades, factor) // they go in any case
	slices.Sort(v.goes)
	v.goes = slices.Compact(v.goes)
	slices.Sort(v.fades)
	v.fades = slices.DeleteFunc(slices.Compact(v.fades), func(id string) bool { return slices.Contains(v.goes, id) })
	if err := v.leavesAWayIn(c.Tenant, slices.DeleteFunc(slices.Clone(rows), StepsUp)); err != nil {
		return rows, err
	}
	if err := v.carryOut(c, tx, rows); err != nil {
		return rows, err
	}
	return slices.DeleteFunc(slices.Clone(rows), func(row store.CredentialRow) bool { return slices.Contains(v.goes, row.ID) }), nil
}

func dropFactors(c who.Caller, tx *store.Tx, rows []store.CredentialRow) (n int, err error) {
	for _, row := range rows {
		if !StepsUp(row) {
			continue
		}
		if err := tx.DeleteCredential(c.Tenant.ID, c.UserID(), row.ID); err != nil {
			return n, err
		}
		if err := audit.Record(tx, c.By, "credential.unlinked", audit.Detail{"credential_id": row.ID}); err != nil {
			return n, err
		}
		if IsFactor(row) {
			n++
		}
	}
	return n, nil
}
