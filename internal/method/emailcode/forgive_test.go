package emailcode_test

import (
	"errors"
	"testing"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// A right code whose use is refused for another reason costs nothing, however
// often: neither the code's tries nor the account's guesses.
func TestRefusalForAnotherReasonCostsNothing(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(manySends), func(t *testing.T, w *tenanttest.World) {
		s := w.SignIn(t, "ada@example.com")
		id, code := w.Ask(t, w.As(&s), emailcode.Request{Purpose: method.InSession, Address: "ada@example.com"})
		refusal := fault.New(fault.ElevatedTokenRequired, "Not this time.")
		for i := range 15 {
			err := w.Check(t.Context(), w.Attempt(&s, id, code), func(*store.Tx, method.Proof) error { return refusal })
			if !errors.Is(err, refusal) {
				t.Fatalf("use %d: %v", i, err)
			}
		}
		if n := attempts(t, w, id); n != 0 {
			t.Errorf("%d tries are gone", n)
		}
		try(t, w, &s, id, code, "")
	})
}
