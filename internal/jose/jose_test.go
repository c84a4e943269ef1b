package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/jose"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

var encode = base64.RawURLEncoding.EncodeToString

// signer makes tokens with a key of its own.
type signer struct {
	private *ecdsa.PrivateKey
	public  jose.Key
}

func newSigner(t testing.TB) signer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := jose.NewKey("k", &private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return signer{private, public}
}

func (s signer) sign(t testing.TB, header, payload string) string {
	t.Helper()
	signed := encode([]byte(header)) + "." + encode([]byte(payload))
	digest := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(rand.Reader, s.private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	v.FillBytes(signature[32:])
	return signed + "." + encode(signature)
}

const header = `{"alg":"ES256","kid":"k","typ":"elevated+jwt"}`

func TestVerify(t *testing.T) {
	t.Parallel()
	s, other := newSigner(t), newSigner(t)
	token, err := jose.Parse(s.sign(t, header, `{"a":1.50}`))
	if err != nil {
		t.Fatal(err)
	}
	if token.Algorithm != jose.ES256 || token.KeyID != "k" || token.Type != "elevated+jwt" {
		t.Errorf("header read as %q, %q, %q", token.Algorithm, token.KeyID, token.Type)
	}
	if payload, err := token.Verify(s.public); string(payload) != `{"a":1.50}` || err != nil {
		t.Errorf("payload %q, %v", payload, err)
	}
	wrong := map[string]jose.Key{
		"none":           {},
		"of another":     other.public,
		"another kid":    {ID: "K", Algorithm: jose.ES256, Public: s.public.Public},
		"another alg":    {ID: "k", Algorithm: jose.RS256, Public: s.public.Public},
		"without public": {ID: "k", Algorithm: jose.ES256},
		"another type":   {ID: "k", Algorithm: jose.ES256, Public: ed25519.PublicKey(make([]byte, 32))},
		"nil of a type":  {ID: "k", Algorithm: jose.ES256, Public: (*ecdsa.PublicKey)(nil)},
		"nil of RSA":     {ID: "k", Algorithm: jose.ES256, Public: (*rsa.PublicKey)(nil)},
		"by value":       {ID: "k", Algorithm: jose.ES256, Public: s.private.PublicKey},
		"a private key":  {ID: "k", Algorithm: jose.ES256, Public: s.private},
	}
	for name, key := range wrong {
		if payload, err := token.Verify(key); err == nil || payload != nil {
			t.Errorf("key %s verifies: %q, %v", name, payload, err)
		}
	}
}

// Others need not say what kind of token theirs is.
func TestTypeMayBeMissing(t *testing.T) {
	t.Parallel()
	token, err := jose.Parse(newSigner(t).sign(t, `{"alg":"ES256","kid":"k","x5t":"a","jku":"https://evil.example"}`, `{}`))
	if err != nil || token.Type != "" {
		t.Errorf("typ %q, %v", token.Type, err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	s := newSigner(t)
	for name, header := range map[string]string{
		"crit":              `{"alg":"ES256","kid":"k","crit":["exp"]}`,
		"enc":               `{"alg":"ES256","kid":"k","enc":"A256GCM"}`,
		"zip":               `{"alg":"ES256","kid":"k","zip":"DEF"}`,
		"b64":               `{"alg":"ES256","kid":"k","b64":true}`,
		"alg none":          `{"alg":"none","kid":"k"}`,
		"alg in lower case": `{"alg":"es256","kid":"k"}`,
		"symmetric alg":     `{"alg":"HS256","kid":"k"}`,
		"alg of PSS":        `{"alg":"PS256","kid":"k"}`,
		"no alg":            `{"kid":"k"}`,
		"alg as list":       `{"alg":["ES256"],"kid":"k"}`,
		"no kid":            `{"alg":"ES256"}`,
		"empty kid":         `{"alg":"ES256","kid":""}`,
		"kid as number":     `{"alg":"ES256","kid":1}`,
		"long kid":          `{"alg":"ES256","kid":"` + strings.Repeat("k", 257) + `"}`,
		"typ as number":     `{"alg":"ES256","kid":"k","typ":1}`,
		"typ null":          `{"alg":"ES256","kid":"k","typ":null}`,
		"alg twice":         `{"alg":"ES256","alg":"ES256","kid":"k"}`,
		"member twice":      `{"alg":"ES256","kid":"k","x":1,"x":1}`,
		"twice below":       `{"alg":"ES256","kid":"k","x":{"y":1,"y":1}}`,
		"name in a case":    `{"alg":"ES256","kid":"k","Crit":["exp"]}`,
		"name by folding":   "{\"alg\":\"ES256\",\"\u212aid\":\"k\",\"kid\":\"k\"}",
		"half a character":  `{"alg":"ES256","kid":"\ud800"}`,
		"not UTF-8":         "{\"alg\":\"ES256\",\"kid\":\"k\xff\"}",
		"list":              `[{"alg":"ES256","kid":"k"}]`,
		"two values":        `{"alg":"ES256","kid":"k"}{}`,
		"deep":              `{"alg":"ES256","kid":"k","x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`,
	} {
		if token, err := jose.Parse(s.sign(t, header, `{}`)); err == nil {
			t.Errorf("%s is read as %+v", name, token)
		}
	}
	good := s.sign(t, header, `{}`)
	parts := strings.Split(good, ".")
	for name, text := range map[string]string{
		"empty":             "",
		"two parts":         parts[0] + "." + parts[1],
		"four parts":        good + ".e30",
		"no header":         "." + parts[1] + "." + parts[2],
		"no payload":        parts[0] + ".." + parts[2],
		"no signature":      parts[0] + "." + parts[1] + ".",
		"padding":           good + "=",
		"line break":        good[:20] + "\n" + good[20:],
		"space":             good + " ",
		"standard alphabet": parts[0] + ".+/+/." + parts[2],
		"loose bits":        parts[0] + ".e31." + parts[2],
		"too long":          parts[0] + "." + strings.Repeat("e30a", 2048) + "." + parts[2],
	} {
		if token, err := jose.Parse(text); err == nil {
			t.Errorf("%s is read as %+v", name, token)
		}
	}
}

func claims(t *testing.T, payload string) *jose.Claims {
	t.Helper()
	c, err := jose.ParseClaims([]byte(payload), []string{"c", "aud"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSeconds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{`{"c":0}`: 0, `{"c":1700000000}`: 1700000000, `{"c":1099511627776}`: 1 << 40} {
		if c := claims(t, text); c.Seconds("c") != want || c.Err() != nil {
			t.Errorf("%s: %v", text, c.Err())
		}
	}
	for _, text := range []string{`{}`, `{"c":null}`, `{"c":"1"}`, `{"c":1.0}`, `{"c":1e3}`, `{"c":-1}`, `{"c":-0}`,
		`{"c":1099511627777}`, `{"c":[1]}`, `{"c":true}`} {
		c := claims(t, text)
		if c.Seconds("c"); c.Err() == nil {
			t.Errorf("%s is a time in whole seconds", text)
		}
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		`{}`: {}, `{"c":0}`: time.Unix(0, 0), `{"c":1700000000.9}`: time.Unix(1700000000, 0), `{"c":1.7e9}`: time.Unix(1700000000, 0),
	} {
		if c := claims(t, text); !c.Date("c").Equal(want) || c.Err() != nil {
			t.Errorf("%s: %v", text, c.Err())
		}
	}
	for _, text := range []string{`{"c":null}`, `{"c":"1"}`, `{"c":-0.5}`, `{"c":1e300}`, `{"c":1e999}`, `{"c":[1]}`, `{"c":true}`} {
		if c := claims(t, text); !c.Date("c").IsZero() || c.Err() == nil {
			t.Errorf("%s is a date", text)
		}
	}
}

func TestAudience(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{`{"aud":"a"}`: {"a"}, `{"aud":["a","b"]}`: {"a", "b"}} {
		if c := claims(t, text); !slices.Equal(c.Audience(), want) || c.Err() != nil {
			t.Errorf("%s: %v", text, c.Err())
		}
	}
	for _, text := range []string{`{}`, `{"aud":null}`, `{"aud":""}`, `{"aud":[]}`, `{"aud":["a",""]}`,
		`{"aud":["a",1]}`, `{"aud":[["a"]]}`, `{"aud":{"a":1}}`, `{"aud":1}`} {
		c := claims(t, text)
		if c.Audience(); c.Err() == nil {
			t.Errorf("%s is an audience", text)
		}
	}
}

// FuzzParse: what is taken apart is the token and nothing but the token, and
// encoding/json reads the same header.
func FuzzParse(f *testing.F) {
	s := newSigner(f)
	for _, header := range []string{
		header, `{"alg":"ES256","kid":"k"}`, `{"alg":"none","kid":"k"}`, `{"alg":"ES256","kid":"\u006b","Kid":"x"}`,
	} {
		f.Add(s.sign(f, header, `{}`))
	}
	f.Add("a.b.c")
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := jose.Parse(text)
		if err != nil {
			return
		}
		parts := strings.Split(text, ".")
		raw, err := base64.RawURLEncoding.DecodeString(parts[0])
		if err != nil || len(parts) != 3 || encode(raw) != parts[0] || len(text) > jose.MaxLength {
			t.Fatalf("%q is read", text)
		}
		var read struct{ Alg, Kid, Typ string }
		err = json.Unmarshal(raw, &read)
		if err != nil || read.Alg != token.Algorithm || read.Kid != token.KeyID || read.Typ != token.Type {
			t.Errorf("%q is read as %+v, by encoding/json as %+v (%v)", raw, token, read, err)
		}
		if payload, err := token.Verify(s.public); err == nil && encode(payload) != parts[1] {
			t.Errorf("%q has the payload %q", text, payload)
		}
	})
}

// FuzzParseKeys: keys that are read are such as NewKey makes, and are written so
// that they read the same.
func FuzzParseKeys(f *testing.F) {
	set, err := jose.MarshalKeys([]jose.Key{newSigner(f).public})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(set)
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519",` +
		`"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"2"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"\u0031","x":"","y":null}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"3"},{"kid":"3","kid":"4"}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		keys, err := jose.ParseKeys(document)
		if err != nil {
			return
		}
		if _, err := strictjson.Parse(document, strictjson.Depth); err != nil {
			t.Errorf("%q is read: %v", document, err)
		}
		written, err := jose.MarshalKeys(keys)
		if err != nil {
			t.Fatalf("%q cannot be written: %v", document, err)
		}
		again, err := jose.ParseKeys(written)
		if err != nil || len(again) != len(keys) {
			t.Fatalf("%q is written as %q, which reads %v, %v", document, written, again, err)
		}
		for i, key := range keys {
			public, ok := key.Public.(interface{ Equal(crypto.PublicKey) bool })
			if again[i].ID != key.ID || again[i].Algorithm != key.Algorithm || ok && !public.Equal(again[i].Public) {
				t.Errorf("%q: key %d reads as another", document, i)
			}
		}
	})
}
