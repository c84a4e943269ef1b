package enforce

import (
	"slices"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Waives reports whether the compatibility entry lets the call through without a
// token: none does while something of the user's is disputed.
func Waives(c who.Caller, known account.Known, entry environment.Compatible) bool {
	return c.Tenant.Allows(entry) && !slices.ContainsFunc(known.Credentials(), store.CredentialRow.Disputed)
}
