package signer_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"math/bits"
	"slices"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/offline"
	"github.com/stepup-auth/stepup/internal/wallet/share"
	"github.com/stepup-auth/stepup/internal/wallet/wallettest"
)

// parties are what each party of a generation really has: the custodians in their
// databases, the others in their files.
func parties(t *testing.T, c *wallettest.Custodians, o wallet.Order, done wallet.Done) map[int]share.Pieces {
	t.Helper()
	all := map[int]share.Pieces{}
	for role, keep := range map[wallet.Role]*custody.Store{wallet.Signer: c.SignerServer.Custody,
		wallet.Guardian: c.GuardianServer.Custody} {
		var made custody.Sealed
		err := keep.DB().Write(t.Context(), func(tx *store.Tx) (err error) {
			made, err = keep.Made(tx, o.Operation.Ref())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		pieces, err := keep.Open(t.Context(), made)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(pieces.Numbers(), share.HeldBy(o.Scheme, role)) {
			t.Errorf("%s: the %s has the pieces %v", o.Scheme, role, pieces.Numbers())
		}
		mine, err := offline.Custodian(o.Scheme, role, pieces)
		if err != nil {
			t.Fatal(err)
		}
		for party, held := range mine {
			all[party] = held
		}
	}
	for _, file := range done.OfflineShares {
		opened, err := offline.Open(c.OfflineKey, file)
		if err != nil {
			t.Fatal(err)
		}
		all[file.Party] = opened.Pieces
	}
	if len(all) != share.Parties(o.Scheme) {
		t.Fatalf("%s has %d parties, not %d", o.Scheme, share.Parties(o.Scheme), len(all))
	}
	return all
}

// Every group of parties as large as the threshold has the key, and none that is
// smaller: in every scheme, before and after each renewal into every scheme, with
// the shares as they are stored and handed out.
func TestQuorumsHaveTheKeyAndNobodyElse(t *testing.T) {
	t.Parallel()
	c := wallettest.Start(t)
	isKey := func(w wallet.Wallet, secret []byte) bool {
		if w.Chain == wallet.SOL {
			signature := ed25519.Sign(ed25519.NewKeyFromSeed(secret), []byte("hello"))
			return ed25519.Verify(w.PublicKey, []byte("hello"), signature)
		}
		return bytes.Equal(secp256k1.PrivKeyFromBytes(secret).PubKey().SerializeCompressed(), w.PublicKey)
	}
	quorums := func(when string, w wallet.Wallet, o wallet.Order, done wallet.Done) {
		t.Helper()
		held := parties(t, c, o, done)
		for group := uint(1); group < 1<<len(held); group++ {
			var of []share.Pieces
			for party, pieces := range held {
				if group>>(party-1)&1 == 1 {
					of = append(of, pieces)
				}
			}
			secret, err := share.Combine(o.Scheme, of...)
			if bits.OnesCount(group) < share.Threshold(o.Scheme) {
				if !errors.Is(err, share.ErrMissing) || secret != nil {
					t.Errorf("%s: the parties %b are no quorum: %v", when, group, err)
				}
			} else if err != nil || !isKey(w, secret) {
				t.Errorf("%s: the parties %b are a quorum: %v", when, group, err)
			}
		}
	}
	for _, chain := range []wallet.Chain{wallet.EVM, wallet.SOL} {
		for _, from := range wallet.Schemes {
			for _, to := range wallet.Schemes {
				if chain == wallet.SOL && to != from {
					continue // the sharing knows no chains
				}
				o := c.New(chain, from)
				done, err := c.Signer.Do(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				w := o.Wallet
				w.Address, w.PublicKey, w.Generation = done.Address, done.PublicKey, 1
				quorums("created as "+string(from), w, o, done)
				c.Settle(o, wallet.Commit)

				o = c.Order(w, wallet.Refresh, struct{}{})
				if to != from {
					o = c.Order(w, wallet.Reshare, wallet.ReshareRequest{Old: from, New: to})
				}
				if done, err = c.Signer.Do(t.Context(), o); err != nil {
					t.Fatal(err)
				}
				quorums(string(from)+" made "+string(to), w, o, done)
			}
		}
	}
}
