package sentcode

import (
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Locks lists the limits on codes that refuse the user now: what [Unlock] forgets, but
// for what single sessions have asked for. rows are the user's credentials.
func Locks(c who.Caller, tx *store.Tx, rows []store.CredentialRow) (locks []limit.Lock, err error) {
	environmentID, userID, l := c.Tenant.ID, c.UserID(), c.Tenant.Limits
	look := func(credentialID string, bounds ...limit.Bound) {
		for _, b := range bounds {
			if err == nil {
				var found []limit.Lock
				found, err = limit.Locked(tx, b, credentialID)
				locks = append(locks, found...)
			}
		}
	}
	look("", limit.Bound{Name: "limits.codesPerAccount", Key: accountKey(tx, environmentID, userID), Rate: l.CodesPerAccount},
		limit.Bound{Name: "limits.codesPerAccountHour", Key: accountHourKey(tx, environmentID, userID),
			Rate: environment.Rate{Count: l.CodesPerAccountHour, Per: environment.Duration(time.Hour)}})
	for _, row := range rows {
		if row.Format != store.FormatEmail && row.Format != store.FormatPhone {
			continue
		}
		at := store.CodeChallengeRow{EnvironmentID: environmentID, Format: row.Format, Identifier: row.Identifier}
		owner := sender{userID: userID, owner: true}
		everybody := environment.Rate{Count: l.GuessesPerAccount.Count * signInSpread, Per: l.GuessesPerAccount.Per}
		look(row.ID,
			limit.Bound{Name: "limits.codesPerAddress", Key: addressKey(tx, environmentID, row.Format, row.Identifier, sender{}),
				Rate: l.CodesPerAddress},
			limit.Bound{Name: "limits.codesPerAddress", Key: addressKey(tx, environmentID, row.Format, row.Identifier, owner),
				Rate: l.CodesPerAddress},
			limit.Bound{Name: "limits.guessesPerAccount", Key: guessesOf(tx, at, ""), Rate: everybody},
			limit.Bound{Name: "limits.guessesPerAccount", Key: guessesOf(tx, at, userID), Rate: l.GuessesPerAccount})
		before := len(locks)
		look(row.ID, limit.Bound{Name: "limits.guessesHardStop", Key: wrongInARow(tx, at, userID),
			Rate: environment.Rate{Count: l.GuessesHardStop, Per: year}})
		for i := range locks[before:] {
			locks[before+i].Until = nil // no time ends it
		}
	}
	return locks, err
}
