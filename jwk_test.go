package stepup_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// Public keys of RFC 7517 appendix A.1 and RFC 8037 appendix A.2.
const (
	ecJWK = `{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",` +
		`"y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"}`
	edJWK  = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"2"}`
	rsaJWK = `{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV` +
		`4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn` +
		`1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB",` +
		`"alg":"RS256","kid":"3"}`
)

func set(keys ...string) []byte { return []byte(`{"keys":[` + strings.Join(keys, ",") + `]}`) }

func TestParseJWKS(t *testing.T) {
	keys, err := stepup.ParseJWKS(set(ecJWK, edJWK, rsaJWK))
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, key := range keys {
		got += key.ID + string(key.Algorithm) + " "
	}
	if want := "1ES256 2EdDSA 3RS256 "; got != want {
		t.Errorf("keys %q, want %q", got, want)
	}
	document, err := stepup.MarshalJWKS(keys...)
	if err != nil {
		t.Fatal(err)
	}
	again, err := stepup.ParseJWKS(document)
	if diff := cmp.Diff(keys, again); err != nil || diff != "" {
		t.Errorf("writing and reading changes the keys: %v\n%s", err, diff)
	}
	if got, err := stepup.MarshalJWKS(); err != nil || string(got) != `{"keys":[]}` {
		t.Errorf("empty set: %s, %v", got, err)
	}
}

