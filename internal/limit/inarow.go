package limit

import (
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/store"
)

// InARow bounds the wrong tries at one factor since its last success, however
// slowly they come.
type InARow struct {
	Free int // tries before waits begin
	Stop int // tries before the factor stops, until another one succeeds or an operator resets it
}

const (
	year      = environment.Duration(365 * 24 * time.Hour)
	firstWait = 30 * time.Second
	longest   = time.Hour
)

// Wait is how long the next try must wait after n in a row: none while they are
// free, then 30 s, doubling each time, an hour at most.
func (r InARow) Wait(n int) time.Duration {
	if n < r.Free {
		return 0
	}
	return min(firstWait<<min(n-r.Free, 10), longest)
}

// TakeInARow counts one try. It reports whether the try may be made and, if
// not, how long to wait, or that the factor has stopped. A try that is refused
// does not count, so waiting is enough to be let in again.
func TakeInARow(tx *store.Tx, key Key, r InARow) (ok bool, wait time.Duration, stopped bool, err error) {
	// The count comes first: its row serialises all tries at this factor.
	n, _, err := tx.Count(key.name, year.Std())
	if err != nil {
		return false, 0, false, err
	}
	if n > int64(r.Stop) {
		return false, 0, true, tx.Uncount(key.name)
	}
	if n > int64(r.Free) { // no wait has begun before
		_, until, err := tx.Counted(key.waiting())
		if err != nil {
			return false, 0, false, err
		}
		if until.After(tx.Now()) {
			return false, until.Sub(tx.Now()), false, tx.Uncount(key.name)
		}
	}
	if next := r.Wait(int(n)); next > 0 {
		_, _, err = tx.Count(key.waiting(), next)
	}
	return err == nil, 0, false, err
}

// ResetInARow forgets the tries after a success.
func ResetInARow(tx *store.Tx, keys ...Key) error {
	var names []string
	for _, key := range keys {
		names = append(names, key.name, key.waiting())
	}
	return tx.ResetCounts(names...)
}

func (k Key) waiting() string { return k.name + ":wait" }
