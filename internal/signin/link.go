package signin

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Link adds the proven credential to the user, by what is spent for it. What the
// user has already is confirmed by a token, and stays as it is without.
func Link(c who.Caller, tx *store.Tx, proof method.Proof, spend Spend) (store.CredentialRow, error) {
	held, known := proof.Credential()
	own := known && held.UserID == c.Session.UserID
	if own && held.Confirmed() {
		return held, nil
	}
	from, err := allowed(c, tx, spend)
	if err != nil {
		return held, err
	}
	if own {
		if from != account.Nothing {
			err = account.Confirm(c, tx, held.ID, from)
		}
		return held, err
	}
	return account.Link(c, tx, proven(proof.Evidence()), from)
}

// LinkSent adds the address that a code was sent to, or puts it in the place of the
// old one when the code was sent by a profile change, which was authorised then and
// must be still.
func LinkSent(c who.Caller, tx *store.Tx, proof method.Proof, spend Spend) (store.CredentialRow, error) {
	evidence := proof.Evidence()
	if evidence.Purpose != method.Update {
		return Link(c, tx, proof, spend)
	}
	from, err := stands(c, tx, stepup.CredentialUpdate, environment.UpdateUser, evidence.AuthorizedBy)
	if err != nil {
		return store.CredentialRow{}, err
	}
	return account.Replace(c, tx, proven(evidence), from)
}

// Transfer takes the proven wallet from whoever has it: its signature is worth more
// than an old link. Nobody else's wallet can come along that way.
func Transfer(c who.Caller, tx *store.Tx, proof method.Proof, spend Spend) (store.CredentialRow, error) {
	held, known := proof.Credential()
	if !known || held.UserID == c.Session.UserID {
		return Link(c, tx, proof, spend)
	}
	from, err := allowed(c, tx, spend)
	if err != nil {
		return held, err
	}
	return account.Transfer(c, tx, held, proven(proof.Evidence()), from)
}

func proven(e method.Evidence) account.Address {
	return account.Address{ID: e.CredentialID, Format: e.Format, Identifier: e.Identifier, Written: e.Recipient, Detail: e.Detail}
}
