package account

import (
	"errors"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Invited makes an operator, who holds the address that they were invited at.
func Invited(c who.Caller, tx *store.Tx, a Address) (store.CredentialRow, error) {
	if c.Tenant.ID != environment.Operators {
		return store.CredentialRow{}, errors.New("only operators are invited")
	}
	_, row, _, err := signUp(c, tx, a, store.ProvenanceInvitation)
	return row, err
}
