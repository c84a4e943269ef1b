package stepup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	maxJWKSLength = 64 << 10
	fetchTimeout  = 5 * time.Second

	// Anybody may send tokens with made-up kids; they must not make us a flood.
	unknownKidInterval = 30 * time.Second
	// After a fetch that failed, others wait before they try again.
	failureInterval = 5 * time.Second
)

// RemoteKeySet is a [KeySet] that fetches a JWK Set over HTTP and keeps it. Only
// URL is required. It must not be copied after first use.
//
// What was fetched is used for MaxAge at most, then refused: a key the issuer
// has removed is dead by then. A fresh copy is fetched when half of that has
// passed, and replaces the old one as a whole, so a short outage of the issuer
// goes unnoticed. An unknown kid causes a fetch of its own, at most one in 30
// seconds. Many callers share one fetch.
type RemoteKeySet struct {
	// URL of the JWK Set, at most 64 KiB. Redirects to another host are refused.
	URL string
	// HTTP is the client to fetch with. Nil means one that gives up after 5
	// seconds. Its redirect policy is not used.
	HTTP *http.Client
	// MaxAge is how long a fetched set is used. 0 means 10 minutes.
	MaxAge time.Duration
	// Now is the clock. Nil means [time.Now].
	Now func() time.Time

	mu      sync.Mutex // guards all below; never held during a fetch
	keys    map[string][]Key
	fetched time.Time // start of the fetch that brought keys
	failed  time.Time // last failure
	failure error
	asked   time.Time // last fetch that an unknown kid caused
	asking  bool      // the fetch under way is such a one
	flight  chan struct{}
}

// Key implements [KeySet]. It may wait for a fetch, which goes on for the others
// if ctx ends.
func (s *RemoteKeySet) Key(ctx context.Context, id string) (Key, error) {
	return s.wait(ctx, id, func(Key) bool { return true })
}

// KeyFor implements [KeySetWithAlgorithms], and waits as Key does.
func (s *RemoteKeySet) KeyFor(ctx context.Context, id string, algorithm Algorithm) (Key, error) {
	return s.wait(ctx, id, func(key Key) bool { return key.Algorithm == algorithm })
}

func (s *RemoteKeySet) wait(ctx context.Context, id string, wanted func(Key) bool) (Key, error) {
	for {
		key, joined, err := s.key(ctx, id, wanted)
		if joined && errors.Is(err, ErrUnknownKey) {
			continue // that fetch began before we asked: the key may be newer
		}
		return key, err
	}
}

// key looks once. joined says that an unknown kid was not worth a fetch of its
// own, because one was under way.
func (s *RemoteKeySet) key(ctx context.Context, id string, wanted func(Key) bool) (key Key, joined bool, err error) {
	s.mu.Lock()
	now := s.now()
	fresh := s.fresh(now)
	key, unknown := only(s.keys[id], wanted)
	switch {
	case fresh && unknown == nil:
		if now.Sub(s.fetched) >= s.maxAge()/2 && !s.failedJustNow(now) {
			s.fetch(ctx, now)
		}
		s.mu.Unlock()
		return key, false, nil
	case fresh && s.flight != nil && !s.asking:
		joined = true
	case fresh && now.Sub(s.asked) < unknownKidInterval && s.flight == nil:
		s.mu.Unlock()
		return Key{}, false, ErrUnknownKey
	case fresh && s.flight == nil:
		s.asked, s.asking = now, true
	case s.flight == nil && s.failedJustNow(now):
		defer s.mu.Unlock()
		return Key{}, false, s.failure
	}
	flight := s.fetch(ctx, now)
	s.mu.Unlock()

	select {
	case <-ctx.Done():
		return Key{}, false, fmt.Errorf("waiting for keys: %w", context.Cause(ctx))
	case <-flight:
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.fresh(s.now()) {
		if s.failure == nil {
			return Key{}, false, errors.New("fetched keys are too old already")
		}
		return Key{}, false, s.failure
	}
	key, err = only(s.keys[id], wanted)
	return key, joined && err != nil, err
}

func (s *RemoteKeySet) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *RemoteKeySet) maxAge() time.Duration {
	if s.MaxAge > 0 {
		return s.MaxAge
	}
	return 10 * time.Minute
}

// fresh reports whether the keys may be used. A clock that jumped back makes
// them stale.
func (s *RemoteKeySet) fresh(now time.Time) bool {
	age := now.Sub(s.fetched)
	return s.keys != nil && age >= 0 && age < s.maxAge()
}

func (s *RemoteKeySet) failedJustNow(now time.Time) bool {
	since := now.Sub(s.failed)
	return s.failure != nil && since >= 0 && since < failureInterval
}

// fetch joins the fetch under way or starts one; the channel closes when it is
// over. The caller holds s.mu.
func (s *RemoteKeySet) fetch(ctx context.Context, now time.Time) <-chan struct{} {
	if s.flight != nil {
		return s.flight
	}
	done := make(chan struct{})
	s.flight = done
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		keys, err := s.download(ctx)

		s.mu.Lock()
		defer s.mu.Unlock()
		if err != nil {
			s.failed, s.failure = now, fmt.Errorf("fetching keys: %w", err)
		} else {
			s.keys, s.fetched, s.failure = keys, now, nil
		}
		s.flight, s.asking = nil, false
		close(done)
	}()
	return done
}

func (s *RemoteKeySet) download(ctx context.Context) (map[string][]Key, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	client := http.Client{Timeout: fetchTimeout}
	if s.HTTP != nil {
		client = *s.HTTP
	}
	client.CheckRedirect = sameHost
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", s.URL, response.Status)
	}
	body, err := readAtMost(response.Body, maxJWKSLength)
	if err != nil {
		return nil, err
	}
	list, err := ParseJWKS(body)
	if err != nil {
		return nil, err
	}
	keys := make(map[string][]Key, len(list))
	for _, key := range list {
		keys[key.ID] = append(keys[key.ID], key)
	}
	return keys, nil
}

// sameHost lets redirects stay where the operator pointed us.
func sameHost(request *http.Request, via []*http.Request) error {
	if first := via[0].URL; request.URL.Scheme != first.Scheme || request.URL.Host != first.Host {
		return errors.New("redirect to another host")
	}
	if len(via) > 3 {
		return errors.New("too many redirects")
	}
	return nil
}

func readAtMost(body io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("answer is longer than %d bytes", limit)
	}
	return b, nil
}