func TestUselessKeysAreLeftOut(t *testing.T) {
	swap := func(jwk, from, to string) string {
		if !strings.Contains(jwk, from) {
			t.Fatalf("%q is not in %s", from, jwk)
		}
		return strings.Replace(jwk, from, to, 1)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, jwk := range map[string]string{
		"symmetric":       `{"kty":"oct","k":"c2VjcmV0","kid":"1","alg":"HS256"}`,
		"unknown type":    `{"kty":"AKP","kid":"1"}`,
		"other curve":     swap(ecJWK, "P-256", "P-384"),
		"secp256k1":       swap(ecJWK, "P-256", "secp256k1"),
		"X25519":          swap(edJWK, "Ed25519", "X25519"),
		"no kid":          swap(ecJWK, `"kid":"1"`, `"x5t":"1"`),
		"empty kid":       swap(ecJWK, `"kid":"1"`, `"kid":""`),
		"for encryption":  swap(ecJWK, `"sig"`, `"enc"`),
		"for signing":     swap(ecJWK, `"use":"sig"`, `"key_ops":["sign"]`),
		"other alg":       swap(rsaJWK, "RS256", "PS256"),
		"symmetric alg":   swap(rsaJWK, "RS256", "HS256"),
		"private":         swap(ecJWK, `"use"`, `"d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE","use"`),
		"point off curve": swap(ecJWK, `"x":"M`, `"x":"N`),
		"point at 0": `{"kty":"EC","crv":"P-256","kid":"1","x":"` + strings.Repeat("A", 43) + `","y":"` +
			strings.Repeat("A", 43) + `"}`, "short x": swap(ecJWK, `"x":"MKBC`, `"x":"`),
		"long x":           swap(ecJWK, `"x":"`, `"x":"AAAA`),
		"padded x":         swap(ecJWK, `v7D4"`, `v7D4="`),
		"line break in x":  swap(ecJWK, `v7D4"`, `v7D4\n"`),
		"no y":             swap(ecJWK, `"y"`, `"z"`),
		"short Ed25519":    swap(edJWK, `"x":"11qY`, `"x":"`),
		"RSA 1024":         `{"kty":"RSA","kid":"1","e":"AQAB","n":"` + base64url(string(small.N.Bytes())) + `"}`,
		"RSA of 16,384":    `{"kty":"RSA","kid":"1","e":"AQAB","n":"` + base64url(strings.Repeat("\xff", 2048)) + `"}`,
		"RSA even modulus": swap(rsaJWK, `DKgw"`, `DKgg"`),
		"RSA exponent 1":   swap(rsaJWK, `"AQAB"`, `"AQ"`),
		"RSA even e":       swap(rsaJWK, `"AQAB"`, `"AQAA"`),
		"RSA huge e":       swap(rsaJWK, `"AQAB"`, `"AQAAAAAAAAAB"`),
		"member in a case": swap(ecJWK, `"kty"`, `"Kty":"oct","kty"`),
		"not an object":    `"key"`,
	} {
		keys, err := stepup.ParseJWKS(set(jwk, edJWK))
		if err != nil || len(keys) != 1 || keys[0].ID != "2" {
			t.Errorf("%s: %d keys, %v; want the other key only", name, len(keys), err)
		}
	}
	for name, document := range map[string]string{
		"keys twice": `{"keys":[],"keys":[]}`, "no keys": `{}`,
		"member twice":    string(set(swap(ecJWK, `"kty":"EC"`, `"kty":"oct","kty":"EC"`))),
		"in another case": `{"Keys":[]}`, "keys an object": `{"keys":{}}`, "list": `[]`, "empty": "",
		"too many": string(set(strings.Split(strings.Repeat("{},", 101), ",")[:101]...)),
	} {
		if keys, err := stepup.ParseJWKS([]byte(document)); err == nil {
			t.Errorf("%s: %d keys, want an error", name, len(keys))
		}
	}
}

func TestNewKey(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, public := range map[string]any{
		"nil": nil, "secret": []byte("secret"), "P-384": &p384.PublicKey, "private": p256, "by value": p256.PublicKey,
		"short": ed25519.PublicKey("short"), "empty RSA": &rsa.PublicKey{}, "small RSA": &rsa.PublicKey{N: big.NewInt(3233), E: 17},
		"nil EC": (*ecdsa.PublicKey)(nil), "nil RSA": (*rsa.PublicKey)(nil),
	} {
		if key, err := stepup.NewKey("k", public); err == nil || key.Algorithm != "" && key.Public != nil {
			t.Errorf("%s: %v, %v", name, key, err)
		}
		for _, algorithm := range []stepup.Algorithm{stepup.ES256, stepup.EdDSA, stepup.RS256, "none", ""} {
			if (stepup.Key{ID: "k", Algorithm: algorithm, Public: public}).Verify([]byte("m"), make([]byte, 64)) == nil {
				t.Errorf("%s verifies as %q", name, algorithm)
			}
		}
	}
	for _, id := range []string{"", strings.Repeat("k", 257)} {
		if _, err := stepup.NewKey(id, &p256.PublicKey); err == nil {
			t.Errorf("id of %d bytes is accepted", len(id))
		}
	}
}

func TestStaticKeySet(t *testing.T) {
	keys, err := stepup.ParseJWKS(set(ecJWK, edJWK))
	if err != nil {
		t.Fatal(err)
	}
	ambiguous := keys[0]
	ambiguous.ID = "2"
	shared := stepup.StaticKeySet(append(slices.Clone(keys), ambiguous))
	for _, algorithm := range []stepup.Algorithm{stepup.ES256, stepup.EdDSA} {
		if key, err := shared.KeyFor(t.Context(), "2", algorithm); err != nil || key.Algorithm != algorithm {
			t.Errorf("%s of two under one id: %+v, %v", algorithm, key, err)
		}
	}
	if key, err := shared.KeyFor(t.Context(), "2", stepup.RS256); err != stepup.ErrUnknownKey || key.Public != nil {
		t.Errorf("an algorithm that no key is for: %+v, %v", key, err)
	}
	if _, err := append(shared, ambiguous).KeyFor(t.Context(), "2", stepup.ES256); err != stepup.ErrUnknownKey {
		t.Errorf("two of one algorithm: %v", err)
	}
	for name, test := range map[string]struct {
		set  stepup.StaticKeySet
		want error
	}{"known": {keys, nil}, "zero value": {nil, stepup.ErrUnknownKey},
		"two under one id": {append(keys, ambiguous), stepup.ErrUnknownKey}} {
		if key, err := test.set.Key(t.Context(), "2"); err != test.want || (err == nil) != (key.ID == "2") {
			t.Errorf("%s: %v, %v", name, key.ID, err)
		}
	}
}

// L18: one kid for two keys of an algorithm leaves those out and no others; the same
// key twice is one, and keys of different algorithms are told apart.
func TestL18ADoubledKeyIsTheOnlyOneRefused(t *testing.T) {
	another, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	second, err := stepup.NewKey("1", &another.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	document, err := stepup.MarshalJWKS(second)
	if err != nil {
		t.Fatal(err)
	}
	doubled := strings.TrimSuffix(strings.TrimPrefix(string(document), `{"keys":[`), `]}`)
	shared := strings.Replace(edJWK, `"2"`, `"1"`, 1)
	for name, test := range map[string]struct {
		document []byte
		want     []string
	}{
		"two keys of one kid":      {set(ecJWK, doubled, rsaJWK), []string{"3"}},
		"of two algorithms":        {set(ecJWK, shared, rsaJWK), []string{"1", "1", "3"}},
		"three under one kid":      {set(ecJWK, doubled, shared), []string{"1"}},
		"the same key twice":       {set(ecJWK, ecJWK, edJWK), []string{"1", "2"}},
		"three times, one other":   {set(ecJWK, ecJWK, doubled, rsaJWK), []string{"3"}},
		"doubled by a useless one": {set(ecJWK, `{"kty":"oct","k":"c2VjcmV0","kid":"1","alg":"HS256"}`), []string{"1"}},
	} {
		keys, err := stepup.ParseJWKS(test.document)
		var got []string
		for _, key := range keys {
			got = append(got, key.ID)
		}
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, test.want)
		}
	}
}

