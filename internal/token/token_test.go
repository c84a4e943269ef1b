package token_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/token"
	"github.com/stepup-auth/stepup/internal/who"
)

// session makes claims of a session token.
func session(w *tenanttest.World) map[string]any {
	now := w.Now().Unix()
	return map[string]any{"iss": w.Tenant.Issuer, "aud": w.Tenant.Issuer, "sub": "u", "sid": "s", "environment_id": tenanttest.ID,
		"iat": now, "exp": now + 3600, "scope": "user:basic"}
}

func sign(t testing.TB, w *tenanttest.World) string {
	t.Helper()
	text, err := w.Tenant.Keys.Sign(w.Now(), token.Session, session(w))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func kids(w *tenanttest.World) (list []string) {
	for _, key := range w.Tenant.Keys.JWKS(w.Now()).Keys {
		list = append(list, key.KeyID)
	}
	return list
}

func rotate(t testing.TB, w *tenanttest.World, atOnce bool) (kid string) {
	t.Helper()
	w.Write(t, func(tx *store.Tx) (err error) {
		kid, err = operate.RotateKeys(who.Caller{By: tenanttest.By}, tx, tenanttest.ID, atOnce)
		return err
	})
	w.Reload(t)
	return kid
}

func signer(t testing.TB, text string) (alg, kid, typ string) {
	t.Helper()
	head, _, _ := strings.Cut(text, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	var h struct{ Alg, Kid, Typ string }
	if err := json.Unmarshal(raw, &h); err != nil {
		t.Fatal(err)
	}
	return h.Alg, h.Kid, h.Typ
}

// Each algorithm, there and back through the public library, and as a JWKS that
// holds nothing private.
func TestAlgorithms(t *testing.T) {
	for _, algorithm := range []string{"ES256", "EdDSA", "RS256"} {
		tenanttest.Engines(t, tenanttest.Document("tokens: {algorithm: "+algorithm+"}"), func(t *testing.T, w *tenanttest.World) {
			text := sign(t, w)
			if alg, kid, typ := signer(t, text); alg != algorithm || kid != kids(w)[0] || typ != "at+jwt" {
				t.Errorf("%s: header %s %s %s", algorithm, alg, kid, typ)
			}
			if claims, err := w.Tenant.Verifier.Session(t.Context(), text); err != nil || claims.Subject != "u" {
				t.Errorf("%s: %+v, %v", algorithm, claims, err)
			}
			published, err := json.Marshal(w.Tenant.Keys.JWKS(w.Now()))
			if err != nil {
				t.Fatal(err)
			}
			for _, private := range []string{`"d":`, `"p":`, `"q":`, `"dp":`, `"k":`} {
				if bytes.Contains(published, []byte(private)) {
					t.Errorf("%s: the key set has a member %s", algorithm, private)
				}
			}
			for _, typ := range []token.Type{token.ID, token.Elevated, token.Ticket} {
				other, err := w.Tenant.Keys.Sign(w.Now(), typ, session(w))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Tenant.Verifier.Session(t.Context(), other); !errors.Is(err, stepup.ErrInvalid) {
					t.Errorf("%s: %s passes for a session token: %v", algorithm, typ, err)
				}
			}
		})
	}
	w := tenanttest.SQLite(t, tenanttest.Document())
	for _, algorithm := range []string{"", "none", "HS256", "es256", "ES384"} {
		err := w.DB.Write(t.Context(),
			func(tx *store.Tx) error { _, err := token.Create(tx, tenanttest.ID, algorithm, tx.Now()); return err })
		if err == nil {
			t.Errorf("a key for %q", algorithm)
		}
	}
}

// A planned rotation publishes the new key before it signs, and drops the old
// one from the key set when its grace is over (D6).
func TestRotation(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document("tokens: {rotationGrace: 2h}",
		"sessions: {lifetime: 2h}"), func(t *testing.T, w *tenanttest.World) {
		old := kids(w)[0]
		early := sign(t, w)
		fresh := rotate(t, w, false)
		if got := kids(w); len(got) != 2 || got[0] != old || got[1] != fresh {
			t.Errorf("published %v", got)
		}
		if _, kid, _ := signer(t, sign(t, w)); kid != old {
			t.Error("signed with a key nobody may have seen yet")
		}
		w.Clock.Advance(token.PublishBefore + time.Second)
		if _, kid, _ := signer(t, sign(t, w)); kid != fresh {
			t.Error("still signed with the old key")
		}
		if _, err := w.Tenant.Verifier.Session(t.Context(), early); err != nil {
			t.Errorf("in the grace: %v", err)
		}
		w.Clock.Advance(2 * time.Hour)
		w.Reload(t)
		if got := kids(w); len(got) != 1 || got[0] != fresh {
			t.Errorf("published after the grace: %v", got)
		}
		if _, err := w.Tenant.Keys.Verifying(w.Now).Key(context.Background(), old); !errors.Is(err, stepup.ErrUnknownKey) {
			t.Errorf("the old key after the grace: %v", err)
		}
		if _, err := w.Tenant.Verifier.Session(t.Context(), early); !errors.Is(err, stepup.ErrInvalid) {
			t.Errorf("a token of the old key after the grace: %v", err)
		}
	})
}

// At once: the old key is refused from then on, by nodes that had it cached too.
func TestRotationAtOnce(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		other := tenanttest.Open(w.DB, w.Clock)
		other.Reload(t)
		early := sign(t, w)
		fresh := rotate(t, w, true)
		other.Reload(t)
		for i, node := range []*tenanttest.World{w, other} {
			if got := kids(node); len(got) != 1 || got[0] != fresh {
				t.Errorf("node %d publishes %v", i, got)
			}
			if _, err := node.Tenant.Verifier.Session(t.Context(), early); !errors.Is(err, stepup.ErrInvalid) {
				t.Errorf("node %d: the old key's token: %v", i, err)
			}
			w.Clock.Advance(time.Second)
			if _, kid, _ := signer(t, sign(t, node)); kid != fresh {
				t.Errorf("node %d signs with %s", i, kid)
			}
		}
		// Two planned ones in a row leave no gap in which nothing signs.
		second, third := rotate(t, w, false), rotate(t, w, false)
		for range 40 {
			w.Clock.Advance(time.Minute)
			if _, err := w.Tenant.Verifier.Session(t.Context(), sign(t, w)); err != nil {
				t.Fatal(err)
			}
		}
		if _, kid, _ := signer(t, sign(t, w)); kid != third || kid == second {
			t.Errorf("signs with %s", kid)
		}
	})
	var none token.Keys
	if _, err := none.Sign(time.Now(), token.Session, nil); !errors.Is(err, token.ErrNoKey) {
		t.Errorf("no keys: %v", err)
	}
}

