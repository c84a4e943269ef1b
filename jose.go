package stepup

import (
	"encoding/base64"
	"errors"
	"strings"
)

// The kinds of tokens an issuer signs, told apart by the JOSE header "typ"
// (RFC 8725 section 3.11). No kind is ever accepted in place of another.
const (
	TypeElevated = "elevated+jwt" // an elevated access token
	TypeSession  = "at+jwt"       // a session token (RFC 9068)
)

// MaxTokenLength is the longest token that is looked at, in bytes.
const MaxTokenLength = 8 << 10

const maxKeyID = 256

var headerNames = []string{"alg", "typ", "kid", "crit", "enc", "zip", "cty", "jku", "jwk", "x5u", "x5c"}

// compact is a signed JWT in its compact form (RFC 7515 section 7.1), taken
// apart but not verified: the payload must not be read before the signature is.
type compact struct {
	algorithm Algorithm
	typ, kid  string
	signed    []byte // what the signature is over
	payload   []byte
	signature []byte
}

var (
	errShape  = errors.New("not a signed JWT")
	errBase64 = errors.New("not base64url without padding")
)

// parseCompact takes a token apart. The size is capped before anything else is
// done with it. Keys named or carried by the token itself (jku, jwk, x5u, x5c)
// are ignored; a header that changes the meaning of the rest (crit, enc, zip)
// is refused.
func parseCompact(token string) (compact, error) {
	if len(token) > MaxTokenLength || strings.Count(token, ".") != 2 {
		return compact{}, errShape
	}
	end := strings.LastIndexByte(token, '.')
	head, body, _ := strings.Cut(token[:end], ".")
	if head == "" || body == "" || end == len(token)-1 {
		return compact{}, errShape
	}
	header, err := decode(head)
	if err != nil {
		return compact{}, err
	}
	members, err := parseObject(header, headerNames)
	if err != nil {
		return compact{}, err
	}
	r := reader{Members: members}
	for _, name := range []string{"crit", "enc", "zip"} {
		if r.Has(name) {
			r.fail(name, "is not supported")
		}
	}
	c := compact{algorithm: Algorithm(r.text("alg")), typ: r.text("typ"), kid: r.text("kid")}
	if r.err == nil && len(c.kid) > maxKeyID {
		r.fail("kid", "is too long")
	}
	if r.err != nil {
		return compact{}, r.err
	}
	c.signed = []byte(token[:end])
	if c.payload, err = decode(body); err != nil {
		return compact{}, err
	}
	if c.signature, err = decode(token[end+1:]); err != nil {
		return compact{}, err
	}
	return c, nil
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
