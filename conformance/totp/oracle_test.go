package totp_test

import (
	"encoding/base32"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pquerna/otp"
	oracle "github.com/pquerna/otp/totp"

	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// The same secret shows the same code at any time, over the whole range of
// times and at the edges of time steps.
func TestSameCodes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 20_000 {
		secret := make([]byte, totp.SecretSize)
		for j := range secret {
			secret[j] = byte(random.Uint32())
		}
		at := time.Unix(random.Int64N(1<<35), 0)
		if i%2 == 0 {
			at = at.Truncate(totp.Period).Add(time.Duration(i%3-1) * time.Second)
		}
		text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
		want, err := oracle.GenerateCode(text, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := totp.Code(secret, totp.StepAt(at)); got != want {
			t.Fatalf("at %d: %s, want %s", at.Unix(), got, want)
		}
	}
}

// An app that reads our URI shows the codes that we accept, whatever the names
// in it; a colon, which parts them, is left out.
func TestKeyURI(t *testing.T) {
	document := tenanttest.Document("mail: {appName: 'Ümläut & Söhne: 100%'}", "mfa: {methods: [{type: totp, enabled: true}]}")
	tenanttest.Engines(t, document, func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada+test@example.com")
		var enrolment totp.Enrolment
		w.Write(t, func(tx *store.Tx) (err error) {
			enrolment, err = totp.Enrol(w.As(&ada), tx, "ada+test@example.com", "")
			return err
		})
		key, err := otp.NewKeyFromURL(enrolment.URI)
		if err != nil {
			t.Fatal(err)
		}
		if key.Type() != "totp" || key.Issuer() != "Ümläut & Söhne 100%" || key.AccountName() != "ada+test@example.com" ||
			key.Secret() != enrolment.Secret ||
			key.Period() != 30 || key.Digits() != otp.DigitsSix || key.Algorithm() != otp.AlgorithmSHA1 {
			t.Errorf("%s is read as %q by %q", enrolment.URI, key.AccountName(), key.Issuer())
		}
		code, err := oracle.GenerateCode(key.Secret(), w.Now())
		if err != nil {
			t.Fatal(err)
		}
		secret, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key.Secret())
		if want := totp.Code(secret, totp.StepAt(w.Now())); code != want {
			t.Errorf("the app shows %s, and we want %s", code, want)
		}
	})
}
