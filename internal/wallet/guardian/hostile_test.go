package guardian_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/guardian"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
	"github.com/stepup-auth/stepup/internal/wallet/wallettest"
)

// release asks for pieces as the signer does.
func release(t *testing.T, c *wallettest.Custodians, o wallet.Order) error {
	t.Helper()
	reply, err := sealed.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.AsSigner.Release(t.Context(), guardian.Release{KeyID: c.SignerKeyID, Order: o, ReplyKey: reply.PublicKey()})
	place := sealed.Place{Purpose: guardian.ForRelease, EnvironmentID: o.Operation.EnvironmentID, WalletID: o.Operation.WalletID,
		OperationID: o.Operation.ID, Generation: o.Generation}
	pieces, openErr := reply.OpenPieces(place, answer)
	if (err == nil) != (openErr == nil) || (err == nil) != (len(pieces) > 0) {
		t.Errorf("the guardian said %v and released %d pieces, %v", err, len(pieces), openErr)
	}
	return err
}

// Even a signer that believes every word of a hostile coordinator gets nothing
// from the guardian for an order that the user did not ask for, and the user's own
// order is served afterwards.
func TestAHostileOrderAtTheGuardian(t *testing.T) {
	t.Parallel()
	c := wallettest.Start(t)
	key, err := sealed.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	contribute := func(t *testing.T, c *wallettest.Custodians, o wallet.Order) error {
		reply, err := sealed.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.AsSigner.Contribute(t.Context(), guardian.Contribute{
			KeyID: c.SignerKeyID, Order: o, From: 1, ReplyKey: reply.PublicKey(),
		})
		return err
	}
	do := func(t *testing.T, c *wallettest.Custodians, o wallet.Order) error {
		_, err := c.Signer.Do(t.Context(), o)
		return err
	}
	for _, kind := range []struct {
		action         wallet.Action
		request, other any
		hostile, plain func(*testing.T, *wallettest.Custodians, wallet.Order) error
	}{
		{wallet.Sign, wallet.SignRequest{Kind: wallet.SignMessage, Message: []byte("hello")},
			wallet.SignRequest{Kind: wallet.SignMessage, Message: []byte("I owe you")}, release, release},
		{wallet.Export, wallet.ExportRequest{PublicKey: c.OfflineKey.PublicKey()}, wallet.ExportRequest{PublicKey: key.PublicKey()},
			release, release},
		{wallet.Reshare, wallet.ReshareRequest{Old: wallet.TwoOfTwo, New: wallet.TwoOfThree},
			wallet.ReshareRequest{Old: wallet.TwoOfTwo, New: wallet.ThreeOfFive}, contribute, do},
	} {
		for _, a := range wallettest.Attacks() {
			bent, honest := c.Attack(a, c.Create(wallet.EVM, wallet.TwoOfTwo), kind.action, kind.request, kind.other)
			if err := kind.hostile(t, c, bent); !fault.Has(err, a.Code) {
				t.Errorf("%s, %s: %v; want %s", kind.action, a.Name, err, a.Code)
			}
			if err := kind.plain(t, c, honest); err != nil {
				t.Errorf("%s, %s: the honest order afterwards: %v", kind.action, a.Name, err)
			}
		}
	}
}

