package intent

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/stepup-auth/stepup/internal/chain/evm"
)

// Assets are named after CAIP-19:
//
//	eip155:1/native            the coin of the EVM chain 1, in wei
//	eip155:1/erc20:0xA0b8…     a token there, in its smallest unit
//	solana/native              SOL, in lamports
//	solana/token:Es9v…         a token by its mint, in its smallest unit
var (
	evmNative   = regexp.MustCompile(`^eip155:[1-9][0-9]{0,18}/native$`)
	evmToken    = regexp.MustCompile(`^(eip155:[1-9][0-9]{0,18}/erc20:)(0x[0-9A-Fa-f]{40})$`)
	solanaAsset = regexp.MustCompile(`^solana/(native|token:[1-9A-HJ-NP-Za-km-z]{32,44})$`)
)

// ParseAsset reads the name of an asset, as operators write it in limits, and
// returns its one spelling, in which spends name it.
func ParseAsset(text string) (string, error) {
	if evmNative.MatchString(text) || solanaAsset.MatchString(text) {
		return text, nil
	}
	if m := evmToken.FindStringSubmatch(text); m != nil {
		a, err := evm.ParseAddress(m[2])
		if err != nil {
			return "", fmt.Errorf("asset %q: %w", text, err)
		}
		return m[1] + a.String(), nil
	}
	return "", errors.New("an asset is written eip155:CHAIN/native, eip155:CHAIN/erc20:ADDRESS, solana/native or solana/token:MINT, not " +
		fmt.Sprintf("%q", text))
}

// Totals is how much of each asset leaves the wallet at most.
func (i Intent) Totals() map[string]*big.Int {
	totals := map[string]*big.Int{}
	for _, s := range i.Spends {
		if totals[s.Asset] == nil {
			totals[s.Asset] = new(big.Int)
		}
		totals[s.Asset].Add(totals[s.Asset], s.Amount)
	}
	return totals
}

// Above reports whether the operation may take more than the limits, by asset,
// allow. Without any limit nothing is above. With one, whatever has no limit of
// its own is above, and so is what cannot be valued.
func (i Intent) Above(limits map[string]*big.Int) bool {
	if len(limits) == 0 {
		return false
	}
	if i.Unvalued {
		return true
	}
	for asset, total := range i.Totals() {
		if limit := limits[asset]; limit == nil || total.Cmp(limit) > 0 {
			return true
		}
	}
	return false
}

// decimal writes an amount of the smallest unit in a unit of so many decimals:
// exactly, without trailing zeros.
func decimal(amount *big.Int, decimals int) string {
	digits := amount.String()
	if decimals == 0 {
		return digits
	}
	if len(digits) <= decimals {
		digits = strings.Repeat("0", decimals-len(digits)+1) + digits
	}
	whole, rest := digits[:len(digits)-decimals], strings.TrimRight(digits[len(digits)-decimals:], "0")
	if rest == "" {
		return whole
	}
	return whole + "." + rest
}
