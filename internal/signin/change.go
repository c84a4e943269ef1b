package signin

import (
	"slices"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Unlink takes away one of the user's credentials and makes another wallet the
// primary one, if primary names one. What is to be spent depends on the credential,
// which is the zero value where the user has none of the id.
func Unlink(
	c who.Caller, tx *store.Tx, id, primary string, spend func(*store.Tx, store.CredentialRow) (tokenID string, err error),
) error {
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return err
	}
	tokenID, err := spend(tx, find(rows, id))
	if err != nil {
		return err
	}
	from, err := authority(c, tx, tokenID)
	if err != nil {
		return err
	}
	if err := account.Unlink(c, tx, id, from); err != nil {
		return err
	}
	if primary != id && find(rows, primary).Format == store.FormatBlockchain {
		return account.SelectWallet(c, tx, primary)
	}
	return nil
}

// Remove takes away one of the user's factors, or refuses as held does.
func Remove(c who.Caller, tx *store.Tx, id string, held func(*store.Tx) error, spend Spend) error {
	tokenID, err := spend(tx)
	if err != nil {
		return err
	}
	if err := held(tx); err != nil {
		return err
	}
	from, err := authority(c, tx, tokenID)
	if err != nil {
		return err
	}
	return account.Unlink(c, tx, id, from)
}

// Confirm makes a credential count that was linked with nothing.
func Confirm(c who.Caller, tx *store.Tx, id string, spend Spend) error {
	from, err := allowed(c, tx, spend)
	if err != nil {
		return err
	}
	if from == account.Nothing {
		return fault.New(fault.MFAInvalidRequest, "Prove that it is you first: step up for credential:link with an older credential.")
	}
	return account.Confirm(c, tx, id, from)
}

// Decide decides about what somebody said was not the user: it stays, or it goes
// together with what it let in.
func Decide(c who.Caller, tx *store.Tx, id string, keep bool, spend Spend) error {
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return err
	}
	if !find(rows, id).Disputed() {
		return account.NotDisputed()
	}
	from, err := allowed(c, tx, spend)
	if err != nil {
		return err
	}
	if !account.MayDecide(rows, id, from.Credential) {
		return enforce.Disputed(policy.Decision{Rule: policy.Rule{Scope: stepup.CredentialUnlink}}, c.By.RequestID)
	}
	return account.Settle(c, tx, account.Decision{CredentialID: id, Keep: keep, ExceptSession: c.Session.ID})
}

// ChangeProfile changes what the user says of themselves, and returns the user as it
// then is. What allows it is spent, except to acknowledge recovery codes, which changes
// nothing anybody could want to steal.
func ChangeProfile(c who.Caller, tx *store.Tx, change account.ProfileChange, spend Spend) (store.UserRow, error) {
	// Calls of one user wait here for one another, before they keep the rules from changing.
	user, err := tx.LockUser(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return user, err
	}
	asked := change
	asked.MFABackupCodeAcknowledgement = nil
	if !asked.Empty() {
		if _, err := spend(tx); err != nil {
			return user, err
		}
	}
	return account.ChangeProfile(c, tx, user, change)
}

// find is the credential with the id; without one, the zero value.
func find(rows []store.CredentialRow, id string) store.CredentialRow {
	if i := slices.IndexFunc(rows, func(row store.CredentialRow) bool { return row.ID == id }); i >= 0 {
		return rows[i]
	}
	return store.CredentialRow{}
}
