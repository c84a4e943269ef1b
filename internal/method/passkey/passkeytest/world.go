package passkeytest

import (
	"testing"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// The relying party of [On].
const (
	RPID   = "example.com"
	Origin = "https://app.example.com"
)

// On and Off are lines of an environment with passkeys on and off.
const (
	On  = "passkeys: {rpId: " + RPID + ", origins: [\"" + Origin + "\"]}\nmfa: {methods: [{type: passkey, enabled: true}]}"
	Off = "passkeys: {rpId: " + RPID + ", origins: [\"" + Origin + "\"]}\nmfa: {methods: [{type: passkey, enabled: false}]}"
)

// Register adds the authenticator's passkey to the session's user, as the API does.
func Register(t testing.TB, w *tenanttest.World, s store.SessionRow, a *Authenticator,
	bend ...func(*Ceremony)) (store.CredentialRow, error) {
	t.Helper()
	var options passkey.CreationOptions
	w.Write(t, func(tx *store.Tx) (err error) {
		options, err = passkey.BeginRegistration(w.As(&s), tx)
		return err
	})
	return Finish(t, w, s, a.Create(options, bend...))
}

// Finish sends the answer to creation options.
func Finish(t testing.TB, w *tenanttest.World, s store.SessionRow, answer passkey.AttestationResponse) (c store.CredentialRow, err error) {
	t.Helper()
	r := &passkey.Registration{Response: answer}
	err = method.Check(t.Context(), w.DB, r, method.Attempt{Caller: w.As(&s)}, func(tx *store.Tx, p method.Proof) error {
		if _, held := p.Credential(); held {
			return passkey.Known()
		}
		e := p.Evidence()
		c, err = account.Link(w.About(s.UserID), tx, account.Address{Format: e.Format, Identifier: e.Identifier,
			Written: e.Recipient}, account.Authority{Provenance: store.ProvenanceElevatedToken})
		if err != nil {
			return err
		}
		return r.Save(tx, c)
	})
	return c, err
}

// StepUpOptions asks for options inside a session.
func StepUpOptions(t testing.TB, w *tenanttest.World, s store.SessionRow) (o passkey.RequestOptions) {
	t.Helper()
	o, err := TryOptions(t, w, s, "")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TryOptions asks for options that are about a registered transaction.
func TryOptions(t testing.TB, w *tenanttest.World, s store.SessionRow, bindingID string) (o passkey.RequestOptions, err error) {
	t.Helper()
	err = w.DB.Write(t.Context(), func(tx *store.Tx) (err error) {
		o, err = passkey.BeginStepUp(w.As(&s), tx, bindingID)
		return err
	})
	return o, err
}

// SignInOptions asks for options without one.
func SignInOptions(t testing.TB, w *tenanttest.World) (o passkey.RequestOptions) {
	t.Helper()
	w.Write(t, func(tx *store.Tx) (err error) {
		o, err = passkey.BeginSignIn(w.From("192.0.2.1"), tx)
		return err
	})
	return o
}
