package emailcode_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/emailcode"
	"github.com/stepup-auth/stepup/internal/method/sentcode"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/who"
)

// counting counts the guesses that get as far as being compared.
type counting struct {
	emailcode.Method
	compared *atomic.Int64
}

func (c counting) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	candidate, err := c.Method.Count(tx, a)
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

// guess is one attempt at a code.
type guess struct {
	session     *store.SessionRow
	challengeID string
	typed       string
	source      string
}

// burst makes all guesses at once and returns how many were compared and how
// many were right.
func burst(t testing.TB, w *tenanttest.World, guesses []guess) (compared, right int64) {
	t.Helper()
	var counted, won atomic.Int64
	var done sync.WaitGroup
	for _, g := range guesses {
		done.Go(func() {
			a := w.Attempt(g.session, g.challengeID, g.typed)
			a.Source = g.source
			err := method.Check(t.Context(), w.DB, counting{compared: &counted}, a, accept)
			switch {
			case err == nil:
				won.Add(1)
			case !fault.Has(err, fault.WrongEmailCode) && !fault.Has(err, fault.TooManyAttempts) &&
				!fault.Has(err, fault.TooManyEmailAttempts) && !fault.Has(err, fault.InvalidEmailVerification):
				t.Error(err)
			}
		})
	}
	done.Wait()
	return counted.Load(), won.Load()
}

// ask asks for a code as the server does: a refusal counts too.
func ask(t testing.TB, w *tenanttest.World, c who.Caller, r emailcode.Request) (challengeID string, refused error) {
	t.Helper()
	w.Write(t, func(tx *store.Tx) error {
		row, err := emailcode.Create(c, tx, r)
		challengeID, refused = row.ID, nil
		if fault.Has(err, fault.RateLimited) {
			refused, err = err, nil
		}
		return err
	})
	return challengeID, refused
}

// 200 tries at one right code: one wins (A1).
func TestOneOfManyWins(t *testing.T) {
	t.Parallel()
	document := tenanttest.Document("limits: {codeAttempts: 12, guessesPerAccount: {count: 100, per: 1h}}")
	tenanttest.Engines(t, document, func(t *testing.T, w *tenanttest.World) {
		id, code := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
		guesses := make([]guess, 200)
		for i := range guesses {
			guesses[i] = guess{nil, id, code, fmt.Sprint("192.0.2.", i)}
		}
		if compared, right := burst(t, w, guesses); right != 1 || compared > 12 {
			t.Errorf("%d compared, %d won; want at most 12 and 1", compared, right)
		}
	})
}

// 1,000 guesses in one burst: no more are compared than a code allows, and over
// several codes no more than it takes to raise the alarm (B3).
func TestBurst(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document("limits: {codesPerAddress: {count: 100, per: 10m}, codesPerIP: "+
		"{count: 100, per: 10m}}"), func(t *testing.T, w *tenanttest.World) {
		var ids []string
		for range 20 {
			id, _ := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
			ids = append(ids, id)
		}
		for _, test := range []struct {
			name           string
			codes, sources int
			guesses        int
			allowed        int64
		}{
			{"one code", 1, 100, 1000, 5}, {"one source", 20, 1, 100, 10}, {"everywhere", 20, 100, 200, 10},
		} {
			for _, again := range []string{`DELETE FROM counters`, `UPDATE code_challenges SET attempts = 0`} {
				w.Write(t, func(tx *store.Tx) error { _, err := tx.Exec(again); return err })
			}
			guesses := make([]guess, test.guesses)
			for i := range guesses {
				guesses[i] = guess{nil, ids[i%test.codes], "x", fmt.Sprint("source ", i%test.sources)}
			}
			if compared, _ := burst(t, w, guesses); compared != test.allowed {
				t.Errorf("%s: %d compared, want %d", test.name, compared, test.allowed)
			}
		}
	})
}

