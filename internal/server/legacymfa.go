package server

import (
	"github.com/stepup-auth/stepup/internal/legacymfa"
)

// Action-based MFA is wired here alone: without this file and its package the
// server builds and runs, mints no MFA token and takes none.
func init() {
	legacyMFA = legacymfa.Tokens{}
	housekeeping = append(housekeeping, legacymfa.Tokens{}.Chore())
}
