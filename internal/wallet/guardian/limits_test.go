package guardian

import (
	"errors"
	"math/big"
	"testing"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
)

// Where value is limited, what cannot be valued does not leave the wallet, and
// neither does what has no limit of its own. Both are refused before anything is
// counted.
func TestWhatHasNoLimitIsAboveTheOthers(t *testing.T) {
	limited := limits{valuePerDay: map[string]config.Amount{"eip155:1/native": {Int: big.NewInt(10)}}}
	other := intent.Intent{Action: wallet.Sign,
		Spends: []intent.Spend{{Asset: "eip155:137/erc20:0x0000000000000000000000000000000000001010", Amount: big.NewInt(1)}}}
	unvalued := intent.Intent{Action: wallet.Sign, Unvalued: true, Reason: "it is a permit"}
	for _, in := range []intent.Intent{other, unvalued} {
		var f *fault.Error
		if err := limited.value(nil, "w", in); !errors.As(err, &f) || f.Code != fault.WalletLimit {
			t.Errorf("%+v: %v", in, err)
		}
		if err := (limits{}).value(nil, "w", in); err != nil {
			t.Errorf("%+v without limits: %v", in, err)
		}
	}
}

// An export takes everything at once: where value is limited it has a limit of its
// own, or is refused.
func TestAnExportIsAboveEveryLimitOfValue(t *testing.T) {
	value := map[string]config.Amount{"eip155:1/native": {Int: big.NewInt(10)}}
	one := 1
	for name, c := range map[string]struct {
		file    config.Limits
		refused bool
	}{
		"value alone":             {config.Limits{ValuePerDay: value}, true},
		"value, and exports":      {config.Limits{ValuePerDay: value, ExportsPerDay: &one}, false},
		"exports alone":           {config.Limits{ExportsPerDay: &one}, false},
		"nothing":                 {config.Limits{}, false},
		"value in no environment": {config.Limits{ValuePerDay: map[string]config.Amount{}}, false},
	} {
		l := limitsOf(config.CustodianFile{Limits: c.file}, "11111111-1111-4111-8111-111111111111")
		err := l.mayExport()
		if refused := fault.Has(err, fault.WalletLimit); refused != c.refused || err != nil && !refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}
