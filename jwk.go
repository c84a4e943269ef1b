package stepup

import "github.com/stepup-auth/stepup/internal/jose"

// ParseJWKS reads a JWK Set (RFC 7517 section 5). Keys that are of no use here
// are left out, as section 5 asks: other types, curves, algorithms and uses, no
// kid, a point off the curve, too few bits, a private part, a kid that another of
// the useful keys of its algorithm has too. Keys of different algorithms may share
// a kid. What is no JWK Set, or has a member twice, is an error.
func ParseJWKS(document []byte) ([]Key, error) {
	parsed, err := jose.ParseKeys(document)
	if err != nil {
		return nil, err
	}
	keys := make([]Key, len(parsed))
	for i, key := range parsed {
		keys[i] = keyOf(key)
	}
	return keys, nil
}

// MarshalJWKS writes keys as a JWK Set, the document [ParseJWKS] reads. It fails
// for a Key that [NewKey] would not have made.
func MarshalJWKS(keys ...Key) ([]byte, error) {
	list := make([]jose.Key, len(keys))
	for i, key := range keys {
		list[i] = key.jose()
	}
	return jose.MarshalKeys(list)
}
