package emailcode_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// manySends leaves the limits on guessing alone with the test.
const manySends = "limits: {codesPerAddress: {count: 1000, per: 10m}, codesPerSession: {count: 1000, per: 10m}, codesPerAccount: {count: " +
	"1000, per: 10m}, codesPerAccountHour: 1000, codesPerIP: {count: 1000, per: 10m}}"

// The budget belongs to the account: neither a new code, nor a resent one, nor
// another session, nor another spelling of the address gives a guess more (B4, B5).
func TestBudgetSurvives(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(manySends, "sessions: {idle: 12h}"), func(t *testing.T, w *tenanttest.World) {
		spellings := []string{"ada@bücher.example", " Ada@bücher.example ", "ADA@BÜCHER.EXAMPLE", "ada@xn--bcher-kva.example",
			"ada@XN--BCHER-KVA.example"}
		guesses := func(sessions []*store.SessionRow, purpose method.Purpose) (compared int64) {
			for i := range 12 {
				s := sessions[i%len(sessions)]
				address := spellings[i%len(spellings)]
				id, code := w.Ask(t, w.As(s), emailcode.Request{Purpose: purpose, Address: address})
				if i%3 == 0 {
					w.Write(t, func(tx *store.Tx) error {
						_, err := emailcode.Resend(w.As(s), tx,
							emailcode.Request{Address: spellings[(i+1)%len(spellings)]}, id)
						return err
					})
					code = tenanttest.CodeIn(w.Mails(t)[0])
				}
				one, right := burst(t, w, []guess{{s, id, wrong(code), "192.0.2.1"}})
				if compared += one; right != 0 {
					t.Error("a wrong code was right")
				}
			}
			return compared
		}
		first, second := w.SignIn(t, spellings[0]), w.SignIn(t, spellings[3])
		if first.UserID != second.UserID {
			t.Fatal("two spellings made two users")
		}
		if n := guesses([]*store.SessionRow{nil}, method.SignIn); n != 10 {
			t.Errorf("%d guesses compared from one source, want 10", n)
		}
		if n := guesses([]*store.SessionRow{&first, &second}, method.InSession); n != 10 {
			t.Errorf("%d guesses compared in two sessions of one user, want 10", n)
		}
		// Even the right code is refused now, until the window is over.
		id, code := w.Ask(t, w.As(&first), emailcode.Request{Purpose: method.InSession, Address: spellings[1]})
		try(t, w, &first, id, code, fault.TooManyAttempts)
		w.Clock.Advance(time.Hour)
		id, code = w.Ask(t, w.As(&first), emailcode.Request{Purpose: method.InSession, Address: spellings[1]})
		try(t, w, &first, id, code, "")
	})
}

// All spellings of an address share one allowance of mail. Past it strangers get
// one more id for the code that is out.
func TestSendsAreLimited(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(), func(t *testing.T, w *tenanttest.World) {
		for i, address := range []string{"ada@bücher.example", "Ada@BÜCHER.example", " ada@xn--bcher-kva.example", "ADA@bücher.example ",
			"ada@Xn--Bcher-Kva.Example", "ada@bücher.example"} {
			id, refused := ask(t, w, w.From(fmt.Sprint("192.0.2.", i)), emailcode.Request{Purpose: method.SignIn, Address: address})
			if id == "" || refused != nil {
				t.Errorf("send %d: %q, %v", i, id, refused)
			}
		}
		if mails := w.Mails(t); len(mails) != 5 {
			t.Errorf("%d mails, want 5", len(mails))
		}
		refused := 0
		for i := range 40 {
			r := emailcode.Request{Purpose: method.SignIn, Address: fmt.Sprintf("user%d@example.com", i)}
			if _, err := ask(t, w, w.From("192.0.2.77"), r); err != nil {
				refused++
			}
		}
		if refused != 10 {
			t.Errorf("%d of 40 sends from one source refused, want 10", refused)
		}
		w.Clock.Advance(11 * time.Minute)
		if _, err := ask(t, w, w.From("192.0.2.77"), emailcode.Request{Purpose: method.SignIn, Address: "ada@bücher.example"}); err != nil {
			t.Errorf("after the window: %v", err)
		}
	})
}

// Whoever is not signed in as the victim can use up neither the victim's
// guesses in a session nor the victim's mail there (B8).
func TestStrangersCannotLockOut(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(manySends), func(t *testing.T, w *tenanttest.World) {
		ada, mallory := w.SignIn(t, "ada@example.com"), w.SignIn(t, "mallory@example.com")
		var guesses []guess
		for i := range 30 {
			inside, _ := w.Ask(t, w.As(&mallory), emailcode.Request{Purpose: method.InSession, Address: "ada@example.com"})
			outside, _ := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
			source := fmt.Sprint("203.0.113.", i)
			guesses = append(guesses, guess{&mallory, inside, "x", source}, guess{nil, outside, "x", source},
				guess{nil, outside, "x", source})
		}
		if compared, _ := burst(t, w, guesses); compared < 10 {
			t.Errorf("only %d guesses compared", compared)
		}
		id, code := w.Ask(t, w.As(&ada), emailcode.Request{Purpose: method.InSession, Address: "ada@example.com"})
		try(t, w, &ada, id, code, "")

		w.Apply(t, tenanttest.Document())
		w.Clock.Advance(11 * time.Minute)
		for i := range 20 {
			c, r := w.From(fmt.Sprint("203.0.113.", i)), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"}
			if i%2 == 0 {
				c, r.Purpose = w.As(&mallory), method.InSession
			}
			_, _ = ask(t, w, c, r)
		}
		if _, err := ask(t, w, w.As(&ada), emailcode.Request{Purpose: method.InSession, Address: "ada@example.com"}); err != nil {
			t.Errorf("the victim's own session gets no code: %v", err)
		}
	})
}

// Wrong codes in a row stop a credential in open sessions, however slowly they
// come; signing in with a code unlocks it.
func TestHardStop(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(manySends, "sessions: {idle: 20h}"), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		compared := int64(0)
		for range 7 {
			for range 2 {
				id, code := w.Ask(t, w.As(&ada), emailcode.Request{Purpose: method.InSession, Address: "ada@example.com"})
				guesses := make([]guess, 5)
				for i := range guesses {
					guesses[i] = guess{&ada, id, wrong(code), "192.0.2.1"}
				}
				n, _ := burst(t, w, guesses)
				compared += n
			}
			w.Clock.Advance(61 * time.Minute)
		}
		if compared != 50 {
			t.Errorf("%d wrong codes compared, want 50", compared)
		}
		id, code := w.Ask(t, w.As(&ada), emailcode.Request{Purpose: method.InSession, Address: "ada@example.com"})
		try(t, w, &ada, id, code, fault.TooManyAttempts)

		fresh := w.SignIn(t, "ada@example.com")
		id, code = w.Ask(t, w.As(&fresh), emailcode.Request{Purpose: method.InSession, Address: "ada@example.com"})
		try(t, w, &fresh, id, code, "")
	})
}
