package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/stepup-auth/stepup/internal/strictjson"
)

const maxKeys = 100

var jwkNames = []string{"kty", "use", "key_ops", "alg", "kid", "crv", "x", "y", "n", "e", "d", "k"}

// ParseKeys reads a JWK Set (RFC 7517 section 5). Keys that are of no use here
// are left out, as section 5 asks: other types, curves, algorithms and uses, no
// kid, a point off the curve, too few bits, a private part, a kid that another of
// the useful keys of its algorithm has too. Keys of different algorithms may share
// a kid. What is no JWK Set, or has a member twice, is an error.
func ParseKeys(document []byte) ([]Key, error) {
	set, err := strictjson.Read(document, []string{"keys"})
	if err != nil {
		return nil, fmt.Errorf("parsing JWK set: %w", err)
	}
	list, err := set.Get("keys").List()
	if err != nil || len(list) > maxKeys {
		return nil, fmt.Errorf("parsing JWK set: keys is not a list of at most %d keys", maxKeys)
	}
	keys := make([]Key, 0, len(list))
	for _, jwk := range list {
		key, err := parseJWK(jwk)
		if err != nil {
			continue
		}
		keys = append(keys, key)
	}
	return unambiguous(keys), nil
}

// unambiguous leaves out every kid that stands for more than one key of an algorithm:
// which of them signed a token nobody can say. The same key written twice is one.
func unambiguous(keys []Key) []Key {
	var clear []Key
	for i, key := range keys {
		same := func(k Key) bool { return k.ID == key.ID && k.Algorithm == key.Algorithm }
		other := func(k Key) bool { return same(k) && !k.equal(key) }
		if !slices.ContainsFunc(keys, other) && !slices.ContainsFunc(keys[:i], same) {
			clear = append(clear, key)
		}
	}
	return clear
}

func (k Key) equal(other Key) bool {
	public, ok := k.Public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(other.Public)
}

var errJWK = errors.New("not a public key for verifying signatures")

func parseJWK(jwk strictjson.Value) (Key, error) {
	members, err := jwk.Object()
	if err == nil {
		err = members.Exactly(jwkNames...)
	}
	if err != nil {
		return Key{}, err
	}
	r := strictjson.Reader{Members: members}
	kid, kind, use, alg := r.Text("kid"), r.Text("kty"), r.Optional("use"), r.Optional("alg")
	operations := r.Texts("key_ops")
	private := r.Has("d")
	if r.Err() != nil || private || (use != "" && use != "sig") ||
		(len(operations) > 0 && !slices.Contains(operations, "verify")) {
		return Key{}, errJWK
	}
	var key Key
	switch curve := r.Optional("crv"); {
	case kind == "EC" && curve == "P-256":
		x, y := binary(&r, "x", 32), binary(&r, "y", 32)
		if err := r.Err(); err != nil {
			return Key{}, err
		}
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
		if err != nil {
			return Key{}, err
		}
		key, err = NewKey(kid, public)
		if err != nil {
			return Key{}, err
		}
	case kind == "OKP" && curve == "Ed25519":
		key, err = NewKey(kid, ed25519.PublicKey(binary(&r, "x", ed25519.PublicKeySize)))
	case kind == "RSA":
		e := new(big.Int).SetBytes(binary(&r, "e", 0))
		if !e.IsInt64() || e.Int64() > 1<<31-1 {
			return Key{}, errJWK
		}
		key, err = NewKey(kid, &rsa.PublicKey{N: new(big.Int).SetBytes(binary(&r, "n", 0)), E: int(e.Int64())})
	default:
		return Key{}, errJWK
	}
	if err == nil {
		err = r.Err()
	}
	if err == nil && alg != "" && alg != key.Algorithm {
		err = errJWK
	}
	return key, err
}

// binary is a required base64url member, of exactly size bytes unless size is 0.
func binary(r *strictjson.Reader, name string, size int) []byte {
	b, err := decode(r.Text(name))
	if err != nil || (size != 0 && len(b) != size) {
		r.Fail(name, "is not base64url of the right size")
	}
	return b
}

// MarshalKeys writes keys as a JWK Set, the document [ParseKeys] reads. It fails
// for a Key that [NewKey] would not have made.
func MarshalKeys(keys []Key) ([]byte, error) {
	type jwk struct {
		ID        string `json:"kid"`
		Type      string `json:"kty"`
		Algorithm string `json:"alg"`
		Use       string `json:"use"`
		Curve     string `json:"crv,omitempty"`
		X         string `json:"x,omitempty"`
		Y         string `json:"y,omitempty"`
		N         string `json:"n,omitempty"`
		E         string `json:"e,omitempty"`
	}
	encode := base64.RawURLEncoding.EncodeToString
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, key := range keys {
		good, err := NewKey(key.ID, key.Public)
		if err != nil {
			return nil, err
		}
		out := jwk{ID: good.ID, Algorithm: good.Algorithm, Use: "sig"}
		switch public := good.Public.(type) {
		case *ecdsa.PublicKey:
			point, err := public.Bytes()
			if err != nil {
				return nil, fmt.Errorf("writing JWK set: %w", err)
			}
			out.Type, out.Curve, out.X, out.Y = "EC", "P-256", encode(point[1:33]), encode(point[33:])
		case ed25519.PublicKey:
			out.Type, out.Curve, out.X = "OKP", "Ed25519", encode(public)
		case *rsa.PublicKey:
			out.Type, out.N, out.E = "RSA", encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes())
		}
		set.Keys = append(set.Keys, out)
	}
	return json.Marshal(set)
}
