package external_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/external"
	"github.com/stepup-auth/stepup/internal/method/external/externaltest"
	"github.com/stepup-auth/stepup/internal/store"
)

func (d desk) diagnose(t testing.TB, text string) external.Diagnosis {
	t.Helper()
	return external.Diagnose(t.Context(), d.keys, d.Tenant.Environment, d.Now(), text)
}

// failed are the checks that failed, in their order.
func failed(findings []external.Finding) string {
	var names []string
	for _, f := range findings {
		if f.Result == external.Failed {
			names = append(names, f.Check)
		}
	}
	return strings.Join(names, " ")
}

// The diagnosis names the check that fails, says what to change, and agrees with what
// really happens to the token.
func TestDiagnose(t *testing.T) {
	t.Parallel()
	d := sqlite(t, "")
	ada := d.mustSignIn(t, "ada")
	now := d.Now()
	sign := func(changes map[string]any) string {
		return d.issuer.Sign(t, "RS256", externaltest.Claims(now, "ada", "wallet:export", changes))
	}
	good := sign(nil)
	parts := strings.Split(good, ".")
	for _, test := range []struct {
		name, text, failed, assertion string
	}{
		{"good", good, "", ""},
		{"opaque", "stp_canary", "form", ""},
		{"symmetric", "eyJhbGciOiJIUzI1NiIsImtpZCI6IngifQ." + parts[1] + "." + parts[2], "form", ""},
		{"another key", d.issuer.Sign(t, "ES256", externaltest.Claims(now, "ada", "wallet:export", nil)), "", ""},
		{"changed", parts[0] + "." + strings.Split(sign(map[string]any{"sub": "eve"}), ".")[1] + "." + parts[2], "signature", ""},
		{"issuer", sign(map[string]any{"iss": externaltest.ISS + "/"}), "iss", ""},
		{"audience", sign(map[string]any{"aud": []string{"a", "b"}}), "aud", ""},
		{"subject", sign(map[string]any{"sub": " "}), "sub", ""},
		{"expired", sign(map[string]any{"exp": now.Add(-time.Minute).Unix()}), "exp", ""},
		{"future", sign(map[string]any{"iat": now.Add(time.Hour).Unix(), "nbf": now.Add(time.Hour).Unix()}), "iat nbf", ""},
		{"types", sign(map[string]any{"exp": "tomorrow"}), "claims", ""},
		{"case", sign(map[string]any{"SUB": "eve"}), "claims", ""},
		{"several", sign(map[string]any{"iss": "x", "aud": "y"}), "iss aud", ""},
		{"no assertion", sign(map[string]any{"jti": nil, "scope": nil, "iat": nil, "exp": now.Add(time.Hour).Unix()}), "",
			"jti iat exp scope"},
	} {
		got := d.diagnose(t, test.text)
		if failed(got.Findings) != test.failed || failed(got.Assertion) != test.assertion {
			t.Errorf("%s: %q fail, as an assertion %q", test.name, failed(got.Findings), failed(got.Assertion))
		}
		for _, f := range append(got.Findings, got.Assertion...) {
			if (f.Fix != "") != (f.Result == external.Failed) {
				t.Errorf("%s: %+v", test.name, f)
			}
			if strings.Contains(f.Found+f.Fix, parts[2]) || strings.Contains(f.Found+f.Fix, "canary") {
				t.Errorf("%s: the token is repeated in %+v", test.name, f)
			}
		}
		token, err := d.verify(t, test.text)
		if got.SignsIn != (err == nil) {
			t.Errorf("%s: said to sign in %t, and %v", test.name, got.SignsIn, err)
		}
		if err != nil {
			continue
		}
		err = d.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := external.Assertion{Token: token}.Count(tx, method.Attempt{Caller: d.As(&ada)})
			return err
		})
		if got.StepsUp != (err == nil) {
			t.Errorf("%s: said to step up %t, and %v", test.name, got.StepsUp, err)
		}
	}
	// A diagnosis spends nothing.
	if _, err := d.stepUp(t, ada, good); err != nil {
		t.Errorf("after its diagnosis: %v", err)
	}
}

func TestDiagnoseKeys(t *testing.T) {
	t.Parallel()
	d := sqlite(t, "")
	good := d.issuer.Sign(t, "RS256", externaltest.Claims(d.Now(), "ada", "", nil))
	d.issuer.Hide("RS256")
	if got := d.diagnose(t, good); failed(got.Findings) != "key" || got.SignsIn {
		t.Errorf("a key that is not there: %q", failed(got.Findings))
	}
	away := sqlite(t, "")
	away.issuer.Away(true)
	if got := away.diagnose(t, good); failed(got.Findings) != "key set" || got.SignsIn ||
		strings.Contains(fmt.Sprint(got), away.issuer.JWKSURL) {
		t.Errorf("a key set that is away: %+v", got)
	}
	off := sqlite(t, "")
	env := *off.Tenant.Environment
	env.ExternalAuth.Enabled = false
	if got := external.Diagnose(t.Context(), off.keys, &env, off.Now(), good); failed(got.Findings) != "externalAuth" || got.SignsIn {
		t.Errorf("switched off: %+v", got)
	}
}
