package stepup_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// TestAlgorithms is J1 and D1: the key decides the algorithm, the token never does.
func TestAlgorithms(t *testing.T) {
	issuer, other := stepuptest.NewIssuer(t), stepuptest.NewIssuer(t)
	verifier := issuer.Verifier(t)
	good := issuer.Token(t, plain)
	if _, err := verifier.Elevated(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	header, payload := part(t, good, 0), strings.Split(good, ".")[1]
	altered := func(name string, value any) string {
		h := maps.Clone(header)
		h[name] = value
		return base64url(text(t, h)) + "." + payload
	}
	signature := good[strings.LastIndexByte(good, '.'):]

	for _, alg := range []any{"none", "None", "NONE", "nOnE", "", "es256", "ES384", "PS256", "RS256", "EdDSA", "HS256", nil, 1,
		[]string{"ES256"}} {
		for _, end := range []string{".", signature, "." + base64url("x"), ""} {
			refuse(t, verifier, fmt.Sprintf("alg %v with signature %.8q", alg, end), altered("alg", alg)+end, stepup.ErrInvalid)
		}
	}

	key, err := issuer.Key(t.Context(), header["kid"].(string))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public)
	if err != nil {
		t.Fatal(err)
	}
	jwks, err := stepup.MarshalJWKS(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string][]byte{
		"empty": nil, "DER": der, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "JWKS": jwks,
	} {
		for _, alg := range []string{"HS256", "ES256"} {
			signed := altered("alg", alg)
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(signed))
			refuse(t, verifier, alg+" with the public key as secret, "+name, signed+"."+base64url(string(mac.Sum(nil))), stepup.ErrInvalid)
		}
	}

	for _, algorithm := range []stepup.Algorithm{stepup.ES256, stepup.EdDSA, stepup.RS256} {
		foreign := other.RotateKey(t, algorithm)
		for _, alg := range []stepup.Algorithm{stepup.ES256, algorithm} {
			h := maps.Clone(header)
			h["alg"] = alg
			token := other.Sign(t, text(t, h), text(t, part(t, good, 1)))
			refuse(t, verifier, fmt.Sprintf("signed by a foreign %s key as %s", algorithm, alg), token, stepup.ErrInvalid)
		}
		h := maps.Clone(header)
		h["kid"], h["alg"] = foreign.ID, algorithm
		refuse(t, verifier, "kid of another issuer", other.Sign(t, text(t, h), text(t, part(t, good, 1))), stepup.ErrInvalid)
	}
	for name, end := range map[string]string{
		"zero":        base64url(strings.Repeat("\x00", 64)),
		"ones":        base64url(strings.Repeat("\xff", 64)),
		"DER":         base64url("\x30\x06\x02\x01\x01\x02\x01\x01"),
		"63 bytes":    base64url(strings.Repeat("\x01", 63)),
		"65 bytes":    base64url(strings.Repeat("\x01", 65)),
		"of another":  strings.Split(issuer.Token(t, plain), ".")[2],
		"with breaks": signature[1:20] + "\n" + signature[20:],
		"padded":      signature[1:] + "==",
	} {
		refuse(t, verifier, "signature "+name, strings.Join(strings.Split(good, ".")[:2], ".")+"."+end, stepup.ErrInvalid)
	}
}

