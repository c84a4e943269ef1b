package external

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/jose"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

// A Finding is one check of a token: what was found, and what to change where it failed.
// It holds no signature and no key, and of the token only the claims it is about.
type Finding struct {
	Check  string `json:"check"`
	Result Result `json:"result"`
	Found  string `json:"found,omitempty"`
	Fix    string `json:"fix,omitempty"` // empty unless it failed
}

// Result is how a check went.
type Result string

// The results. A check is skipped when an earlier one left nothing to look at.
const (
	Passed  Result = "passed"
	Failed  Result = "failed"
	Skipped Result = "skipped"
)

// Diagnosis is what [Diagnose] found. The token signs somebody in if SignsIn, and its
// checks as an assertion are about stepping up besides.
type Diagnosis struct {
	SignsIn   bool      `json:"signsIn"`
	Findings  []Finding `json:"findings"`
	StepsUp   bool      `json:"stepsUp"` // if it was not spent before, and its subject is who is signed in
	Assertion []Finding `json:"assertion"`
}

// Diagnose says of each check of [Verify], and of an assertion, whether the token would
// pass. Nothing is signed in, spent, stored or logged; whatever it finds, the token is
// accepted for nothing. The claims are shown of a token that nobody signed, too.
func Diagnose(ctx context.Context, keys *keyset.Cache, env *environment.Environment, now time.Time, text string) Diagnosis {
	d := &diagnosis{x: env.ExternalAuth, now: now}
	if !d.x.Enabled {
		d.fail("externalAuth", "switched off in this environment", "set externalAuth.enabled: true, with iss, aud and jwksUrl")
		return d.result(nil)
	}
	d.pass("externalAuth", "switched on")
	token, err := jose.Parse(text)
	if err != nil {
		d.fail("form", err.Error(), "send the whole signed JWT, three parts joined by dots, signed with RS256, ES256 or EdDSA and "+
			"with a kid; "+
			"an opaque access token or an encrypted one is not one")
		return d.result(nil)
	}
	d.pass("form", fmt.Sprintf("a JWT with alg %s and kid %.60q", token.Algorithm, token.KeyID))
	d.signature(ctx, keys.At(d.x.JWKSURL), token)
	c, ok := d.claims(token.ClaimedPayload())
	if !ok {
		return d.result(nil)
	}
	d.standard(c)
	return d.result(&c)
}

type diagnosis struct {
	x        environment.ExternalAuth
	now      time.Time
	findings []Finding
}

func (d *diagnosis) pass(check, found string) {
	d.findings = append(d.findings, Finding{Check: check, Result: Passed, Found: found})
}

func (d *diagnosis) fail(check, found, fix string) {
	d.findings = append(d.findings, Finding{check, Failed, found, fix})
}

func (d *diagnosis) skip(checks ...string) {
	for _, check := range checks {
		d.findings = append(d.findings, Finding{Check: check, Result: Skipped})
	}
}

// check passes or fails.
func (d *diagnosis) check(name string, good bool, found, fix string) {
	if good {
		d.pass(name, found)
	} else {
		d.fail(name, found, fix)
	}
}

// signature finds the key and checks with it.
func (d *diagnosis) signature(ctx context.Context, keys stepup.KeySetWithAlgorithms, token jose.Token) {
	key, err := keys.KeyFor(ctx, token.KeyID, stepup.Algorithm(token.Algorithm))
	switch {
	case errors.Is(err, stepup.ErrUnknownKey):
		d.pass("key set", "read from externalAuth.jwksUrl")
		d.fail("key", fmt.Sprintf("the key set has no key with kid %.60q for %s", token.KeyID, token.Algorithm),
			"let jwksUrl be the key set of the login that signs these tokens, with this kid in it; a key whose alg or use says otherwise "+
				"does not count")
		d.skip("signature")
		return
	case err != nil:
		d.fail("key set", "it cannot be read: "+strings.ReplaceAll(unquoted(err), d.x.JWKSURL, "jwksUrl"),
			"jwksUrl must answer this server with a JWK Set, over https and from the public internet unless STEPUP_OUTBOUND_ALLOW lists it")
		d.skip("key", "signature")
		return
	}
	d.pass("key set", "read from externalAuth.jwksUrl")
	d.pass("key", "there is one key with this kid and algorithm")
	_, err = token.Verify(jose.Key{ID: key.ID, Algorithm: string(key.Algorithm), Public: key.Public})
	d.check("signature", err == nil, "made by this key, over header and payload",
		"the token was changed on its way, or signed by another key of the same kid: get a new one, and compare jwksUrl")
	if err != nil {
		d.findings[len(d.findings)-1].Found = "not made by this key"
	}
}

