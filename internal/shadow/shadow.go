// Package shadow is the seat belt of the migration: while the old version is in
// force, each protected call is judged by the newest rules too, without effect,
// and counted. Its invariants: counting changes no answer and waits for no
// database; what is counted is bounded per environment and day; and a count that
// is lost in a crash is at most [FlushEvery] old.
package shadow

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
)

// Limits of counting. They are documented in docs/limits.md.
const (
	MaxClients = 200                 // distinct clients per environment and day; the rest is Other
	FlushEvery = 10 * time.Second    // how long a count waits in memory
	Keep       = 90 * 24 * time.Hour // how long days are kept
)

// Verdict is what the newest rules would have made of a call.
type Verdict string

// The verdicts. Waived counts the uses of compatibility entries under the newest
// version; Seen that a client called at all.
const (
	Pass   Verdict = "pass"
	Prompt Verdict = "prompt" // the client can attach a token here and would ask its user
	Refuse Verdict = "refuse"
	Waived Verdict = "waived"
	Seen   Verdict = "seen"
)

// Observation is one call that was judged.
type Observation struct {
	EnvironmentID string
	Client        string // as [Counter.Name] bounds it
	Scope         string
	Call          Call
	Verdict       Verdict
	Reason        string // why it is refused; of a waived call, the compatibility entry
}

type key struct {
	day string
	Observation
}

// Counter counts in memory. It is safe for concurrent use.
type Counter struct {
	now func() time.Time

	mu      sync.Mutex
	counts  map[key]int64
	clients map[string]map[string]bool // environment and day → clients
	seen    map[key]bool               // flushed already: a client is seen once a day
}

// NewCounter makes an empty counter.
func NewCounter(now func() time.Time) *Counter {
	return &Counter{now: now, counts: map[key]int64{}, clients: map[string]map[string]bool{}, seen: map[key]bool{}}
}

// Add counts one call, and that its client was seen.
func (c *Counter) Add(o Observation) {
	day := Day(c.now())
	c.mu.Lock()
	defer c.mu.Unlock()
	o.Client = c.bounded(o.EnvironmentID, day, o.Client)
	c.counts[key{day, o}]++
}

// See counts that a client called today. It costs nothing after the first time.
func (c *Counter) See(environmentID, client string) {
	day := Day(c.now())
	c.mu.Lock()
	defer c.mu.Unlock()
	k := key{day, Observation{EnvironmentID: environmentID, Client: c.bounded(environmentID, day, client), Verdict: Seen}}
	if !c.seen[k] {
		c.seen[k] = true
		c.counts[k]++
	}
}

func (c *Counter) bounded(environmentID, day, client string) string {
	at := environmentID + " " + day
	known := c.clients[at]
	if known == nil {
		known = map[string]bool{}
		c.clients[at] = known
	}
	if client == Other || client == Unnamed || known[client] {
		return client
	}
	if len(known) >= MaxClients {
		return Other
	}
	known[client] = true
	return client
}

// Flush adds what was counted to the store. What could not be stored is counted
// with the next flush.
func (c *Counter) Flush(ctx context.Context, db *store.DB) error {
	c.mu.Lock()
	counts := c.counts
	c.counts = map[key]int64{}
	today := Day(c.now())
	for at := range c.clients {
		if at[len(at)-len(today):] < today {
			delete(c.clients, at)
		}
	}
	for k := range c.seen {
		if k.day < today {
			delete(c.seen, k)
		}
	}
	c.mu.Unlock()
	if len(counts) == 0 {
		return nil
	}
	err := db.Write(ctx, func(tx *store.Tx) error { return write(tx, counts) })
	if err != nil {
		c.mu.Lock()
		for k, n := range counts {
			c.counts[k] += n
		}
		c.mu.Unlock()
	}
	return err
}

// write keeps the bound on clients over all nodes together.
func write(tx *store.Tx, counts map[key]int64) error {
	known := map[string]map[string]bool{}
	for _, k := range sorted(counts) {
		at := k.EnvironmentID + " " + k.day
		if known[at] == nil {
			clients, err := tx.ShadowClients(k.EnvironmentID, k.day)
			if err != nil {
				return err
			}
			known[at] = map[string]bool{}
			for _, client := range clients {
				known[at][client] = true
			}
		}
		client := k.Client
		if !known[at][client] && client != Other && client != Unnamed {
			if len(known[at]) >= MaxClients {
				client = Other
			} else {
				known[at][client] = true
			}
		}
		if err := tx.AddShadowCount(store.ShadowCount{
			EnvironmentID: k.EnvironmentID, Day: k.day, Client: client, Scope: k.Scope, Call: string(k.Call), Verdict: string(k.Verdict),
			Reason: k.Reason, Count: counts[k],
		}); err != nil {
			return err
		}
	}
	return nil
}

// sorted is one order on all nodes, so that two flushes do not deadlock.
func sorted(counts map[key]int64) []key {
	keys := make([]key, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	text := func(k key) string {
		return k.EnvironmentID + " " + k.day + " " + k.Client + " " + k.Scope + " " + string(k.Call) + " " + string(k.Verdict) +
			" " + k.Reason
	}
	slices.SortFunc(keys, func(a, b key) int {
		if text(a) < text(b) {
			return -1
		}
		return 1
	})
	return keys
}

// Run flushes until ctx ends, and once more then.
func (c *Counter) Run(ctx context.Context, db *store.DB, log *slog.Logger) {
	tick := time.NewTicker(FlushEvery)
	defer tick.Stop()
	for {
		last := false
		select {
		case <-ctx.Done():
			last = true
		case <-tick.C:
		}
		flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), FlushEvery)
		if err := c.Flush(flush, db); err != nil {
			log.Error("storing shadow counts", "error", err)
		}
		cancel()
		if last {
			return
		}
	}
}

// Chore removes the counts of days that are kept no longer.
func Chore() store.Chore {
	return store.Chore{Name: "shadow_counts", Do: func(tx *store.Tx, limit int) (int64, bool, error) {
		gone, err := tx.DeleteBefore("shadow_counts", "day", Day(tx.Now().Add(-Keep)), limit)
		return gone, gone == int64(limit), err
	}}
}

// Day is the day a count belongs to, in UTC.
func Day(at time.Time) string { return at.UTC().Format(time.DateOnly) }
