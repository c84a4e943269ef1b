package wycheproof_test

import (
	"crypto/x509"
	"encoding/hex"
	"testing"

	"github.com/stepup-auth/stepup"
)

type signatureGroup struct {
	PublicKeyDER string `json:"publicKeyDer"`
	Tests        []struct {
		ID      int     `json:"tcId"`
		Comment string  `json:"comment"`
		Message string  `json:"msg"`
		Sig     string  `json:"sig"`
		Result  verdict `json:"result"`
	} `json:"tests"`
}

func TestSignatures(t *testing.T) {
	for name, algorithm := range map[string]stepup.Algorithm{
		"ecdsa_secp256r1_sha256_p1363_test.json": stepup.ES256,
		"ed25519_test.json":                      stepup.EdDSA,
		"rsa_signature_2048_sha256_test.json":    stepup.RS256,
		"rsa_signature_3072_sha256_test.json":    stepup.RS256,
		"rsa_signature_4096_sha256_test.json":    stepup.RS256,
		"rsa_signature_8192_sha256_test.json":    stepup.RS256,
	} {
		t.Run(name, func(t *testing.T) {
			var c tally
			f := load[signatureGroup](t, name)
			for _, group := range f.TestGroups {
				key := published(t, group.PublicKeyDER)
				if key.Algorithm != algorithm {
					t.Fatalf("got algorithm %s, want %s", key.Algorithm, algorithm)
				}
				for _, v := range group.Tests {
					c.count(t, v.ID, v.Comment, v.Result, key.Verify(unhex(t, v.Message), unhex(t, v.Sig)))
				}
			}
			c.done(t, f.NumberOfTests)
		})
	}
}

// published is the key as a verifier meets it: written to a JWK set by one side
// and read by the other.
func published(t *testing.T, der string) stepup.Key {
	t.Helper()
	public, err := x509.ParsePKIXPublicKey(unhex(t, der))
	if err != nil {
		t.Fatal(err)
	}
	key, err := stepup.NewKey("vector", public)
	if err != nil {
		t.Fatal(err)
	}
	document, err := stepup.MarshalJWKS(key)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := stepup.ParseJWKS(document)
	if err != nil || len(keys) != 1 {
		t.Fatalf("got %d keys, %v from %s", len(keys), err, document)
	}
	return keys[0]
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
