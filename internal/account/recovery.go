package account

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// RecoverySet finds the user's set of recovery codes; ok is false when there is none.
func RecoverySet(c who.Caller, tx *store.Tx) (set store.CredentialRow, ok bool, err error) {
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	for _, row := range rows {
		if standsIn(row) {
			return row, true, err
		}
	}
	return set, false, err
}

// MayRecover refuses recovery codes to users without a second factor that
// they could stand in for.
func MayRecover(c who.Caller, tx *store.Tx) error {
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	factors := false
	for _, row := range rows {
		if !IsFactor(row) {
			continue
		}
		factors = true
		if c.Tenant.MFA.AllowsBackupCodesFor(row.Format) {
			return nil
		}
	}
	if factors {
		return fault.New(fault.MFAMethodDisabled, "Recovery codes are switched off here for the second factors you have.")
	}
	return fault.New(fault.MFADeviceNotFound, "Recovery codes stand in for a second factor. Enrol one first.")
}

// NewRecoverySet makes the credential of a new set of recovery codes, in place
// of an old one, whose tokens die with it. The caller fills the set.
func NewRecoverySet(c who.Caller, tx *store.Tx, from Authority) (store.CredentialRow, error) {
	if _, err := tx.LockUser(c.Tenant.ID, c.UserID()); err != nil {
		return store.CredentialRow{}, err
	}
	old, exists, err := RecoverySet(c, tx)
	if err != nil {
		return old, err
	}
	if exists && old.Disputed() {
		return old, undecided()
	}
	if exists {
		if err := remove(c, tx, old.ID); err != nil {
			return old, err
		}
	}
	id := uuid.NewString()
	set, err := Link(c, tx, Address{ID: id, Format: store.FormatRecovery, Identifier: id, Written: "Recovery codes"}, from)
	if err != nil {
		return set, err
	}
	return set, OweAcknowledgement(c, tx)
}

// Recovered records that a recovery code was used, and starts cool-downs. unread says
// that codes wait to be written down, which those of a set renewed after a failover do
// once more.
func Recovered(c who.Caller, tx *store.Tx, unread bool) error {
	if err := tx.FactorsChanged(c.Tenant.ID, c.UserID()); err != nil || !unread {
		return err
	}
	return OweAcknowledgement(c, tx)
}

// TellRecovered tells the user by every channel that a recovery code was used.
func TellRecovered(c who.Caller, tx *store.Tx, left int) error {
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	return tell(c, tx, rows, change{}, recovered(left))
}

// dropRecoverySet removes the set that stood in for the user's last factor, with
// what was owed for it.
func dropRecoverySet(c who.Caller, tx *store.Tx, id string) error {
	if err := remove(c, tx, id); err != nil {
		return err
	}
	user, err := tx.User(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	return acknowledgement(tx, user, "")
}

// OweAcknowledgement notes that there are recovery codes the user has not yet
// said to have written down.
func OweAcknowledgement(c who.Caller, tx *store.Tx) error {
	user, err := tx.User(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	return acknowledgement(tx, user, "pending")
}

// acknowledgement sets what the user has yet to say about recovery codes;
// empty: there are none.
func acknowledgement(tx *store.Tx, user store.UserRow, state string) error {
	profile, err := ReadProfile(user)
	if err != nil {
		return err
	}
	profile.MFABackupCodeAcknowledgement = state
	text, err := profile.text()
	if err != nil {
		return fmt.Errorf("noting recovery codes: %w", err)
	}
	return tx.UpdateProfile(user.EnvironmentID, user.ID, user.Username, text)
}
