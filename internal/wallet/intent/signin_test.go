package intent

import (
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Whoever may sign with a wallet must not be able to step up with it.
func TestAWalletDoesNotProveItsUser(t *testing.T) {
	for account, w := range map[string]wallet.Wallet{"Ethereum": evmWallet(t), "Solana": solanaWallet()} {
		published := (&walletsigtest.Wallet{Chain: string(w.Chain), Address: w.Address}).
			Published("https://app.example", environment, "12345678", time.Unix(0, 0))
		stepUp := walletsig.Message{
			Domain: "app.example", Account: account, Address: w.Address, Statement: "Confirm.", URI: "https://app.example/", ChainID: "1",
			Nonce: "12345678", IssuedAt: "2026-01-01T00:00:00Z", RequestID: environment,
			Resources: []string{"urn:stepup:scope:wallet:export"},
		}
		elsewhere := stepUp
		elsewhere.RequestID = "99999999-1111-4111-8111-111111111111"
		nobody := stepUp
		nobody.RequestID = ""
		for text, ours := range map[string]bool{published: true, stepUp.String(): true, elsewhere.String(): false, nobody.String(): false} {
			if m, err := walletsig.ParseMessage(text); err != nil || (m.RequestID == environment) != ours {
				t.Fatalf("%q: %+v, %v", text, m, err)
			}
			_, err := understand(body(map[string]any{"message": text}), w)
			if refused := fault.Has(err, fault.InvalidRequest); refused != ours || err != nil && !refused {
				t.Errorf("%s: %q: %v", w.Chain, text, err)
			}
		}
	}
}
