package sdk

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/recovery"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

// recoveryRoutes show recovery codes and take them.
func (a *API) recoveryRoutes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/users/mfa/auth/recovery", Section: "wire 10, 11.2",
			Summary: "Step up with a recovery code",
			Gate:    door.SignedIn(), Owing: true,
			Handler: door.Handle(a.authRecovery),
		},
		{
			Method: "GET", Path: door.SDK + "/users/mfa/recovery", Section: "wire 10",
			Summary: "Show the recovery codes, making them at first",
			Gate:    door.Marked(stepup.CredentialLink).For(policy.ShowsCodes),
			Handler: door.Handle(a.showRecoveryCodes),
		},
		{
			Method: "POST", Path: door.SDK + "/users/mfa/recovery", Section: "wire 10",
			Summary: "Make new recovery codes in place of all earlier ones",
			Gate:    door.Marked(stepup.CredentialLink).For(policy.ShowsCodes),
			Handler: door.Handle(a.renewRecoveryCodes),
		},
	}
}

// RecoveryCodes are the codes that can still be shown. Count is how many are
// unused; once they were acknowledged none is shown any more.
type RecoveryCodes struct {
	Count         int      `json:"count"`
	RecoveryCodes []string `json:"recoveryCodes"`
}

func (a *API) showRecoveryCodes(c *door.Call, _ door.None) (RecoveryCodes, error) {
	return a.recoveryCodes(c, false)
}

func (a *API) renewRecoveryCodes(c *door.Call, _ door.None) (RecoveryCodes, error) {
	return a.recoveryCodes(c, true)
}

// recoveryCodes shows the user's codes, making them where there are none or new
// ones are asked for.
func (a *API) recoveryCodes(c *door.Call, renew bool) (RecoveryCodes, error) {
	var codes RecoveryCodes
	err := c.Write(func(tx *store.Tx) (err error) {
		spend := c.Spending(stepup.CredentialLink, "")
		codes.RecoveryCodes, codes.Count, err = signin.RecoveryCodes(c.Caller, tx, renew, spend)
		return err
	})
	return codes, err
}

// RecoveryRequest types a recovery code.
type RecoveryRequest struct {
	Code            string           `json:"code"`
	RequestedScopes []string         `json:"requestedScopes,omitempty"`
	CreateMFAToken  *MFATokenOptions `json:"createMfaToken,omitempty"`
	BindingID       string           `json:"bindingId,omitempty"` // the transaction that the code confirms
}

func (a *API) authRecovery(c *door.Call, r RecoveryRequest) (VerifyResponse, error) {
	if err := door.Need("code", r.Code); err != nil {
		return VerifyResponse{}, err
	}
	attempt := method.Attempt{Caller: c.Caller, Response: secret.Text(r.Code), BindingID: r.BindingID}
	return a.proveWith(c, recovery.Method{}, attempt, r.RequestedScopes, signin.Step{MFAToken: a.mfaToken(c, r.CreateMFAToken)})
}
