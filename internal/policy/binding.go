package policy

import (
	"math/big"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

// Binding says for which transactions of a scope a token must be bound to the
// very one. The zero value asks for none.
type Binding struct {
	Require   string // environment.BindNever, BindAlways or BindAbove; empty: never
	Displayed bool   // and the person must have been shown it

	above map[string]*big.Rat
}

// Amount is a part of what a transaction moves.
type Amount struct {
	Of    string // asset, or member of authorization_details
	Value *big.Rat
}

func bindingOf(b environment.Binding) Binding {
	out := Binding{Require: b.Require, Displayed: b.Displayed}
	for _, entry := range b.Above {
		limit, ok := environment.Decimal(entry.Limit)
		if !ok {
			limit = new(big.Rat) // a document that was not judged: everything is above
		}
		if out.above == nil {
			out.above = map[string]*big.Rat{}
		}
		out.above[entry.Of] = limit
	}
	return out
}

// Always reports whether every transaction must be bound.
func (b Binding) Always() bool { return b.Require == environment.BindAlways }

// Ever reports whether some transaction must be bound.
func (b Binding) Ever() bool { return b.Always() || b.Require == environment.BindAbove }

// Spends reports whether a wallet's transaction that moves these amounts must be
// bound. Amounts of one asset are added. What nobody could value, and an asset
// without a limit, counts as above every limit.
func (b Binding) Spends(amounts []Amount, unvalued bool) bool {
	if b.Require != environment.BindAbove {
		return b.Always()
	}
	if unvalued {
		return true
	}
	sums := map[string]*big.Rat{}
	for _, a := range amounts {
		if a.Value == nil || a.Value.Sign() < 0 {
			return true
		}
		if sums[a.Of] == nil {
			sums[a.Of] = new(big.Rat)
		}
		sums[a.Of].Add(sums[a.Of], a.Value)
	}
	for asset, sum := range sums {
		if limit, ok := b.above[asset]; !ok || sum.Cmp(limit) > 0 {
			return true
		}
	}
	return false
}

// Details reports whether a custom scope's transaction must be bound: each of
// its authorization_details must carry each member that has a limit, as a
// decimal string or number, and their sum must be within it. Details that are
// not known (nil), or cannot be read so, count as above.
func (b Binding) Details(details []byte) bool {
	if b.Require != environment.BindAbove {
		return b.Always()
	}
	parsed, err := strictjson.Parse(details, strictjson.Depth)
	if err != nil {
		return true
	}
	list, err := parsed.List()
	if err != nil || len(list) == 0 {
		return true
	}
	for member, limit := range b.above {
		sum := new(big.Rat)
		for _, detail := range list {
			members, _ := detail.Object()
			value, ok := amount(members.Get(member))
			if !ok {
				return true
			}
			sum.Add(sum, value)
		}
		if sum.Cmp(limit) > 0 {
			return true
		}
	}
	return false
}

// amount reads digits, bare or in quotes.
func amount(value strictjson.Value) (*big.Rat, bool) {
	if text, err := value.Text(); err == nil {
		return environment.Decimal(text)
	}
	return environment.Decimal(string(value.Raw()))
}
