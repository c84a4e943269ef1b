// Package signin is what a proof is good for: it opens a session, steps up, or
// links what was proven. Its functions act for a [who.Caller] inside a
// transaction of whoever calls them (the API, the console, the hosted prompt) and
// know nothing of requests and answers. Its invariant: a change of somebody's
// means of proof is made only together with what allowed it, which is spent or
// judged anew in the same transaction and recorded as the provenance of the
// change.
package signin

import (
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// In opens a session from a proof that was given without one: for the user who
// holds the credential, or a new one. It mints nothing, but for the one exception
// that linking a first factor may ask for. Where the environment minds devices, a
// session on an unknown one waits for it to be registered.
func In(c who.Caller, tx *store.Tx, proof method.Proof, device session.Device, mayLinkFactor bool) (Signed, error) {
	evidence := proof.Evidence()
	if evidence.Purpose != method.SignIn {
		return Signed{}, fault.New(fault.InvalidEmailVerification, "This was asked for inside a session. Use it there.")
	}
	var held *store.CredentialRow
	if row, ok := proof.Credential(); ok {
		held = &row
	}
	userID, credential, isNew, err := account.SignIn(c, tx, proven(evidence), held)
	if err != nil {
		return Signed{}, err
	}
	if device, err = arrive(c.Concerning(userID), tx, device, isNew); err != nil {
		return Signed{}, err
	}
	row, err := session.Start(c.Concerning(userID), tx, credential, proof, device)
	if err != nil {
		return Signed{}, err
	}
	if row.Unregistered {
		mayLinkFactor = false
		if err := account.MailDeviceLink(c.In(c.Tenant, row), tx, shown(device)); err != nil {
			return Signed{}, err
		}
	}
	known, err := account.Know(tx, row)
	if err != nil {
		return Signed{}, err
	}
	signed, err := As(c, known)
	signed.newUser = isNew
	if err == nil && mayLinkFactor {
		if isNew { // the credential was made in this transaction
			if proof, err = proof.Rebind(tx); err != nil {
				return signed, err
			}
		}
		signed.minted, err = elevate.GrantAtSignIn(c.In(c.Tenant, row), tx, proof)
	}
	return signed, err
}
