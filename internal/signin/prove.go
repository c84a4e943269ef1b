package signin

import (
	"slices"
	"strings"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/recovery"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Step is what a proof that is given inside a session is for.
type Step struct {
	Scopes    []stepup.Scope                                     // to mint for
	Owes      bool                                               // the session still owes a second factor
	Otherwise Linker                                             // what is made of it without scopes; nil: only the session is renewed
	MFAToken  func(*store.Tx, method.Proof) (secret.Text, error) // mints a token of action-based MFA; nil: none is asked for
}

// Linker decides what is proven with a proof, and returns that credential.
type Linker func(*store.Tx, method.Proof) (store.CredentialRow, error)

// Prove takes a proof given inside the caller's session. With scopes it mints from
// it; without, or when the proof enrols a factor, it makes of it what the step says.
// It renews the session.
func Prove(c who.Caller, tx *store.Tx, proof method.Proof, s Step) (Signed, error) {
	minted, credential, err := take(c, tx, proof, s)
	if err != nil {
		return Signed{}, err
	}
	if minted != nil {
		if err := account.Proved(c, tx, minted.Known(), credential.ID); err != nil {
			return Signed{}, err
		}
	}
	proved, err := mark(c, tx, proof, credential)
	if err != nil {
		return Signed{}, err
	}
	var mfaToken secret.Text
	if len(s.Scopes) == 0 && s.MFAToken != nil { // both asked for: the scopes win
		if mfaToken, err = s.MFAToken(tx, proof); err != nil {
			return Signed{}, err
		}
	}
	var signed Signed
	if minted != nil && proof.Kind() != assurance.RecoveryCode { // whose use changes what is kept of the user
		signed, err = Refresh(c, tx, minted.Known(), proved)
	} else {
		signed, err = RefreshChanged(c, tx, proved)
	}
	signed.minted, signed.mfaToken = minted, mfaToken
	return signed, err
}

func take(c who.Caller, tx *store.Tx, proof method.Proof, s Step) (
	minted *elevate.Minted, credential store.CredentialRow, err error,
) {
	evidence := proof.Evidence()
	enrols := evidence.Purpose == method.Enrol
	switch {
	case evidence.BindingID != "" && (enrols || len(s.Scopes) == 0):
		return nil, credential, fault.New(fault.InvalidBinding,
			"This confirms a transaction and nothing else. Ask for the transaction's scope in requestedScopes.")
	case evidence.Scopes != "" && len(s.Scopes) == 0:
		return nil, credential, fault.New(fault.InvalidScopes,
			"This code was asked for to step up for %s, and does nothing else. Ask for those in "+
				"requestedScopes, or for a new code that names none.", strings.Join(strings.Fields(evidence.Scopes), ", "))
	case len(s.Scopes) > 0 && !enrols:
		minted, err = elevate.Grant(c, tx, proof, s.Scopes)
		credential, _ = proof.Credential()
		return minted, credential, err
	case s.Owes && !proof.Kind().MFA():
		return nil, credential, account.Owing() // it may only earn the token to enrol with
	case s.Otherwise != nil:
		credential, err = s.Otherwise(tx, proof)
		return nil, credential, err
	}
	credential, err = own(c, proof)
	return nil, credential, err
}

// own is the credential that was proven, if it is the session's user's and counts.
func own(c who.Caller, proof method.Proof) (store.CredentialRow, error) {
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

// mark is what the session is to remember of the proof: a second factor only if it
// counts, and only one that a proof had let in may show recovery codes. The use of a
// recovery code is told to its owner, of one that waited in a prompt when it was used.
func mark(c who.Caller, tx *store.Tx, proof method.Proof, credential store.CredentialRow) (store.Proved, error) {
	proved := store.Proved{CredentialID: credential.ID}
	if !proof.Kind().MFA() || !account.Counts(c.Tenant.Environment, credential) {
		return proved, nil
	}
	if proof.Kind() == assurance.RecoveryCode {
		shown, left, err := recovery.Show(c, tx)
		if err != nil {
			return proved, err
		}
		if err := account.Recovered(c, tx, len(shown) > 0); err != nil {
			return proved, err
		}
		if !proof.Kept() {
			if err := account.TellRecovered(c, tx, left); err != nil {
				return proved, err
			}
		}
	}
	if proof.Evidence().BindingID != "" {
		return proved, nil // it confirmed one transaction, which shows no recovery codes
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return proved, err
	}
	proved.MFA, proved.Mark = true, credential.Confirmed() && !slices.Contains(account.Withheld(rows), credential.ID)
	return proved, nil
}