func FuzzParseJWKS(f *testing.F) {
	f.Add(set(ecJWK, edJWK, rsaJWK))
	f.Add(set(rsaJWK))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"\u0031","x":"","y":null}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		keys, err := stepup.ParseJWKS(document)
		if err != nil {
			return
		}
		if !json.Valid(document) {
			t.Errorf("accepted what is not JSON: %q", document)
		}
		for _, key := range keys {
			if again, err := stepup.NewKey(key.ID, key.Public); err != nil || again.Algorithm != key.Algorithm {
				t.Errorf("parsed a key that NewKey refuses: %v", err)
			}
		}
		if len(keys) == 0 {
			return
		}
		if _, err := stepup.MarshalJWKS(keys...); err != nil {
			t.Errorf("parsed keys cannot be written: %v", err)
		}
	})
}

// TestSpecificationVector is the ES256 token of RFC 7515 appendix A.3.
func TestSpecificationVector(t *testing.T) {
	keys, err := stepup.ParseJWKS(set(`{"kty":"EC","crv":"P-256","kid":"a","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",` +
		`"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`))
	if err != nil || len(keys) != 1 {
		t.Fatal(len(keys), err)
	}
	const signed = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	signature := []byte{14, 209, 33, 83, 121, 99, 108, 72, 60, 47, 127, 21, 88, 7, 212, 2, 163, 178, 40, 3, 58, 249, 124, 126, 23, 129,
		154, 195, 22, 158, 166, 101, 197, 10, 7, 211, 140, 60, 112, 229, 216, 241, 45, 175, 8, 74, 84, 128, 166, 101, 144, 197, 242, 147,
		80, 154, 143, 63, 127, 138, 131, 163, 84, 213}
	if err := keys[0].Verify([]byte(signed), signature); err != nil {
		t.Error(err)
	}
	if err := keys[0].Verify([]byte(signed+"x"), signature); err == nil {
		t.Error("another message verifies")
	}
}

func TestRotation(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	verifier := issuer.Verifier(t)
	old := issuer.Token(t, stepuptest.Token{Scopes: []stepup.Scope{transfer}, TimeBound: true})
	if _, err := verifier.Elevated(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	issuer.RotateKey(t, stepup.EdDSA)
	for name, token := range map[string]string{"old": old, "new": issuer.Token(t, plain)} {
		if _, err := verifier.Elevated(t.Context(), token); err != nil {
			t.Errorf("%s key after rotation: %v", name, err)
		}
	}
}
