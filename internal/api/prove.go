package api

import (
	"slices"
	"strings"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/recovery"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
)

// signInWith runs an attempt made without a session and opens one from its
// proof. It mints nothing, but for the one exception of allowNewMFALinking.
func (a *API) signInWith(c *door.Call, m method.Method, attempt method.Attempt, sessionPublicKey string, allowNewMFALinking bool) (
	VerifyResponse, error,
) {
	device, err := c.Device(sessionPublicKey)
	if err != nil {
		return VerifyResponse{}, err
	}
	var signed signedIn
	err = method.Check(c.Context(), a.DB, m, attempt, c.By, func(tx *store.Tx, proof method.Proof) (err error) {
		signed, err = signIn(c, tx, proof, device, allowNewMFALinking)
		return err
	})
	if err != nil {
		return VerifyResponse{}, err
	}
	a.Outbox.Nudge()
	a.count(m.Kind(), "proved")
	return a.verified(c, signed)
}

// signIn opens a session from a proof: for the user who holds the credential,
// or a new one.
func signIn(c *door.Call, tx *store.Tx, proof method.Proof, device session.Device, allowNewMFALinking bool) (signedIn, error) {
	evidence := proof.Evidence()
	if evidence.Purpose != method.SignIn {
		return signedIn{}, fault.New(fault.InvalidEmailVerification, "This was asked for inside a session. Use it there.")
	}
	var held *store.CredentialRow
	if row, ok := proof.Credential(); ok {
		held = &row
	}
	userID, credential, isNew, err := account.SignIn(tx, c.By, c.Tenant, proven(evidence), held)
	if err != nil {
		return signedIn{}, err
	}
	row, err := session.Start(tx, c.By, c.Tenant, userID, credential, proof, device)
	if err != nil {
		return signedIn{}, err
	}
	signed, err := readSigned(c, tx, row)
	signed.newUser = isNew
	if err == nil && allowNewMFALinking {
		if isNew { // the credential was made in this transaction
			if proof, err = proof.Rebind(tx); err != nil {
				return signed, err
			}
		}
		signed.minted, err = elevate.GrantAtSignIn(tx, c.By.Concerning(userID), c.Tenant, row, proof)
	}
	return signed, err
}

// step is what an attempt made inside a session is for.
type step struct {
	scopes    []string                                                   // to mint for
	otherwise func(*store.Tx, method.Proof) (store.CredentialRow, error) // nil: only the session is renewed
	mfaToken  *MFATokenOptions                                           // what the body asks for; nil: no MFA token
}

// proveWith runs an attempt made inside a session. With scopes it mints from
// the proof; without, or when the attempt enrols a factor, otherwise decides
// what is proven with it and returns that credential. A nil otherwise only
// renews the session.
func (a *API) proveWith(c *door.Call, m method.Method, attempt method.Attempt, s step) (VerifyResponse, error) {
	scopes, err := elevate.ParseScopes(c.Tenant, s.scopes)
	if err != nil {
		return VerifyResponse{}, err
	}
	var signed signedIn
	err = method.Check(c.Context(), a.DB, m, attempt, c.By, func(tx *store.Tx, proof method.Proof) error {
		var minted *elevate.Minted
		var credential store.CredentialRow
		enrols := proof.Evidence().Purpose == method.Enrol
		switch {
		case proof.Evidence().BindingID != "" && (enrols || len(scopes) == 0):
			return fault.New(fault.InvalidBinding,
				"This confirms a transaction and nothing else. Ask for the transaction's scope in requestedScopes.")
		case proof.Evidence().Scopes != "" && len(scopes) == 0:
			return fault.New(fault.InvalidScopes, "This code was asked for to step up for %s, and does nothing else. Ask for those in "+
				"requestedScopes, or for a new code that names none.", strings.Join(strings.Fields(proof.Evidence().Scopes), ", "))
		case len(scopes) > 0 && !enrols:
			if minted, err = elevate.Grant(tx, c.By, c.Tenant, *c.Session, proof, scopes); err != nil {
				return err
			}
			credential, _ = proof.Credential()
		case c.Owes && !proof.Kind().MFA():
			return door.Owing() // it may only earn the token to enrol with
		case s.otherwise != nil:
			if credential, err = s.otherwise(tx, proof); err != nil {
				return err
			}
		default:
			if credential, err = ownCredential(c, proof); err != nil {
				return err
			}
		}
		if err := markSession(c, tx, proof, credential); err != nil {
			return err
		}
		var legacy secret.Text
		if len(scopes) == 0 { // both asked for: the scopes win
			if legacy, err = a.mintLegacy(c, tx, proof, s.mfaToken); err != nil {
				return err
			}
		}
		signed, err = refreshed(c, tx, credential.ID)
		signed.minted, signed.mfaToken = minted, legacy
		return err
	})
	if err != nil {
		return VerifyResponse{}, err
	}
	a.Outbox.Nudge()
	a.count(m.Kind(), "proved")
	return a.verified(c, signed)
}

