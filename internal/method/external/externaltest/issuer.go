// Package externaltest is a login of an operator's own: it publishes keys and
// signs whatever it is told to.
package externaltest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// ISS and AUD are what its tokens say unless told otherwise.
const (
	ISS = "https://login.example.com"
	AUD = "stepup-test"
)

// Issuer is a running login.
type Issuer struct {
	JWKSURL string

	mu      sync.Mutex
	keys    map[string]crypto.Signer
	hidden  []string
	away    bool
	shared  string
	fetches int
}

// Start runs an issuer with one key of each algorithm (kids ES256, RS256,
// EdDSA) until the test ends.
func Start(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{keys: map[string]crypto.Signer{}}
	es, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i.keys["ES256"], i.keys["RS256"], i.keys["EdDSA"] = es, rs, ed
	server := httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(server.Close)
	i.JWKSURL = server.URL + "/jwks.json"
	return i
}

// Hide stops publishing keys.
func (i *Issuer) Hide(kids ...string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.hidden = kids
}

// Away makes the key set unreachable, or reachable again.
func (i *Issuer) Away(away bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.away = away
}

// Share publishes all keys under one kid.
func (i *Issuer) Share(kid string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.shared = kid
}

// Fetches is how often the keys were fetched.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

func (i *Issuer) serve(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetches++
	if i.away {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	var set jose.JSONWebKeySet
	for kid, private := range i.keys {
		if !slices.Contains(i.hidden, kid) {
			set.Keys = append(set.Keys, jose.JSONWebKey{Key: private.Public(), KeyID: cmp.Or(i.shared, kid), Algorithm: kid, Use: "sig"})
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(set)
}

// Claims are those of a good assertion for a person, now. Changes replace
// claims; nil removes one.
func Claims(now time.Time, subject, scope string, changes map[string]any) map[string]any {
	claims := map[string]any{
		"iss": ISS, "aud": AUD, "sub": subject, "scope": scope, "jti": rand.Text(), "iat": now.Unix(),
		"exp": now.Add(4 * time.Minute).Unix(),
	}
	for name, value := range changes {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	return claims
}

// Sign signs claims with the key of that kid.
func (i *Issuer) Sign(t testing.TB, kid string, claims map[string]any, header ...map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return i.SignText(t, kid, string(payload), header...)
}

// SignText signs a payload as it stands.
func (i *Issuer) SignText(t testing.TB, kid, payload string, header ...map[string]any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", kid)
	for _, more := range header {
		for name, value := range more {
			options = options.WithHeader(jose.HeaderKey(name), value)
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(kid), Key: i.keys[kid]}, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
