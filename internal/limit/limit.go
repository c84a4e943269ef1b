// Package limit counts what may be done only so often. Counts live in the
// store, so all nodes and all doors share them and a restart forgets nothing.
// A count is taken before the thing it limits is done.
package limit

import (
	"encoding/hex"
	"math"
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
	if len(bounds) > 1 {
		if ok, err := TakeTogether(tx, bounds...); err != nil || ok {
			return nil, 0, err
		}
	}
	for i, b := range bounds {
		ok, wait, err := takeWithin(tx, b)
		if err != nil {
			return nil, 0, err
		}
		if ok {
			continue
		}
		var taken []Key
		for _, before := range bounds[:i] {
			taken = append(taken, before.Key)
		}
		return &bounds[i], wait, Forgive(tx, taken...)
	}
	return nil, 0, nil
}

// TakeTogether counts one event against every bound at once. It reports false, and has
// counted nothing, where one of them refuses: [TakeAll] knows which.
func TakeTogether(tx *store.Tx, bounds ...Bound) (ok bool, err error) {
	var quotas []store.Quota
	for _, b := range bounds {
		switch {
		case b.Rate.Count <= 0:
			return false, nil
		case b.Rate.Per > 0:
			quotas = append(quotas, store.Quota{Name: b.Key.name, Window: b.Rate.Per.Std(), Most: int64(b.Rate.Count)})
		}
	}
	if len(quotas) == 0 {
		return true, nil
	}
	counts, err := tx.CountTogether(quotas...)
	return counts != nil, err
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

// NoteAll is [Note] of several events at once, each within a window of its own, and
// returns how many of each were counted before.
func NoteAll(tx *store.Tx, windows ...Bound) (before []int64, err error) {
	var quotas []store.Quota
	for _, w := range windows {
		quotas = append(quotas, store.Quota{Name: w.Key.name, Window: w.Rate.Per.Std(), Most: math.MaxInt64})
	}
	before, err = tx.CountTogether(quotas...)
	for i := range before {
		before[i]--
	}
	return before, err
}

// Seen reports how many events were counted in the window that runs now.
func Seen(tx *store.Tx, key Key) (int64, error) {
	n, _, err := tx.Counted(key.name)
	return n, err
}

// Forgive takes counted events back, one of each.
func Forgive(tx *store.Tx, keys ...Key) error { return tx.Uncount(namesOf(keys)...) }

// Reset forgets counts after a success.
func Reset(tx *store.Tx, keys ...Key) error { return tx.ResetCounts(namesOf(keys)...) }

func namesOf(keys []Key) []string {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = key.name
	}
	return names
}
