package account

import (
	"errors"
	"slices"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// asserted is the authority of an operator who says that an address is a user's: it
// counts for nothing.
var asserted = Authority{Provenance: store.ProvenanceOperator}

// Assert adds an address to a user because an operator says that it is theirs. It counts
// under no version, until the user confirms it by a credential they have. All addresses
// are told, with a link that takes it back.
func Assert(c who.Caller, tx *store.Tx, a Address) (store.CredentialRow, error) {
	if _, err := tx.LockUser(c.Tenant.ID, c.UserID()); err != nil {
		return store.CredentialRow{}, err
	}
	held, err := tx.CredentialByIdentifier(c.Tenant.ID, a.Format, a.Identifier)
	switch {
	case err == nil && held.UserID == c.UserID():
		return held, fault.New(fault.Conflict, "The user has this address already.")
	case err == nil:
		return held, fault.New(fault.Conflict, "Another user has this address.")
	case !errors.Is(err, store.ErrNotFound):
		return held, err
	}
	before, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return held, err
	}
	if before, err = withFormer(c, tx, before); err != nil {
		return held, err
	}
	row, err := insert(c, tx, a, asserted, "")
	if err != nil {
		return row, err
	}
	return row, tell(c, tx, before, change{brought: row.ID, from: asserted}, linked(inWords(row)))
}

// TellRecovery tells all other addresses of the user, and those that they had before, that a recovery by an address which
// an operator set is under way, each with a link that takes it away, and the recovery
// with it.
func TellRecovery(c who.Caller, tx *store.Tx, credentialID string) error {
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	row := find(rows, credentialID)
	if row == nil {
		return store.ErrNotFound
	}
	everybody, err := withFormer(c, tx, rows)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(everybody, func(other store.CredentialRow) bool { return other.ID == credentialID })
	return tell(c, tx, others, change{brought: row.ID, from: asserted}, recovering(inWords(*row)))
}

// recoverBy lets in the user whose recovery has come into effect, by the address it is
// about, which they have just proved. Whoever was signed in until now is not any more.
func recoverBy(c who.Caller, tx *store.Tx, user store.UserRow, rows []store.CredentialRow, proved store.CredentialRow) (
	row store.CredentialRow, effective bool, err error,
) {
	r, err := tx.OpenRecovery(c.Tenant.ID, user.RecoveryID)
	if errors.Is(err, store.ErrNotFound) {
		return proved, false, nil
	}
	if err != nil {
		return proved, false, err
	}
	if r.CredentialID != proved.ID || r.EffectiveAt.IsZero() || tx.Now().Before(r.EffectiveAt) || proved.Disputed() {
		return proved, false, nil
	}
	people, err := tx.RecoveryApprovals(r.ID)
	if err != nil {
		return proved, false, err
	}
	for _, person := range append(people, r.RequestedBy) { // for whom the three days begin anew
		if err := tx.InsertOperatorChange(c.Tenant.ID, user.ID, store.OperatorChange{Actor: person, Kind: AddressChange}); err != nil {
			return proved, false, err
		}
	}
	if err := tx.EndRecovery(c.Tenant.ID, r.ID, "completed"); err != nil {
		return proved, false, err
	}
	if row, err = confirm(c, tx, rows, proved, Authority{}); err != nil {
		return row, false, err
	}
	if err := tx.FactorsChanged(c.Tenant.ID, user.ID); err != nil { // scopes with a cool-down wait
		return row, false, err
	}
	n, err := tx.RevokeSessions(c.Tenant.ID, user.ID, "recovered")
	if err != nil {
		return row, false, err
	}
	if _, err := forgetDevices(c, tx, ""); err != nil {
		return row, false, err
	}
	return row, true, audit.Record(tx, c.By, "recovery.completed",
		audit.Detail{"recovery_id": r.ID, "credential_id": row.ID, "sessions_revoked": n})
}

// The kinds of what an operator does to a user's means of proof.
const (
	AddressChange = "address"   // sets or confirms one
	AddressGone   = "unlink"    // takes one away
	MFAReset      = "mfa_reset" // takes a second factor away
)

// proved stops a recovery whose user has just proved a credential that counts: they have
// one left.
func proved(c who.Caller, tx *store.Tx, user store.UserRow, row store.CredentialRow) error {
	if user.RecoveryID == "" || !row.Confirmed() {
		return nil
	}
	return StopRecovery(c.Concerning(user.ID), tx, user.RecoveryID, "the user proved an older credential")
}

// Proved is for whoever takes a proof of one of the user's own credentials in a session.
func Proved(c who.Caller, tx *store.Tx, known Known, credentialID string) error {
	if row := find(known.rows, credentialID); row != nil {
		return proved(c, tx, known.user, *row)
	}
	return nil
}

// StopRecovery ends a recovery of the caller's user, if it is open.
func StopRecovery(c who.Caller, tx *store.Tx, id, reason string) error {
	r, err := tx.OpenRecovery(c.Tenant.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := tx.EndRecovery(c.Tenant.ID, r.ID, reason); err != nil {
		return err
	}
	return audit.Record(tx, c.By, "recovery.stopped", audit.Detail{"recovery_id": r.ID, "credential_id": r.CredentialID, "reason": reason})
}
