package api

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/recovery"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/secret"
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
	err := c.Write(func(tx *store.Tx) error {
		allowed, err := mayShowRecoveryCodes(c, tx)
		if err != nil {
			return err
		}
		if err := account.MayRecover(tx, c.Tenant.Environment, c.Session.UserID); err != nil {
			return err
		}
		_, exists, err := account.RecoverySet(tx, c.Tenant.ID, c.Session.UserID)
		if err != nil {
			return err
		}
		if renew || !exists {
			set, err := account.NewRecoverySet(tx, c.By, c.Tenant, c.Session.UserID, allowed)
			if err != nil {
				return err
			}
			if err := recovery.Fill(tx, c.Tenant.ID, c.Session.UserID, set.ID); err != nil {
				return err
			}
		}
		if codes.RecoveryCodes, codes.Count, err = recovery.Show(tx, c.Tenant.ID, c.Session.UserID); err != nil {
			return err
		}
		return audit.Record(tx, c.By, "recovery_codes.shown",
			audit.Detail{"shown": len(codes.RecoveryCodes), "left": codes.Count, "new": renew || !exists})
	})
	if err == nil {
		a.Outbox.Nudge()
	}
	return codes, err
}

// mayShowRecoveryCodes asks for a second factor given in this session moments
// ago, or a token for credential:link. It says which, as a provenance.
func mayShowRecoveryCodes(c *door.Call, tx *store.Tx) (from account.Authority, err error) {
	if err := c.Tenant.Pin(tx); err != nil {
		return from, err
	}
	s, err := tx.LiveSession(c.Tenant.ID, c.Session.ID)
	if err != nil {
		return from, err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return from, err
	}
	if account.Marked(tx, s) {
		return account.Authority{Provenance: store.ProvenanceMFA, Credential: s.MFAMarkBy, Method: markedBy(rows, s.MFAMarkBy)}, nil
	}
	return allowLink(c, tx, "")
}

// markedBy is the method of the factor that marked the session.
func markedBy(rows []store.CredentialRow, id string) assurance.Kind {
	for _, row := range rows {
		if row.ID == id {
			return account.KindOf(row.Format).Method
		}
	}
	return ""
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
	attempt := method.Attempt{Tenant: c.Tenant, Session: c.Session, Response: secret.Text(r.Code), Source: c.Source, BindingID: r.BindingID}
	return a.proveWith(c, recovery.Method{}, attempt, step{scopes: r.RequestedScopes, mfaToken: r.CreateMFAToken})
}
