// Package token signs. It holds an environment's signing keys in memory and
// makes JWTs of four kinds that never stand in for one another: the JOSE
// header typ tells them apart. One algorithm serves all kinds of an
// environment. Nothing here touches the store while signing.
package token

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/store"
)

// Type is the JOSE header typ.
type Type string

// The kinds of JWT. The id token is for the app to read; no server takes it.
const (
	Session  Type = "at+jwt"
	ID       Type = "id+jwt"
	Elevated Type = "elevated+jwt"
	// Ticket is this server's word to the custodians of the wallet service for one
	// operation; nobody else takes it.
	Ticket Type = "wallet-authz+jwt"
)

// PublishBefore is how long a rotated key is in the JWKS before it signs, so
// that every verifier's cache has seen it.
const PublishBefore = 10 * time.Minute

const sealTable, sealColumn = "signing_keys", "sealed_key"

// ErrNoKey says that the environment has no key that may sign now.
var ErrNoKey = errors.New("no signing key; run `stepup keys rotate`")

type key struct {
	id        string
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
	signs     time.Time
	until     time.Time            // zero: no end
	signers   map[Type]jose.Signer // one for each kind of token
}

// newKey is a key with its signers, which take longer to make than to use.
func newKey(row store.SigningKeyRow, private crypto.Signer) (key, error) {
	k := key{
		id: row.ID, algorithm: jose.SignatureAlgorithm(row.Algorithm), private: private, signs: row.SignsFrom, until: row.VerifiesUntil,
		signers: map[Type]jose.Signer{},
	}
	for _, typ := range []Type{Session, ID, Elevated, Ticket} {
		signer, err := k.signer(typ)
		if err != nil {
			return key{}, fmt.Errorf("making the signer of %s: %w", typ, err)
		}
		k.signers[typ] = signer
	}
	return k, nil
}

func (k key) signer(typ Type) (jose.Signer, error) {
	if made := k.signers[typ]; made != nil {
		return made, nil
	}
	return jose.NewSigner(jose.SigningKey{Algorithm: k.algorithm, Key: jose.JSONWebKey{Key: k.private, KeyID: k.id}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
}

// Keys are the keys of one environment as they stood when loaded. The zero
// value signs nothing.
type Keys struct{ keys []key }

// Load opens the keys of an environment.
func Load(tx *store.Tx, environmentID string) (*Keys, error) {
	rows, err := tx.SigningKeys(environmentID)
	if err != nil {
		return nil, fmt.Errorf("reading signing keys: %w", err)
	}
	k := &Keys{}
	for _, row := range rows {
		plain, err := tx.Open(sealTable, sealColumn, row.ID, row.SealedKey)
		if err != nil {
			return nil, fmt.Errorf("opening signing key %s: %w", row.ID, err)
		}
		var jwk jose.JSONWebKey
		if err := json.Unmarshal(plain, &jwk); err != nil {
			return nil, fmt.Errorf("reading signing key %s: %w", row.ID, err)
		}
		signer, ok := jwk.Key.(crypto.Signer)
		if !ok {
			return nil, fmt.Errorf("reading signing key %s: not a private key", row.ID)
		}
		made, err := newKey(row, signer)
		if err != nil {
			return nil, fmt.Errorf("reading signing key %s: %w", row.ID, err)
		}
		k.keys = append(k.keys, made)
	}
	return k, nil
}

// Create makes a new key that signs from then on, and returns its kid.
func Create(tx *store.Tx, environmentID, algorithm string, signsFrom time.Time) (string, error) {
	private, err := generate(algorithm)
	if err != nil {
		return "", err
	}
	id := uuid.NewString()
	plain, err := json.Marshal(jose.JSONWebKey{Key: private, KeyID: id, Algorithm: algorithm, Use: "sig"})
	if err != nil {
		return "", fmt.Errorf("writing signing key: %w", err)
	}
	sealed, err := tx.Seal(sealTable, sealColumn, id, plain)
	if err != nil {
		return "", fmt.Errorf("sealing signing key: %w", err)
	}
	return id, tx.InsertSigningKey(store.SigningKeyRow{
		ID: id, EnvironmentID: environmentID, Algorithm: algorithm, SealedKey: sealed, SignsFrom: signsFrom,
	})
}

// Rotate makes a new key and sets an end to all others. Planned, the new key
// is published PublishBefore it signs and the old ones verify for grace after
// that; at once, the new one signs now and the old ones are refused now.
func Rotate(tx *store.Tx, environmentID, algorithm string, grace time.Duration, atOnce bool) (kid string, err error) {
	signsFrom := tx.Now().Add(PublishBefore)
	until := signsFrom.Add(grace)
	if atOnce {
		signsFrom, until = tx.Now(), tx.Now()
	}
	kid, err = Create(tx, environmentID, algorithm, signsFrom)
	if err != nil {
		return "", err
	}
	return kid, tx.RetireSigningKeys(environmentID, kid, until)
}

func generate(algorithm string) (any, error) {
	switch jose.SignatureAlgorithm(algorithm) {
	case jose.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case jose.RS256:
		return rsa.GenerateKey(rand.Reader, 3072)
	}
	return nil, fmt.Errorf("unknown signing algorithm %q: use ES256, EdDSA or RS256", algorithm)
}

// Sign makes a JWT of the given kind with the newest key that may sign at now.
func (k *Keys) Sign(now time.Time, typ Type, claims any) (string, error) {
	signing, err := k.signing(now)
	if err != nil {
		return "", err
	}
	signer, err := signing.signer(typ)
	if err != nil {
		return "", fmt.Errorf("signing %s: %w", typ, err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("signing %s: %w", typ, err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing %s: %w", typ, err)
	}
	return signed.CompactSerialize()
}

// SigningKeyID is the kid that [Keys.Sign] would use.
func (k *Keys) SigningKeyID(now time.Time) (string, error) {
	signing, err := k.signing(now)
	return signing.id, err
}

func (k *Keys) signing(now time.Time) (key, error) {
	var best key
	for _, candidate := range k.keys {
		if candidate.signs.After(now) || candidate.over(now) || best.private != nil && candidate.signs.Before(best.signs) {
			continue
		}
		best = candidate
	}
	if best.private == nil {
		return key{}, ErrNoKey
	}
	return best, nil
}

func (k key) over(now time.Time) bool { return !k.until.IsZero() && !now.Before(k.until) }

// JWKS is the public key set (RFC 7517), coming keys included, ended ones not.
func (k *Keys) JWKS(now time.Time) jose.JSONWebKeySet {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, each := range k.keys {
		if !each.over(now) {
			set.Keys = append(set.Keys,
				jose.JSONWebKey{Key: each.private.Public(), KeyID: each.id, Algorithm: string(each.algorithm), Use: "sig"})
		}
	}
	return set
}

// Verifying is the same set for [stepup.Verifier].
func (k *Keys) Verifying(now func() time.Time) stepup.KeySet {
	return verifying{k, now}
}

type verifying struct {
	keys *Keys
	now  func() time.Time
}

func (v verifying) Key(_ context.Context, kid string) (stepup.Key, error) {
	for _, each := range v.keys.keys {
		if each.id == kid && !each.over(v.now()) {
			return stepup.Key{ID: each.id, Algorithm: stepup.Algorithm(each.algorithm), Public: each.private.Public()}, nil
		}
	}
	return stepup.Key{}, stepup.ErrUnknownKey
}