// 10,000 guesses over an hour, by somebody who has many addresses, two stolen
// sessions and a good idea of when counters start again: fewer than 100 of a
// million codes are tried (B1). Bursts are another test's matter; here many
// guesses are counted in one transaction, on the engine that is quicker at it.
func TestHourOfGuessing(t *testing.T) {
	t.Parallel()
	clock := &storetest.Clock{}
	w := tenanttest.New(t, storetest.Postgres(t, storetest.WithClock(clock)), clock, tenanttest.Document("sessions: {idle: 12h}"))
	stolen := []store.SessionRow{w.SignIn(t, "ada@example.com"), w.SignIn(t, "ada@example.com")}
	w.Clock.Advance(time.Hour)
	doors := []*store.SessionRow{nil, &stolen[0], nil, &stolen[1], nil}
	var codes []guess // not tried yet
	compared, asked, made, chance := 0, 0, 0, 0.0
	// try guesses once and reports whether another guess at this code may be worth it.
	try := func(tx *store.Tx, g guess) (bool, error) {
		a := w.Attempt(g.session, g.challengeID, "123456")
		made++
		a.Source = fmt.Sprint("source ", made%60)
		right := 1e-6
		_, err := emailcode.Method{}.Count(tx, a)
		if fault.Has(err, fault.InvalidEmailVerification) { // short codes have stopped working
			a.Response, right = "12345678", 1e-8
			_, err = emailcode.Method{}.Count(tx, a)
		}
		var refused *fault.Error
		if err == nil {
			compared++
			chance += right
		} else if errors.As(err, &refused) {
			err = nil
		}
		return refused == nil, err
	}
	// minute makes so many guesses. No more than five go to one code, because more
	// would count and win nothing; the rest are tries at codes that are not there.
	minute := func(guesses int) {
		for range 3 {
			s := doors[asked%len(doors)]
			c, r := w.As(s), emailcode.Request{Purpose: method.InSession, Address: "ada@example.com"}
			c.Source = fmt.Sprint(w.Now())
			if s == nil {
				r.Purpose = method.SignIn
			}
			id, refused := ask(t, w, c, r)
			if refused != nil {
				break
			}
			asked++
			codes = append(codes, guess{session: s, challengeID: id})
		}
		w.Write(t, func(tx *store.Tx) error {
			left := guesses
			for ; len(codes) > 0 && left >= 5; codes = codes[1:] {
				for range 5 {
					left--
					if again, err := try(tx, codes[0]); err != nil {
						return err
					} else if !again {
						break
					}
				}
			}
			for range left {
				made++
				if _, err := tx.CodeChallenge(tenanttest.ID, "any other code"); !errors.Is(err, store.ErrNotFound) {
					return err
				}
			}
			return nil
		})
	}
	minute(10) // the windows start here
	w.Clock.Advance(50 * time.Minute)
	compared, made, chance = 0, 0, 0
	for range 60 {
		w.Clock.Advance(time.Minute)
		minute(167)
	}
	if chance >= 1e-4 {
		t.Errorf("%d guesses were compared: success chance %g", compared, chance)
	}
	if compared < 50 || made < 10_000 {
		t.Errorf("%d of %d guesses were compared: the attack is not what it was meant to be", compared, made)
	}
	t.Logf("%d of %d guesses were compared: success chance %g", compared, made, chance)
}

// While somebody guesses, the owner still signs in: with a longer code. The
// short one that was out stops working, and in sessions nothing changes.
func TestAlarm(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(manySends), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		before, short := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
		var guesses []guess
		for i := range 12 {
			id, code := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
			guesses = append(guesses, guess{nil, id, wrong(code), fmt.Sprint("203.0.113.", i)})
		}
		if compared, _ := burst(t, w, guesses); compared != 10 {
			t.Errorf("%d guesses compared, want 10", compared)
		}
		try(t, w, nil, before, short, fault.InvalidEmailVerification)
		after, long := w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "ada@example.com"})
		if len(short) != sentcode.Digits || len(long) != sentcode.LongDigits {
			t.Errorf("codes of %d and %d digits", len(short), len(long))
		}
		try(t, w, nil, after, long, "")
		inside, code := w.Ask(t, w.As(&ada), emailcode.Request{Purpose: method.InSession, Address: "ada@example.com"})
		if len(code) != sentcode.Digits {
			t.Errorf("a code of %d digits in a session", len(code))
		}
		try(t, w, &ada, inside, code, "")
		_, code = w.Ask(t, w.From(""), emailcode.Request{Purpose: method.SignIn, Address: "bob@example.com"})
		if len(code) != sentcode.Digits {
			t.Errorf("a code of %d digits for somebody else", len(code))
		}
	})
}
