package signer_test

import (
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
	"github.com/stepup-auth/stepup/internal/wallet/wallettest"
)

// A coordinator in the wrong hands drives the signer: each order that says more
// than the user asked for is refused, by the signer itself and not only by the
// guardian behind it, and costs the user nothing.
func TestAHostileCoordinatorAtTheSigner(t *testing.T) {
	t.Parallel()
	c := wallettest.Start(t)
	key, err := sealed.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	type order struct {
		name string
		bent wallet.Order
		code fault.Code
	}
	var refused []order
	for _, kind := range []struct {
		action         wallet.Action
		request, other any
	}{
		{wallet.Sign, wallet.SignRequest{Kind: wallet.SignMessage, Message: []byte("hello")},
			wallet.SignRequest{Kind: wallet.SignMessage, Message: []byte("I owe you")}},
		{wallet.Export, wallet.ExportRequest{PublicKey: c.OfflineKey.PublicKey()}, wallet.ExportRequest{PublicKey: key.PublicKey()}},
		{wallet.Reshare, wallet.ReshareRequest{Old: wallet.TwoOfTwo, New: wallet.TwoOfThree},
			wallet.ReshareRequest{Old: wallet.TwoOfTwo, New: wallet.ThreeOfFive}},
	} {
		for _, a := range wallettest.Attacks() {
			bent, honest := c.Attack(a, c.Create(wallet.EVM, wallet.TwoOfTwo), kind.action, kind.request, kind.other)
			name := string(kind.action) + ", " + a.Name
			if done, err := c.Signer.Do(t.Context(), bent); !fault.Has(err, a.Code) || done.Signature != nil || done.Export != nil {
				t.Errorf("%s: %v; want %s", name, err, a.Code)
			}
			if _, err := c.Signer.Do(t.Context(), honest); err != nil {
				t.Errorf("%s: the honest order afterwards: %v", name, err)
			}
			refused = append(refused, order{name, bent, a.Code})
		}
	}
	last := c.Message(c.Create(wallet.EVM, wallet.TwoOfTwo), "hello")
	c.Stop[wallet.Guardian]()
	for _, o := range refused {
		if _, err := c.Signer.Do(t.Context(), o.bent); !fault.Has(err, o.code) {
			t.Errorf("%s, at the signer alone: %v; want %s", o.name, err, o.code)
		}
	}
	if _, err := c.Signer.Do(t.Context(), last); !fault.Has(err, fault.Unavailable) {
		t.Errorf("an honest order needs the guardian: %v", err)
	}
}

// Marks go to each custodian by itself.
func TestAHostileCoordinatorDeletesNothing(t *testing.T) {
	t.Parallel()
	c := wallettest.Start(t)
	for _, a := range wallettest.Attacks() {
		if a.Name == "another intent" || a.Name == "ticket for another intent" || a.Name == "token bound to another intent" {
			continue // there is one way only to delete a wallet
		}
		w := c.Create(wallet.EVM, wallet.TwoOfTwo)
		bent, honest := c.Attack(a, w, wallet.Delete, struct{}{}, struct{}{})
		for name, mark := range map[string]func(wallet.Order) error{
			"signer":   func(o wallet.Order) error { return c.Signer.Mark(t.Context(), o) },
			"guardian": func(o wallet.Order) error { return c.Guardian.Mark(t.Context(), o) },
		} {
			if err := mark(bent); !fault.Has(err, a.Code) {
				t.Errorf("%s, %s: %v; want %s", name, a.Name, err, a.Code)
			}
			if err := mark(honest); err != nil {
				t.Errorf("%s, %s: the honest order afterwards: %v", name, a.Name, err)
			}
		}
	}
}

// A hundred operations on one single-use token at once: one signature. The same
// with an issuer that agrees to everything, and one gets past the signer's own
// record even where no guardian is asked.
func TestOneTokenAHundredOperations(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, on wallettest.Option) {
		c := wallettest.Start(t, on)
		wallets := []wallet.Wallet{c.Create(wallet.EVM, wallet.TwoOfTwo), c.Create(wallet.SOL, wallet.TwoOfTwo)}
		race := func(name string, passed func(error) bool) {
			t.Helper()
			results := make([]error, 100)
			var wait sync.WaitGroup
			for i, o := range c.Share(wallets, len(results)) {
				wait.Go(func() { _, results[i] = c.Signer.Do(t.Context(), o) })
			}
			wait.Wait()
			n := 0
			for _, err := range results {
				switch {
				case passed(err):
					n++
				case !fault.Has(err, fault.ElevatedTokenRequired):
					t.Errorf("%s: %v", name, err)
				}
			}
			if n != 1 {
				t.Errorf("%s: %d operations passed", name, n)
			}
		}
		race("an honest issuer", func(err error) bool { return err == nil })
		c.Issuer.SayYes(true)
		race("an issuer that agrees to everything", func(err error) bool { return err == nil })
		c.Stop[wallet.Guardian]()
		race("the signer alone", func(err error) bool { return fault.Has(err, fault.Unavailable) })
	})
}
