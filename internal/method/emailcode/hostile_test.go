package emailcode_test

import (
	"testing"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/method/methodtest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

func TestHostile(t *testing.T) {
	t.Parallel()
	try := func(w *tenanttest.World, s store.SessionRow, id, typed string) methodtest.Try {
		return methodtest.Try{Method: emailcode.Method{}, Attempt: w.Attempt(&s, id, typed)}
	}
	ask := func(t testing.TB, w *tenanttest.World, s store.SessionRow) (id, code string) {
		return w.Ask(t, w.As(&s), emailcode.Request{Purpose: method.InSession, Address: w.Identifier(t, s)})
	}
	methodtest.Run(t, methodtest.Case{
		Kind: assurance.EmailCode,
		Document: tenanttest.Document("limits: {codesPerAddress: {count: 1000, per: 10m}, codesPerSession: {count: 1000, per: 10m}, " +
			"codesPerAccount: {count: 1000, per: 10m}, codesPerAccountHour: 1000, codesPerIP: {count: 1000, per: 10m}}"),
		Enrol: func(t testing.TB, w *tenanttest.World, name string) store.SessionRow {
			return w.SignIn(t, name+"@example.com")
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
			id, code, err := w.TryAsk(t, w.As(&s),
				emailcode.Request{Purpose: method.InSession, Address: w.Identifier(t, s), BindingID: x.ID})
			return try(w, s, id, code), err
		},
		OfSession: true, Guessable: true, Shows: true,
	})
}
