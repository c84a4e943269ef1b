package external

import (
	"strings"

	"github.com/stepup-auth/stepup/internal/jose"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

// read takes the claims out of a verified payload. Names are matched exactly,
// so that a member in another case is no claim.
func read(members strictjson.Members) (claims, error) {
	r := jose.Claims{Reader: strictjson.Reader{Members: members}}
	c := claims{
		Issuer:    r.Optional("iss"),
		Audience:  r.Audience(),
		Subject:   r.Optional("sub"),
		Scope:     r.Optional("scope"),
		ID:        r.Optional("jti"),
		Expires:   r.Date("exp"),
		IssuedAt:  r.Date("iat"),
		NotBefore: r.Date("nbf"),
		Email:     verifiedEmail(members),
		Binding:   r.Optional("binding_hash"),
	}
	return c, r.Err()
}

// verifiedEmail is an address to show: unsaid is how to take a token that does
// not say whether it was verified. It is never a reason to refuse a token.
func verifiedEmail(members strictjson.Members) shownEmail {
	var e shownEmail
	var err error
	if e.address, err = members.Get("email").Text(); err != nil || len(e.address) > 254 || !strings.Contains(e.address, "@") ||
		strings.ContainsFunc(e.address, control) {
		return shownEmail{}
	}
	for _, name := range []string{"emailVerified", "email_verified"} {
		if value := members.Get(name); value.Exists() {
			e.said, e.verified = true, keyset.Says(value)
			break
		}
	}
	return e
}
