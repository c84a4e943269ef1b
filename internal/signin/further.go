package signin

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// LinkFurtherApp makes a confirmed enrolment one more factor of an operator, by the token
// of the console that it was begun under, which must hold still.
func LinkFurtherApp(c who.Caller, tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
	if c.Tenant.ID != environment.Operators || proof.Evidence().Purpose != method.Enrol {
		return store.CredentialRow{}, notFirst()
	}
	return linkApp(c, tx, proof, func() (account.Authority, error) {
		return stands(c, tx, stepup.ConsoleMFAReset, "", proof.Evidence().AuthorizedBy)
	})
}
