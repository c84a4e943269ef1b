package wycheproof_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup"
)

// joseGroup is a key (JWS file) or a key set (JWK file) with tokens signed, or
// not, under it. Symmetric keys have a private form only.
type joseGroup struct {
	Comment string          `json:"comment"`
	Public  json.RawMessage `json:"public"`
	Private json.RawMessage `json:"private"`
	Tests   []struct {
		ID      int             `json:"tcId"`
		Comment string          `json:"comment"`
		JWS     json.RawMessage `json:"jws"`
		Result  verdict         `json:"result"`
	} `json:"tests"`
}

// material is what a JWKS address would publish for the group: the public part,
// or, by a mistake we must survive, the secret one.
func (g joseGroup) material() json.RawMessage {
	if len(g.Public) > 0 {
		return g.Public
	}
	return g.Private
}

func TestJWS(t *testing.T) {
	testJOSE(t, "json_web_signature_test.json", func(jwk json.RawMessage) []byte {
		return fmt.Appendf(nil, `{"keys":[%s]}`, jwk)
	})
}

func TestJWK(t *testing.T) {
	testJOSE(t, "json_web_key_test.json", func(set json.RawMessage) []byte { return set })
}

func testJOSE(t *testing.T, name string, set func(json.RawMessage) []byte) {
	var c tally
	f := load[joseGroup](t, name)
	for _, group := range f.TestGroups {
		keys, err := stepup.ParseJWKS(set(group.material()))
		if err != nil {
			t.Logf("%s: the whole set is refused: %v", group.Comment, err)
		}
		for _, v := range group.Tests {
			token := string(v.JWS)
			_ = json.Unmarshal(v.JWS, &token) // most are strings; the JSON serialization is an object
			got := verify(keys, token)
			switch {
			case v.Result == valid && !ours(token):
				// A right signature of an algorithm that no issuer of ours uses.
				c.count(t, v.ID, v.Comment, invalid, got)
			case v.Result == invalid && trusted[v.Comment] != "":
				t.Logf("vector %d (%s): %s", v.ID, v.Comment, trusted[v.Comment])
				c.count(t, v.ID, v.Comment, acceptable, got)
			default:
				c.count(t, v.ID, v.Comment, v.Result, got)
			}
			refusedAsToken(t, keys, token)
		}
	}
	c.done(t, f.NumberOfTests)
}

// trusted names the vectors about a key that is weak for reasons only its owner
// can mend, and why we do not look.
var trusted = map[string]string{
	"rejectsKeyWithRocaVulnerability": "the issuer makes its own keys with crypto/rsa; a verifier does not factor them",
}

// verify is the way of a token through the parts of package stepup, without
// what makes it a token of ours: its kind and its claims.
func verify(keys stepup.StaticKeySet, token string) error {
	part := strings.Split(token, ".")
	if len(part) != 3 {
		return errors.New("not three parts")
	}
	decoded := make([][]byte, 3)
	for i, p := range part {
		b, err := base64.RawURLEncoding.Strict().DecodeString(p)
		if err != nil {
			return err
		}
		decoded[i] = b
	}
	head, err := header(token)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if key.ID == head.KeyID && string(key.Algorithm) == head.Algorithm {
			return key.Verify([]byte(part[0]+"."+part[1]), decoded[2])
		}
	}
	return stepup.ErrUnknownKey
}

type joseHeader struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
}

func header(token string) (joseHeader, error) {
	head, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return joseHeader{}, err
	}
	var h joseHeader
	return h, json.Unmarshal(raw, &h)
}

// ours reports whether the token names an algorithm that issuers of ours use.
func ours(token string) bool {
	h, err := header(token)
	switch stepup.Algorithm(h.Algorithm) {
	case stepup.ES256, stepup.EdDSA, stepup.RS256:
		return err == nil
	}
	return false
}

// refusedAsToken checks that no vector, however well signed, passes for a token
// of ours: none of them says it is one.
func refusedAsToken(t *testing.T, keys stepup.StaticKeySet, token string) {
	t.Helper()
	verifier, err := stepup.NewVerifier(stepup.Config{Issuer: "https://issuer.example", Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Elevated(t.Context(), token); !errors.Is(err, stepup.ErrInvalid) {
		t.Errorf("got %v for %s as an elevated token, want ErrInvalid", err, token)
	}
	if _, err := verifier.Session(t.Context(), token); !errors.Is(err, stepup.ErrInvalid) {
		t.Errorf("got %v for %s as a session token, want ErrInvalid", err, token)
	}
}
