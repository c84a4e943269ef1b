package server

import (
	"github.com/stepup-auth/stepup/internal/api/sdk"
	"github.com/stepup-auth/stepup/internal/legacymfa"
	"github.com/stepup-auth/stepup/internal/store"
)

// actionMFA is action-based MFA as the API is given it, and what removes its tokens
// once they are over. It is wired here alone: where this returns nothing, the server
// mints no MFA token, takes none, and builds without package legacymfa.
func actionMFA() (sdk.LegacyMFA, []store.Chore) {
	tokens := new(legacymfa.Tokens)
	return tokens, []store.Chore{tokens.Chore()}
}
