// Package stepuptest is an issuer for your tests: it mints elevated access
// tokens and sessions on demand, without users, mails or waiting, and answers
// at the addresses a real one does:
//
//	ISSUER/.well-known/jwks.json   its public keys (and /.well-known/jwks)
//	ISSUER/tokens/consume          spends tokens, with the real semantics
//	ISSUER/tokens/introspect       RFC 7662
//
// What passes here passes at a real issuer as far as tokens go; which proof a
// real issuer asks before it mints is not modelled. Everything is in memory and
// ends with the test.
//
//	issuer := stepuptest.NewIssuer(t)
//	token := issuer.Token(t, stepuptest.Token{Scopes: []stepup.Scope{"transfer:create"}, Audience: "https://bank.example"})
//	session := issuer.Session(t, stepuptest.Session{})
package stepuptest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
)

// EnvironmentID is the environment every Issuer stands for.
const EnvironmentID = "7c2a1c0e-5f5b-4c9c-9d5e-2f1f6a3f0b11"

// An Issuer is a fake issuer on a real listener. It may be used by many
// goroutines.
type Issuer struct {
	url          string
	serviceToken stepup.ServiceToken

	mu         sync.Mutex
	ahead      time.Duration
	keys       []signingKey // the last one signs
	minted     int          // numbers keys and tokens
	audiences  []string     // those tokens were minted for
	operations map[string]operation
	spent      map[string]bool // jti
	revoked    map[string]bool // sid
	fetches    int
	drop, fail int // consume calls still to be disturbed
}

type signingKey struct {
	stepup.Key
	private crypto.Signer
}

// NewIssuer starts an issuer that signs with ES256, and stops it when the test
// ends.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{
		serviceToken: stepup.ServiceToken("stp_" + rand.Text()),
		operations:   map[string]operation{},
		spent:        map[string]bool{},
		revoked:      map[string]bool{},
	}
	const base = "/api/v0/sdk/" + EnvironmentID
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"/.well-known/jwks.json", i.serveKeys)
	mux.HandleFunc("GET "+base+"/.well-known/jwks", i.serveKeys)
	mux.HandleFunc("POST "+base+"/tokens/consume", i.serveConsume)
	mux.HandleFunc("POST "+base+"/tokens/introspect", i.serveIntrospect)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	i.url = server.URL + base
	i.audiences = []string{i.url}
	i.RotateKey(t, stepup.ES256)
	return i
}

// URL is the issuer's base address and the iss of its tokens.
func (i *Issuer) URL() string { return i.url }

// ServiceToken is the one service token the issuer accepts.
func (i *Issuer) ServiceToken() stepup.ServiceToken { return i.serviceToken }

// Now is the issuer's clock: the real time, plus what [Issuer.Advance] added.
// Give it to the code under test as well.
func (i *Issuer) Now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return time.Now().Add(i.ahead)
}

// Advance moves the issuer's clock by d.
func (i *Issuer) Advance(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ahead += d
}

// Verifier returns a verifier for this issuer's tokens, on the issuer's clock,
// that accepts the audiences given, or the issuer itself if none is.
func (i *Issuer) Verifier(t testing.TB, audiences ...string) *stepup.Verifier {
	t.Helper()
	v, err := stepup.NewVerifier(stepup.Config{Issuer: i.url, Audiences: audiences, Now: i.Now})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Client returns a client of this issuer.
func (i *Issuer) Client(t testing.TB) *stepup.Client {
	t.Helper()
	c, err := stepup.NewClient(stepup.ClientConfig{Issuer: i.url, ServiceToken: i.serviceToken})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// RotateKey makes a new key for algorithm, which signs from now on, and returns
// its public part. Earlier keys stay published until [Issuer.RemoveKey].
func (i *Issuer) RotateKey(t testing.TB, algorithm stepup.Algorithm) stepup.Key {
	t.Helper()
	private, err := generate(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.minted++
	key, err := stepup.NewKey("key-"+strconv.Itoa(i.minted), private.Public())
	if err != nil {
		t.Fatal(err)
	}
	i.keys = append(i.keys, signingKey{key, private})
	return key
}

func generate(algorithm stepup.Algorithm) (crypto.Signer, error) {
	switch algorithm {
	case stepup.EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case stepup.RS256:
		return rsa.GenerateKey(rand.Reader, 2048)
	default:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
}

// RemoveKey stops publishing the key with this id, as after a rotation's grace.
func (i *Issuer) RemoveKey(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = slices.DeleteFunc(i.keys, func(k signingKey) bool { return k.ID == id })
}

// RevokeSession ends a session: the issuer refuses its elevated access tokens,
// and introspection calls them and the session inactive. Who checks offline
// does not notice.
func (i *Issuer) RevokeSession(session string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.revoked[session] = true
}

// LoseAnswers lets the next n consume calls take effect, and breaks their
// connection instead of answering.
func (i *Issuer) LoseAnswers(n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.drop = n
}

// FailConsume answers the next n consume calls with 503, without any effect.
func (i *Issuer) FailConsume(n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fail = n
}

// Fetches is how often the public keys were fetched.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// Key implements [stepup.KeySet] with the published keys, without HTTP.
func (i *Issuer) Key(ctx context.Context, id string) (stepup.Key, error) {
	return stepup.StaticKeySet(i.published()).Key(ctx, id)
}

func (i *Issuer) published() []stepup.Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	keys := make([]stepup.Key, len(i.keys))
	for n, key := range i.keys {
		keys[n] = key.Key
	}
	return keys
}
