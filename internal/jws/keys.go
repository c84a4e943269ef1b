package jws

import (
	"net/http"
	"sync"
	"time"

	"github.com/stepup-auth/stepup"
)

// maxSources bounds how many addresses are remembered; beyond it the cache
// starts anew, which costs fetches and nothing else.
const maxSources = 1000

// Keys keeps the key sets of issuers by address, each as a
// [stepup.RemoteKeySet]: one fetch for many callers, at most one in 30 seconds
// for kids nobody knows, and what was fetched replaces what was there.
type Keys struct {
	HTTP *http.Client
	Now  func() time.Time

	mu   sync.Mutex
	sets map[string]*stepup.RemoteKeySet
}

// At is the key set published at the address.
func (k *Keys) At(url string) stepup.KeySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	if set, known := k.sets[url]; known {
		return set
	}
	if k.sets == nil || len(k.sets) >= maxSources {
		k.sets = map[string]*stepup.RemoteKeySet{}
	}
	set := &stepup.RemoteKeySet{URL: url, HTTP: k.HTTP, Now: k.Now}
	k.sets[url] = set
	return set
}
