package account

import (
	"errors"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// EmbeddedProvider is the one wallet provider whose wallets never vouch for their owner:
// they are kept here.
const EmbeddedProvider = "embeddedWallet"

// KeepEmbedded shows a wallet that is kept for the user among the credentials.
// It never signs in and never vouches. A second time changes nothing.
func KeepEmbedded(c who.Caller, tx *store.Tx, a Address) error {
	if _, err := tx.LockUser(c.Tenant.ID, c.UserID()); err != nil {
		return err
	}
	held, err := tx.CredentialByIdentifier(c.Tenant.ID, a.Format, a.Identifier)
	switch {
	case err == nil && held.UserID == c.UserID():
		return nil
	case err == nil:
		return KindOf(a.Format).taken
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	row := store.CredentialRow{
		ID: uuid.NewString(), EnvironmentID: c.Tenant.ID, UserID: c.UserID(), Format: a.Format, Identifier: a.Identifier,
		PublicIdentifier: a.Written, Provenance: store.ProvenanceEmbedded, Detail: a.Detail, CreatedAt: tx.Now(),
	}
	if err := tx.InsertCredential(row); err != nil {
		return err
	}
	return audit.Record(tx, c.By, "credential.linked",
		audit.Detail{"credential_id": row.ID, "format": row.Format, "provenance": row.Provenance})
}

// ForgetEmbedded removes the credential of a wallet whose shares are gone.
func ForgetEmbedded(c who.Caller, tx *store.Tx, walletID string) error {
	if _, err := tx.LockUser(c.Tenant.ID, c.UserID()); err != nil {
		return err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	for _, row := range rows {
		detail, err := ReadDetail(row.Detail)
		if err != nil {
			return err
		}
		if detail.EmbeddedWalletID == walletID {
			return remove(c, tx, row.ID)
		}
	}
	return nil
}

// KeptWallets are the addresses of the wallets that are kept for the user.
func KeptWallets(rows []store.CredentialRow) (addresses []string, err error) {
	for _, row := range rows {
		detail, err := ReadDetail(row.Detail)
		if err != nil {
			return nil, err
		}
		if detail.EmbeddedWalletID != "" {
			addresses = append(addresses, row.PublicIdentifier)
		}
	}
	return addresses, nil
}

// embedded refuses to unlink a wallet that is kept here: it would go on existing.
func embedded(c store.CredentialRow) error {
	detail, err := ReadDetail(c.Detail)
	if err != nil || detail.EmbeddedWalletID == "" {
		return err
	}
	return fault.New(fault.InvalidUnlink, "This wallet is kept for you here and cannot be unlinked. Delete it as a wallet, or disable it.")
}
