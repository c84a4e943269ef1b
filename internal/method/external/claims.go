package external

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/jws"
)

// read takes the claims out of a verified payload. Names are matched exactly,
// so that a member in another case is no claim.
func read(payload []byte) (claims, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(payload, &members); err != nil {
		return claims{}, err
	}
	var c claims
	for name, into := range map[string]*string{"iss": &c.Issuer, "sub": &c.Subject, "scope": &c.Scope, "jti": &c.ID,
		"binding_hash": &c.Binding} {
		if err := text(members[name], into); err != nil {
			return claims{}, fmt.Errorf("%s is no text", name)
		}
	}
	c.Email = verifiedEmail(members)
	for name, into := range map[string]*time.Time{"exp": &c.Expires, "iat": &c.IssuedAt, "nbf": &c.NotBefore} {
		if err := date(members[name], into); err != nil {
			return claims{}, fmt.Errorf("%s is no number of seconds since 1970", name)
		}
	}
	if err := audience(members["aud"], &c.Audience); err != nil {
		return claims{}, errors.New("aud is neither a text nor a list of them")
	}
	return c, nil
}

// verifiedEmail is an address to show: unsaid is how to take a token that does
// not say whether it was verified. It is never a reason to refuse a token.
func verifiedEmail(members map[string]json.RawMessage) shownEmail {
	var e shownEmail
	if text(members["email"], &e.address) != nil || len(e.address) > 254 || !strings.Contains(e.address, "@") ||
		strings.ContainsFunc(e.address, control) {
		return shownEmail{}
	}
	for _, name := range []string{"emailVerified", "email_verified"} {
		if raw, said := members[name]; said {
			var value any
			e.said, e.verified = true, json.Unmarshal(raw, &value) == nil && jws.Says(value)
			break
		}
	}
	return e
}

// text reads a string; a member that is missing leaves it empty.
func text(raw json.RawMessage, into *string) error {
	if raw == nil {
		return nil
	}
	if raw[0] != '"' || json.Unmarshal(raw, into) != nil {
		return errClaim
	}
	return nil
}

// date reads a NumericDate (RFC 7519 section 2), to the second.
func date(raw json.RawMessage, into *time.Time) error {
	if raw == nil {
		return nil
	}
	var seconds float64
	if raw[0] == 'n' || json.Unmarshal(raw, &seconds) != nil || seconds < 0 || seconds > 1<<40 {
		return errClaim
	}
	*into = time.Unix(int64(math.Floor(seconds)), 0)
	return nil
}

// audience reads one string or a list of them.
func audience(raw json.RawMessage, into *[]string) error {
	if raw == nil {
		return nil
	}
	if raw[0] == '"' {
		var one string
		err := text(raw, &one)
		*into = []string{one}
		return err
	}
	var list []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &list) != nil {
		return errClaim
	}
	for _, entry := range list {
		var one string
		if err := text(entry, &one); err != nil {
			return err
		}
		*into = append(*into, one)
	}
	return nil
}
