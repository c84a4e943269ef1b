// Package jose reads signed tokens in compact form (JWS, RFC 7515 section 7.1; JWT,
// RFC 7519) and the public keys to verify them with (JWK and JWK Set, RFC 7517). It
// holds to the advice of RFC 8725: a payload is handed out only after its signature
// was verified (but for the issuer it names, as a hint for a log), the key decides the algorithm and the token never does, and no
// token brings its own key along or says where to find one.
//
// The standard library verifies the signatures, and nothing here makes one. Whether
// the issuer, the audience and the times of a token are right is for the caller.
package jose

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/stepup-auth/stepup/internal/strictjson"
)

// MaxLength is the longest token that is looked at, in bytes.
const MaxLength = 8 << 10

const maxKeyID = 256

// headerNames are the parameters of a header that mean something, here or to
// other readers, and may be written in no other case.
var headerNames = []string{
	"alg", "typ", "kid", "crit", "enc", "zip", "b64", "cty", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "nonce",
}

// Token is a signed token that was taken apart. Its header says which key to look
// for, and nothing else until [Token.Verify] has found the signature to be good.
type Token struct {
	Algorithm string // alg
	Type      string // typ; empty when the header has none
	KeyID     string // kid

	signed    []byte // what the signature is over
	payload   []byte
	signature []byte
}

var (
	errShape  = errors.New("not a signed JWT")
	errBase64 = errors.New("not base64url without padding")
	errKey    = errors.New("alg is not that of the key")
)

// Parse takes a token apart. The size is capped before anything else is done with
// it. Keys named or carried by the token itself (jku, jwk, x5u, x5c) are ignored; a
// header that changes the meaning of the rest (crit, enc, zip, b64) is refused.
func Parse(token string) (Token, error) {
	if len(token) > MaxLength || strings.Count(token, ".") != 2 {
		return Token{}, errShape
	}
	end := strings.LastIndexByte(token, '.')
	head, body, _ := strings.Cut(token[:end], ".")
	if head == "" || body == "" || end == len(token)-1 {
		return Token{}, errShape
	}
	header, err := decode(head)
	if err != nil {
		return Token{}, err
	}
	r, err := strictjson.Read(header, headerNames)
	if err != nil {
		return Token{}, err
	}
	for _, name := range []string{"crit", "enc", "zip", "b64"} {
		if r.Has(name) {
			r.Fail(name, "is not supported")
		}
	}
	t := Token{Algorithm: r.Text("alg"), Type: r.Optional("typ"), KeyID: r.Text("kid")}
	if t.Algorithm != ES256 && t.Algorithm != EdDSA && t.Algorithm != RS256 {
		r.Fail("alg", "is not supported")
	}
	if len(t.KeyID) > maxKeyID {
		r.Fail("kid", "is too long")
	}
	if err := r.Err(); err != nil {
		return Token{}, err
	}
	t.signed = []byte(token[:end])
	if t.payload, err = decode(body); err != nil {
		return Token{}, err
	}
	if t.signature, err = decode(token[end+1:]); err != nil {
		return Token{}, err
	}
	return t, nil
}

// ClaimedIssuer is the iss that the token writes of itself, "" if there is none to
// read. Nobody has verified it: it is for telling an operator whose token may have
// come, and for nothing else.
func (t Token) ClaimedIssuer() string {
	claims, err := strictjson.Read(t.payload, []string{"iss"})
	if err != nil {
		return ""
	}
	return claims.Optional("iss")
}

// ClaimedPayload is the payload that nobody has verified. It is for showing an operator
// what is wrong with a token, and for nothing else.
func (t Token) ClaimedPayload() []byte { return t.payload }

// Verify returns the payload if the token was signed with the key, which must have
// the token's kid and be for its alg.
func (t Token) Verify(key Key) ([]byte, error) {
	if key.ID != t.KeyID || key.Algorithm != t.Algorithm {
		return nil, errKey
	}
	if err := key.Verify(t.signed, t.signature); err != nil {
		return nil, err
	}
	return t.payload, nil
}

// decode reads base64url without padding, in its one canonical form: encoding/base64
// would skip line breaks, which would give one token many spellings.
func decode(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, errBase64
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, errBase64
	}
	return b, nil
}