// ownCredential is the credential that was proven, if it is the session's user's and counts.
func ownCredential(c *door.Call, proof method.Proof) (store.CredentialRow, error) {
	credential, held := proof.Credential()
	if !held || credential.UserID != c.Session.UserID {
		return credential, fault.New(fault.MFAInvalidRequest,
			"This is not one of your own credentials, so it cannot confirm that it is you.")
	}
	usable, err := account.Usable(c.Tenant.Environment, credential)
	if err == nil && !usable {
		err = fault.New(fault.MFAInvalidRequest, "This way to prove it is you does not count here. Use one that stepUp/check lists.")
	}
	return credential, err
}

// markSession notes in the session that a second factor was given. Only a factor that
// counts does, and only one that a proof had let in may show recovery codes. The
// use of a recovery code is told to its owner.
func markSession(c *door.Call, tx *store.Tx, proof method.Proof, credential store.CredentialRow) error {
	if !proof.Kind().MFA() || !account.Counts(c.Tenant.Environment, credential) {
		return nil
	}
	if proof.Kind() == assurance.RecoveryCode {
		shown, left, err := recovery.Show(tx, c.Tenant.ID, c.Session.UserID)
		if err != nil {
			return err
		}
		if err := account.Recovered(tx, c.Tenant, c.Session.UserID, len(shown) > 0, left); err != nil {
			return err
		}
	}
	if proof.Evidence().BindingID != "" {
		return nil // it confirmed one transaction, which shows no recovery codes
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return err
	}
	marks := credential.Confirmed() && !slices.Contains(account.Withheld(rows), credential.ID)
	return tx.VerifiedMFA(c.Tenant.ID, c.Session.ID, credential.ID, marks)
}

// linkProven adds the proven credential to the user: by an elevated token, or
// with nothing where the compatibility entry lets it. What the user has already
// is confirmed by a token, and stays as it is without.
func linkProven(c *door.Call, tx *store.Tx, proof method.Proof, compatible environment.Compatible) (store.CredentialRow, error) {
	held, known := proof.Credential()
	own := known && held.UserID == c.Session.UserID
	if own && held.Confirmed() {
		return held, nil
	}
	from, err := allowLink(c, tx, compatible)
	if err != nil {
		return held, err
	}
	if own {
		if from != account.Nothing {
			err = account.Confirm(tx, c.By, c.Tenant, c.Session.UserID, held.ID, from)
		}
		return held, err
	}
	return account.Link(tx, c.By, c.Tenant, c.Session.UserID, proven(proof.Evidence()), from)
}

func proven(e method.Evidence) account.Address {
	return account.Address{ID: e.CredentialID, Format: e.Format, Identifier: e.Identifier, Written: e.Recipient, Detail: e.Detail}
}
