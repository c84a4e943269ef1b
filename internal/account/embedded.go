package account

import (
	"errors"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// KeepEmbedded shows a wallet that is kept for the user among the credentials.
// It never signs in and never vouches. A second time changes nothing.
func KeepEmbedded(tx *store.Tx, by audit.By, t *tenant.Tenant, userID string, a Address) error {
	if _, err := tx.LockUser(t.ID, userID); err != nil {
		return err
	}
	held, err := tx.CredentialByIdentifier(t.ID, a.Format, a.Identifier)
	switch {
	case err == nil && held.UserID == userID:
		return nil
	case err == nil:
		return KindOf(a.Format).taken
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	c := store.CredentialRow{
		ID: uuid.NewString(), EnvironmentID: t.ID, UserID: userID, Format: a.Format, Identifier: a.Identifier, PublicIdentifier: a.Written,
		Provenance: store.ProvenanceEmbedded, Detail: a.Detail, CreatedAt: tx.Now(),
	}
	if err := tx.InsertCredential(c); err != nil {
		return err
	}
	return audit.Record(tx, by, "credential.linked", audit.Detail{"credential_id": c.ID, "format": c.Format, "provenance": c.Provenance})
}

// ForgetEmbedded removes the credential of a wallet whose shares are gone.
func ForgetEmbedded(tx *store.Tx, by audit.By, t *tenant.Tenant, userID, walletID string) error {
	if _, err := tx.LockUser(t.ID, userID); err != nil {
		return err
	}
	rows, err := tx.Credentials(t.ID, userID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		detail, err := ReadDetail(row.Detail)
		if err != nil {
			return err
		}
		if detail.EmbeddedWalletID == walletID {
			return remove(tx, by, t, userID, row.ID)
		}
	}
	return nil
}

// embedded refuses to unlink a wallet that is kept here: it would go on existing.
func embedded(c store.CredentialRow) error {
	detail, err := ReadDetail(c.Detail)
	if err != nil || detail.EmbeddedWalletID == "" {
		return err
	}
	return fault.New(fault.InvalidUnlink, "This wallet is kept for you here and cannot be unlinked. Delete it as a wallet, or disable it.")
}
