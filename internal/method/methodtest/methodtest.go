// Package methodtest is the hostile suite that every verification method must
// pass. It knows a method only by its contract: a method that joins says how to
// enrol somebody and how to make a right and a wrong attempt, and is then
// replayed, raced, stolen, guessed at and starved of its store like all others.
package methodtest

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/elevate"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// Try is one attempt and the method that takes it.
type Try struct {
	Method  method.Method
	Attempt method.Attempt
}

// Case is one method on trial.
type Case struct {
	Kind     assurance.Kind
	Document string // environment in which the method is on
	Off      string // environment in which it is off; empty: it cannot be switched off

	// Enrol gives the person a credential of the method and signs them in. Names
	// are short words, each used for one person.
	Enrol func(t testing.TB, w *tenanttest.World, name string) store.SessionRow
	// Right makes an attempt in the session that must succeed, a fresh one each time.
	Right func(t testing.TB, w *tenanttest.World, s store.SessionRow) Try
	// Wrong makes one that must fail by what was typed or signed.
	Wrong func(t testing.TB, w *tenanttest.World, s store.SessionRow) Try

	// Bound makes an attempt that confirms the registered transaction, or returns the
	// refusal of its challenge; nil: the method confirms none. Shows: the person is
	// shown it. AtVerify: it is named with the attempt, and there is no challenge.
	Bound    func(t testing.TB, w *tenanttest.World, s store.SessionRow, x store.BindingRow) (Try, error)
	Shows    bool
	AtVerify bool

	// OfSession: an attempt made for one session is refused in another of the same user.
	OfSession bool
	// Burns: the evidence is gone once the attempt was counted, whatever comes of it.
	Burns bool
	// OutlivesEpoch: what was handed out before a failover still works after it.
	OutlivesEpoch bool
	// Guessable: the response is short enough to be guessed, so tries are bounded.
	Guessable bool
}

// scope is one that any admissible method mints.
const scope = stepup.WalletExport

// Run tries the method: on both engines where they decide, in races, by what a
// statement consumes and after a failover. What the method decides by itself is tried
// on one of them, and on both in the long form.
func Run(t *testing.T, c Case) {
	type test = func(*testing.T, *tenanttest.World, Case)
	for name, test := range map[string]test{"once": once, "race": race, "burn last": burnLast, "epoch": epoch, "guesses": guesses,
		"bindings": bindings} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenanttest.Engines(t, c.Document, func(t *testing.T, w *tenanttest.World) { test(t, w, c) })
		})
	}
	for name, test := range map[string]test{"wrong": wrong, "stolen": stolen, "switched off": switchedOff} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if os.Getenv("LONG_TESTS") != "" {
				tenanttest.Engines(t, c.Document, func(t *testing.T, w *tenanttest.World) { test(t, w, c) })
				return
			}
			test(t, tenanttest.SQLite(t, c.Document), c)
		})
	}
	t.Run("starved", func(t *testing.T) {
		t.Parallel()
		starved(t, c)
	})
}

func grant(ctx context.Context, w *tenanttest.World, s store.SessionRow, try Try) (text string, err error) {
	try.Attempt.Session = &s
	var minted *elevate.Minted
	err = method.Check(ctx, w.DB, try.Method, try.Attempt, func(tx *store.Tx, p method.Proof) (err error) {
		minted, err = elevate.Grant(w.As(&s), tx, p, []stepup.Scope{scope})
		return err
	})
	if err != nil {
		return "", err
	}
	return minted.Sign(w.Tenant, w.Now())
}

// refusedAs wants a refusal, which is something else than a failure.
func refusedAs(t testing.TB, what, text string, err error) {
	t.Helper()
	var refused *fault.Error
	if text != "" || !errors.As(err, &refused) || refused.Code.Status() >= 500 {
		t.Errorf("%s: token %t, %v; want a refusal", what, text != "", err)
	}
}

