package keyset

import (
	"net/http"
	"sync"
	"time"

	"github.com/stepup-auth/stepup"
)

// maxSources bounds how many addresses are remembered; beyond it the cache
// starts anew, which costs fetches and nothing else.
const maxSources = 1000

// Cache keeps the key sets of issuers by address, each as a
// [stepup.RemoteKeySet]: one fetch for many callers, at most one in 30 seconds
// for kids nobody knows, and what was fetched replaces what was there.
type Cache struct {
	HTTP *http.Client
	Now  func() time.Time

	mu   sync.Mutex
	sets map[string]*stepup.RemoteKeySet
}

// At is the key set published at the address.
func (c *Cache) At(url string) stepup.KeySetWithAlgorithms {
	c.mu.Lock()
	defer c.mu.Unlock()
	if set, known := c.sets[url]; known {
		return set
	}
	if c.sets == nil || len(c.sets) >= maxSources {
		c.sets = map[string]*stepup.RemoteKeySet{}
	}
	set := &stepup.RemoteKeySet{URL: url, HTTP: c.HTTP, Now: c.Now}
	c.sets[url] = set
	return set
}
