package signer_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/mr-tron/base58"

	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/offline"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
	"github.com/stepup-auth/stepup/internal/wallet/wallettest"
)

func engines(t *testing.T, f func(*testing.T, wallettest.Option)) {
	t.Helper()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f(t, wallettest.On(engine))
		})
	}
}

// signs signs a message and checks the signature by the address alone.
func signs(t *testing.T, c *wallettest.Custodians, w wallet.Wallet) []byte {
	t.Helper()
	done, err := c.Signer.Do(t.Context(), c.Message(w, "hello"))
	if err != nil || done.Signature == nil {
		t.Fatalf("signing with %s %s: %+v, %v", w.Chain, w.Scheme, done, err)
	}
	signature := done.Signature.Signature
	switch w.Chain {
	case wallet.EVM:
		a, err := evm.Recover(evm.MessageDigest([]byte("hello")), signature)
		if err != nil || a.String() != w.Address {
			t.Errorf("the signature is of %s, %v; the wallet is %s", a, err, w.Address)
		}
	case wallet.SOL:
		key, err := base58.Decode(w.Address)
		if err != nil || !ed25519.Verify(key, []byte("hello"), signature) {
			t.Errorf("the signature is not that of %s: %v", w.Address, err)
		}
	}
	return signature
}

// A wallet of each kind and scheme signs, before and after each renewal, with the
// same address; its shares stand the check, and its offline shares are quorums.
func TestLife(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, on wallettest.Option) {
		c := wallettest.Start(t, on)
		for _, chain := range []wallet.Chain{wallet.EVM, wallet.SOL} {
			for _, scheme := range wallet.Schemes {
				w := c.Create(chain, scheme)
				first := signs(t, c, w)
				for _, to := range []wallet.Scheme{scheme, wallet.TwoOfThree, wallet.ThreeOfFive, wallet.TwoOfTwo} {
					w = c.Renew(w, to)
					if again := signs(t, c, w); !bytes.Equal(first, again) {
						t.Errorf("%s: another signature after the change to %s", chain, to)
					}
					if address, err := c.Signer.Check(t.Context(), w); err != nil || address != w.Address {
						t.Errorf("check: %q, %v", address, err)
					}
				}
			}
		}
	})
}

