package stepup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stepup-auth/stepup"
)

// jwksServer publishes what its handler says and counts who asks.
type jwksServer struct {
	*httptest.Server
	document atomic.Value // []byte; nil answers 503
	fetches  atomic.Int32
	fetched  chan struct{} // gets one value for each answer
	clock    atomic.Int64  // seconds
}

func newJWKSServer(t *testing.T, document []byte) *jwksServer {
	t.Helper()
	s := &jwksServer{fetched: make(chan struct{}, 1000)}
	s.document.Store(document)
	s.clock.Store(1_800_000_000)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.fetches.Add(1)
		if document := s.document.Load().([]byte); document == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		} else {
			_, _ = w.Write(document)
		}
		s.fetched <- struct{}{}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *jwksServer) advance(d time.Duration) { s.clock.Add(int64(d / time.Second)) }

func (s *jwksServer) keys() *stepup.RemoteKeySet {
	return &stepup.RemoteKeySet{URL: s.URL, Now: func() time.Time { return time.Unix(s.clock.Load(), 0) }}
}

func known(t *testing.T, keys stepup.KeySet, id string) {
	t.Helper()
	if key, err := keys.Key(t.Context(), id); err != nil || key.ID != id {
		t.Errorf("key %q: got %q, %v", id, key.ID, err)
	}
}

func unknown(t *testing.T, keys stepup.KeySet, id string) {
	t.Helper()
	if key, err := keys.Key(t.Context(), id); !errors.Is(err, stepup.ErrUnknownKey) || key.Public != nil {
		t.Errorf("key %q: got %v, %v; want ErrUnknownKey", id, key, err)
	}
}

// TestKidStorm is the second half of D6.
func TestKidStorm(t *testing.T) {
	server := newJWKSServer(t, set(ecJWK))
	keys := server.keys()
	var all sync.WaitGroup
	for n := range 100 {
		all.Go(func() {
			for m := range 100 {
				unknown(t, keys, fmt.Sprintf("storm-%d-%d", n, m))
			}
		})
	}
	all.Wait()
	known(t, keys, "1")
	if n := server.fetches.Load(); n > 2 {
		t.Errorf("10,000 unknown kids caused %d fetches, want at most 2", n)
	}
	server.advance(29 * time.Second)
	unknown(t, keys, "later")
	before := server.fetches.Load()
	server.advance(2 * time.Second)
	unknown(t, keys, "later")
	if got := server.fetches.Load() - before; got != 1 {
		t.Errorf("%d fetches 31 s later, want 1", got)
	}
}

// TestRemovedKey is the first half of D6.
func TestRemovedKey(t *testing.T) {
	server := newJWKSServer(t, set(ecJWK, edJWK))
	keys := server.keys()
	known(t, keys, "1")
	known(t, keys, "2")
	server.document.Store(set(edJWK, rsaJWK))
	known(t, keys, "3") // an unknown kid fetches anew, and replaces all
	unknown(t, keys, "1")
	known(t, keys, "2")
	if n := server.fetches.Load(); n != 2 {
		t.Errorf("%d fetches, want 2", n)
	}

	server.document.Store(set(rsaJWK))
	server.advance(10 * time.Minute)
	unknown(t, keys, "2")
	known(t, keys, "3")
	server.document.Store([]byte(`{"keys":[]}`))
	server.advance(10 * time.Minute)
	unknown(t, keys, "3")
}

// TestRefreshAhead renews while the old copy is still good, and nobody waits.
func TestRefreshAhead(t *testing.T) {
	server := newJWKSServer(t, set(ecJWK))
	keys := server.keys()
	known(t, keys, "1")
	<-server.fetched
	server.advance(5 * time.Minute)
	known(t, keys, "1")
	<-server.fetched
	server.document.Store([]byte(nil))
	server.advance(6 * time.Minute) // more than MaxAge after the first fetch
	known(t, keys, "1")
}

func TestIssuerOutage(t *testing.T) {
	server := newJWKSServer(t, set(ecJWK))
	keys := server.keys()
	known(t, keys, "1")
	server.document.Store([]byte(nil))
	server.advance(9 * time.Minute)
	known(t, keys, "1")
	server.advance(time.Minute)
	for range 100 {
		if key, err := keys.Key(t.Context(), "1"); err == nil || errors.Is(err, stepup.ErrUnknownKey) || key.Public != nil {
			t.Fatalf("keys of %v past MaxAge: %v", key.ID, err)
		}
	}
	if n := server.fetches.Load(); n > 4 {
		t.Errorf("%d fetches from a server that fails, want few", n)
	}
	server.document.Store(set(ecJWK))
	server.advance(5 * time.Second)
	known(t, keys, "1")
}

func TestOneFetchForMany(t *testing.T) {
	release := make(chan struct{})
	var fetches atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fetches.Add(1)
		<-release
		_, _ = w.Write(set(ecJWK))
	}))
	t.Cleanup(server.Close)
	keys := &stepup.RemoteKeySet{URL: server.URL}

	impatient, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := keys.Key(impatient, "1")
		gone <- err
	}()
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled caller: %v", err)
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { known(t, keys, "1") })
	}
	close(release)
	all.Wait()
	if n := fetches.Load(); n != 1 {
		t.Errorf("%d fetches, want 1 that outlives the caller who started it", n)
	}
}

func TestBadJWKSAnswers(t *testing.T) {
	elsewhere := newJWKSServer(t, set(ecJWK))
	mux := http.NewServeMux()
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/good", http.StatusFound) })
	mux.HandleFunc("/good", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(set(ecJWK)) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) })
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(append(set(ecJWK), strings.Repeat(" ", 64<<10)...))
	})
	mux.HandleFunc("/html", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	mux.HandleFunc("/created", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(set(ecJWK))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	known(t, &stepup.RemoteKeySet{URL: server.URL + "/moved"}, "1")
	for _, path := range []string{"/away", "/round", "/huge", "/html", "/created", "/nothing", "\x00"} {
		keys := &stepup.RemoteKeySet{URL: server.URL + path, HTTP: &http.Client{}}
		if key, err := keys.Key(t.Context(), "1"); err == nil || errors.Is(err, stepup.ErrUnknownKey) || key.Public != nil {
			t.Errorf("%s: %v, %v", path, key.ID, err)
		}
	}
	if n := elsewhere.fetches.Load(); n != 0 {
		t.Errorf("another host was asked %d times", n)
	}
}

// A fetch that began before a key was rotated in brings the old keys only: who
// waits for it with the new kid must not be told that there is no such key.
func TestNewKidWhileAFetchIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		document, release, start := set(ecJWK), make(chan struct{}), time.Now()
		slow := transport(func(*http.Request) (*http.Response, error) {
			answer := bytes.NewReader(document)
			if time.Since(start) > time.Minute {
				<-release // the answer was made before, and arrives now
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(answer)}, nil
		})
		keys := &stepup.RemoteKeySet{URL: "https://issuer.example/jwks", HTTP: &http.Client{Transport: slow}}
		known(t, keys, "1")
		time.Sleep(6 * time.Minute)
		known(t, keys, "1") // refreshes in the background
		synctest.Wait()
		document = set(edJWK)
		go known(t, keys, "2")
		synctest.Wait()
		close(release)
		synctest.Wait()
	})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
