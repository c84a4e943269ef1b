package enforce_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// ordered is an operation on a wallet under its id, and what it asks of the gate.
type ordered struct {
	id    string
	scope stepup.Scope
	enforce.WalletOperation
}

func claim(t testing.TB, w *tenanttest.World, s store.SessionRow, text string, e ordered) (row store.WalletOperationRow, err error) {
	t.Helper()
	err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
		opened, err := enforce.Spend(w.Caller(t, s, text), tx, enforce.Demand{Scope: e.scope, OperationID: e.id}, e.WalletOperation)
		row = opened.Record
		return err
	})
	return row, err
}

func export(operation, intent string) ordered {
	return ordered{operation, stepup.WalletExport, enforce.WalletOperation{
		WalletID: "wallet", Action: wallet.Export, IntentHash: intent, Summary: "Export it.",
	}}
}

// The token is spent with the record of the operation. The same operation is
// claimed already, with any token or none; anything else under its id is not.
func TestClaim(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		text := w.Elevate(t, ada, "ada@example.com", stepup.WalletExport)
		first, err := claim(t, w, ada, text, export("op-1", "intent"))
		if err != nil || first.AuthorizedBy != string(wallet.ByElevatedToken) || first.TokenID == "" || first.Method != "email_otp" ||
			first.ClaimedAt.IsZero() {
			t.Fatalf("%+v, %v", first, err)
		}
		w.Clock.Advance(20 * time.Minute)
		other := w.Elevate(t, ada, "ada@example.com", stepup.WalletExport)
		for name, token := range map[string]string{"the spent token, expired by now": text, "no token": "", "another token": other,
			"nonsense": "x"} {
			again, err := claim(t, w, ada, token, export("op-1", "intent"))
			if err != nil || again.TokenID != first.TokenID || !again.ClaimedAt.Equal(first.ClaimedAt) {
				t.Errorf("%s: %+v, %v", name, again, err)
			}
		}
		second := w.Another(t, ada)
		swapped, wallet2, action, scope := export("op-1", "another intent"), export("op-1", "intent"), export("op-1", "intent"),
			export("op-1", "intent")
		wallet2.WalletID, action.Action, scope.scope = "another wallet", wallet.Sign, stepup.WalletSign
		for name, e := range map[string]ordered{"another intent": swapped, "another wallet": wallet2, "another action": action,
			"another scope": scope} {
			if _, err := claim(t, w, ada, other, e); !fault.Has(err, fault.OperationConflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := claim(t, w, second, "", export("op-1", "intent")); !fault.Has(err, fault.OperationConflict) {
			t.Errorf("another session: %v", err)
		}
		if _, err := claim(t, w, ada, text, export("op-2", "intent")); reason(t, err) != stepup.ReasonExpired {
			t.Errorf("another operation: %v", err)
		}
		if _, err := claim(t, w, ada, other, export("op-2", "intent")); err != nil {
			t.Errorf("the refusals cost a token: %v", err)
		}
		if n := w.Audited(t, "wallet.export.claimed"); n != 2 {
			t.Errorf("%d claims audited, want 2", n)
		}
	})
}

// A refused claim leaves nothing, whatever refused it.
func TestClaimRefused(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		if _, err := claim(t, w, ada, "", export("op", "intent")); reason(t, err) != stepup.ReasonMissing {
			t.Errorf("without a token: %v", err)
		}
		text := w.Elevate(t, ada, "ada@example.com", stepup.WalletExport)
		tooMany := export("op", "intent")
		tooMany.First = func(*store.Tx) error { return fault.New(fault.TooManyWallets, "No.") }
		_, err := claim(t, w, ada, text, tooMany)
		if !fault.Has(err, fault.TooManyWallets) {
			t.Errorf("what comes first refused: %v", err)
		}
		if n := w.Count(t, `SELECT COUNT(*) FROM wallet_operations`); n != 0 {
			t.Errorf("%d operations", n)
		}
		if _, err := claim(t, w, ada, text, export("op", "intent")); err != nil {
			t.Errorf("after that: %v", err)
		}
		unasked := ordered{id: "op-2", WalletOperation: enforce.WalletOperation{
			WalletID: "wallet", Action: wallet.Disable, IntentHash: "intent",
		}}
		row, err := claim(t, w, ada, "", unasked)
		if err != nil || row.AuthorizedBy != string(wallet.ByPolicy) || row.TokenID != "" {
			t.Errorf("an action without a scope: %+v, %v", row, err)
		}
		w.Write(t, func(tx *store.Tx) error { _, err := tx.RevokeSession(tenanttest.ID, ada.ID, "test"); return err })
		unasked.id = "op-3"
		if _, err := claim(t, w, ada, "", unasked); err == nil {
			t.Error("a session that is over")
		}
		if _, err := claim(t, w, ada, "", export("op", "intent")); err == nil {
			t.Error("a known operation in a session that is over")
		}
	})
}

// The gate lets a spent token through for the session's own operation alone.
func TestKnown(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada, bob := w.SignIn(t, "ada@example.com"), w.SignIn(t, "bob@example.com")
		second := w.Another(t, ada)
		if _, err := claim(t, w, ada, w.Elevate(t, ada, "ada@example.com", stepup.WalletExport), export("op", "intent")); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			name      string
			session   store.SessionRow
			operation string
			scope     stepup.Scope
			want      bool
		}{
			{"the same", ada, "op", stepup.WalletExport, true}, {"another operation", ada, "op-2", stepup.WalletExport, false},
			{"another scope", ada, "op", stepup.WalletSign, false}, {"no scope", ada, "op", "", false},
			{"another session", second, "op", stepup.WalletExport, false}, {"another user", bob, "op", stepup.WalletExport, false},
		} {
			w.Read(t, func(tx *store.Tx) error {
				known, err := account.Know(tx, test.session)
				if err != nil {
					return err
				}
				demand := enforce.Demand{Scope: test.scope, OperationID: test.operation}
				judgement, err := enforce.Judge(w.Caller(t, test.session, ""), tx, known, demand)
				if judgement.Again != test.want {
					t.Errorf("%s: %v", test.name, judgement.Again)
				}
				if !test.want && fault.Has(err, fault.ElevatedTokenRequired) {
					return nil
				}
				return err
			})
		}
	})
}

// Of many operations that want one token, one gets it.
func TestClaimRace(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		text := w.Elevate(t, ada, "ada@example.com", stepup.WalletExport)
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() { _, _ = claim(t, w, ada, text, export(fmt.Sprint("op-", i), "intent")) })
		}
		group.Wait()
		if n := w.Count(t, `SELECT COUNT(*) FROM wallet_operations`); n != 1 {
			t.Errorf("%d operations with one token", n)
		}
	})
}