// What moves pieces or generations is for the signer's certificate alone.
func TestOnlyTheSignerAsksForPieces(t *testing.T) {
	t.Parallel()
	c := wallettest.Start(t)
	w := c.Create(wallet.EVM, wallet.TwoOfTwo)
	o := c.Message(w, "hello")
	reply, err := sealed.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	pieces := guardian.Release{KeyID: c.SignerKeyID, Order: o, ReplyKey: reply.PublicKey()}
	call := func(as wallet.Role, path string, body any) int {
		t.Helper()
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		client := c.Client(as, wallet.Guardian)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, client.URL(path), bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.HTTP().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	for path, body := range map[string]any{
		"/guardian/hello":      guardian.Hello{KeyID: c.SignerKeyID},
		"/guardian/drop":       o.Operation.Ref(),
		"/guardian/stage":      guardian.Stage{KeyID: c.SignerKeyID, Order: o},
		"/guardian/contribute": guardian.Contribute{KeyID: c.SignerKeyID, Order: o, From: 1, ReplyKey: reply.PublicKey()},
		"/guardian/assemble":   pieces,
		"/guardian/verified":   guardian.Verified{EnvironmentID: w.EnvironmentID, WalletID: w.ID, OperationID: o.Operation.ID},
		"/guardian/release":    pieces,
		"/guardian/digest":     wallet.GenerationRef{EnvironmentID: w.EnvironmentID, WalletID: w.ID, Generation: 1},
	} {
		for _, as := range []wallet.Role{wallet.Coordinator, wallet.Issuer, wallet.Guardian} {
			if status := call(as, path, body); status != http.StatusForbidden {
				t.Errorf("%s as the %s: status %d", path, as, status)
			}
		}
		if status := call(wallet.Signer, path, body); status == http.StatusForbidden {
			t.Errorf("%s as the signer: status %d", path, status)
		}
	}
}

// A hundred operations on one single-use token at once: the guardian releases the
// pieces for one, whatever the issuer says and the signer let through.
func TestOneTokenAHundredReleases(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := wallettest.Start(t, wallettest.On(engine))
			wallets := []wallet.Wallet{c.Create(wallet.EVM, wallet.TwoOfTwo), c.Create(wallet.SOL, wallet.TwoOfTwo)}
			for _, yes := range []bool{false, true} {
				c.Issuer.SayYes(yes)
				n := 0
				for _, err := range atOnce(t, c, c.Share(wallets, 100)) {
					switch {
					case err == nil:
						n++
					case !fault.Has(err, fault.ElevatedTokenRequired):
						t.Error(err)
					}
				}
				if n != 1 {
					t.Errorf("with an issuer that agrees to everything: %t: %d releases", yes, n)
				}
			}
		})
	}
}

func atOnce(t *testing.T, c *wallettest.Custodians, orders []wallet.Order) []error {
	t.Helper()
	results := make([]error, len(orders))
	var wait sync.WaitGroup
	for i, o := range orders {
		wait.Go(func() { results[i] = release(t, c, o) })
	}
	wait.Wait()
	return results
}

func limited(change func(*config.Limits)) wallettest.Option {
	return wallettest.GuardianFile(func(f *config.CustodianFile) { change(&f.Limits) })
}

// limit is which limit a refusal names.
func limit(t *testing.T, err error, code fault.Code) string {
	t.Helper()
	var l guardian.Limit
	if f := new(fault.Error); fault.Has(err, code) {
		f = err.(*fault.Error)
		text, err := json.Marshal(f.Payload)
		if err == nil {
			err = json.Unmarshal(text, &l)
		}
		if err != nil {
			t.Error(err)
		}
	}
	return l.Limit
}

// Each operation is honestly authorised; only the guardian counts. Many at once
// are counted as one after the other, a retry counts once, and what the coordinator
// says about the wallet is worth nothing.
func TestSignaturesPerMinute(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			const most = 3
			c := wallettest.Start(t, wallettest.On(engine),
				limited(func(l *config.Limits) { l.SignaturesPerMinute = new(int); *l.SignaturesPerMinute = most }))
			w := c.Create(wallet.EVM, wallet.TwoOfTwo)
			orders := make([]wallet.Order, 20)
			for i := range orders {
				orders[i] = c.Message(w, "hello")
			}
			n, first := 0, wallet.Order{}
			for i, err := range atOnce(t, c, orders) {
				switch {
				case err == nil:
					n, first = n+1, orders[i]
				case limit(t, err, fault.RateLimited) != "signaturesPerMinute":
					t.Errorf("refused by another limit: %v", err)
				}
			}
			if n != most {
				t.Errorf("%d releases, and the limit is %d", n, most)
			}
			if err := release(t, c, c.Again(first)); err != nil {
				t.Errorf("a retry of what was counted: %v", err)
			}
			o := c.Message(w, "hello")
			o.Wallet.EnvironmentID, o.Wallet.UserID, o.Wallet.Scheme, o.Scheme = "", "user-2", wallet.TwoOfThree, wallet.TwoOfThree
			if _, err := c.Signer.Do(t.Context(), o); limit(t, err, fault.RateLimited) != "signaturesPerMinute" {
				t.Errorf("with another description of the wallet: %v", err)
			}
			if err := release(t, c, c.Message(c.Create(wallet.EVM, wallet.TwoOfTwo), "hello")); err != nil {
				t.Errorf("another wallet: %v", err)
			}
			c.Clock.Advance(61 * time.Second)
			if err := release(t, c, c.Message(w, "hello")); err != nil {
				t.Errorf("a minute later: %v", err)
			}
		})
	}
}

