package account

import (
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// RecoveryFactor is the factor id under which tries at recovery codes count,
// whichever set they are aimed at: a new set gives no new tries.
const RecoveryFactor = "recovery"

// TakeTry counts one try at a second factor of the caller's user, over all doors,
// sessions and nodes. Only whoever is signed in as the user gets this far, so
// no stranger can use the tries up.
func TakeTry(c who.Caller, tx *store.Tx, factorID string) error {
	limits := c.Tenant.Limits
	ok, wait, stopped, err := limit.TakeInARow(tx, tries(c, tx, factorID),
		limit.InARow{Free: limits.FactorGuesses, Stop: limits.FactorHardStop})
	switch {
	case err != nil || ok:
		return err
	case stopped:
		return fault.AtLimit("factor_tries_hard_stop", fault.MFARateLimited,
			"This factor stopped after too many wrong tries. Use another one, which unlocks it, or ask the operator to reset it.")
	}
	return fault.AtLimit("factor_tries", fault.MFARateLimited, "Too many wrong tries. Wait %s before the next one, or use another factor.",
		fault.Spoken(wait)).After(wait)
}

// ForgiveTries forgets the wrong tries at all second factors of a user who has
// just proved one of them, and at one that is being enrolled. Nothing weaker may
// call it.
func ForgiveTries(c who.Caller, tx *store.Tx, enrolling ...string) error {
	rows, err := tx.Credentials(c.Tenant.ID, c.UserID())
	if err != nil {
		return err
	}
	keys := []limit.Key{tries(c, tx, RecoveryFactor)}
	for _, id := range enrolling {
		keys = append(keys, tries(c, tx, id))
	}
	for _, row := range rows {
		if IsFactor(row) {
			keys = append(keys, tries(c, tx, row.ID))
		}
	}
	return limit.ResetInARow(tx, keys...)
}

// Locks lists the second factors of a user that refuse a try now. rows are the user's
// credentials.
func Locks(c who.Caller, tx *store.Tx, rows []store.CredentialRow) (locks []limit.Lock, err error) {
	limits := c.Tenant.Limits
	look := func(factorID, credentialID string) {
		if err != nil {
			return
		}
		var found []limit.Lock
		found, err = limit.LockedInARow(tx, tries(c, tx, factorID), limit.InARow{Free: limits.FactorGuesses, Stop: limits.FactorHardStop},
			"limits.factorGuesses", "limits.factorHardStop")
		for _, lock := range found {
			lock.CredentialID = credentialID
			locks = append(locks, lock)
		}
	}
	for _, row := range rows {
		switch {
		case IsFactor(row):
			look(row.ID, row.ID)
		case standsIn(row):
			look(RecoveryFactor, row.ID)
		}
	}
	return locks, err
}

func tries(c who.Caller, tx *store.Tx, factorID string) limit.Key {
	return limit.For(tx, "factor", c.Tenant.ID, c.UserID(), factorID)
}
