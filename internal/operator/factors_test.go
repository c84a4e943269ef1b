package operator_test

import (
	"errors"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/operator/operatortest"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
)

// remove tries to take a factor of one's own away.
func remove(t testing.TB, w *operatortest.World, v operator.Visit, id string) error {
	t.Helper()
	return w.DB.Write(t.Context(), func(tx *store.Tx) error { return w.Desk.RemoveFactor(tx, v, id, operator.From{}) })
}

// C3: a cookie alone neither adds nor removes a factor; a proof does, for this alone and for
// as long as it holds; nobody takes another's factor, nor their own last one.
func TestFactorsOfOnesOwn(t *testing.T) {
	t.Parallel()
	operatortest.Engines(t, func(t *testing.T, w *operatortest.World) {
		ada := w.Join(t, "ada@example.com", everywhere(operator.Owner))
		bob := w.Join(t, "bob@example.com", everywhere(operator.Owner))
		first := ada.Visit(t).Factors[0].ID
		refused := func(when string) {
			t.Helper()
			v := *ada.Visit(t)
			if _, err := w.Desk.AddApp(t.Context(), v, operator.From{}); !fault.Has(err, fault.ElevatedTokenRequired) {
				t.Errorf("%s: an app is begun: %v", when, err)
			}
			if _, err := w.Desk.AddPasskey(t.Context(), v, operator.From{}); !fault.Has(err, fault.ElevatedTokenRequired) {
				t.Errorf("%s: a passkey is begun: %v", when, err)
			}
			if err := remove(t, w, v, first); !fault.Has(err, fault.ElevatedTokenRequired) {
				t.Errorf("%s: a factor is removed: %v", when, err)
			}
		}
		refused("without a proof")
		ada.Elevate(t, stepup.ConsoleSettingsUpdate)
		refused("with a proof for something else")

		ada.Elevate(t, operator.FactorScope)
		if err := remove(t, w, *ada.Visit(t), first); !fault.Has(err, fault.LastFactor) {
			t.Errorf("the last factor goes: %v", err)
		}
		if err := remove(t, w, *ada.Visit(t), bob.Visit(t).Factors[0].ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("somebody else's factor: %v", err)
		}
		begun, err := w.Desk.AddApp(t.Context(), *ada.Visit(t), operator.From{})
		if err != nil {
			t.Fatal(err)
		}
		second := w.Keep("ada@example.com", "", begun.Secret)
		w.Clock.Advance(policy.TimeBoundCeiling)
		_, err = w.Desk.ConfirmAddedApp(t.Context(), *ada.Visit(t), begun.ID, second.Code(), operator.From{})
		if err == nil {
			t.Error("an app is added after the proof for it is over")
		}
		refused("after the proof is over")

		ada.Elevate(t, operator.FactorScope)
		if begun, err = w.Desk.AddApp(t.Context(), *ada.Visit(t), operator.From{}); err != nil {
			t.Fatal(err)
		}
		second = w.Keep("ada@example.com", "", begun.Secret)
		before := ada.Cookie
		if ada.Cookie, err = w.Desk.ConfirmAddedApp(t.Context(), *ada.Visit(t), begun.ID, second.Code(), operator.From{}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Visit(t.Context(), before); !errors.Is(err, operator.ErrNobody) {
			t.Errorf("F6: the cookie of before the factor still works: %v", err)
		}
		v := ada.Visit(t)
		if len(v.Factors) != 2 {
			t.Fatalf("%d factors, want 2", len(v.Factors))
		}
		if mails := w.Mail(t, "ada@example.com"); len(mails) < 3 {
			t.Errorf("the new factor was told nobody: %q", mails)
		}
		older := operator.Proof{Code: ada.Code(), AppID: first}
		ada.Cookie, err = w.Desk.Elevate(t.Context(), *v, operator.FactorScope, older, operator.From{})
		if err != nil {
			t.Fatal(err)
		}
		if err := remove(t, w, *ada.Visit(t), first); err != nil {
			t.Errorf("the first one goes: %v", err)
		}
		second.Cookie = ada.Cookie // the proof by the first one died with it
		if w.Elevated(t, *ada.Visit(t), operator.FactorScope) {
			t.Error("a proof outlives its factor")
		}
		second.Elevate(t, operator.FactorScope)
		if got := second.Visit(t).Factors; len(got) != 1 || got[0].ID == first {
			t.Errorf("left is %v", got)
		}
	})
}