// TestHeaders is J4, J8: what a header may not do, and what it says in vain.
func TestHeaders(t *testing.T) {
	issuer, other := stepuptest.NewIssuer(t), stepuptest.NewIssuer(t)
	verifier := issuer.Verifier(t)
	for name, header := range map[string]map[string]any{
		"crit":             {"crit": []string{"exp"}},
		"crit b64":         {"crit": []string{"b64"}, "b64": false},
		"zip":              {"zip": "DEF"},
		"enc":              {"enc": "A256GCM"},
		"Crit":             {"Crit": []string{"exp"}},
		"alg none":         {"alg": "none"}, // well signed, as all here
		"alg HS256":        {"alg": "HS256"},
		"alg of another":   {"alg": stepup.RS256},
		"no kid":           {"kid": nil},
		"empty kid":        {"kid": ""},
		"kid number":       {"kid": 1},
		"traversal":        {"kid": "../../../../dev/null"},
		"SQL":              {"kid": "key-1' OR '1'='1"},
		"kid as URL":       {"kid": "https://evil.example/jwks.json"},
		"kid with space":   {"kid": "key-1 "},
		"kid with NUL":     {"kid": "key-1\x00"},
		"kid in upper":     {"kid": "KEY-1"},
		"long kid":         {"kid": strings.Repeat("k", 300)},
		"session typ":      {"typ": stepup.TypeSession},
		"id typ":           {"typ": "id+jwt"},
		"JWT":              {"typ": "JWT"},
		"no typ":           {"typ": nil},
		"upper typ":        {"typ": "ELEVATED+JWT"},
		"media type":       {"typ": "application/elevated+jwt"},
		"dpop":             {"typ": "dpop+jwt"},
		"typ with space":   {"typ": "elevated+jwt "},
		"member in a case": {"Alg": "none"},
	} {
		refuse(t, verifier, name, issuer.Token(t, headed(header)), stepup.ErrInvalid)
	}

	// A key that the token brings along, or points to, is never used.
	foreign := other.RotateKey(t, stepup.ES256)
	jwks, err := stepup.MarshalJWKS(foreign)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(jwks, &set); err != nil {
		t.Fatal(err)
	}
	good := issuer.Token(t, plain)
	for name, value := range map[string]any{
		"jwk": set.Keys[0], "jku": other.URL() + "/.well-known/jwks.json", "x5u": other.URL(), "x5c": []string{"MIIB"},
	} {
		header := part(t, good, 0)
		header[name] = value
		refuse(t, verifier, name+" of an attacker", other.Sign(t, text(t, header), text(t, part(t, good, 1))), stepup.ErrInvalid)
		if _, err := verifier.Elevated(t.Context(), issuer.Sign(t, text(t, header), text(t, part(t, good, 1)))); err != nil {
			t.Errorf("%s beside our own signature should be ignored: %v", name, err)
		}
	}
	if n := other.Fetches(); n != 0 {
		t.Errorf("the attacker's JWKS was fetched %d times", n)
	}
	for name, header := range map[string]string{
		"alg twice": `{"alg":"none","alg":"ES256","kid":"key-1","typ":"elevated+jwt"}`,
		"typ twice": `{"alg":"ES256","kid":"key-1","typ":"elevated+jwt","typ":"elevated+jwt"}`,
		"array":     `[{"alg":"ES256"}]`,
		"null":      `null`,
		"two":       `{"alg":"ES256","kid":"key-1","typ":"elevated+jwt"}{}`,
		"comment":   `{"alg":"ES256",/**/"kid":"key-1","typ":"elevated+jwt"}`,
	} {
		refuse(t, verifier, "header "+name, issuer.Sign(t, header, text(t, part(t, good, 1))), stepup.ErrInvalid)
	}
}

