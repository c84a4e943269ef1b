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

// Bound is one of several limits on the same thing.
type Bound struct {
	Name string // the setting that says how much, for whoever is alarmed; may be empty
	Key  Key
	Rate environment.Rate
}

// TakeAll counts one event against every bound, in their order. The first that
// refuses is returned, with how long to wait, and then nothing was counted at
// all: an event that does not happen uses up nobody's share.
func TakeAll(tx *store.Tx, bounds ...Bound) (refused *Bound, wait time.Duration, err error) {
	for i, b := range bounds {
		ok, wait, err := takeWithin(tx, b)
		if err != nil {
			return nil, 0, err
		}
		if ok {
			continue
		}
		for _, taken := range bounds[:i] {
			if err == nil {
				err = Forgive(tx, taken.Key)
			}
		}
		return &bounds[i], wait, err
	}
	return nil, 0, nil
}

// takeWithin counts one event if it is within the bound.
func takeWithin(tx *store.Tx, b Bound) (ok bool, wait time.Duration, err error) {
	switch {
	case b.Rate.Count <= 0:
		return false, 0, nil
	case b.Rate.Per <= 0:
		return true, 0, nil
	}
	ok, end, err := tx.CountWithin(b.Key.name, b.Rate.Per.Std(), int64(b.Rate.Count))
	return ok, end.Sub(tx.Now()), err
}

// Full reports whether one of the bounds would refuse an event now, and how long
// to wait. It counts nothing.
func Full(tx *store.Tx, bounds ...Bound) (refused *Bound, wait time.Duration, err error) {
	for i, b := range bounds {
		n, end, err := tx.Counted(b.Key.name)
		if err != nil || n >= int64(b.Rate.Count) {
			return &bounds[i], end.Sub(tx.Now()), err
		}
	}
	return nil, 0, nil
}

// Note counts one event for whoever asks [Seen] later; it refuses nothing.
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

// Reset forgets counts after a success.
func Reset(tx *store.Tx, keys ...Key) error {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = key.name
	}
	return tx.ResetCounts(names...)
}
