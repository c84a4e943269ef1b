package account

import (
	"slices"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Whoever takes a user's address away must not silence them by it: for a while a confirmed
// address that is gone is told of what operators set and recover, and may stop it, as those
// that the user has still. It is good for nothing else.

// remember keeps an address that is about to be removed, if it was the user's.
func remember(c who.Caller, tx *store.Tx, id string) error {
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	row := find(rows, id)
	if row == nil || !isAddress(*row) || !row.Confirmed() {
		return nil
	}
	return tx.InsertFormerAddress(*row)
}

// withFormer are the credentials with the addresses that the user had before.
func withFormer(c who.Caller, tx *store.Tx, rows []store.CredentialRow) ([]store.CredentialRow, error) {
	former, err := tx.FormerAddresses(c.Tenant.ID, c.UserID())
	all := slices.Clone(rows)
	for _, f := range former {
		again := func(row store.CredentialRow) bool { return row.Format == f.Format && row.Identifier == f.Identifier }
		if slices.ContainsFunc(all, again) { // the user has it again, or had it twice
			continue
		}
		all = append(all, store.CredentialRow{ID: f.ID, EnvironmentID: f.EnvironmentID, UserID: f.UserID, Format: f.Format,
			Identifier: f.Identifier, PublicIdentifier: f.PublicIdentifier, Detail: f.Detail, Provenance: store.ProvenanceSignUp,
			CreatedAt: f.CreatedAt})
	}
	return all, err
}

// toldSince reports whether a link was sent to an address after it was taken away.
func toldSince(c who.Caller, tx *store.Tx, link store.RevokeLinkRow) (bool, error) {
	former, err := tx.FormerAddresses(c.Tenant.ID, link.UserID)
	return slices.ContainsFunc(former, func(f store.FormerAddressRow) bool {
		return f.ID == link.RecipientID && !link.CreatedAt.Before(f.RemovedAt)
	}), err
}