// once: what was used once is refused ever after (A2, A3).
func once(t *testing.T, w *tenanttest.World, c Case) {
	ada := c.Enrol(t, w, "ada")
	try := c.Right(t, w, ada)
	text, err := grant(t.Context(), w, ada, try)
	if err != nil || text == "" {
		t.Fatalf("a right attempt: %v", err)
	}
	if try.Method.Kind() != c.Kind {
		t.Errorf("kind %s, want %s", try.Method.Kind(), c.Kind)
	}
	if err := w.Judge(t, ada, text, scope); err != nil {
		t.Errorf("its token: %v", err)
	}
	for range 3 {
		text, err = grant(t.Context(), w, ada, try)
		refusedAs(t, "again", text, err)
	}
	w.Clock.Advance(3 * time.Second)
	text, err = grant(t.Context(), w, ada, try)
	refusedAs(t, "a little later", text, err)
}

// race: of many tries with one evidence exactly one succeeds (A1).
func race(t *testing.T, w *tenanttest.World, c Case) {
	ada := c.Enrol(t, w, "ada")
	try := c.Right(t, w, ada)
	var won atomic.Int64
	var done sync.WaitGroup
	for range 24 {
		done.Go(func() {
			text, err := grant(t.Context(), w, ada, try)
			if err == nil && text != "" {
				won.Add(1)
				return
			}
			refusedAs(t, "a loser", text, err)
		})
	}
	done.Wait()
	if won.Load() != 1 {
		t.Errorf("%d tries with one evidence succeeded, want 1", won.Load())
	}
	if n := w.Count(t, `SELECT COUNT(*) FROM elevated_tokens`); n != 1 {
		t.Errorf("%d tokens, want 1", n)
	}
}

// wrong: nothing is minted and the refusal is on record.
func wrong(t *testing.T, w *tenanttest.World, c Case) {
	ada := c.Enrol(t, w, "ada")
	before := w.Audited(t, "proof.refused")
	text, err := grant(t.Context(), w, ada, c.Wrong(t, w, ada))
	refusedAs(t, "a wrong attempt", text, err)
	if n := w.Audited(t, "proof.refused") - before; n != 1 {
		t.Errorf("%d refusals audited, want 1", n)
	}
	if text, err := grant(t.Context(), w, ada, c.Right(t, w, ada)); err != nil || text == "" {
		t.Errorf("a right one after it: %v", err)
	}
}

// stolen: one person's evidence is nothing in another's session (B11, C7).
func stolen(t *testing.T, w *tenanttest.World, c Case) {
	ada, bob := c.Enrol(t, w, "ada"), c.Enrol(t, w, "bob")
	if ada.UserID == bob.UserID {
		t.Fatal("two people are one")
	}
	text, err := grant(t.Context(), w, bob, c.Right(t, w, ada))
	refusedAs(t, "somebody else's", text, err)
	if c.OfSession {
		again := w.Another(t, ada)
		text, err = grant(t.Context(), w, again, c.Right(t, w, ada))
		refusedAs(t, "another session's", text, err)
	}
	if text, err := grant(t.Context(), w, ada, c.Right(t, w, ada)); err != nil || text == "" {
		t.Errorf("its owner after that: %v", err)
	}
}

// burnLast: a right response refused for another reason costs nothing (law 6).
func burnLast(t *testing.T, w *tenanttest.World, c Case) {
	ada := c.Enrol(t, w, "ada")
	try := c.Right(t, w, ada)
	try.Attempt.Session = &ada
	other := fault.New(fault.Conflict, "Something else stands in the way.")
	err := method.Check(t.Context(), w.DB, try.Method, try.Attempt, func(*store.Tx, method.Proof) error { return other })
	if !errors.Is(err, other) {
		t.Fatalf("%v, want the other reason", err)
	}
	text, err := grant(t.Context(), w, ada, try)
	if c.Burns {
		refusedAs(t, "the same evidence", text, err)
	} else if err != nil || text == "" {
		t.Errorf("the same evidence: %v", err)
	}
}

