package offline

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/chain/solana"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

// Quorum is a group of parties that is large enough, and what came of it.
type Quorum struct {
	Parties []int
	Problem string // empty: it gives the key of the wallet's address
}

// Custodian is what a custodian's parties hold, each as if it stood alone.
func Custodian(scheme wallet.Scheme, custodian wallet.Role, pieces share.Pieces) (map[int]share.Pieces, error) {
	holders := map[int]share.Pieces{}
	for _, party := range share.PartiesOf(scheme, custodian) {
		held, err := pieces.Pick(share.Held(scheme, party))
		if err != nil {
			return nil, fmt.Errorf("the %s: %w", custodian, err)
		}
		holders[party] = held
	}
	return holders, nil
}

// Drill tries every quorum among the parties at hand, all of one generation, and says
// which of them give the key of the wallet's address. No key is kept or returned. It
// fails if the parties are no quorum.
func Drill(scheme wallet.Scheme, chain wallet.Chain, address string, holders map[int]share.Pieces) ([]Quorum, error) {
	var present []int
	for party := 1; party <= share.Parties(scheme); party++ {
		if _, ok := holders[party]; ok {
			present = append(present, party)
		}
	}
	if len(present) != len(holders) || !scheme.Valid() {
		return nil, fmt.Errorf("%s does not have all these parties", scheme)
	}
	if len(present) < share.Threshold(scheme) {
		return nil, fmt.Errorf("%s needs %d parties, and only %v are at hand", scheme, share.Threshold(scheme), present)
	}
	var quorums []Quorum
	for _, group := range choose(present, share.Threshold(scheme)) {
		quorum := Quorum{Parties: group}
		if err := try(scheme, chain, address, group, holders); err != nil {
			quorum.Problem = err.Error()
		}
		quorums = append(quorums, quorum)
	}
	return quorums, nil
}

func try(scheme wallet.Scheme, chain wallet.Chain, address string, group []int, holders map[int]share.Pieces) error {
	var pieces []share.Pieces
	for _, party := range group {
		if !slices.Equal(holders[party].Numbers(), share.Held(scheme, party)) {
			return fmt.Errorf("party %d brings the pieces %v, not %v", party, holders[party].Numbers(), share.Held(scheme, party))
		}
		pieces = append(pieces, holders[party])
	}
	secret, err := share.Combine(scheme, pieces...)
	if err != nil {
		return err
	}
	defer clear(secret)
	got, err := addressOf(chain, secret)
	if err == nil && got != address {
		err = fmt.Errorf("they give the key of %s", got)
	}
	return err
}

// addressOf is the address of the key that a secret is.
func addressOf(chain wallet.Chain, secret []byte) (string, error) {
	switch chain {
	case wallet.EVM:
		var scalar secp256k1.ModNScalar
		defer scalar.Zero()
		if overflow := scalar.SetByteSlice(secret); overflow || scalar.IsZero() {
			return "", errors.New("they give no key")
		}
		key := secp256k1.NewPrivateKey(&scalar)
		defer key.Zero()
		address, err := evm.AddressOf(key.PubKey().SerializeCompressed())
		return address.String(), err
	case wallet.SOL:
		key := ed25519.NewKeyFromSeed(secret)
		defer clear(key)
		address, err := solana.AddressOf(key.Public().(ed25519.PublicKey))
		return address.String(), err
	}
	return "", fmt.Errorf("there are no addresses of chain %q", chain)
}

// choose are all groups of that size, in order.
func choose(parties []int, size int) (groups [][]int) {
	if size == 0 {
		return [][]int{nil}
	}
	for i, first := range parties {
		for _, rest := range choose(parties[i+1:], size-1) {
			groups = append(groups, append([]int{first}, rest...))
		}
	}
	return groups
}
