package method_test

import (
	"bytes"
	"testing"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// A proof that waits is what it was when it is taken up: of its row and session, by a
// credential that is still there. Nothing else can be taken up, and no zero value waits.
func TestKeep(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada, other := w.SignIn(t, "ada@example.com"), w.SignIn(t, "ada@example.com")
		id, typed := w.Ask(t, w.As(&ada), emailcode.Request{Purpose: method.InSession, Address: "ada@example.com"})
		var given method.Proof
		var sealed []byte
		err := w.Check(t.Context(), w.Attempt(&ada, id, typed), func(tx *store.Tx, proof method.Proof) (err error) {
			given = proof
			sealed, err = proof.Keep(tx, "one")
			return err
		})
		if err != nil || given.Kept() || bytes.Contains(sealed, []byte("ada@")) {
			t.Fatalf("kept %q, %v", sealed, err)
		}
		w.Write(t, func(tx *store.Tx) error {
			if _, err := (method.Proof{}).Keep(tx, "one"); err == nil {
				t.Error("no proof waits")
			}
			taken, err := method.TakeUp(w.As(&ada), tx, "one", sealed)
			was, _ := given.Credential()
			is, _ := taken.Credential()
			if err != nil || !taken.Valid() || !taken.Kept() || taken.Kind() != given.Kind() || !taken.At().Equal(given.At()) ||
				taken.SessionID() != ada.ID || taken.EnvironmentID() != given.EnvironmentID() || taken.Evidence() != given.Evidence() ||
				is.ID != was.ID {
				t.Errorf("taken up as %+v, %v; given as %+v", taken, err, given)
			}
			if p, err := method.TakeUp(w.As(&ada), tx, "two", sealed); err == nil || p.Valid() {
				t.Error("it is taken up from another row")
			}
			if p, err := method.TakeUp(w.As(&other), tx, "one", sealed); err == nil || p.Valid() {
				t.Error("it is taken up in another session")
			}
			if p, err := method.TakeUp(w.As(nil), tx, "one", sealed); err == nil || p.Valid() {
				t.Error("it is taken up without a session")
			}
			damaged := append([]byte(nil), sealed...)
			damaged[len(damaged)-1] ^= 1
			if p, err := method.TakeUp(w.As(&ada), tx, "one", damaged); err == nil || p.Valid() {
				t.Error("what somebody else wrote is taken up")
			}
			if err := tx.DeleteCredential(ada.EnvironmentID, ada.UserID, was.ID); err != nil {
				return err
			}
			if p, err := method.TakeUp(w.As(&ada), tx, "one", sealed); !fault.Has(err, fault.MFAInvalidRequest) || p.Valid() {
				t.Errorf("what it was proven with is gone: %v", err)
			}
			return nil
		})
	})
}
