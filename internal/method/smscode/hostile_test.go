package smscode_test

import (
	"fmt"
	"testing"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/methodtest"
	"github.com/stepup-auth/stepup/internal/method/smscode"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

const manySends = "limits: {codesPerAddress: {count: 1000, per: 10m}, codesPerSession: {count: 1000, per: 10m}, codesPerAccount: {count: " +
	"1000, per: 10m}, codesPerAccountHour: 1000, codesPerIP: {count: 1000, per: 10m}}"

func TestHostile(t *testing.T) {
	t.Parallel()
	ask := func(t testing.TB, w *tenanttest.World, s store.SessionRow) (id, code string) {
		return w.AskText(t, w.As(&s), smscode.Request{Purpose: method.InSession, Address: numberOf(t, w, s)})
	}
	try := func(w *tenanttest.World, s store.SessionRow, id, typed string) methodtest.Try {
		return methodtest.Try{Method: smscode.Method{}, Attempt: w.Attempt(&s, id, typed)}
	}
	methodtest.Run(t, methodtest.Case{
		Kind:     assurance.SMSCode,
		Document: tenanttest.Document("sms: {enabled: true, countries: [US], perPrefix: {count: 1000, per: 1h}}", manySends),
		Off:      tenanttest.Document(manySends),
		Enrol: func(t testing.TB, w *tenanttest.World, name string) store.SessionRow {
			s := w.SignIn(t, name+"@example.com") // by mail, for another session of the same person
			w.Write(t, func(tx *store.Tx) error { return link(tx, w, s, named(name)) })
			w.Mails(t)
			return s
		},
		Right: func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try {
			id, code := ask(t, w, s)
			return try(w, s, id, code)
		},
		Wrong: func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try {
			id, code := ask(t, w, s)
			return try(w, s, id, wrong(code))
		},
		Bound: func(t testing.TB, w *tenanttest.World, s store.SessionRow, x store.BindingRow) (methodtest.Try, error) {
			id, code, err := w.TryAskText(t, w.As(&s),
				smscode.Request{Purpose: method.InSession, Address: numberOf(t, w, s), BindingID: x.ID})
			return try(w, s, id, code), err
		},
		OfSession: true, Guessable: true, Shows: true,
	})
}

// named is a number of the person's own, made from the name.
func named(name string) string {
	sum := 0
	for _, c := range name {
		sum = (sum*31 + int(c)) % 10000
	}
	return fmt.Sprintf("+1415555%04d", sum)
}

// wrong is a code that is not this one.
func wrong(code string) string { return string('0'+(code[0]-'0'+1)%10) + code[1:] }
