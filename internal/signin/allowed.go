package signin

import (
	"errors"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Spend spends what allows a change, in the change's transaction, and names the
// elevated token that did; empty: nothing did that the change could claim.
type Spend func(*store.Tx) (tokenID string, err error)

// allowed spends what allows a change and says what the change was allowed by.
func allowed(c who.Caller, tx *store.Tx, spend Spend) (account.Authority, error) {
	tokenID, err := spend(tx)
	if err != nil {
		return account.Nothing, err
	}
	return authority(c, tx, tokenID)
}

// stands judges anew what let a change begin, and says what the change was allowed
// by. The compatibility entry waives a token at the end as at the beginning.
func stands(c who.Caller, tx *store.Tx, scope stepup.Scope, entry environment.Compatible, tokenID string) (account.Authority, error) {
	known, err := account.Hold(c, tx) // whoever ends it meanwhile comes first, or after
	if err != nil {
		return account.Nothing, err
	}
	demand := enforce.Demand{Scope: scope, Finishes: &enforce.Beginning{TokenID: tokenID}}
	_, err = enforce.Judge(c, tx, known, demand)
	waived := tokenID == "" && fault.Has(err, fault.ElevatedTokenRequired) && enforce.Waives(c, known, entry)
	if err != nil && !waived {
		return account.Nothing, err
	}
	return authority(c, tx, tokenID)
}

// authority says what a change was allowed by that a token let through. A token
// that came from a credential which was itself linked with nothing is worth
// nothing here: it must not make more of its like, or of itself, than they are.
func authority(c who.Caller, tx *store.Tx, tokenID string) (account.Authority, error) {
	if tokenID == "" {
		return account.Nothing, nil
	}
	token, err := tx.ElevatedToken(c.Tenant.ID, tokenID)
	if errors.Is(err, store.ErrNotFound) {
		return account.Nothing, nil
	}
	if err != nil {
		return account.Nothing, err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	for _, row := range rows {
		if row.ID == token.CredentialID && row.Confirmed() {
			return account.Authority{
				Provenance: store.ProvenanceElevatedToken, Credential: row.ID, Method: assurance.Kind(token.Method),
			}, err
		}
	}
	return account.Nothing, err
}
