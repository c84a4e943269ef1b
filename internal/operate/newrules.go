package operate

import (
	"errors"
	"slices"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// endUnproven ends the sessions that a credential without proof opened or completed,
// for those for whom the newest rules begin to hold with this change: everybody by
// a new version, or who is named for rehearsal. What such a session had begun ends
// with it.
func endUnproven(c who.Caller, tx *store.Tx, old, next *environment.Environment) error {
	switch {
	case old == nil || old.MinAPIVersion == environment.Newest:
		return nil
	case next.MinAPIVersion == environment.Newest:
		n, err := tx.RevokeUnproven(next.ID, "", "version accepted")
		if err != nil || n == 0 {
			return err
		}
		return audit.Record(tx, c.By, "sessions.revoked", audit.Detail{"count": n, "reason": "version accepted"})
	}
	for _, name := range next.Rehearsal.Users {
		if slices.Contains(old.Rehearsal.Users, name) {
			continue
		}
		userID, err := rehearsing(tx, next, name)
		if err != nil {
			return err
		}
		if userID == "" {
			continue
		}
		n, err := tx.RevokeUnproven(next.ID, userID, "rehearsal begun")
		if err != nil {
			return err
		}
		if n > 0 {
			if err := audit.Record(tx, c.By.Concerning(userID), "sessions.revoked",
				audit.Detail{"count": n, "reason": "rehearsal begun"}); err != nil {
				return err
			}
		}
	}
	return nil
}

// rehearsing finds whom a name of the rehearsal means; "" is nobody yet.
func rehearsing(tx *store.Tx, env *environment.Environment, name string) (userID string, err error) {
	userID = name
	if _, key, invalid := deliver.NormalizeEmail(name); invalid == nil {
		held, err := tx.CredentialByIdentifier(env.ID, store.FormatEmail, key)
		if errors.Is(err, store.ErrNotFound) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		userID = held.UserID
	}
	rows, err := tx.Credentials(env.ID, userID)
	if err != nil || !account.Rehearses(env, userID, rows) {
		return "", err
	}
	return userID, nil
}
