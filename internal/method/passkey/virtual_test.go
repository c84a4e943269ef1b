package passkey_test

import (
	"encoding/json"
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// An authenticator that is not ours reads our options and makes ceremonies that
// hold: our own tiny one could share a mistake with the server.
func TestSomebodyElsesAuthenticator(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document(passkeytest.On))
	for name, kind := range map[string]virtualwebauthn.KeyType{"ec2": virtualwebauthn.KeyTypeEC2, "rsa": virtualwebauthn.KeyTypeRSA} {
		s := w.SignIn(t, name+"@example.com")
		var creation passkey.CreationOptions
		w.Write(t, func(tx *store.Tx) (err error) {
			creation, err = passkey.BeginRegistration(w.As(&s), tx)
			return err
		})
		options, err := virtualwebauthn.ParseAttestationOptions(asJSON(t, creation))
		if err != nil {
			t.Fatalf("%s: our options: %v", name, err)
		}
		rp := virtualwebauthn.RelyingParty{ID: passkeytest.RPID, Name: "Demo", Origin: passkeytest.Origin}
		device, credential := virtualwebauthn.NewAuthenticatorWithOptions(
			virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(options.UserID)}), virtualwebauthn.NewCredential(kind)
		var made passkey.AttestationResponse
		fromJSON(t, virtualwebauthn.CreateAttestationResponse(rp, device, credential, *options), &made)
		if _, err := passkeytest.Finish(t, w, s, made); err != nil {
			t.Fatalf("%s: registering: %v", name, err)
		}
		device.AddCredential(credential)
		for _, session := range []*store.SessionRow{&s, nil} {
			request := passkeytest.SignInOptions(t, w)
			if session != nil {
				request = passkeytest.StepUpOptions(t, w, s)
			}
			asked, err := virtualwebauthn.ParseAssertionOptions(asJSON(t, request))
			if err != nil {
				t.Fatalf("%s: our options: %v", name, err)
			}
			if session != nil && device.FindAllowedCredential(*asked) == nil {
				t.Errorf("%s: the passkey is not among those allowed", name)
			}
			credential.Counter++
			var used passkey.AssertionResponse
			fromJSON(t, virtualwebauthn.CreateAssertionResponse(rp, device, credential, *asked), &used)
			if err := prove(t, w, session, used); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func fromJSON(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatal(err)
	}
}
