package method

import (
	"time"

	"github.com/stepup-auth/stepup/internal/store"
)

// EndsBy bounds what an elevated token lets begin: it is over when the token would
// be, however short of at that is. Without a token nothing but at bounds it.
func EndsBy(tx *store.Tx, environmentID, tokenID string, at time.Time) (time.Time, error) {
	if tokenID == "" {
		return at, nil
	}
	token, err := tx.ElevatedToken(environmentID, tokenID)
	if err != nil {
		return at, err
	}
	if token.ExpiresAt.Before(at) {
		at = token.ExpiresAt
	}
	return at, nil
}
