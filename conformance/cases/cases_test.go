package cases_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "sign the tokens of tokens.json")

// TestFilesFollowTheSchema holds every file to the frame and to what its set adds,
// and every name to be the only one of its set.
func TestFilesFollowTheSchema(t *testing.T) {
	t.Parallel()
	sets, err := filepath.Glob("*/schema.json")
	if err != nil || len(sets) == 0 {
		t.Fatal("no set of cases", err)
	}
	for _, set := range sets {
		folder := filepath.Dir(set)
		schema, err := jsonschema.NewCompiler().Compile(set)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]string{}
		files, _ := filepath.Glob(folder + "/*.json")
		for _, file := range files {
			if file == set {
				continue
			}
			content := read(t, file)
			document, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
			if err == nil {
				err = schema.Validate(document)
			}
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			var named struct{ Cases []struct{ Name string } }
			if err := json.Unmarshal(content, &named); err != nil {
				t.Fatal(err)
			}
			for _, one := range named.Cases {
				if other, twice := seen[one.Name]; twice {
					t.Errorf("%s and %s both have the case %q", file, other, one.Name)
				}
				seen[one.Name] = file
			}
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// A token of guards/vectors/tokens.json: what it says, and as it was signed.
type token struct {
	Name      string         `json:"name"`
	Like      string         `json:"like,omitempty"` // the token that this one differs from, by members
	Key       string         `json:"key,omitempty"`
	Header    map[string]any `json:"header,omitempty"` // null removes a member
	Claims    map[string]any `json:"claims,omitempty"`
	RawHeader string         `json:"rawHeader,omitempty"` // in place of the above, letter for letter
	RawClaims string         `json:"rawClaims,omitempty"`
	Token     string         `json:"token"`
}

// TestTokensAreWhatTheySay holds guards/vectors/tokens.json to be signed as it says.
// With -update it signs them; the same token is signed alike each time.
func TestTokensAreWhatTheySay(t *testing.T) {
	t.Parallel()
	const file = "guards/vectors/tokens.json"
	var list []*token
	decode(t, file, &list)
	private := keys(t)
	made := map[string]*token{}
	for _, one := range list {
		if made[one.Name] != nil {
			t.Fatalf("two tokens %q", one.Name)
		}
		whole := *one
		if base := made[one.Like]; one.Like != "" {
			if base == nil {
				t.Fatalf("%s: no token %q stands before it", one.Name, one.Like)
			}
			if whole.Key == "" {
				whole.Key = base.Key
			}
			whole.Header, whole.Claims = merged(base.Header, one.Header), merged(base.Claims, one.Claims)
		}
		made[one.Name] = &whole
		text, err := sign(whole, private[whole.Key])
		if err != nil {
			t.Fatalf("%s: %v", one.Name, err)
		}
		if one.Token != text && !*update {
			t.Errorf("%s is not signed as it says; type: go test ./conformance/cases -run %s -update", one.Name, t.Name())
		}
		one.Token = text
	}
	if !*update {
		return
	}
	var out bytes.Buffer
	for i, one := range list {
		line, err := marshal(one)
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString(map[bool]string{true: "[\n  ", false: ",\n  "}[i == 0])
		out.Write(line)
	}
	out.WriteString("\n]\n")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(read(t, file)))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func marshal(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(out.Bytes()), err
}

func merged(base, with map[string]any) map[string]any {
	out := maps.Clone(base)
	for name, value := range with {
		if out == nil {
			out = map[string]any{}
		}
		out[name] = value
		if value == nil {
			delete(out, name)
		}
	}
	return out
}

// input is what is signed.
func input(one token) (string, error) {
	header, claims := []byte(one.RawHeader), []byte(one.RawClaims)
	var err error
	if one.RawHeader == "" {
		if header, err = marshal(one.Header); err != nil {
			return "", err
		}
	}
	if one.RawClaims == "" {
		if claims, err = marshal(one.Claims); err != nil {
			return "", err
		}
	}
	return encode(header) + "." + encode(claims), nil
}

var encode = base64.RawURLEncoding.EncodeToString

func sign(one token, key crypto.Signer) (string, error) {
	if key == nil {
		return "", fmt.Errorf("no key %q", one.Key)
	}
	text, err := input(one)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(text))
	switch key := key.(type) {
	case ed25519.PrivateKey:
		return text + "." + encode(ed25519.Sign(key, []byte(text))), nil
	case *rsa.PrivateKey:
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
		return text + "." + encode(signature), err
	}
	der, err := key.Sign(nil, digest[:], crypto.SHA256) // without a source of randomness: RFC 6979
	if err != nil {
		return "", err
	}
	var point struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &point); err != nil {
		return "", err
	}
	return text + "." + encode(append(point.R.FillBytes(make([]byte, 32)), point.S.FillBytes(make([]byte, 32))...)), nil
}

// keys are the private keys of guards/vectors/keys.json by name.
func keys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	var list map[string]struct {
		Public  map[string]any    `json:"public"`
		Private map[string]string `json:"private"`
	}
	decode(t, "guards/vectors/keys.json", &list)
	out := map[string]crypto.Signer{}
	for name, key := range list {
		private, err := privateKey(fmt.Sprint(key.Public["kty"]), key.Private)
		if err != nil {
			t.Fatalf("key %s: %v", name, err)
		}
		out[name] = private
	}
	return out
}

func privateKey(kind string, members map[string]string) (crypto.Signer, error) {
	number := func(name string) *big.Int {
		raw, _ := base64.RawURLEncoding.DecodeString(members[name])
		return new(big.Int).SetBytes(raw)
	}
	switch kind {
	case "EC":
		return ecdsa.ParseRawPrivateKey(elliptic.P256(), number("d").FillBytes(make([]byte, 32)))
	case "OKP":
		return ed25519.NewKeyFromSeed(number("d").FillBytes(make([]byte, 32))), nil
	case "RSA":
		key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: number("n"), E: 65537}, D: number("d"),
			Primes: []*big.Int{number("p"), number("q")}}
		key.Precompute()
		return key, key.Validate()
	}
	return nil, errors.New("unknown kty")
}
