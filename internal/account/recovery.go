package account

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// RecoverySet finds the user's set of recovery codes; ok is false when there is none.
func RecoverySet(tx *store.Tx, environmentID, userID string) (set store.CredentialRow, ok bool, err error) {
	rows, err := tx.Credentials(environmentID, userID)
	for _, row := range rows {
		if standsIn(row) {
			return row, true, err
		}
	}
	return set, false, err
}

// MayRecover refuses recovery codes to users without a second factor that
// they could stand in for.
func MayRecover(tx *store.Tx, env *environment.Environment, userID string) error {
	rows, err := tx.Credentials(env.ID, userID)
	if err != nil {
		return err
	}
	factors := false
	for _, row := range rows {
		if !IsFactor(row) {
			continue
		}
		factors = true
		if env.MFA.AllowsBackupCodesFor(row.Format) {
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
func NewRecoverySet(tx *store.Tx, by audit.By, t *tenant.Tenant, userID string, from Authority) (store.CredentialRow, error) {
	if _, err := tx.LockUser(t.ID, userID); err != nil {
		return store.CredentialRow{}, err
	}
	old, exists, err := RecoverySet(tx, t.ID, userID)
	if err != nil {
		return old, err
	}
	if exists && old.Disputed() {
		return old, undecided()
	}
	if exists {
		if err := remove(tx, by, t, userID, old.ID); err != nil {
			return old, err
		}
	}
	id := uuid.NewString()
	set, err := Link(tx, by, t, userID, Address{ID: id, Format: store.FormatRecovery, Identifier: id, Written: "Recovery codes"}, from)
	if err != nil {
		return set, err
	}
	return set, OweAcknowledgement(tx, t.ID, userID)
}

// Recovered records that a recovery code was used, starts cool-downs and tells
// the user by every channel. unread says that codes wait to be written down,
// which those of a set renewed after a failover do once more.
func Recovered(tx *store.Tx, t *tenant.Tenant, userID string, unread bool, left int) error {
	if err := tx.FactorsChanged(t.ID, userID); err != nil {
		return err
	}
	if unread {
		if err := OweAcknowledgement(tx, t.ID, userID); err != nil {
			return err
		}
	}
	rows, err := tx.Credentials(t.ID, userID)
	if err != nil {
		return err
	}
	return tell(tx, t, rows, change{}, recovered(left))
}

// dropRecoverySet removes the set that stood in for the user's last factor, with
// what was owed for it.
func dropRecoverySet(tx *store.Tx, by audit.By, t *tenant.Tenant, userID, id string) error {
	if err := remove(tx, by, t, userID, id); err != nil {
		return err
	}
	user, err := tx.User(t.ID, userID)
	if err != nil {
		return err
	}
	return acknowledgement(tx, user, "")
}

// OweAcknowledgement notes that there are recovery codes the user has not yet
// said to have written down.
func OweAcknowledgement(tx *store.Tx, environmentID, userID string) error {
	user, err := tx.User(environmentID, userID)
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
