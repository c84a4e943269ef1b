package enforce_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/who"
)

// question is what a guard asks, and the token that it was given.
type question struct {
	token, id string
	scope     stepup.Scope
	enforce.GuardedOperation
}

func guarded(text string, scope stepup.Scope, operation string) question {
	return question{text, operation, scope, enforce.GuardedOperation{RequestDigest: "digest", Guard: "guard"}}
}

func consume(t testing.TB, w *tenanttest.World, q question) (claims stepup.Claims, first bool, err error) {
	t.Helper()
	guard := who.Caller{By: tenanttest.By, Tenant: w.Tenant, Elevated: who.Present(t.Context(), w.Tenant, q.token)}
	err = w.DB.Write(t.Context(), func(tx *store.Tx) error {
		opened, err := enforce.Spend(guard, tx, enforce.Demand{Scope: q.scope, OperationID: q.id}, q.GuardedOperation)
		first = !opened.Replayed
		return err
	})
	claims, _ = guard.Elevated.Claims()
	return claims, first && err == nil, err
}

func TestConsume(t *testing.T) {
	t.Parallel()
	document := tenanttest.Document("  - {scope: 'pay:now', audience: 'https://bank.example.com'}")
	tenanttest.Engines(t, document, func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		text := w.Elevate(t, ada, "ada@example.com", tenanttest.Transfer)
		good := guarded(text, tenanttest.Transfer, "op-1")
		for i := range 3 {
			claims, first, err := consume(t, w, good)
			if err != nil || first != (i == 0) || claims.Subject != ada.UserID || claims.Session != ada.ID || claims.ID == "" {
				t.Errorf("call %d: %+v, first %v, %v", i, claims, first, err)
			}
		}
		second := guarded(w.Elevate(t, ada, "ada@example.com", tenanttest.Transfer, "pay:now"), tenanttest.Transfer, "op-1")
		if _, first, err := consume(t, w, second); first || err != nil {
			t.Errorf("another token for the same operation: %v, %v; want a replay", first, err)
		}
		digest, scope, caller := good, second, good
		digest.RequestDigest, scope.scope, caller.Guard = "other", "pay:now", "other"
		for name, g := range map[string]question{"another digest": digest, "another scope": scope, "another caller": caller} {
			if _, first, err := consume(t, w, g); first || !fault.Has(err, fault.OperationConflict) {
				t.Errorf("%s: %v, %v", name, first, err)
			}
		}
		elsewhere := second
		elsewhere.id, elsewhere.Audience = "op-3", "https://vault.example.com"
		if _, _, err := consume(t, w, elsewhere); reason(t, err) != stepup.ReasonWrongScope {
			t.Errorf("at a guard the token is not for: %v", err)
		}
		other := good
		other.id = "op-2"
		if _, _, err := consume(t, w, other); reason(t, err) != stepup.ReasonSpent {
			t.Errorf("another operation with a spent token: %v", err)
		}
		second.id = "op-2" // a refused operation leaves no claim on its id
		if _, first, err := consume(t, w, second); err != nil || !first {
			t.Errorf("first %v, %v", first, err)
		}
		if n := w.Audited(t, "token.consumed"); n != 2 {
			t.Errorf("%d uses audited, want 2", n)
		}
	})
}

