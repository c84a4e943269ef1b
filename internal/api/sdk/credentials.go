package sdk

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/signin"
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
	spend := func(tx *store.Tx, row store.CredentialRow) (string, error) {
		entry := environment.UnlinkWallet
		if row.Format != store.FormatBlockchain {
			c.KnownAs(shadow.UnlinkSocial)
			entry = ""
		}
		if account.StepsUp(row) {
			return c.SpendFor(tx, policy.RemovesProof, stepup.CredentialUnlink, "")
		}
		return c.Spend(tx, stepup.CredentialUnlink, entry)
	}
	return a.changed(c, func(tx *store.Tx) error { return signin.Unlink(c.Caller, tx, id, r.primary(), spend) })
}

func (a *API) confirmCredential(c *door.Call, _ door.None) (VerifyResponse, error) {
	id := c.Path("credentialId")
	return a.changed(c, func(tx *store.Tx) error {
		return signin.Confirm(c.Caller, tx, id, c.Spending(stepup.CredentialLink, ""))
	})
}
