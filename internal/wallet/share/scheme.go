// Package share splits a wallet's secret among parties and puts it together again.
//
// It is replicated XOR sharing (Ito, Saito, Nishizeki 1987): in a scheme of t of n
// parties there is one piece for each group of t-1 parties, and just that group
// lacks it. The XOR of all pieces is the secret. So any t parties hold every piece,
// and any t-1 lack one, without which the others are uniformly random: a sub-quorum
// knows nothing at all, whatever it can compute. The invariant of this package is
// that this holds after [Split] and after any chain of renewals ([Contribute],
// [Merge]), in which the secret is never put together.
//
// XOR carries no proof that pieces belong together: whoever renews must check the
// result by one assembly before the old pieces may go.
package share

import (
	"fmt"
	"slices"

	"github.com/stepup-auth/stepup/internal/wallet"
)

// scheme is how many parties there are, how many are a quorum, and who they are.
type scheme struct {
	threshold, parties int
	signer, guardian   []int // the parties that a custodian stands for; the rest is offline
}

// The signer and the guardian together are a quorum of each scheme, and neither is
// one alone.
var schemes = map[wallet.Scheme]scheme{
	wallet.TwoOfTwo:    {threshold: 2, parties: 2, signer: []int{1}, guardian: []int{2}},
	wallet.TwoOfThree:  {threshold: 2, parties: 3, signer: []int{1}, guardian: []int{2}},
	wallet.ThreeOfFive: {threshold: 3, parties: 5, signer: []int{1, 2}, guardian: []int{3}},
}

func known(s wallet.Scheme) error {
	if _, ok := schemes[s]; !ok {
		return fmt.Errorf("there is no scheme %q; the schemes are %v", s, wallet.Schemes)
	}
	return nil
}

func isCustodian(role wallet.Role) error {
	if role != wallet.Signer && role != wallet.Guardian {
		return fmt.Errorf("%q is no custodian", role)
	}
	return nil
}

// Parties is how many parties share a secret; they are numbered from 1.
func Parties(s wallet.Scheme) int { return schemes[s].parties }

// Threshold is how many of them are needed.
func Threshold(s wallet.Scheme) int { return schemes[s].threshold }

// Count is how many pieces there are; they are numbered from 1.
func Count(s wallet.Scheme) int { return len(lacking(s)) }

// PartiesOf are the parties that a custodian, [wallet.Signer] or [wallet.Guardian],
// stands for.
func PartiesOf(s wallet.Scheme, custodian wallet.Role) []int {
	switch custodian {
	case wallet.Signer:
		return slices.Clone(schemes[s].signer)
	case wallet.Guardian:
		return slices.Clone(schemes[s].guardian)
	}
	return nil
}

// Offline are the parties whose shares the operator keeps in files.
func Offline(s wallet.Scheme) (parties []int) {
	for party := 1; party <= Parties(s); party++ {
		if !slices.Contains(schemes[s].signer, party) && !slices.Contains(schemes[s].guardian, party) {
			parties = append(parties, party)
		}
	}
	return parties
}

// Held are the numbers of the pieces that these parties have between them.
func Held(s wallet.Scheme, parties ...int) (numbers []int) {
	for i, group := range lacking(s) {
		if slices.ContainsFunc(parties, func(party int) bool {
			return party >= 1 && party <= Parties(s) && !slices.Contains(group, party)
		}) {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

// HeldBy are the numbers of the pieces that a custodian has.
func HeldBy(s wallet.Scheme, custodian wallet.Role) []int {
	return Held(s, PartiesOf(s, custodian)...)
}

// Responsible are the pieces that a custodian answers for in a renewal: each piece
// is one custodian's, who holds it.
func Responsible(s wallet.Scheme, custodian wallet.Role) []int {
	if custodian == wallet.Signer {
		return HeldBy(s, wallet.Signer)
	}
	signer := HeldBy(s, wallet.Signer)
	return slices.DeleteFunc(HeldBy(s, custodian), func(n int) bool { return slices.Contains(signer, n) })
}

// lacking names for each piece the group of parties that lacks it: all groups of
// threshold-1 parties, in lexical order.
func lacking(s wallet.Scheme) (groups [][]int) {
	var add func(group []int, from int)
	add = func(group []int, from int) {
		if len(group) == schemes[s].threshold-1 {
			groups = append(groups, slices.Clone(group))
			return
		}
		for party := from; party <= schemes[s].parties; party++ {
			add(append(group, party), party+1)
		}
	}
	if known(s) == nil {
		add(nil, 1)
	}
	return groups
}
