package signin

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// maxApps is how many authenticator apps a user may have. It is documented in
// docs/limits.md.
const maxApps = 5

// EnrolApp begins to enrol an authenticator app.
func EnrolApp(c who.Caller, tx *store.Tx, spend Spend) (totp.Enrolment, error) {
	tokenID, err := spend(tx)
	if err != nil {
		return totp.Enrolment{}, err
	}
	rows, err := roomForApp(c, tx)
	if err != nil {
		return totp.Enrolment{}, err
	}
	name := account.Email(c.Tenant.Environment, rows)
	if name == "" {
		name = c.Session.UserID
	}
	enrolment, err := totp.Enrol(c, tx, name, tokenID)
	if err != nil {
		return enrolment, err
	}
	return enrolment, audit.Record(tx, c.By, "factor.enrolment_started", audit.Detail{"method": "totp", "factor_id": enrolment.ID})
}

// roomForApp holds the limit of authenticator apps; it returns the user's credentials.
func roomForApp(c who.Caller, tx *store.Tx) ([]store.CredentialRow, error) {
	if !c.Tenant.MFA.Enables(store.FormatTOTP) {
		return nil, fault.New(fault.MFAMethodDisabled,
			"Authenticator apps are switched off here: the operator enables them under mfa.methods.")
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, row := range rows {
		if row.Format == store.FormatTOTP {
			n++
		}
	}
	if n >= maxApps {
		return nil, fault.New(fault.MFAInvalidRequest,
			"You have %d authenticator apps, which is as many as there may be. Remove one first.", n)
	}
	return rows, nil
}

// LinkApp makes a confirmed enrolment a credential of the user, by the authority it
// was begun under. A proof that enrols nothing stands for itself.
func LinkApp(c who.Caller, tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
	if proof.Evidence().Purpose != method.Enrol {
		return own(c, proof)
	}
	return linkApp(c, tx, proof, func() (account.Authority, error) {
		return stands(c, tx, stepup.CredentialLink, "", proof.Evidence().AuthorizedBy)
	})
}

func linkApp(c who.Caller, tx *store.Tx, proof method.Proof, allowed func() (account.Authority, error)) (store.CredentialRow, error) {
	evidence := proof.Evidence()
	if _, err := tx.LockUser(c.Tenant.ID, c.Session.UserID); err != nil {
		return store.CredentialRow{}, err
	}
	if _, err := roomForApp(c, tx); err != nil {
		return store.CredentialRow{}, err
	}
	from, err := allowed()
	if err != nil {
		return store.CredentialRow{}, err
	}
	row, err := account.Link(c, tx, proven(evidence), from)
	if err != nil || !c.Tenant.MFA.AllowsBackupCodesFor(row.Format) {
		return row, err
	}
	if _, has, err := account.RecoverySet(c, tx); err != nil || has {
		return row, err
	}
	return row, account.OweAcknowledgement(c, tx)
}

// LinkPasskey makes what a registration proves a passkey of the user.
func LinkPasskey(c who.Caller, tx *store.Tx, r *passkey.Registration, proof method.Proof, spend Spend) (store.CredentialRow, error) {
	return linkPasskey(c, tx, r, proof, func() (account.Authority, error) { return allowed(c, tx, spend) })
}

func linkPasskey(
	c who.Caller, tx *store.Tx, r *passkey.Registration, proof method.Proof, allowed func() (account.Authority, error),
) (store.CredentialRow, error) {
	if _, err := tx.LockUser(c.Tenant.ID, c.Session.UserID); err != nil {
		return store.CredentialRow{}, err
	}
	if held, ok := proof.Credential(); ok {
		return held, passkey.Known()
	}
	have, err := tx.Passkeys(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return store.CredentialRow{}, err
	}
	if len(have) >= passkey.MaxPerUser {
		return store.CredentialRow{}, passkey.TooMany()
	}
	from, err := allowed()
	if err != nil {
		return store.CredentialRow{}, err
	}
	credential, err := account.Link(c, tx, proven(proof.Evidence()), from)
	if err != nil {
		return credential, err
	}
	return credential, r.Save(tx, credential)
}
