package limit

import (
	"time"

	"github.com/stepup-auth/stepup/internal/store"
)

// Lock is a limit that refuses somebody now.
type Lock struct {
	Limit        string     `json:"limit"`                  // the setting of the environment that says how much
	CredentialID string     `json:"credentialId,omitempty"` // whose limit it is; empty: it is the user's
	Until        *time.Time `json:"until,omitempty"`        // nil: until another proof succeeds, or an operator unlocks it
}

// Locked lists the lock of a bound that would refuse an event now; none if it would not.
// It counts nothing.
func Locked(tx *store.Tx, b Bound, credentialID string) ([]Lock, error) {
	if b.Rate.Count <= 0 || b.Rate.Per <= 0 {
		return nil, nil
	}
	n, end, err := tx.Counted(b.Key.name)
	if err != nil || n < int64(b.Rate.Count) {
		return nil, err
	}
	return []Lock{{Limit: b.Name, CredentialID: credentialID, Until: &end}}, nil
}

// LockedInARow lists the lock that wrong tries in a row have led to; none if the next one
// may be made. free and stop are the settings of the two figures.
func LockedInARow(tx *store.Tx, key Key, r InARow, free, stop string) ([]Lock, error) {
	n, _, err := tx.Counted(key.name)
	if err != nil || n < int64(r.Free) {
		return nil, err
	}
	if n >= int64(r.Stop) {
		return []Lock{{Limit: stop}}, nil
	}
	_, until, err := tx.Counted(key.waiting())
	if err != nil || until.IsZero() {
		return nil, err
	}
	return []Lock{{Limit: free, Until: &until}}, nil
}
