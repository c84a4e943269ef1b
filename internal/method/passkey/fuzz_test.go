package passkey_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/store"
)

const challenge = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

func creation() passkey.CreationOptions {
	return passkey.CreationOptions{Challenge: challenge, RP: passkey.RelyingParty{ID: passkeytest.RPID},
		User: passkey.UserEntity{ID: "dXNlcg"}}
}

// FuzzRegistration: whatever a client sends is refused or holds, and what holds
// says the right origin and has a key that can be used.
func FuzzRegistration(f *testing.F) {
	seed := func(bend ...func(*ceremony)) {
		text, err := json.Marshal(passkeytest.New(passkeytest.Origin).Create(creation(), bend...))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	seed()
	seed(func(c *ceremony) { c.Format, c.Statement = "packed", nil })
	for _, s := range both {
		seed(s.bend)
	}
	f.Add([]byte(`{"id":"","rawId":"=","type":"public-key","response":{"attestationObject":"oA","clientDataJson":"e30"}}`))
	judge := passkey.NewJudge(passkeytest.RPID, passkeytest.Origin, false)
	f.Fuzz(func(t *testing.T, text []byte) {
		var r passkey.AttestationResponse
		if json.Unmarshal(text, &r) != nil {
			return
		}
		made, err := judge.Register(r, challenge)
		if err == nil && (made.Origin != passkeytest.Origin || len(made.PublicKey) == 0) {
			t.Errorf("held: %+v", made)
		}
		if err != nil && len(made.PublicKey) > 0 {
			t.Error("refused, and a key came of it")
		}
	})
}

// FuzzAttestationObject goes past the JSON: the bytes are the attestation object
// behind a client data that holds.
func FuzzAttestationObject(f *testing.F) {
	for _, alg := range []int{passkeytest.ES256, passkeytest.EdDSA, passkeytest.RS256} {
		r := passkeytest.WithKey(passkeytest.Origin, alg).Create(creation())
		object, err := base64.RawURLEncoding.DecodeString(r.Response.AttestationObject)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(object)
	}
	f.Add([]byte{0x9f, 0x9f, 0x9f, 0xff})
	judge := passkey.NewJudge(passkeytest.RPID, passkeytest.Origin, false)
	valid := passkeytest.New(passkeytest.Origin).Create(creation())
	f.Fuzz(func(t *testing.T, object []byte) {
		r := valid
		r.Response.AttestationObject = base64.RawURLEncoding.EncodeToString(object)
		_, _ = judge.Register(r, challenge)
	})
}

// FuzzAssertion: nothing but what was signed holds.
func FuzzAssertion(f *testing.F) {
	a := passkeytest.New(passkeytest.Origin)
	judge := passkey.NewJudge(passkeytest.RPID, passkeytest.Origin, false)
	known, err := judge.Register(a.Create(creation()), challenge)
	if err != nil {
		f.Fatal(err)
	}
	signed := a.Get(passkey.RequestOptions{Challenge: challenge})
	add := func(r passkey.AssertionResponse) {
		text, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	add(signed)
	for _, s := range both {
		add(a.Get(passkey.RequestOptions{Challenge: challenge}, s.bend))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r passkey.AssertionResponse
		if json.Unmarshal(text, &r) != nil {
			return
		}
		if err := judge.Assert(r, challenge, known); err == nil && !same(r, signed) {
			t.Errorf("held, and was not signed: %s", text)
		}
		_ = judge.Assert(r, challenge, store.PasskeyRow{PublicKey: text})
	})
}

// same compares what is signed, whatever its base64 looked like.
func same(r, signed passkey.AssertionResponse) bool {
	bytes := func(s string) string {
		b, _ := base64.RawURLEncoding.DecodeString(s)
		return string(b)
	}
	return bytes(r.Response.AuthenticatorData) == bytes(signed.Response.AuthenticatorData) &&
		bytes(r.Response.ClientDataJSON) == bytes(signed.Response.ClientDataJSON)
}

func TestNames(t *testing.T) {
	t.Parallel()
	for userAgent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " +
			"Chrome/156.0.0.0 Safari/537.36": "Chrome on Linux",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
			"Version/19.0 Safari/605.1.15": "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 " +
			"Mobile/15E148 Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 " +
			"Safari/537.36 Edg/156.0.0.0": "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36": "Chrome " +
			"on Android",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0": "Firefox on Windows",
		"okhttp/5.0 (Android)": "Android", "curl/8.0": "of 1 May 2026", "": "of 1 May 2026",
	} {
		if got := passkey.NameOf(userAgent, "1 May 2026"); got != want {
			t.Errorf("%q is called %q, want %q", userAgent, got, want)
		}
	}
}
