package authz

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/peer"
)

// The paths of the issuer's listener for custodians.
const (
	ClaimPath = "/custody/claim"                  // POST: wallet.Claim, answered with wallet.Claimed
	KeysPath  = "/custody/environments/{id}/jwks" // GET: KeysDocument
)

// KeysDocument is what the issuer publishes to custodians for an environment.
type KeysDocument struct {
	Issuer string            `json:"issuer"`
	Keys   []json.RawMessage `json:"keys"` // as in a JWK Set
}

const (
	// maxEnvironments bounds the cache; beyond it the cache starts anew.
	maxEnvironments = 1000
	// maxAge is how long the name of an issuer is believed.
	maxAge = 10 * time.Minute
	// failureInterval is how long a failure is answered without asking again.
	failureInterval = time.Second
)

// Issuer asks the issuer over its listener for custodians. It is [Environments]
// and [Claimer]. Keys are kept as [stepup.RemoteKeySet] keeps them: one fetch
// for many callers, at most one in 30 seconds for keys nobody knows, and keys
// that were removed are gone with the next fetch, in 10 minutes at most.
type Issuer struct {
	client *peer.Client
	now    func() time.Time

	mu    sync.Mutex
	known map[string]*environment
}

// NewIssuer makes an Issuer of a client of the role [wallet.Issuer]. The clock
// nil means [time.Now].
func NewIssuer(client *peer.Client, now func() time.Time) *Issuer {
	if now == nil {
		now = time.Now
	}
	return &Issuer{client: client, now: now, known: map[string]*environment{}}
}

// Claim implements [Claimer].
func (i *Issuer) Claim(ctx context.Context, claim wallet.Claim) (wallet.Claimed, error) {
	var claimed wallet.Claimed
	err := i.client.Call(ctx, ClaimPath, claim, &claimed)
	return claimed, err
}

// Environment implements [Environments].
func (i *Issuer) Environment(ctx context.Context, id string) (Environment, error) {
	if id == "" || len(id) > 128 {
		return Environment{}, fault.New(fault.EnvironmentNotFound, "There is no such environment.")
	}
	i.mu.Lock()
	e, ok := i.known[id]
	if !ok {
		if len(i.known) >= maxEnvironments {
			i.known = map[string]*environment{}
		}
		path := "/custody/environments/" + url.PathEscape(id) + "/jwks"
		e = &environment{client: i.client, path: path, now: i.now, turn: make(chan struct{}, 1),
			keys: &stepup.RemoteKeySet{URL: i.client.URL(path), HTTP: i.client.HTTP(), Now: i.now}}
		i.known[id] = e
	}
	i.mu.Unlock()
	name, err := e.issuer(ctx)
	return Environment{Issuer: name, Keys: e.keys}, err
}

type environment struct {
	client *peer.Client
	path   string
	now    func() time.Time
	keys   *stepup.RemoteKeySet

	turn    chan struct{} // held while reading or writing what follows
	name    string
	fetched time.Time
	failure error
	failed  time.Time
}

// issuer is the issuer's name, asked for by one caller at a time.
func (e *environment) issuer(ctx context.Context) (string, error) {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return "", unavailable(context.Cause(ctx))
	}
	now := e.now()
	if age := now.Sub(e.fetched); e.name != "" && age >= 0 && age < maxAge {
		return e.name, nil
	}
	if since := now.Sub(e.failed); e.failure != nil && since >= 0 && since < failureInterval {
		return "", e.failure
	}
	var document KeysDocument
	err := e.client.Get(ctx, e.path, &document)
	if err == nil && document.Issuer == "" {
		err = unavailable(errors.New("the issuer does not say its name"))
	}
	if err != nil {
		if ctx.Err() == nil {
			e.failure, e.failed = err, now
		}
		return "", err
	}
	e.name, e.fetched, e.failure = document.Issuer, now, nil
	return e.name, nil
}