// The same of exports, which the guardian can also switch off by itself.
func TestExportsPerDay(t *testing.T) {
	t.Parallel()
	c := wallettest.Start(t)
	request := wallet.ExportRequest{PublicKey: c.OfflineKey.PublicKey()}
	w := c.Create(wallet.EVM, wallet.TwoOfTwo)
	n := 0
	orders := []wallet.Order{c.Order(w, wallet.Export, request), c.Order(w, wallet.Export, request), c.Order(w, wallet.Export, request)}
	for _, err := range atOnce(t, c, orders) {
		switch {
		case err == nil:
			n++
		case limit(t, err, fault.RateLimited) != "exportsPerDay":
			t.Errorf("refused by another limit: %v", err)
		}
	}
	if n != guardian.DefaultExportsPerDay {
		t.Errorf("%d exports", n)
	}
	c.Clock.Advance(23 * time.Hour)
	if _, err := c.Signer.Do(t.Context(), c.Order(w, wallet.Export, request)); limit(t, err, fault.RateLimited) != "exportsPerDay" {
		t.Errorf("23 hours later: %v", err)
	}
	c.Clock.Advance(2 * time.Hour)
	if err := release(t, c, c.Order(w, wallet.Export, request)); err != nil {
		t.Errorf("a day later: %v", err)
	}

	for name, off := range map[string]wallettest.Option{
		"everywhere":    wallettest.GuardianFile(func(f *config.CustodianFile) { f.ExportDisabled = true }),
		"in its limits": limited(func(l *config.Limits) { l.ExportDisabled = new(bool); *l.ExportDisabled = true }),
	} {
		c := wallettest.Start(t, off)
		w := c.Create(wallet.EVM, wallet.TwoOfTwo)
		if done, err := c.Signer.Do(t.Context(), c.Order(w, wallet.Export, request)); !fault.Has(err, fault.ExportDisabled) ||
			done.Export != nil {
			t.Errorf("switched off at the guardian, %s: %v", name, err)
		}
		if err := release(t, c, c.Message(w, "hello")); err != nil {
			t.Errorf("signing where exports are off: %v", err)
		}
	}
}

// Value is added up over a day, by what the guardian reads in the bytes.
func TestValuePerDay(t *testing.T) {
	t.Parallel()
	c := wallettest.Start(t, limited(func(l *config.Limits) {
		l.ValuePerDay = map[string]config.Amount{"eip155:1/native": {Int: big.NewInt(1_000_000)}}
	}))
	w := c.Create(wallet.EVM, wallet.TwoOfTwo)
	send := func(value int64) wallet.Order {
		to := evm.Address{19: 7}
		tx := evm.Transaction{Type: evm.Legacy, ChainID: 1, GasPrice: big.NewInt(1), Gas: 21000, To: &to, Value: big.NewInt(value)}
		return c.Order(w, wallet.Sign, wallet.SignRequest{Kind: wallet.SignTransaction, Transaction: tx.Unsigned()})
	}
	if err := release(t, c, send(600_000)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Signer.Do(t.Context(), send(600_000)); limit(t, err, fault.WalletLimit) != "valuePerDay" {
		t.Errorf("more than the limit: %v", err)
	}
	n := 0
	for _, err := range atOnce(t, c, []wallet.Order{send(300_000), send(300_000), send(300_000)}) {
		if err == nil {
			n++
		} else if limit(t, err, fault.WalletLimit) != "valuePerDay" {
			t.Errorf("refused by another limit: %v", err)
		}
	}
	if n != 1 {
		t.Errorf("%d payments of 300000 fit where 400000 are left", n)
	}
	c.Clock.Advance(25 * time.Hour)
	if err := release(t, c, send(600_000)); err != nil {
		t.Errorf("a day later: %v", err)
	}
}
