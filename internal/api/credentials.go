package api

import (
	"slices"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
)

// UnlinkRequest names a credential. Published clients spell it in three ways;
// verifiedCredentialId comes first, then walletId (wire reference 7.1).
type UnlinkRequest struct {
	WalletID             string `json:"walletId,omitempty"`
	VerifiedCredentialID string `json:"verifiedCredentialId,omitempty"`
	PrimaryWalletID      string `json:"primaryWalletId,omitempty"`
	VerifiedCrentialID   string `json:"verifiedCrentialId,omitempty"`
}

func (r UnlinkRequest) credentialID() string {
	for _, id := range []string{r.VerifiedCredentialID, r.VerifiedCrentialID, r.WalletID} {
		if id != "" {
			return id
		}
	}
	return ""
}

// primary is the wallet that is to be the primary one afterwards.
func (r UnlinkRequest) primary() string {
	if r.PrimaryWalletID != "" || r.VerifiedCredentialID == "" && r.VerifiedCrentialID == "" {
		return r.PrimaryWalletID
	}
	return r.WalletID
}

func unlink(c *Call, r UnlinkRequest) (VerifyResponse, error) {
	id := r.credentialID()
	if id == "" {
		return VerifyResponse{}, fault.New(fault.InvalidUnlink, "Say which credential to unlink: verifiedCredentialId.")
	}
	return c.changed(func(tx *store.Tx) error {
		rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
		if err != nil {
			return err
		}
		is := func(id string, of func(store.CredentialRow) bool) bool {
			return slices.ContainsFunc(rows, func(row store.CredentialRow) bool { return row.ID == id && of(row) })
		}
		wallet := func(row store.CredentialRow) bool { return row.Format == store.FormatBlockchain }
		if c.foreseen != nil && !is(id, wallet) {
			c.foreseen.call = shadow.UnlinkSocial
		}
		tokenID := ""
		switch {
		case is(id, account.StepsUp):
			demand := c.demand(stepup.CredentialUnlink)
			demand.Use = policy.RemovesProof
			tokenID, err = c.spend(tx, demand, "")
		case is(id, wallet):
			tokenID, err = c.Spend(tx, stepup.CredentialUnlink, environment.UnlinkWallet)
		default:
			tokenID, err = c.Spend(tx, stepup.CredentialUnlink, "")
		}
		if err != nil {
			return err
		}
		from, err := c.authority(tx, tokenID)
		if err != nil {
			return err
		}
		if err := account.Unlink(tx, c.By, c.Tenant, c.Session.UserID, id, from); err != nil {
			return err
		}
		if primary := r.primary(); primary != id && is(primary, wallet) {
			return account.SelectWallet(tx, c.By, c.Tenant, c.Session.UserID, primary)
		}
		return nil
	})
}

func confirmCredential(c *Call, _ none) (VerifyResponse, error) {
	id := c.request.PathValue("credentialId")
	return c.changed(func(tx *store.Tx) error {
		from, err := c.allowLink(tx, "")
		if err != nil {
			return err
		}
		if from == account.Nothing {
			return fault.New(fault.MFAInvalidRequest, "Prove that it is you first: step up for credential:link with an older credential.")
		}
		return account.Confirm(tx, c.By, c.Tenant, c.Session.UserID, id, from)
	})
}

// changed runs a change of credentials and answers with the user as it then is.
func (c *Call) changed(change func(*store.Tx) error) (VerifyResponse, error) {
	var signed signedIn
	err := c.Write(func(tx *store.Tx) (err error) {
		if err = change(tx); err != nil {
			return err
		}
		signed, err = c.refreshed(tx, "")
		return err
	})
	if err != nil {
		return VerifyResponse{}, err
	}
	c.api.Outbox.Nudge()
	return c.verified(signed)
}

// NotMeRequest carries the secret of a "this was not me" link.
type NotMeRequest struct {
	Token string `json:"token"`
}

func notMe(c *Call, r NotMeRequest) (none, error) {
	if err := need("token", r.Token); err != nil {
		return none{}, err
	}
	return none{}, c.Write(func(tx *store.Tx) error {
		return account.NotMe(tx, c.By, c.Tenant, secret.Text(r.Token))
	})
}
