package sdk

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/signin"
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
		return signin.Decide(c.Caller, tx, id, *r.Keep, c.Spending(stepup.CredentialUnlink, ""))
	})
}
