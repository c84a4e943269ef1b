package stepup

import "github.com/stepup-auth/stepup/internal/jose"

// The kinds of tokens an issuer signs, told apart by the JOSE header "typ"
// (RFC 8725 section 3.11). No kind is ever accepted in place of another.
const (
	TypeElevated = "elevated+jwt" // an elevated access token
	TypeSession  = "at+jwt"       // a session token (RFC 9068)
)

// MaxTokenLength is the longest token that is looked at, in bytes.
const MaxTokenLength = jose.MaxLength

// jose is the key as what reads tokens knows it.
func (k Key) jose() jose.Key {
	return jose.Key{ID: k.ID, Algorithm: string(k.Algorithm), Public: k.Public}
}

// keyOf is the other way around.
func keyOf(k jose.Key) Key {
	return Key{ID: k.ID, Algorithm: Algorithm(k.Algorithm), Public: k.Public}
}