// TestShapes is D5 and C13: anything but the exact token is refused, cheaply.
func TestShapes(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	keys := &counting{issuer, 0}
	verifier, err := stepup.NewVerifier(stepup.Config{Issuer: issuer.URL(), Keys: keys, Now: issuer.Now})
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"empty": "", "dots": strings.Repeat(".", 1<<20), "two dots": "..", "a.b": "a.b", "JWE": "a.b.c.d.e",
		"8 KiB of a": strings.Repeat("a", 8193),
		"nested":     "a.b.c.", "spaces": " . . ", "NUL": "\x00.\x00.\x00", "JSON form": `{"payload":"","signatures":[]}`,
		"huge header":   base64url(`{"alg":"ES256","x":"`+strings.Repeat("x", 9000)+`"}`) + ".e30.eA",
		"deep header":   base64url(strings.Repeat(`{"a":`, 1000)+"1"+strings.Repeat("}", 1000)) + ".e30.eA",
		"wide header":   base64url("{"+strings.TrimSuffix(strings.Repeat(`"a":1,`, 900), ",")+"}") + ".e30.eA",
		"padding":       base64url(`{}`) + "=.e30.eA",
		"standard base": "+/+/.e30.eA",
	} {
		refuse(t, verifier, name, token, stepup.ErrInvalid)
	}
	if keys.n != 0 {
		t.Errorf("keys were looked up %d times for what is no token", keys.n)
	}

	good := issuer.Token(t, plain)
	for n := range good {
		refuse(t, verifier, fmt.Sprintf("first %d bytes", n), good[:n], stepup.ErrInvalid)
		refuse(t, verifier, fmt.Sprintf("without first %d bytes", n+1), good[n+1:], stepup.ErrInvalid)
		for bit := range 8 {
			flipped := []byte(good)
			flipped[n] ^= 1 << bit
			refuse(t, verifier, fmt.Sprintf("bit %d of byte %d flipped", bit, n), string(flipped), stepup.ErrInvalid)
		}
	}
	for _, end := range []string{"=", "A", ".", "\n", " ", "\x00", "."} {
		refuse(t, verifier, fmt.Sprintf("with %q behind", end), good+end, stepup.ErrInvalid)
		refuse(t, verifier, fmt.Sprintf("with %q before", end), end+good, stepup.ErrInvalid)
	}
}

type counting struct {
	stepup.KeySet
	n int
}

func (c *counting) Key(ctx context.Context, id string) (stepup.Key, error) {
	c.n++
	return c.KeySet.Key(ctx, id)
}

func FuzzElevated(f *testing.F) {
	issuer := stepuptest.NewIssuer(f)
	verifier, err := stepup.NewVerifier(stepup.Config{Issuer: issuer.URL(), Keys: issuer})
	if err != nil {
		f.Fatal(err)
	}
	good := issuer.Token(f, plain)
	session := issuer.Session(f, stepuptest.Session{})
	f.Add(good[:len(good)-1])
	f.Add(session)
	f.Add("a.b.c")
	f.Add(base64url(`{"alg":"none","typ":"elevated+jwt","kid":"key-1"}`) + ".e30.")
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := verifier.Elevated(t.Context(), token); token != good && !errors.Is(err, stepup.ErrInvalid) {
			t.Errorf("%q: %v", token, err)
		}
		if _, err := verifier.Session(t.Context(), token); token != session && !errors.Is(err, stepup.ErrInvalid) {
			t.Errorf("%q: %v", token, err)
		}
	})
}

// FuzzPayload signs what the fuzzer writes: past the signature nothing may
// break either, and what is accepted is what encoding/json reads too.
func FuzzPayload(f *testing.F) {
	issuer := stepuptest.NewIssuer(f)
	verifier, err := stepup.NewVerifier(stepup.Config{Issuer: issuer.URL(), Keys: issuer})
	if err != nil {
		f.Fatal(err)
	}
	good := issuer.Token(f, plain)
	header := text(f, part(f, good, 0))
	f.Add(text(f, part(f, good, 1)))
	f.Add(`{"a":{"b":[1,2,{"c":"\"}"}]}}`)
	f.Add("{ \"a\" :\t[ ] , \"b\":{ } }")
	f.Fuzz(func(t *testing.T, payload string) {
		if payload == "" || len(payload) > 4096 {
			return
		}
		claims, err := verifier.Elevated(t.Context(), issuer.Sign(t, header, payload))
		if err != nil {
			return
		}
		var read struct{ Sub, Sid, Scope string }
		if err := json.Unmarshal([]byte(payload), &read); err != nil || read.Sub != claims.Subject || read.Sid != claims.Session {
			t.Errorf("%s is read as %+v, by encoding/json as %+v (%v)", payload, claims, read, err)
		}
	})
}
