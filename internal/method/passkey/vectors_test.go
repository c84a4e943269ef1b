package passkey_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/method/passkey"
)

type vectors struct {
	RPID, Origin string
	Vectors      []struct {
		Section, Title, CredentialID string
		Registration                 struct{ Challenge, AttestationObject, ClientDataJSON string }
		Authentication               struct{ Challenge, AuthenticatorData, ClientDataJSON, Signature string }
	}
}

// outcome is what we must say of a vector: part of the refusal; empty: it holds.
type outcome struct{ register, assert string }

// TestW3CVectors: the ceremonies of Web Authentication Level 3, section 16, but
// for 16.12 (Ed448, which no Go library has). Judged without the two rules that
// are stricter here they hold, or are refused for what the standard shows in
// them; judged as the server judges, those without user verification or with an
// algorithm that we do not offer are refused too.
func TestW3CVectors(t *testing.T) {
	t.Parallel()
	const (
		framed   = "another site's page"
		unproven = "did not check that it is you"
		alg      = "algorithm not supported"
		root     = "does not hold" // the vectors' certificates hang from a made-up root
	)
	lenient := map[string]outcome{
		"16.4": {framed, framed}, "16.5": {framed, framed},
		"16.13": {root, ""}, "16.14": {root, ""}, "16.15": {root, ""},
	}
	strict := map[string]outcome{
		"16.2": {unproven, unproven}, "16.3": {"", unproven}, "16.4": {framed, framed}, "16.5": {framed, framed},
		"16.6": {unproven, ""}, "16.7": {"", ""}, "16.8": {unproven, ""}, "16.9": {alg, unproven}, "16.10": {"", unproven},
		"16.11": {unproven, unproven}, "16.13": {root, ""}, "16.14": {root, unproven}, "16.15": {unproven, unproven},
		"16.16": {unproven, unproven},
	}
	text, err := os.ReadFile("testdata/w3c-webauthn-3.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Vectors) != 14 {
		t.Fatalf("%d vectors", len(v.Vectors))
	}
	for _, x := range v.Vectors {
		made := passkey.AttestationResponse{ID: x.CredentialID, RawID: x.CredentialID, Type: "public-key",
			Response: passkey.AttestationData{AttestationObject: x.Registration.AttestationObject,
				ClientDataJSON: x.Registration.ClientDataJSON}}
		used := passkey.AssertionResponse{ID: x.CredentialID, RawID: x.CredentialID, Type: "public-key",
			Response: passkey.AssertionData{ClientDataJSON: x.Authentication.ClientDataJSON,
				AuthenticatorData: x.Authentication.AuthenticatorData, Signature: x.Authentication.Signature}}
		key, err := passkey.KeyOf(made)
		if err != nil {
			t.Errorf("%s %s: %v", x.Section, x.Title, err)
			continue
		}
		for name, rules := range map[string]map[string]outcome{"lenient": lenient, "strict": strict} {
			judge := passkey.NewJudge(v.RPID, v.Origin, name == "lenient")
			_, err := judge.Register(made, x.Registration.Challenge)
			held(t, x.Section+" "+x.Title+", registration, "+name, rules[x.Section].register, err)
			held(t, x.Section+" "+x.Title+", authentication, "+name, rules[x.Section].assert,
				judge.Assert(used, x.Authentication.Challenge, key))
		}
		// And none holds for another challenge, or with the other's part in it.
		judge := passkey.NewJudge(v.RPID, v.Origin, true)
		if _, err := judge.Register(made, x.Authentication.Challenge); err == nil {
			t.Errorf("%s: registered with another challenge", x.Section)
		}
		if err := judge.Assert(used, x.Registration.Challenge, key); err == nil {
			t.Errorf("%s: asserted with another challenge", x.Section)
		}
	}
}

func held(t *testing.T, name, refused string, err error) {
	t.Helper()
	switch {
	case refused == "" && err != nil:
		t.Errorf("%s: %v", name, err)
	case refused != "" && (err == nil || !strings.Contains(err.Error(), refused)):
		t.Errorf("%s: %v, want a refusal: %s", name, err, refused)
	}
}
