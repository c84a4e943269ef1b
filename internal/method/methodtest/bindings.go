package methodtest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/binding"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/who"
)

// Register registers a payment to be confirmed in the session.
func Register(t testing.TB, w *tenanttest.World, s store.SessionRow, amount string,
	change ...func(*binding.Transaction)) (row store.BindingRow) {
	t.Helper()
	what := binding.Transaction{
		Scope: scope, Details: fmt.Appendf(nil, `[{"type":"payment","amount":%q,"payee":"bob"}]`, amount),
		Summary: "payment: amount " + amount + ", payee bob", Shown: true,
	}
	for _, c := range change {
		c(&what)
	}
	w.Write(t, func(tx *store.Tx) (err error) {
		row, err = binding.Register(w.As(&s), tx, what)
		return err
	})
	return row
}

// bindings: what was made for one transaction is good for that one and nothing
// else, and only until it was confirmed.
func bindings(t *testing.T, w *tenanttest.World, c Case) {
	if c.Bound == nil {
		t.Skip("cannot confirm a transaction")
	}
	ada := c.Enrol(t, w, "ada")
	bound := func(s store.SessionRow, x store.BindingRow) Try {
		t.Helper()
		try, err := c.Bound(t, w, s, x)
		if err != nil {
			t.Fatalf("a challenge for a registered transaction: %v", err)
		}
		return try
	}
	// minted wants a token for x, and returns it.
	minted := func(what string, try Try, x store.BindingRow) string {
		t.Helper()
		text, err := grant(t.Context(), w, ada, try)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return ""
		}
		claims, ok := who.Present(t.Context(), w.Tenant, text).Claims()
		if !ok || !claims.Bound() || claims.AuthorizationDetailsHash != x.Hash || string(claims.AuthorizationDetails) != x.Details ||
			claims.Displayed != c.Shows || !claims.SingleUse {
			t.Errorf("%s: %+v, want one bound to %+v, displayed %t", what, claims, x, c.Shows)
		}
		return text
	}
	refuse := func(what string, s store.SessionRow, make func() (Try, error)) {
		t.Helper()
		try, err := make()
		if err != nil {
			refusedAs(t, what, "", err)
			return
		}
		text, err := grant(t.Context(), w, s, try)
		refusedAs(t, what, text, err)
	}

	x, y := Register(t, w, ada, "25.00"), Register(t, w, ada, "9999.00")
	if x.Hash == y.Hash || x.ID == y.ID {
		t.Fatal("two transactions are one")
	}
	second := Try{}
	first := bound(ada, x)
	if !c.AtVerify {
		second = bound(ada, x)
	}
	text := minted("the transaction", first, x)
	if err := w.Judge(t, ada, text, scope); !fault.Has(err, fault.ElevatedTokenRequired) {
		t.Errorf("its token at a gate that compares nothing: %v", err)
	}
	for hash, want := range map[string]bool{x.Hash: true, y.Hash: false, "": false} {
		caller, demand := w.Caller(t, ada, text), enforce.Demand{Scope: scope, DetailsHash: hash}
		err := w.DB.Read(t.Context(), func(tx *store.Tx) error { return tenanttest.Judge(caller, tx, demand) })
		if (err == nil) != want {
			t.Errorf("its token for %q: %v", hash, err)
		}
	}
	refuse("a transaction that was confirmed already", ada, func() (Try, error) {
		if c.AtVerify {
			return c.Bound(t, w, ada, x)
		}
		return second, nil
	})

	if !c.AtVerify {
		try := bound(ada, y)
		z := Register(t, w, ada, "1.00")
		try.Attempt.BindingID = z.ID
		refuse("swapped between challenge and verification", ada, func() (Try, error) { return try, nil })
		try.Attempt.BindingID = y.ID
		minted("the right one after that", try, y)

		try = c.Right(t, w, ada)
		try.Attempt.BindingID = z.ID
		refuse("a transaction added at the verification", ada, func() (Try, error) { return try, nil })
		try.Attempt.BindingID = ""
		if text, err := grant(t.Context(), w, ada, try); err != nil || text == "" {
			t.Errorf("without it, after that: %v", err)
		}

		try = bound(ada, z)
		try.Attempt.BindingID = ""
		if text, err := grant(t.Context(), w, ada, try); err == nil {
			if claims, _ := who.Present(t.Context(), w.Tenant, text).Claims(); claims.AuthorizationDetailsHash != z.Hash {
				t.Errorf("not named at the verification: %+v", claims)
			}
		} else {
			refusedAs(t, "not named at the verification", text, err)
		}
		racing(t, w, c, ada)
	}

	v := Register(t, w, ada, "2.00")
	if w.Identifier(t, ada) != "" {
		again := w.Another(t, ada)
		refuse("registered in another session", again, func() (Try, error) { return c.Bound(t, w, again, v) })
	}
	bob := c.Enrol(t, w, "bob")
	refuse("registered by somebody else", bob, func() (Try, error) { return c.Bound(t, w, bob, v) })
	other := Register(t, w, ada, "3.00", func(b *binding.Transaction) { b.Scope = stepup.WalletDelete })
	refuse("registered for another scope", ada, func() (Try, error) { return c.Bound(t, w, ada, other) })
	refuse("unknown", ada, func() (Try, error) { return c.Bound(t, w, ada, store.BindingRow{ID: "unknown", Hash: v.Hash}) })

	must := Register(t, w, ada, "4.00", func(b *binding.Transaction) { b.MustDisplay = true })
	if c.Shows {
		minted("one that must be displayed", bound(ada, must), must)
	} else {
		refuse("one that must be displayed", ada, func() (Try, error) { return c.Bound(t, w, ada, must) })
	}

	late := Register(t, w, ada, "5.00")
	made := Try{}
	if !c.AtVerify {
		made = bound(ada, late)
	}
	w.Clock.Advance(binding.Life + time.Second)
	refuse("expired", ada, func() (Try, error) {
		if c.AtVerify {
			return c.Bound(t, w, ada, late)
		}
		return made, nil
	})
	old := Register(t, w, ada, "6.00")
	if err := store.RestoreEpoch(t.Context(), w.DB); err != nil {
		t.Fatal(err)
	}
	refuse("registered before a failover", ada, func() (Try, error) { return c.Bound(t, w, ada, old) })
}

// racing: of many proofs for one transaction exactly one confirms it.
func racing(t *testing.T, w *tenanttest.World, c Case, ada store.SessionRow) {
	t.Helper()
	x := Register(t, w, ada, "7.00")
	var tries []Try
	for range 4 {
		try, err := c.Bound(t, w, ada, x)
		if err != nil {
			t.Fatal(err)
		}
		tries = append(tries, try)
	}
	var won atomic.Int64
	var done sync.WaitGroup
	for _, try := range tries {
		done.Go(func() {
			text, err := grant(t.Context(), w, ada, try)
			var refused *fault.Error
			switch {
			case err == nil:
				won.Add(1)
			case text != "" || !errors.As(err, &refused):
				t.Errorf("a loser: %v", err)
			}
		})
	}
	done.Wait()
	if won.Load() != 1 {
		t.Errorf("%d proofs confirmed one transaction, want 1", won.Load())
	}
}
