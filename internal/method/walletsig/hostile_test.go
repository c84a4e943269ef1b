package walletsig_test

import (
	"sync"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/method/methodtest"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// TestHostileSuite runs what every method must withstand, with either text on
// either chain.
func TestHostileSuite(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(testing.TB) *walletsigtest.Wallet{"EVM": walletsigtest.NewEVM,
		"Solana": walletsigtest.NewSolana} {
		for _, own := range []bool{true, false} {
			var mu sync.Mutex
			wallets := map[string]*walletsigtest.Wallet{}
			of := func(s store.SessionRow) *walletsigtest.Wallet {
				mu.Lock()
				defer mu.Unlock()
				return wallets[s.UserID]
			}
			try := func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try {
				if own {
					text := ours(t, w, of(s), to(walletsig.StepUp, &s, string(stepup.WalletExport)))
					return signed(w, of(s), to(walletsig.StepUp, &s, string(stepup.WalletExport)), text)
				}
				return signed(w, of(s), to(walletsig.StepUp, &s, string(stepup.WalletExport)), published(t, w, of(s)))
			}
			// The published text names no transaction.
			var bound func(testing.TB, *tenanttest.World, store.SessionRow, store.BindingRow) (methodtest.Try, error)
			if own {
				bound = func(t testing.TB, w *tenanttest.World, s store.SessionRow, x store.BindingRow) (methodtest.Try, error) {
					text := oursAbout(t, w, of(s), to(walletsig.StepUp, &s, string(stepup.WalletExport)), &x)
					return signed(w, of(s), to(walletsig.StepUp, &s, string(stepup.WalletExport)), text), nil
				}
			}
			t.Run(name+map[bool]string{true: ", our text", false: ", published text"}[own], func(t *testing.T) {
				t.Parallel()
				methodtest.Run(t, methodtest.Case{
					Kind: assurance.WalletSignature, Document: document,
					Off: tenanttest.Document("origins: [" + app + "]"), OfSession: own, Burns: true,
					Enrol: func(t testing.TB, w *tenanttest.World, name string) store.SessionRow {
						wallet := make(t)
						s := w.SignIn(t, name+"@example.com")
						linkTo(t, w, wallet, s)
						mu.Lock()
						defer mu.Unlock()
						wallets[s.UserID] = wallet
						return s
					},
					Right: try, Bound: bound, Shows: true,
					Wrong: func(t testing.TB, w *tenanttest.World, s store.SessionRow) methodtest.Try {
						wrong := try(t, w, s)
						wrong.Attempt.Response = secret.Text(make(t).Sign(wrong.Method.(walletsig.Method).Message))
						return wrong
					},
				})
			})
		}
	}
}