// The database, its log and its backup hold no byte of a private key (D8).
func TestPrivateKeysAreSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stepup.db")
	var canaries [][]byte
	t.Run("write", func(t *testing.T) {
		clock := &storetest.Clock{}
		db := storetest.Open(t, "sqlite:"+path, storetest.WithClock(clock))
		w := tenanttest.New(t, db, clock, tenanttest.Document())
		for _, algorithm := range []string{"ES256", "EdDSA", "RS256"} {
			w.Write(t, func(tx *store.Tx) error { _, err := token.Create(tx, tenanttest.ID, algorithm, tx.Now()); return err })
		}
		w.Read(t, func(tx *store.Tx) error {
			rows, err := tx.SigningKeys(tenanttest.ID)
			for _, row := range rows {
				plain, err := tx.Open("signing_keys", "sealed_key", row.ID, row.SealedKey)
				if err != nil {
					return err
				}
				canaries = append(canaries, private(t, plain)...)
			}
			return err
		})
		if len(canaries) != 2*1+1+3 { // one ES256 key came with the environment
			t.Errorf("%d secret numbers", len(canaries))
		}
		for _, name := range []string{path, path + "-wal"} {
			scan(t, name, canaries)
		}
	})
	scan(t, path, canaries)
}

// private lists the secret numbers of a key.
func private(t testing.TB, plain []byte) [][]byte {
	t.Helper()
	var jwk jose.JSONWebKey
	if err := json.Unmarshal(plain, &jwk); err != nil {
		t.Fatal(err)
	}
	switch key := jwk.Key.(type) {
	case *ecdsa.PrivateKey:
		d, err := key.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return [][]byte{d}
	case ed25519.PrivateKey:
		return [][]byte{key.Seed()}
	case *rsa.PrivateKey:
		return [][]byte{key.D.Bytes(), key.Primes[0].Bytes(), key.Primes[1].Bytes()}
	}
	t.Fatalf("a %T", jwk.Key)
	return nil
}

func scan(t testing.TB, name string, canaries [][]byte) {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil || len(content) == 0 {
		t.Fatalf("%s: %d bytes, %v", name, len(content), err)
	}
	for _, canary := range canaries {
		canary = canary[:16] // a part is too much already
		for _, form := range [][]byte{
			canary, []byte(hex.EncodeToString(canary)), []byte(base64.RawURLEncoding.EncodeToString(canary[:15])),
			[]byte(base64.StdEncoding.EncodeToString(canary[:15])),
		} {
			if bytes.Contains(content, form) {
				t.Errorf("%s holds a private key", filepath.Base(name))
			}
		}
	}
}
