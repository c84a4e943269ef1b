package account

import (
	"slices"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// TakeAway removes an address or a login of a user on an operator's word, with the
// sessions that it opened and every link about it. Second factors go by [ResetFactors],
// and what is disputed by [Settle]. Every confirmed address is told, the one that goes
// too; nobody gets a link that takes it back.
func TakeAway(c who.Caller, tx *store.Tx, id string) error {
	if _, err := tx.LockUser(c.Tenant.ID, c.UserID()); err != nil {
		return err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	gone := find(rows, id)
	if err := takeable(c, rows, gone); err != nil {
		return err
	}
	if err := tx.DropRevokeLinks(c.Tenant.ID, c.UserID(), id); err != nil {
		return err
	}
	if err := endSessionsOf(c, tx, id); err != nil {
		return err
	}
	if err := remove(c, tx, id); err != nil {
		return err
	}
	return announce(c, tx, rows, unlinked(inWords(*gone)))
}

func takeable(c who.Caller, rows []store.CredentialRow, gone *store.CredentialRow) error {
	if gone == nil {
		return fault.New(fault.NotFound, "This user has no credential with this id.")
	}
	kept, err := KeptWallets([]store.CredentialRow{*gone})
	if err != nil {
		return err
	}
	switch {
	case StepsUp(*gone):
		return fault.New(fault.InvalidUnlink, "Second factors and recovery codes go together: reset the user's MFA instead.")
	case gone.Disputed():
		return fault.New(fault.Disputed, "This is disputed. Settle the dispute, which keeps it or takes it away.")
	case len(kept) > 0:
		return fault.New(fault.InvalidUnlink, "This wallet is kept for the user here, and would go on existing.")
	case gone.SignInEnabled && !slices.ContainsFunc(rows, func(row store.CredentialRow) bool {
		return row.ID != gone.ID && row.SignInEnabled && Counts(c.Tenant.Environment, row)
	}):
		return fault.New(fault.LastCredential, "This is all the user can sign in with. Disable or delete the user instead.")
	}
	return nil
}

// endSessionsOf ends the sessions that a credential opened.
func endSessionsOf(c who.Caller, tx *store.Tx, credentialID string) error {
	sessions, err := tx.Sessions(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	n := 0
	for _, s := range sessions {
		if s.SignInCredentialID != credentialID {
			continue
		}
		if _, err := tx.RevokeSession(c.Tenant.ID, s.ID, "credential removed"); err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		return nil
	}
	return audit.Record(tx, c.By, "sessions.revoked", audit.Detail{"count": n, "credential_id": credentialID})
}
