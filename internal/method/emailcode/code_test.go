package emailcode_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

func accept(*store.Tx, method.Proof) error { return nil }

// try types a code and wants this answer; an empty code of refusal is success.
func try(t testing.TB, w *tenanttest.World, s *store.SessionRow, challengeID, typed string, want fault.Code) {
	t.Helper()
	err := w.Check(t.Context(), w.Attempt(s, challengeID, typed), accept)
	if want == "" && err != nil || want != "" && !fault.Has(err, want) {
		t.Errorf("typing %q: %v, want %q", typed, err, want)
	}
}

// wrong is a code that is not this one.
func wrong(code string) string {
	return string('0'+(code[0]-'0'+1)%10) + code[1:]
}

func attempts(t testing.TB, w *tenanttest.World, challengeID string) int64 {
	t.Helper()
	return w.Count(t, `SELECT attempts FROM code_challenges WHERE id = $1`, challengeID)
}

func TestCode(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		id, code := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
		for _, typed := range []string{"", wrong(code), code + ".", "+" + code, "0" + code} {
			try(t, w, nil, id, typed, fault.WrongEmailCode)
		}
		id, code = w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
		try(t, w, nil, id, wrong(code), fault.WrongEmailCode)
		try(t, w, nil, id, code, "")
		try(t, w, nil, id, code, fault.InvalidEmailVerification)
		try(t, w, nil, "no-such-challenge", code, fault.InvalidEmailVerification)
		if given, refused := w.Audited(t, "proof.given"), w.Audited(t, "proof.refused"); given != 1 || refused != 8 {
			t.Errorf("audited %d proofs and %d refusals, want 1 and 8", given, refused)
		}
	})
}

// A code lives as long as the environment says, and no longer.
func TestExpiry(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document("limits: {codeExpiry: 2m}"), func(t *testing.T, w *tenanttest.World) {
		id, code := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
		w.Clock.Advance(2*time.Minute + time.Second)
		try(t, w, nil, id, code, fault.InvalidEmailVerification)
		err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := emailcode.Resend(w.From(""), tx, emailcode.Request{Address: "ada@example.com"}, id)
			return err
		})
		if !fault.Has(err, fault.InvalidEmailVerification) {
			t.Errorf("resending an expired code: %v", err)
		}
	})
}

// Doors: a code asked for in a session works in that session only; one asked
// for without a session works without one only. A try at a wrong door costs the
// owner nothing.
func TestDoors(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		again := w.SignIn(t, "ada@example.com")
		mallory := w.SignIn(t, "mallory@example.com")

		signIn, signInCode := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
		inside, insideCode := w.Ask(t, w.As(&ada), emailcode.Request{Purpose: method.InSession, Address: "ada@example.com"})
		for range 10 {
			try(t, w, &ada, signIn, signInCode, fault.InvalidEmailVerification)
			try(t, w, nil, inside, insideCode, fault.InvalidEmailVerification)
			try(t, w, &again, inside, insideCode, fault.InvalidEmailVerification)
			try(t, w, &mallory, inside, insideCode, fault.InvalidEmailVerification)
		}
		if a, b := attempts(t, w, signIn), attempts(t, w, inside); a != 0 || b != 0 {
			t.Errorf("tries at wrong doors were counted: %d, %d", a, b)
		}
		var purposes []method.Purpose
		keep := func(_ *store.Tx, p method.Proof) error {
			purposes = append(purposes, p.Evidence().Purpose)
			return nil
		}
		if err := w.Check(t.Context(), w.Attempt(nil, signIn, signInCode), keep); err != nil {
			t.Error(err)
		}
		if err := w.Check(t.Context(), w.Attempt(&ada, inside, insideCode), keep); err != nil {
			t.Error(err)
		}
		if len(purposes) != 2 || purposes[0] != method.SignIn || purposes[1] != method.InSession {
			t.Errorf("purposes %v", purposes)
		}
	})
}

func TestMailSaysWhatTheCodeIsFor(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document())
	ada := w.SignIn(t, "ada@example.com")
	for _, r := range []emailcode.Request{
		{Purpose: method.SignIn, Address: "ada@example.com"},
		{Purpose: method.InSession, Address: "ada@example.com"},
		{Purpose: method.Update, Address: "new@example.com"},
	} {
		c := w.As(&ada)
		if r.Purpose == method.SignIn {
			c = w.As(nil)
		}
		w.Write(t, func(tx *store.Tx) error { _, err := emailcode.Create(c, tx, r); return err })
		mails := w.Mails(t)
		if len(mails) != 1 || mails[0].To != r.Address || strings.Contains(mails[0].Subject, "sign-in") != (r.Purpose == method.SignIn) ||
			tenanttest.CodeIn(mails[0]) == "" {
			t.Errorf("%s: %+v", r.Purpose, mails)
		}
		if code := tenanttest.CodeIn(mails[0]); strings.Contains(mails[0].Subject, code) {
			t.Error("the code is in the subject")
		}
	}
}

