package method

import (
	"time"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// EndsBy is when a thing has to be over that begins now, such as the enrolment of a
// factor: at the given time, or when the elevated token expires that allowed it, if that
// is earlier. An empty tokenID means that no token did.
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
