package api

import (
	"slices"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
)

// disputeRoutes decide about what was disputed.
func (a *API) disputeRoutes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/users/mfa/{credentialId}/dispute", Section: "ours",
			Summary: "Decide about a disputed factor or address, with a factor confirmed earlier",
			Gate:    door.Elevated(stepup.CredentialUnlink),
			Handler: door.Handle(a.decideDispute),
		},
	}
}

// DisputeRequest decides about what somebody said was not the user: it stays, or
// it goes together with what it let in.
type DisputeRequest struct {
	Keep *bool `json:"keep,omitempty"`
}

func (a *API) decideDispute(c *door.Call, r DisputeRequest) (VerifyResponse, error) {
	if r.Keep == nil {
		return VerifyResponse{}, fault.New(fault.InvalidRequest, "Say what is decided: keep true or false.")
	}
	id := c.Path("credentialId")
	return a.changed(c, func(tx *store.Tx) error {
		rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(rows, func(row store.CredentialRow) bool { return row.ID == id && row.Disputed() }) {
			return account.NotDisputed()
		}
		tokenID, err := c.Spend(tx, stepup.CredentialUnlink, "")
		if err != nil {
			return err
		}
		from, err := authority(c, tx, tokenID)
		if err != nil {
			return err
		}
		if !account.MayDecide(rows, id, from.Credential) {
			return enforce.Disputed(policy.Decision{Rule: policy.Rule{Scope: stepup.CredentialUnlink}}, c.By.RequestID)
		}
		return account.Settle(tx, c.By, c.Tenant, c.Session.UserID,
			account.Decision{CredentialID: id, Keep: *r.Keep, ExceptSession: c.Session.ID})
	})
}
