package authz

import (
	"encoding/json"
	"testing"

	"github.com/stepup-auth/stepup/internal/wallet"
)

// FuzzBinding: what binds a token to an operation is exactly one entry that says
// so, however it is written.
func FuzzBinding(f *testing.F) {
	op := wallet.Operation{WalletID: "w", Action: wallet.Sign}
	for _, text := range []string{`[{"type":"stepup_wallet","walletId":"w","action":"sign","intentHash":"h"}]`,
		`[{"type":"stepup_wallet","walletId":"w","action":"sign","intentHash":"h","walletId":"v"}]`,
		`[{"type":"stepup_wallet","walletId":"w","action":"sign","IntentHash":"h"}]`, `[]`, `{}`, `[],"details":[]`, `[{}]`,
		`null`, `[null]`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, details []byte) {
		if checkBinding(details, op, "h") != nil {
			return
		}
		var list []map[string]string
		if err := json.Unmarshal(details, &list); err != nil || len(list) != 1 || len(list[0]) != 4 ||
			list[0]["type"] != DetailType || list[0]["walletId"] != "w" || list[0]["action"] != "sign" || list[0]["intentHash"] != "h" {
			t.Errorf("%q binds: %v", details, err)
		}
	})
}
