package audit

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
)

// Refusals counts refusals of anonymous requests in memory, because each costs its
// sender nothing: written one by one they would fill the log. When a minute is
// over its counts become one entry per source. A crash loses those of the last
// minute.
type Refusals struct {
	now func() time.Time

	mu     sync.Mutex
	counts map[store.Refusal]int64
	known  map[source]bool // the sources of each minute that are counted apart from all others
}

type source struct {
	minute                int64
	environmentID, source string
}

const (
	maxSources = 100    // told apart in one minute; all others count as one
	maxCounts  = 10_000 // held while the database is away; more are lost
	others     = "others"

	// late is how long after a minute its counts may still come from other nodes.
	late = 30 * time.Second
)

// NewRefusals makes an empty one.
func NewRefusals(now func() time.Time) *Refusals {
	return &Refusals{now: now, counts: map[store.Refusal]int64{}, known: map[source]bool{}}
}

// Count counts one refusal of a request from this network.
func (t *Refusals) Count(environmentID, network, what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	from := source{t.now().Unix() / 60, environmentID, network}
	if !t.known[from] {
		if t.inMinute(from.minute) >= maxSources {
			from.source = others
		} else {
			t.known[from] = true
		}
	}
	r := store.Refusal{Minute: from.minute, EnvironmentID: environmentID, Source: from.source, What: what}
	if _, counted := t.counts[r]; counted || len(t.counts) < maxCounts {
		t.counts[r]++
	}
}

func (t *Refusals) inMinute(minute int64) (n int) {
	for s := range t.known {
		if s.minute == minute {
			n++
		}
	}
	return n
}

// Flush stores the counts of minutes that are over, or with all set every one,
// for [Collect]. What could not be stored is kept.
func (t *Refusals) Flush(ctx context.Context, db *store.DB, all bool) error {
	t.mu.Lock()
	running := t.now().Unix() / 60
	over := map[store.Refusal]int64{}
	for r, n := range t.counts {
		if all || r.Minute < running {
			over[r] = n
			delete(t.counts, r)
		}
	}
	for s := range t.known {
		if s.minute < running {
			delete(t.known, s)
		}
	}
	t.mu.Unlock()
	if len(over) == 0 {
		return nil
	}
	err := db.Write(ctx, func(tx *store.Tx) error {
		for r, n := range over {
			if err := tx.AddRefusals(r, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil || errors.Is(err, store.ErrUnknownOutcome) { // rather too few than twice
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for r, n := range over {
		t.counts[r] += n
	}
	return err
}

// Waiting reports whether [Collect] would find anything.
func Waiting(tx *store.Tx) (bool, error) { return tx.RefusalsWait(finished(tx)) }

func finished(tx *store.Tx) int64 { return tx.Now().Add(-late).Unix() / 60 }

// Collect turns the refusals of one minute that is over, of all nodes, into one
// entry per source, and reports whether there was such a minute. Of any number of
// nodes that try, one does.
func Collect(tx *store.Tx) (bool, error) {
	counted, err := tx.TakeRefusals(finished(tx))
	if err != nil || len(counted) == 0 {
		return false, err
	}
	type entry struct{ environmentID, source string }
	codes, totals := map[entry]map[string]int64{}, map[entry]int64{}
	var order []entry
	for _, c := range counted {
		e := entry{c.EnvironmentID, c.Source}
		if codes[e] == nil {
			codes[e], order = map[string]int64{}, append(order, e)
		}
		codes[e][c.What] += c.Count
		totals[e] += c.Count
	}
	minute := time.Unix(60*counted[0].Minute, 0).UTC().Format(time.RFC3339)
	for _, e := range order {
		by := By{Actor: "anonymous", EnvironmentID: e.environmentID, From: From(e.source, "")}
		detail := Detail{"minute": minute, "count": totals[e], "refused": codes[e]}
		if err := Record(tx, by, "proof.refused", detail); err != nil {
			return false, err
		}
	}
	return true, nil
}