// claims reads them, of a payload that nobody signed too.
func (d *diagnosis) claims(payload []byte) (claims, bool) {
	value, err := strictjson.Parse(payload, strictjson.Depth)
	var members strictjson.Members
	if err == nil {
		err = value.SpelledOnce(names...)
	}
	if err == nil {
		members, err = value.Object()
	}
	var c claims
	if err == nil {
		c, err = read(members)
	}
	d.check("claims", err == nil, "one JSON object, each claim of its type",
		"the payload must be one JSON object with no member twice (in another case either); exp, iat and nbf are numbers of seconds")
	if err != nil {
		d.findings[len(d.findings)-1].Found = unquoted(err)
	}
	return c, err == nil
}

// standard are the checks of [Verify], in its order.
func (d *diagnosis) standard(c claims) {
	d.check("iss", c.Issuer == d.x.Issuer, fmt.Sprintf("%.100q", c.Issuer),
		fmt.Sprintf("externalAuth.iss is %.100q: they are compared letter by letter, a slash at the end included", d.x.Issuer))
	d.check("aud", named(c.Audience, d.x.Audience), fmt.Sprintf("%.200q", c.Audience),
		fmt.Sprintf("externalAuth.aud is %.100q: let your login issue tokens for it, or name what it issues them for", d.x.Audience))
	good := c.Subject != "" && len(c.Subject) <= maxSubject && strings.TrimSpace(c.Subject) == c.Subject &&
		!strings.ContainsFunc(c.Subject, control)
	d.check("sub", good, fmt.Sprintf("%.100q", c.Subject),
		fmt.Sprintf("sub must be the id of the user there: 1 to %d bytes, without spaces around it or control characters", maxSubject))
	d.check("exp", !c.Expires.IsZero() && d.now.Before(c.Expires), off(d.now, c.Expires), "get a new token, or compare the two clocks")
	d.check("iat", !c.IssuedAt.After(d.now.Add(leeway)), off(d.now, c.IssuedAt), "compare the two clocks: a token must not be "+
		"from the future")
	d.check("nbf", !c.NotBefore.After(d.now.Add(leeway)), off(d.now, c.NotBefore), "wait until then, or compare the two clocks")
}

// result ends the diagnosis with what an assertion needs besides.
func (d *diagnosis) result(c *claims) Diagnosis {
	out := Diagnosis{Findings: d.findings, SignsIn: all(d.findings)}
	a := &diagnosis{now: d.now}
	if c == nil {
		a.skip("jti", "iat", "exp", "scope")
	} else {
		a.check("jti", c.ID != "" && len(c.ID) <= maxID, fmt.Sprintf("%.60q", c.ID),
			fmt.Sprintf("an assertion needs a jti of 1 to %d bytes that no other has: it is good once", maxID))
		a.check("iat", !c.IssuedAt.IsZero() && !c.IssuedAt.Before(d.now.Add(-maxAssertion-leeway)), off(d.now, c.IssuedAt),
			fmt.Sprintf("an assertion needs iat, at most %s ago: it says that somebody confirmed something just now", maxAssertion))
		a.check("exp", !c.Expires.IsZero() && !c.Expires.After(d.now.Add(maxAssertion)), off(d.now, c.Expires),
			fmt.Sprintf("an assertion may live %s at most", maxAssertion))
		a.check("scope", c.Scope != "", fmt.Sprintf("%.100q", c.Scope), "an assertion names the scopes it is for, as in wallet:export")
	}
	out.Assertion = a.findings
	out.StepsUp = out.SignsIn && all(a.findings)
	return out
}

func all(findings []Finding) bool {
	for _, f := range findings {
		if f.Result != Passed {
			return false
		}
	}
	return true
}

// unquoted is why, on one line and short.
func unquoted(err error) string {
	return fmt.Sprintf("%.200s", strings.Join(strings.Fields(err.Error()), " "))
}
