// Package limit counts what may be done only so often. Counts live in the
// store, so all nodes and all doors share them and a restart forgets nothing.
// A count is taken before the thing it limits is done.
package limit

import (
	"encoding/hex"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
)

// Key names a counter: what is counted, and for whom. The parts are hashed, so
// no address is readable in the table.
type Key struct{ name string }

// For builds a key.
func For(tx *store.Tx, what string, parts ...string) Key {
	return Key{what + ":" + hex.EncodeToString(tx.Hasher().Sum("limit:"+what, parts...))}
}

// Take counts one event. It reports whether the event is within the rate and,
// if not, how long to wait.
func Take(tx *store.Tx, key Key, rate environment.Rate) (ok bool, wait time.Duration, err error) {
	if rate.Count <= 0 || rate.Per <= 0 {
		return true, 0, nil
	}
	n, end, err := tx.Count(key.name, rate.Per.Std())
	if err != nil {
		return false, 0, err
	}
	return n <= int64(rate.Count), end.Sub(tx.Now()), nil
}

// Note counts one event that nothing is refused for.
func Note(tx *store.Tx, key Key, window time.Duration) error {
	_, _, err := tx.Count(key.name, window)
	return err
}

// Seen reports how many events were counted in the window that runs now.
func Seen(tx *store.Tx, key Key) (int64, error) {
	n, _, err := tx.Counted(key.name)
	return n, err
}

// Forgive takes one counted event back.
func Forgive(tx *store.Tx, key Key) error { return tx.Uncount(key.name) }

// Reset forgets the count after a success.
func Reset(tx *store.Tx, key Key) error { return tx.ResetCount(key.name) }