// A resent code replaces the earlier one; the tries made stand, and so does the
// door.
func TestResend(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		id, first := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
		for range 3 {
			try(t, w, nil, id, wrong(first), fault.WrongEmailCode)
		}
		resend := func(s *store.SessionRow, address string) (string, error) {
			err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
				_, err := emailcode.Resend(w.As(s), tx, emailcode.Request{Address: address}, id)
				return err
			})
			if mails := w.Mails(t); len(mails) > 0 {
				return tenanttest.CodeIn(mails[0]), err
			}
			return "", err
		}
		for _, test := range []struct {
			name, address string
			session       *store.SessionRow
		}{
			{name: "another address", address: "eve@example.com"},
			{name: "another door", address: "ada@example.com", session: &ada},
		} {
			if code, err := resend(test.session, test.address); code != "" || !fault.Has(err, fault.InvalidEmailVerification) {
				t.Errorf("%s: %q, %v", test.name, code, err)
			}
		}
		second, err := resend(nil, "ADA@Example.COM")
		if err != nil || second == "" {
			t.Fatalf("resending: %q, %v", second, err)
		}
		if second != first {
			try(t, w, nil, id, first, fault.WrongEmailCode)
		}
		try(t, w, nil, id, wrong(second), fault.WrongEmailCode)
		try(t, w, nil, id, second, fault.TooManyEmailAttempts)
		if n := attempts(t, w, id); n != 5 {
			t.Errorf("%d attempts, want 5", n)
		}
	})
}

// What was spent or open before stays so for a store that is opened anew.
func TestRestart(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { restart(t, engine) })
	}
}

// Closed sign-up answers a stranger like everybody else, and mails nothing.
func TestClosedSignUp(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		w.SignIn(t, "ada@example.com")
		w.Apply(t, tenanttest.Document("signUp: {enabled: false}"))
		var ids []string
		for address, mails := range map[string]int{"ada@example.com": 1, "nobody@example.com": 0} {
			w.Write(t, func(tx *store.Tx) error {
				c, err := emailcode.Create(w.From("192.0.2.9"), tx,
					emailcode.Request{Purpose: method.SignIn, Address: address})
				if c.Recipient != address || c.ID == "" {
					t.Errorf("%s: %+v", address, c)
				}
				ids = append(ids, c.ID)
				return err
			})
			if got := w.Mails(t); len(got) != mails {
				t.Errorf("%s: %d mails, want %d", address, len(got), mails)
			}
		}
		for range 5 {
			for _, id := range ids {
				try(t, w, nil, id, "x", fault.WrongEmailCode)
			}
		}
		for _, id := range ids {
			try(t, w, nil, id, "x", fault.TooManyEmailAttempts)
		}
	})
}

func TestUnusableAddress(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document())
	for _, address := range []string{"", "ada", "ada@", "@example.com", "a@b@c.example", "ada@localhost", "ada@[127.0.0.1]",
		"\"a b\"@example.com", "ada@example.com\r\nBcc: eve@example.com"} {
		err := w.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := emailcode.Create(w.From(""), tx, emailcode.Request{Purpose: method.SignIn, Address: address})
			return err
		})
		if !fault.Has(err, fault.InvalidEmail) {
			t.Errorf("%q: %v", address, err)
		}
	}
	if mails := w.Mails(t); len(mails) != 0 {
		t.Errorf("%d mails", len(mails))
	}
}

// A failing action leaves the code unspent but the try counted (B2).
func TestCounterStandsWhenTheActionFails(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		id, code := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
		failure := errors.New("the action failed")
		for n := range int64(5) {
			err := w.Check(t.Context(), w.Attempt(nil, id, code), func(*store.Tx, method.Proof) error { return failure })
			if !errors.Is(err, failure) {
				t.Fatal(err)
			}
			if got := attempts(t, w, id); got != n+1 {
				t.Errorf("%d attempts after %d", got, n+1)
			}
		}
		try(t, w, nil, id, code, fault.TooManyEmailAttempts)
		if n := w.Audited(t, "proof.given"); n != 0 {
			t.Errorf("%d proofs audited", n)
		}
	})
}
