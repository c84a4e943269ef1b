package signin

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/recovery"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Wait keeps a proof in a prompt, by whose id it is sealed, for the session that made
// the prompt to take up. One that would mint nothing now is refused. The session gains
// nothing by it: neither a token nor a mark, nor more time.
func Wait(c who.Caller, tx *store.Tx, proof method.Proof, scopes []stepup.Scope) (sealed []byte, err error) {
	if err := elevate.Admits(c, tx, proof, scopes); err != nil {
		return nil, err
	}
	if proof.Kind() == assurance.RecoveryCode {
		_, left, err := recovery.Show(c, tx)
		if err != nil {
			return nil, err
		}
		if err := account.TellRecovered(c, tx, left); err != nil {
			return nil, err
		}
	}
	return proof.Keep(tx, c.Prompt)
}

// TakeUp makes of a proof that waited in a prompt what [Prove] makes of one: by the
// rules as they are now.
func TakeUp(c who.Caller, tx *store.Tx, sealed []byte, s Step) (Signed, error) {
	proof, err := method.TakeUp(c, tx, c.Prompt, sealed)
	if err != nil {
		return Signed{}, err
	}
	return Prove(c, tx, proof, s)
}

// LetEnrol mints the token that enrolling a factor in a prompt spends. It never leaves
// the server, and the session gains nothing else by it.
func LetEnrol(c who.Caller, tx *store.Tx, proof method.Proof) (*elevate.Minted, error) {
	minted, err := elevate.Grant(c, tx, proof, []stepup.Scope{stepup.CredentialLink})
	if err != nil || proof.Kind() != assurance.RecoveryCode {
		return minted, err
	}
	shown, left, err := recovery.Show(c, tx)
	if err != nil {
		return nil, err
	}
	if err := account.Recovered(c, tx, len(shown) > 0); err != nil {
		return nil, err
	}
	return minted, account.TellRecovered(c, tx, left)
}