// A refused call spends nothing and claims nothing.
func TestConsumeRefused(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document("  - {scope: 'pay:now', audience: 'https://bank.example.com'}", "  - {scope: 'vault:open', "+
		"audience: 'https://vault.example.com', tokenBehavior: time_bound}"), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		text := w.Elevate(t, ada, "ada@example.com", tenanttest.Transfer)
		for _, test := range []struct {
			text  string
			scope stepup.Scope
			want  stepup.Reason
		}{
			{"", tenanttest.Transfer, stepup.ReasonMissing}, {"x", tenanttest.Transfer, stepup.ReasonMissing},
			{text + "x", tenanttest.Transfer, stepup.ReasonMissing},
			{text, "pay:now", stepup.ReasonWrongScope}, {text, "vault:open", stepup.ReasonWrongScope},
			{text, stepup.WalletExport, stepup.ReasonWrongScope},
		} {
			if _, first, err := consume(t, w, guarded(test.text, test.scope, "op")); first || reason(t, err) != test.want {
				t.Errorf("%q for %s: %v, %v", test.text, test.scope, first, err)
			}
		}
		for _, scope := range []stepup.Scope{"", "transfer", "transfer:*", "TRANSFER:CREATE", "transfer:create ", "transfer:create pay:now",
			stepup.ConsoleMFAReset, "business_account:x"} {
			if _, first, err := consume(t, w, guarded(text, scope, "op")); first || !fault.Has(err, fault.InvalidScopes) {
				t.Errorf("%q: %v, %v", scope, first, err)
			}
		}
		if n := w.Count(t, `SELECT COUNT(*) FROM operations`); n != 0 {
			t.Errorf("%d operations claimed", n)
		}
		if _, first, err := consume(t, w, guarded(text, tenanttest.Transfer, "op")); err != nil || !first {
			t.Errorf("after all that: %v, %v", first, err)
		}
		// Time-bound: any number of operations, each once.
		vault := w.Elevate(t, ada, "ada@example.com", "vault:open")
		for i := range 6 {
			if _, first, err := consume(t, w, guarded(vault, "vault:open", fmt.Sprint("vault ", i/2))); err != nil ||
				first != (i%2 == 0) {
				t.Errorf("vault %d: %v, %v", i, first, err)
			}
		}
		w.Clock.Advance(601 * time.Second)
		if _, first, err := consume(t, w, guarded(vault, "vault:open", "late")); first || reason(t, err) != stepup.ReasonExpired {
			t.Errorf("late: %v, %v", first, err)
		}
	})
}

// Races over two handles on one database, as two nodes have them.
func TestConsumeRaces(t *testing.T) {
	t.Parallel()
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		w := tenanttest.New(t, open(t), clock, tenanttest.Document())
		node := tenanttest.Open(open(t), clock)
		node.Reload(t)
		nodes := []*tenanttest.World{w, node}
		ada := w.SignIn(t, "ada@example.com")

		race := func(tries int, do func(w *tenanttest.World, i int) (bool, error), loser func(error) bool) (wins, losses int64) {
			var won, lost atomic.Int64
			var start, done sync.WaitGroup
			start.Add(1)
			for i := range tries {
				done.Go(func() {
					start.Wait()
					switch first, err := do(nodes[i%2], i); {
					case first:
						won.Add(1)
					case loser(err):
						lost.Add(1)
					default:
						t.Errorf("try %d: %v", i, err)
					}
				})
			}
			start.Done()
			done.Wait()
			return won.Load(), lost.Load()
		}
		spent := func(err error) bool { return reason(t, err) == stepup.ReasonSpent }

		text := w.Elevate(t, ada, "ada@example.com", tenanttest.Transfer)
		wins, losses := race(200, func(w *tenanttest.World, i int) (bool, error) {
			_, first, err := consume(t, w, guarded(text, tenanttest.Transfer, fmt.Sprint("race ", i)))
			return first, err
		}, spent)
		if wins != 1 || losses != 199 {
			t.Errorf("200 operations, one token: %d first, %d spent", wins, losses)
		}

		text = w.Elevate(t, ada, "ada@example.com", tenanttest.Transfer)
		wins, losses = race(100, func(w *tenanttest.World, _ int) (bool, error) {
			_, first, err := consume(t, w, guarded(text, tenanttest.Transfer, "one"))
			return first, err
		}, func(err error) bool { return err == nil })
		if wins != 1 || losses != 99 {
			t.Errorf("100 times one operation: %d first, %d replayed", wins, losses)
		}

		text = w.Elevate(t, ada, "ada@example.com", stepup.WalletExport)
		wins, losses = race(200, func(w *tenanttest.World, _ int) (bool, error) {
			_, err := w.Spend(t, ada, text, stepup.WalletExport)
			return err == nil, err
		}, spent)
		if wins != 1 || losses != 199 {
			t.Errorf("200 spends of one token: %d, %d", wins, losses)
		}
		if n := w.Audited(t, "token.consumed"); n != 3 {
			t.Errorf("%d uses audited, want 3", n)
		}
	}, storetest.WithClock(clock))
}