// epoch: after a failover or a restore nothing older works (A8).
func epoch(t *testing.T, w *tenanttest.World, c Case) {
	ada := c.Enrol(t, w, "ada")
	try := c.Right(t, w, ada)
	if err := store.RestoreEpoch(t.Context(), w.DB); err != nil {
		t.Fatal(err)
	}
	text, err := grant(t.Context(), w, ada, try)
	if c.OutlivesEpoch {
		if err != nil || text == "" {
			t.Errorf("after a failover: %v", err)
		}
		return
	}
	refusedAs(t, "after a failover", text, err)
	if text, err := grant(t.Context(), w, ada, c.Right(t, w, ada)); err != nil || text == "" {
		t.Errorf("a new one after it: %v", err)
	}
}

// switchedOff: an operator who turns the method off is obeyed at once (E5).
func switchedOff(t *testing.T, w *tenanttest.World, c Case) {
	if c.Off == "" {
		t.Skip("cannot be switched off")
	}
	ada := c.Enrol(t, w, "ada")
	try := c.Right(t, w, ada)
	w.Apply(t, c.Off)
	try.Attempt.Tenant = w.Tenant
	text, err := grant(t.Context(), w, ada, try)
	refusedAs(t, "after it was switched off", text, err)
}

// guesses: however many are made at once, few are compared (B1, B3).
func guesses(t *testing.T, w *tenanttest.World, c Case) {
	if !c.Guessable {
		t.Skip("not guessable")
	}
	ada := c.Enrol(t, w, "ada")
	var compared atomic.Int64
	var done sync.WaitGroup
	for range 60 {
		try := c.Wrong(t, w, ada)
		try.Method = counting{try.Method, &compared}
		done.Go(func() {
			text, err := grant(t.Context(), w, ada, try)
			refusedAs(t, "a guess", text, err)
		})
	}
	done.Wait()
	if n := compared.Load(); n < 1 || n > 10 {
		t.Errorf("%d guesses were compared, want 1 to 10", n)
	}
}

// counting counts the attempts that get as far as being compared.
type counting struct {
	method.Method
	compared *atomic.Int64
}

func (c counting) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	candidate, err := c.Method.Count(tx, a)
	if candidate == nil {
		return nil, err
	}
	return countingCandidate{candidate, c.compared}, err
}

type countingCandidate struct {
	method.Candidate
	compared *atomic.Int64
}

func (c countingCandidate) Compare(ctx context.Context) error {
	c.compared.Add(1)
	return c.Candidate.Compare(ctx)
}

var errCable = errors.New("the cable was pulled")

// starved: every step of the store fails once; nothing is ever handed out for
// it, and each token has its audit entry (A7).
func starved(t *testing.T, c Case) {
	fails, seen, fired := 0, 0, false
	pull := func(string) error {
		if fails == 0 {
			return nil
		}
		if seen++; seen != fails {
			return nil
		}
		fired = true
		return errCable
	}
	clock := &storetest.Clock{}
	w := tenanttest.New(t, storetest.SQLite(t, storetest.WithClock(clock), storetest.WithFault(pull)), clock, c.Document)
	for step := 1; ; step++ {
		clock.Advance(time.Hour)
		person := c.Enrol(t, w, person(step))
		try := c.Right(t, w, person)
		fails, seen, fired = step, 0, false
		text, err := grant(t.Context(), w, person, try)
		broken := fired
		fails = 0
		if broken && (err == nil || text != "") {
			t.Errorf("step %d failed, and it handed out %t, %v", step, text != "", err)
		}
		if minted, audited := w.Count(t, `SELECT COUNT(*) FROM elevated_tokens`), w.Audited(t, "token.minted"); minted != audited {
			t.Errorf("step %d: %d tokens, %d audited", step, minted, audited)
		}
		if !broken {
			if err != nil {
				t.Errorf("undisturbed: %v", err)
			}
			if step < 4 {
				t.Errorf("only %d steps were broken", step-1)
			}
			return
		}
	}
}

func person(n int) string { return "p" + string(rune('a'+n/26)) + string(rune('a'+n%26)) }
