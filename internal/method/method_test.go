package method_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

func TestProofSaysWhatWasProven(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "Ada@example.com")
		evidence := method.Evidence{Format: store.FormatEmail, Identifier: "ada@example.com", Recipient: "Ada@example.com",
			Purpose: method.InSession}
		for _, test := range []struct {
			kind assurance.Kind
			acr  assurance.ACR
			want assurance.ACR
		}{{assurance.EmailCode, "", assurance.Reauth}, {assurance.Social, assurance.Federated, assurance.Federated},
			{assurance.Passkey, "", assurance.PHR}} {
			evidence.ACR = test.acr
			var proof method.Proof
			err := method.Check(t.Context(), w.DB, tenanttest.Stub{Is: test.kind, Evidence: evidence}, w.Attempt(&ada, "",
				""), func(tx *store.Tx, p method.Proof) error {
				proof = p
				if !p.At().Equal(tx.Now()) {
					t.Errorf("proven at %v, not %v", p.At(), tx.Now())
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			c, held := proof.Credential()
			if !proof.Valid() || proof.Kind() != test.kind || proof.ACR() != test.want || proof.EnvironmentID() != tenanttest.ID ||
				proof.SessionID() != ada.ID ||
				!held || c.UserID != ada.UserID || proof.Evidence() != evidence {
				t.Errorf("%s: %+v", test.kind, proof)
			}
		}
	})
}

func TestNoProof(t *testing.T) {
	w := tenanttest.SQLite(t, tenanttest.Document())
	never := func(*store.Tx, method.Proof) error {
		t.Error("then was called")
		return nil
	}
	broken := errors.New("broken")
	refused := fault.New(fault.WrongEmailCode, "No.")
	for _, test := range []struct {
		name    string
		stub    tenanttest.Stub
		want    error
		audited int64
	}{
		{"counting fails", tenanttest.Stub{Counting: func(*store.Tx) error { return broken }}, broken, 0},
		{"counting refuses", tenanttest.Stub{Counting: func(*store.Tx) error { return refused }}, refused, 1},
		{"comparing fails", tenanttest.Stub{Answer: broken}, broken, 0},
		{"comparing refuses", tenanttest.Stub{Answer: refused}, refused, 1},
	} {
		before := w.Audited(t, "proof.refused")
		if err := method.Check(t.Context(), w.DB, test.stub, w.Attempt(nil, "", ""), never); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		if n := w.Audited(t, "proof.refused") - before; n != test.audited {
			t.Errorf("%s: %d refusals audited, want %d", test.name, n, test.audited)
		}
	}
	var zero method.Proof
	if _, held := zero.Credential(); zero.Valid() || held || zero.ACR() != "" {
		t.Error("the zero proof is worth something")
	}
	w.Write(t, func(tx *store.Tx) error {
		if p, err := zero.Rebind(tx); err == nil || p.Valid() {
			t.Errorf("rebinding nothing: %+v, %v", p, err)
		}
		return nil
	})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Check(ended, w.Attempt(nil, "", ""), never); !errors.Is(err, context.Canceled) {
		t.Errorf("in an ended context: %v", err)
	}
}

// What counting did stays, whatever comes after (B2); what spending did does not.
func TestCountIsCommittedFirst(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		later := errors.New("later")
		counted := func() int64 { return w.Count(t, `SELECT COALESCE(SUM(count), 0) FROM counters WHERE name = 'tries'`) }
		count := func(tx *store.Tx) error {
			_, _, err := tx.Count("tries", 1<<40)
			return err
		}
		var duringCompare int64
		for i, stub := range []tenanttest.Stub{
			{Counting: count, Answer: later},
			{Counting: func(tx *store.Tx) error { return errors.Join(count(tx), fault.New(fault.TooManyAttempts, "No.")) }},
			{Counting: count},
		} {
			err := method.Check(t.Context(), w.DB, seeing{stub, func() { duringCompare = counted() }}, w.Attempt(nil, "",
				""), func(tx *store.Tx, _ method.Proof) error {
				if err := count(tx); err != nil {
					return err
				}
				return later
			})
			if err == nil {
				t.Error("no error")
			}
			if n := counted(); n != int64(i)+1 {
				t.Errorf("%d tries counted after %d", n, i+1)
			}
		}
		if duringCompare != 3 {
			t.Errorf("the third comparison saw %d tries committed", duringCompare)
		}
	})
}

// seeing calls back while it compares.
type seeing struct {
	tenanttest.Stub
	compare func()
}

func (s seeing) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	_, err := s.Stub.Count(tx, a)
	return s, err
}

func (s seeing) Compare(ctx context.Context) error {
	s.compare()
	return s.Stub.Compare(ctx)
}

// A policy that changed after the request came in is not decided by.
func TestRevised(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		stale := w.Attempt(nil, "", "")
		w.Apply(t, tenanttest.Document("signUp: {enabled: false}"))
		stub := tenanttest.Stub{Is: assurance.EmailCode}
		err := method.Check(t.Context(), w.DB, stub, stale, func(*store.Tx, method.Proof) error {
			t.Error("decided by the old policy")
			return nil
		})
		if !errors.Is(err, tenant.ErrRevised) {
			t.Errorf("Check = %v", err)
		}
	})
}

// revising changes the environment while the response is compared.
type revising struct {
	method.Method
	change func()
}

func (r revising) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	c, err := r.Method.Count(tx, a)
	return changing{c, r.change}, err
}

type changing struct {
	method.Candidate
	change func()
}

func (c changing) Compare(ctx context.Context) error {
	c.change()
	return c.Candidate.Compare(ctx)
}

// A right code that comes while the rules change is not counted as a try: the request
// is made again under the new ones.
func TestRevisedMeanwhileCostsNoTry(t *testing.T) {
	tenanttest.Engines(t, tenanttest.Document("limits: {codeAttempts: 3}"), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		id, code := w.Ask(t, w.As(&ada), emailcode.Request{Purpose: method.InSession, Address: "ada@example.com"})
		noThen := func(*store.Tx, method.Proof) error { return nil }
		for i := range 5 {
			again := revising{emailcode.Method{}, func() {
				old := w.Tenant
				w.Apply(t, tenanttest.Document("limits: {codeAttempts: 3}", fmt.Sprintf("mail: {appName: 'Demo %d'}", i)))
				w.Tenant = old
			}}
			if err := method.Check(t.Context(), w.DB, again, w.Attempt(&ada, id, code), noThen); !errors.Is(err, tenant.ErrRevised) {
				t.Fatalf("change %d: %v", i+1, err)
			}
			w.Reload(t)
		}
		if err := w.Check(t.Context(), w.Attempt(&ada, id, code), noThen); err != nil {
			t.Errorf("after five changes: %v", err)
		}
	})
}
