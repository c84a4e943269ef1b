package method

import (
	"time"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// EndsBy bounds what an elevated token lets begin: it is over when the token would
// be, however short of at that is. Without a token nothing but at bounds it.
func EndsBy(c who.Caller, tx *store.Tx, tokenID string, at time.Time) (time.Time, error) {
	if tokenID == "" {
		return at, nil
	}
	token, err := tx.ElevatedToken(c.Tenant.ID, tokenID)
	if err != nil {
		return at, err
	}
	if token.ExpiresAt.Before(at) {
		at = token.ExpiresAt
	}
	return at, nil
}
