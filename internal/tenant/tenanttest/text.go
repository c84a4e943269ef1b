package tenanttest

import (
	"testing"

	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/smscode"
	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/store"
)

// Texts is a line for [Document] that switches text messages on.
const Texts = "sms: {enabled: true, countries: [US, GB]}"

// Number reads a number in E.164.
func Number(t testing.TB, text string) phone.Number {
	t.Helper()
	n, err := phone.ParseE164(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// AskText asks for a code as [smscode.Create] does and returns it.
func (w *World) AskText(t testing.TB, r smscode.Request) (challengeID, code string) {
	t.Helper()
	challengeID, code, err := w.TryAskText(t, r)
	if err != nil {
		t.Fatal(err)
	}
	return challengeID, code
}

// TryAskText is AskText where a refusal is no surprise.
func (w *World) TryAskText(t testing.TB, r smscode.Request) (challengeID, code string, err error) {
	t.Helper()
	r.Tenant = w.Tenant
	err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
		c, err := smscode.Create(tx, r)
		challengeID = c.ID
		return err
	})
	if err != nil {
		return "", "", err
	}
	for _, m := range w.Mails(t) {
		if c := CodeIn(m); c != "" {
			code = c
		}
	}
	return challengeID, code, nil
}

// SignInByText signs in with a texted code, signing up where nobody has the number.
func (w *World) SignInByText(t testing.TB, number string) store.SessionRow {
	t.Helper()
	id, code := w.AskText(t, smscode.Request{Purpose: method.SignIn, Number: Number(t, number), Source: "192.0.2.1"})
	var row store.SessionRow
	err := method.Check(t.Context(), w.DB, smscode.Method{}, w.Attempt(nil, id, code), By, func(tx *store.Tx, p method.Proof) (err error) {
		row, err = Enter(tx, w.Tenant, p)
		return err
	})
	if err != nil {
		t.Fatalf("signing in as %s: %v", number, err)
	}
	return row
}
