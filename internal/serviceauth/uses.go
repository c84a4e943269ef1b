package serviceauth

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
)

// useEvery is how exactly the last use of a token is known.
const useEvery = time.Minute

// Uses remembers which tokens were used, so that a request with one writes nothing.
// [Uses.Flush] writes it down.
type Uses struct {
	mu      sync.Mutex
	noted   map[string]time.Time // when each was last written down, or is about to be
	waiting map[string]time.Time
}

// NewUses makes an empty memory.
func NewUses() *Uses { return &Uses{noted: map[string]time.Time{}, waiting: map[string]time.Time{}} }

// Saw notes that a token was used.
func (u *Uses) Saw(t *Token, at time.Time) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if id := t.ID(); at.Sub(u.noted[id]) >= useEvery {
		u.noted[id], u.waiting[id] = at, at
	}
}

// Flush writes down what is new. What fails is tried again with the next one.
func (u *Uses) Flush(ctx context.Context, db *store.DB) error {
	u.mu.Lock()
	waiting := u.waiting
	u.waiting = map[string]time.Time{}
	u.mu.Unlock()
	if len(waiting) == 0 {
		return nil
	}
	err := db.Write(ctx, func(tx *store.Tx) error {
		for id, at := range waiting {
			if err := tx.ServiceTokenUsed(id, at); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		newer := u.waiting
		u.waiting = waiting
		maps.Copy(u.waiting, newer)
	}
	return err
}
