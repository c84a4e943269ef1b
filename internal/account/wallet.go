package account

import (
	"errors"
	"slices"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Transfer moves a wallet that has just signed for it to the caller's user, from the one
// who holds it, be it the last credential there. The elevated tokens that came
// from it die, and both users are told. held is the row that the proof found.
func Transfer(c who.Caller, tx *store.Tx, held store.CredentialRow, a Address, from Authority) (store.CredentialRow, error) {
	moved := fault.New(fault.Conflict, "The wallet has changed hands a moment ago. Look again and retry.")
	both := []string{c.UserID(), held.UserID}
	slices.Sort(both) // whoever moves wallets the other way takes the locks in the same order
	for _, id := range both {
		user, err := tx.LockUser(c.Tenant.ID, id)
		if errors.Is(err, store.ErrNotFound) && id == held.UserID {
			return held, moved.Because(err)
		}
		if err != nil {
			return held, err
		}
		if !user.DisabledAt.IsZero() {
			return held, fault.New(fault.UserDisabled, "The account that has this wallet is disabled. Ask the operator.")
		}
	}
	now, err := tx.CredentialByIdentifier(c.Tenant.ID, held.Format, held.Identifier)
	if errors.Is(err, store.ErrNotFound) || err == nil && now.ID != held.ID {
		return held, moved
	}
	if err != nil {
		return held, err
	}
	detail, err := ReadDetail(now.Detail)
	if err != nil {
		return held, err
	}
	if detail.EmbeddedWalletID != "" {
		return held, fault.New(fault.InvalidVerification, "An embedded wallet belongs to its account and cannot be moved.")
	}
	before, err := tx.Credentials(c.Tenant.ID, now.UserID)
	if err != nil {
		return held, err
	}
	theirs := c.Concerning(now.UserID)
	if err := remove(theirs, tx, now.ID); err != nil {
		return held, err
	}
	if err := audit.Record(tx, theirs.By, "credential.transferred",
		audit.Detail{"credential_id": now.ID, "to_user_id": c.UserID()}); err != nil {
		return held, err
	}
	what := inWords(now)
	what.Moved = true
	if err := tell(theirs, tx, before, change{}, unlinked(what)); err != nil {
		return held, err
	}
	return Link(c, tx, a, from)
}

// SelectWallet makes a wallet of the user the primary one.
func SelectWallet(c who.Caller, tx *store.Tx, id string) error {
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(rows, func(row store.CredentialRow) bool { return row.ID == id && row.Format == store.FormatBlockchain }) {
		return fault.New(fault.NotFound, "You have no wallet with this id.")
	}
	if err := tx.SelectCredential(c.Tenant.ID, c.UserID(), id); err != nil {
		return err
	}
	return audit.Record(tx, c.By, "wallet.selected", audit.Detail{"credential_id": id})
}
