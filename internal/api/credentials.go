package api

import (
	"slices"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
)

// credentialRoutes unlink and confirm credentials.
func (a *API) credentialRoutes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/verify/unlink", Section: "wire 7.1",
			Summary: "Unlink a credential",
			Gate:    door.Elevated(stepup.CredentialUnlink).Waived(environment.UnlinkWallet).As(shadow.UnlinkWallet),
			Handler: door.Handle(a.unlink),
		},
		{
			Method: "POST", Path: door.SDK + "/credentials/{credentialId}/confirm", Section: "ours",
			Summary: "Confirm a credential that was linked with nothing",
			Gate:    door.Elevated(stepup.CredentialLink),
			Handler: door.Handle(a.confirmCredential),
		},
	}
}

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

func (a *API) unlink(c *door.Call, r UnlinkRequest) (VerifyResponse, error) {
	id := r.credentialID()
	if id == "" {
		return VerifyResponse{}, fault.New(fault.InvalidUnlink, "Say which credential to unlink: verifiedCredentialId.")
	}
	return a.changed(c, func(tx *store.Tx) error {
		rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
		if err != nil {
			return err
		}
		is := func(id string, of func(store.CredentialRow) bool) bool {
			return slices.ContainsFunc(rows, func(row store.CredentialRow) bool { return row.ID == id && of(row) })
		}
		wallet := func(row store.CredentialRow) bool { return row.Format == store.FormatBlockchain }
		if !is(id, wallet) {
			c.KnownAs(shadow.UnlinkSocial)
		}
		tokenID := ""
		switch {
		case is(id, account.StepsUp):
			tokenID, err = c.SpendFor(tx, policy.RemovesProof, stepup.CredentialUnlink, "")
		case is(id, wallet):
			tokenID, err = c.Spend(tx, stepup.CredentialUnlink, environment.UnlinkWallet)
		default:
			tokenID, err = c.Spend(tx, stepup.CredentialUnlink, "")
		}
		if err != nil {
			return err
		}
		from, err := authority(c, tx, tokenID)
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

func (a *API) confirmCredential(c *door.Call, _ door.None) (VerifyResponse, error) {
	id := c.Path("credentialId")
	return a.changed(c, func(tx *store.Tx) error {
		from, err := allowLink(c, tx, "")
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
func (a *API) changed(c *door.Call, change func(*store.Tx) error) (VerifyResponse, error) {
	var signed signedIn
	err := c.Write(func(tx *store.Tx) (err error) {
		if err = change(tx); err != nil {
			return err
		}
		signed, err = refreshed(c, tx, "")
		return err
	})
	if err != nil {
		return VerifyResponse{}, err
	}
	a.Outbox.Nudge()
	return a.verified(c, signed)
}

// NotMeRequest carries the secret of a "this was not me" link.
type NotMeRequest struct {
	Token string `json:"token"`
}

func notMe(c *door.Call, r NotMeRequest) (door.None, error) {
	if err := door.Need("token", r.Token); err != nil {
		return door.None{}, err
	}
	return door.None{}, c.Write(func(tx *store.Tx) error {
		return account.NotMe(tx, c.By, c.Tenant, secret.Text(r.Token))
	})
}
