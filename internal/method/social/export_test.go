package social

import "github.com/stepup-auth/stepup/internal/store"

// What tests of this folder look at directly.
var (
	CheckRedirect = checkRedirect
	Back          = back
	Identify      = identify
	ParseAnswer   = parseAnswer
	ParseProfile  = parseProfile
)

// CodeOf is the code of ours that a flow holds.
func CodeOf(tx *store.Tx, environmentID, state string) (string, error) {
	f, err := tx.SocialFlow(environmentID, hashState(tx, environmentID, state))
	if err != nil {
		return "", err
	}
	known, err := open(tx, f)
	return known.Code, err
}