// Each generation brings the offline parties' shares, which together with those of
// any online custodian, or by themselves where they are enough, are the key.
func TestOfflineShares(t *testing.T) {
	t.Parallel()
	c := wallettest.Start(t)
	for _, scheme := range []wallet.Scheme{wallet.TwoOfThree, wallet.ThreeOfFive} {
		o := c.New(wallet.EVM, scheme)
		done, err := c.Signer.Do(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		want := map[wallet.Scheme][]int{wallet.TwoOfThree: {3}, wallet.ThreeOfFive: {4, 5}}[scheme]
		var parties []int
		for _, file := range done.OfflineShares {
			opened, err := offline.Open(c.OfflineKey, file)
			if err != nil || opened.Address != done.Address || opened.Generation != 1 {
				t.Errorf("%s: %v", scheme, err)
			}
			parties = append(parties, file.Party)
		}
		if !slices.Equal(parties, want) {
			t.Errorf("%s: shares of the parties %v", scheme, parties)
		}
	}
	without := wallettest.Start(t, wallettest.SignerFile(func(f *config.CustodianFile) { f.OfflineKey = "" }))
	if _, err := without.Signer.Do(t.Context(), without.New(wallet.EVM, wallet.TwoOfThree)); !fault.Has(err, fault.InvalidRequest) {
		t.Errorf("a scheme with offline parties, and no key for them: %v", err)
	}
	without.Create(wallet.EVM, wallet.TwoOfTwo)
}

// An exported key is the wallet's, in the form that wallets import.
func TestExport(t *testing.T) {
	t.Parallel()
	c := wallettest.Start(t)
	for _, chain := range []wallet.Chain{wallet.EVM, wallet.SOL} {
		w := c.Create(chain, wallet.TwoOfTwo)
		mine, err := sealed.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		o := c.Order(w, wallet.Export, wallet.ExportRequest{PublicKey: mine.PublicKey()})
		done, err := c.Signer.Do(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		text, err := mine.Open(done.Export.EncapsulatedKey, wallet.ExportInfo(o.Operation), done.Export.Ciphertext)
		if err != nil {
			t.Fatal(err)
		}
		switch chain {
		case wallet.EVM:
			raw, err := hex.DecodeString(string(text))
			if err != nil || !bytes.Equal(secp256k1.PrivKeyFromBytes(raw).PubKey().SerializeCompressed(), w.PublicKey) {
				t.Errorf("EVM: %v", err)
			}
		case wallet.SOL:
			raw, err := base58.Decode(string(text))
			if err != nil || len(raw) != 64 || !bytes.Equal(ed25519.NewKeyFromSeed(raw[:32]), raw) || !bytes.Equal(raw[32:], w.PublicKey) {
				t.Errorf("Solana: %v", err)
			}
		}
		if strings.Contains(c.Log.String(), string(text)) {
			t.Error("the key stands in the log")
		}
	}
	closed := wallettest.Start(t, wallettest.SignerFile(func(f *config.CustodianFile) { f.ExportDisabled = true }))
	w := closed.Create(wallet.EVM, wallet.TwoOfTwo)
	if _, err := closed.Signer.Do(t.Context(), closed.Order(w, wallet.Export,
		wallet.ExportRequest{PublicKey: closed.OfflineKey.PublicKey()})); !fault.Has(err, fault.ExportDisabled) {
		t.Errorf("with exports switched off at the signer: %v", err)
	}
}

// A retry of an operation is that operation, at every stage.
func TestRetry(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, on wallettest.Option) {
		c := wallettest.Start(t, on)
		o := c.New(wallet.SOL, wallet.TwoOfTwo)
		first, err := c.Signer.Do(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		c.Clock.Advance(time.Hour)
		again, err := c.Signer.Do(t.Context(), c.Again(o))
		if err != nil || again.Address != first.Address {
			t.Errorf("creating again: %+v, %v", again, err)
		}
		w := o.Wallet
		w.Address, w.PublicKey, w.Generation = first.Address, first.PublicKey, 1
		c.Settle(o, wallet.Commit, wallet.Commit)

		message := c.Message(w, "hello",
			func(claims map[string]any) { claims["singleUse"], claims["exp"] = true, claims["iat"].(int64)+300 })
		signed, err := c.Signer.Do(t.Context(), message)
		if err != nil {
			t.Fatal(err)
		}
		c.Clock.Advance(time.Hour)
		message.Wallet = w
		same, err := c.Signer.Do(t.Context(), c.Again(message))
		if err != nil || !bytes.Equal(same.Signature.Signature, signed.Signature.Signature) {
			t.Errorf("signing again, an hour later: %v", err)
		}
	})
}

// What never came into force is taken back on both sides; what is in force stays,
// whatever the coordinator says and to whom.
func TestSettle(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, on wallettest.Option) {
		c := wallettest.Start(t, on)
		states := func(w wallet.Wallet) (all [2][]wallet.GenerationState) {
			t.Helper()
			for i, status := range []func() (wallet.Held, error){
				func() (wallet.Held, error) { return c.Signer.Status(t.Context(), w.EnvironmentID, w.ID) },
				func() (wallet.Held, error) { return c.Guardian.Status(t.Context(), w.EnvironmentID, w.ID) },
			} {
				held, err := status()
				if err != nil {
					t.Fatal(err)
				}
				for _, g := range held.Generations {
					all[i] = append(all[i], g.State)
				}
			}
			return all
		}
		both := func(w wallet.Wallet, want ...wallet.GenerationState) {
			t.Helper()
			for i, got := range states(w) {
				if !slices.Equal(got, want) {
					t.Errorf("custodian %d has %v, not %v", i, got, want)
				}
			}
		}
		o := c.New(wallet.EVM, wallet.TwoOfTwo)
		if _, err := c.Signer.Do(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		both(o.Wallet, wallet.Verified)
		c.Settle(o, wallet.Rollback, wallet.Rollback)
		both(o.Wallet)

		w := c.Create(wallet.EVM, wallet.TwoOfTwo)
		o = c.Order(w, wallet.Refresh, struct{}{})
		if err := c.Signer.Settle(t.Context(), wallettest.Settlement(o, wallet.Commit)); err == nil {
			t.Error("committed what is not there")
		}
		if _, err := c.Signer.Do(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		for _, v := range []wallet.Verdict{wallet.Commit, wallet.Rollback, wallet.Retire} {
			if err := c.Guardian.Settle(t.Context(), wallettest.Settlement(o, v)); !fault.Has(err, fault.Conflict) {
				t.Errorf("the guardian took a %s from the coordinator: %v", v, err)
			}
		}
		if err := c.Signer.Settle(t.Context(), wallettest.Settlement(o, wallet.Retire)); err != nil {
			t.Fatal(err) // it commits first, on both sides
		}
		both(w, wallet.Retiring, wallet.InForce)
		for _, settle := range []func() error{
			func() error { return c.Signer.Settle(t.Context(), wallettest.Settlement(o, wallet.Rollback)) },
			func() error { return c.AsSigner.Settle(t.Context(), wallettest.Settlement(o, wallet.Rollback)) },
		} {
			if err := settle(); !fault.Has(err, fault.Conflict) {
				t.Errorf("what is in force was rolled back: %v", err)
			}
		}
		for generation := 1; generation <= 2; generation++ { // both may be used until the older one is destroyed
			w.Generation = generation
			signs(t, c, w)
		}
		c.Clock.Advance(25 * time.Hour)
		for _, sweep := range []func() error{
			func() error { _, err := c.SignerServer.Custody.Sweep(t.Context()); return err },
			func() error { _, err := c.GuardianServer.Custody.Sweep(t.Context()); return err },
		} {
			if err := sweep(); err != nil {
				t.Fatal(err)
			}
		}
		both(w, wallet.Destroyed, wallet.InForce)
		signs(t, c, w)
		w.Generation = 1
		if _, err := c.Signer.Do(t.Context(), c.Message(w, "hello")); err == nil {
			t.Error("signed with shares that are destroyed")
		}
	})
}

// What is left of a try that ended between the two custodians is dropped by the next.
func TestHalfStaged(t *testing.T) {
	t.Parallel()
	c := wallettest.Start(t)
	w := c.Create(wallet.EVM, wallet.TwoOfTwo)
	o := c.Order(w, wallet.Refresh, struct{}{})
	if _, err := c.Signer.Do(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := c.SignerServer.Settle(t.Context(), wallettest.Settlement(o, wallet.Rollback)); err != nil { // at the signer alone
		t.Fatal(err)
	}
	if _, err := c.Signer.Do(t.Context(), c.Again(o)); !fault.Has(err, fault.Conflict) {
		t.Errorf("over what the guardian has verified: %v", err)
	}
	c.Settle(o, wallet.Rollback)
	if _, err := c.Signer.Do(t.Context(), c.Again(o)); err != nil {
		t.Errorf("after it was settled: %v", err)
	}
}

// Disabling and deleting reach both custodians, and restoring takes both back.
func TestMark(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, on wallettest.Option) {
		c := wallettest.Start(t, on)
		w := c.Create(wallet.EVM, wallet.TwoOfTwo)
		mark := func(o wallet.Order) {
			t.Helper()
			if err := c.Signer.Mark(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if err := c.Guardian.Mark(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		state := func(want wallet.State, by string) {
			t.Helper()
			for name, status := range map[string]func() (wallet.Held, error){
				"signer":   func() (wallet.Held, error) { return c.Signer.Status(t.Context(), w.EnvironmentID, w.ID) },
				"guardian": func() (wallet.Held, error) { return c.Guardian.Status(t.Context(), w.EnvironmentID, w.ID) },
			} {
				held, err := status()
				if err != nil || held.State != want || held.MarkedBy != by {
					t.Errorf("%s: %+v, %v", name, held, err)
				}
			}
		}
		state(wallet.Active, "")
		disable := c.Order(w, wallet.Disable, struct{}{})
		mark(disable)
		state(wallet.Disabled, disable.Operation.ID)
		if _, err := c.Signer.Do(t.Context(), c.Message(w, "hello")); !fault.Has(err, fault.Conflict) {
			t.Errorf("a disabled wallet signed: %v", err)
		}
		if _, err := c.Signer.Do(t.Context(), c.Order(w, wallet.Refresh, struct{}{})); !fault.Has(err, fault.Conflict) {
			t.Errorf("a disabled wallet was renewed: %v", err)
		}
		restore := c.Order(w, wallet.Restore, struct{}{})
		mark(restore)
		state(wallet.Active, restore.Operation.ID)
		signs(t, c, w)
		mark(c.Again(disable)) // a repetition is no new operation
		state(wallet.Active, restore.Operation.ID)

		remove := c.Order(w, wallet.Delete, struct{}{})
		mark(remove)
		state(wallet.Deleting, remove.Operation.ID)
		c.Clock.Advance(6 * 24 * time.Hour)
		sweep := func() {
			t.Helper()
			if _, err := c.SignerServer.Custody.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := c.GuardianServer.Custody.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		sweep()
		restore = c.Order(w, wallet.Restore, struct{}{})
		mark(restore)
		signs(t, c, w)
		mark(c.Order(w, wallet.Delete, struct{}{}))
		c.Clock.Advance(8 * 24 * time.Hour)
		sweep()
		if held, err := c.Guardian.Status(t.Context(), w.EnvironmentID, w.ID); err != nil || held.State != wallet.Deleted {
			t.Errorf("%+v, %v", held, err)
		}
		if err := c.Signer.Mark(t.Context(), c.Order(w, wallet.Restore, struct{}{})); err == nil {
			t.Error("a deleted wallet was restored")
		}
	})
}

// Holdings lists every wallet, in order, behind any.
func TestHoldings(t *testing.T) {
	t.Parallel()
	c := wallettest.Start(t)
	var ids []string
	for range 3 {
		ids = append(ids, c.Create(wallet.EVM, wallet.TwoOfTwo).ID)
	}
	slices.Sort(ids)
	all, err := c.Signer.Holdings(t.Context(), "")
	if err != nil || len(all) != 3 || all[0].WalletID != ids[0] || all[0].EnvironmentID != c.Issuer.EnvironmentID {
		t.Errorf("%+v, %v", all, err)
	}
	if rest, err := c.Guardian.Holdings(t.Context(), ids[1]); err != nil || len(rest) != 1 || rest[0].WalletID != ids[2] {
		t.Errorf("%+v, %v", rest, err)
	}
}
