package passkey_test

import (
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/methodtest"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// TestHostile: the suite of every method (A1, A3, A5, A7, A8, B11, C7, E5).
func TestHostile(t *testing.T) {
	t.Parallel()
	var devices sync.Map // of users
	device := func(s store.SessionRow) *passkeytest.Authenticator {
		a, _ := devices.Load(s.UserID)
		return a.(*passkeytest.Authenticator)
	}
	try := func(t testing.TB, w *tenanttest.World, s store.SessionRow, bend ...func(*passkeytest.Ceremony)) methodtest.Try {
		answer := device(s).Get(passkeytest.StepUpOptions(t, w, s), bend...)
		return methodtest.Try{Method: passkey.Assertion{Response: answer}, Attempt: method.Attempt{Caller: w.From("")}}
	}
	methodtest.Run(t, methodtest.Case{
		Kind: assurance.Passkey, Document: tenanttest.Document(passkeytest.On), Off: tenanttest.Document(passkeytest.Off), OfSession: true,
		Burns: true,
		Enrol: func(t testing.TB, w *tenanttest.World, name string) store.SessionRow {
			s := w.SignIn(t, name+"@example.com")
			a := passkeytest.New(passkeytest.Origin)
			if _, err := passkeytest.Register(t, w, s, a); err != nil {
				t.Fatal(err)
			}
			devices.Store(s.UserID, a)
			return s
		},
		Right: func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try { return try(t, w, s) },
		Bound: func(t testing.TB, w *tenanttest.World, s store.SessionRow, x store.BindingRow) (methodtest.Try, error) {
			options, err := passkeytest.TryOptions(t, w, s, x.ID)
			if err != nil {
				return methodtest.Try{}, err
			}
			return methodtest.Try{Method: passkey.Assertion{Response: device(s).Get(options)},
				Attempt: method.Attempt{Caller: w.From("")}}, nil
		},
		Wrong: func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try {
			return try(t, w, s, func(c *passkeytest.Ceremony) { c.Flags |= passkeytest.BackupEligible })
		},
	})
}
