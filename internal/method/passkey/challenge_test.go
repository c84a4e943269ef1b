package passkey_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
)

// A5: a challenge is taken before anything is verified, so a bad answer burns
// it for a good one, and two tabs get one success.
func TestChallengeIsTakenFirst(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(passkeytest.On), func(t *testing.T, w *tenanttest.World) {
		ada, a := person(t, w, "ada")
		options := passkeytest.StepUpOptions(t, w, ada)
		bad := a.Get(options, func(c *ceremony) { flip(c, 9) })
		good := a.Get(options)
		refused(t, "a bad answer", "does not hold", prove(t, w, &ada, bad))
		refused(t, "a good one after it", "is over", prove(t, w, &ada, good))

		options = passkeytest.SignInOptions(t, w)
		answers := make([]passkey.AssertionResponse, 16)
		for i := range answers {
			answers[i] = a.Get(options) // each with a counter of its own
		}
		var won atomic.Int64
		var done sync.WaitGroup
		for _, answer := range answers {
			done.Go(func() {
				if err := prove(t, w, nil, answer); err == nil {
					won.Add(1)
				} else if !fault.Has(err, fault.InvalidPasskey) {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if won.Load() != 1 {
			t.Errorf("%d of %d answers to one challenge succeeded", won.Load(), len(answers))
		}
	})
}

// A challenge is good for its purpose, session and time only (B11, C2).
func TestChallengeIsBound(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document(passkeytest.On))
	ada, a := person(t, w, "ada")
	again := w.Another(t, ada)
	bob, b := person(t, w, "bob")

	stepUp := func() passkey.RequestOptions { return passkeytest.StepUpOptions(t, w, ada) }
	refused(t, "a step-up's to sign in", "is over", prove(t, w, nil, a.Get(stepUp())))
	refused(t, "a step-up's in another session", "is over", prove(t, w, &again, a.Get(stepUp())))
	refused(t, "a step-up's in another user's session", "is over", prove(t, w, &bob, b.Get(stepUp())))
	refused(t, "a sign-in's in a session", "is over", prove(t, w, &ada, a.Get(passkeytest.SignInOptions(t, w))))
	refused(t, "another user's passkey", "not known here", prove(t, w, &ada, b.Get(stepUp())))

	creation := func(s store.SessionRow) (o passkey.CreationOptions) {
		w.Write(t, func(tx *store.Tx) (err error) {
			o, err = passkey.BeginRegistration(w.As(&s), tx)
			return err
		})
		return o
	}
	made := passkeytest.New(passkeytest.Origin)
	refused(t, "a registration's at a step-up", "is over",
		prove(t, w, &ada, a.Get(passkey.RequestOptions{Challenge: creation(ada).Challenge})))
	for name, s := range map[string]store.SessionRow{"another session": again, "another user": bob} {
		_, err := passkeytest.Finish(t, w, s, made.Create(creation(ada)))
		refused(t, "a registration in the session of "+name, "is over", err)
	}
	first := made.Create(creation(ada))
	second := creation(ada)
	_, err := passkeytest.Finish(t, w, ada, first)
	refused(t, "a registration that a newer one ended", "is over", err)
	w.Clock.Advance(passkey.ChallengeTTL)
	_, err = passkeytest.Finish(t, w, ada, made.Create(second))
	refused(t, "a registration that expired", "is over", err)

	late, early := stepUp(), passkeytest.SignInOptions(t, w)
	w.Clock.Advance(passkey.ChallengeTTL - time.Minute)
	if err := prove(t, w, nil, a.Get(early)); err != nil {
		t.Errorf("in the last minute: %v", err)
	}
	w.Clock.Advance(time.Minute)
	refused(t, "a step-up's that expired", "is over", prove(t, w, &ada, a.Get(late)))
}

// The same passkey cannot be registered twice, by whomever, also at once.
func TestCredentialIDIsNew(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(passkeytest.On), func(t *testing.T, w *tenanttest.World) {
		ada, a := person(t, w, "ada")
		bob := w.SignIn(t, "bob@example.com")
		for name, s := range map[string]store.SessionRow{"its owner": ada, "somebody else": bob} {
			_, err := passkeytest.Register(t, w, s, a.Clone())
			refused(t, "again by "+name, "registered already", err)
		}
		shared := passkeytest.New(passkeytest.Origin)
		var won atomic.Int64
		var done sync.WaitGroup
		for i := range 8 {
			s := w.SignIn(t, "p"+string(rune('a'+i))+"@example.com")
			done.Go(func() {
				_, err := passkeytest.Register(t, w, s, shared.Clone())
				if err == nil {
					won.Add(1)
				} else if !fault.Has(err, fault.Conflict) {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if won.Load() != 1 {
			t.Errorf("%d users registered one passkey", won.Load())
		}
	})
}

// Two copies of one passkey race with the same counter: one wins, the other is
// refused and put on record.
func TestCounterRace(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document(passkeytest.On), func(t *testing.T, w *tenanttest.World) {
		ada, a := person(t, w, "ada")
		const copies = 8
		var won atomic.Int64
		var meet, done sync.WaitGroup
		meet.Add(copies)
		for range copies {
			answer := a.Clone().Get(passkeytest.StepUpOptions(t, w, ada))
			done.Go(func() {
				m := meeting{passkey.Assertion{Response: answer}, &meet}
				err := method.Check(t.Context(), w.DB, m, method.Attempt{Caller: w.As(&ada)},
					func(*store.Tx, method.Proof) error { return nil })
				if err == nil {
					won.Add(1)
					return
				}
				refused(t, "a copy", "counter", err)
			})
		}
		done.Wait()
		if won.Load() != 1 {
			t.Errorf("%d copies with one counter succeeded", won.Load())
		}
		if n := w.Audited(t, "passkey.counter_regressed"); n != copies-1 {
			t.Errorf("%d audited, want %d", n, copies-1)
		}
	})
}

// meeting lets every attempt reach its comparison before any is spent.
type meeting struct {
	method.Method
	all *sync.WaitGroup
}

func (m meeting) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	c, err := m.Method.Count(tx, a)
	if err != nil {
		return nil, err
	}
	return met{c, c.(method.Witness), m.all}, nil
}

type met struct {
	method.Candidate
	method.Witness
	all *sync.WaitGroup
}

func (m met) Compare(ctx context.Context) error {
	err := m.Candidate.Compare(ctx)
	m.all.Done()
	m.all.Wait()
	return err
}

// An authenticator without a counter is used again and again.
func TestNoCounter(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document(passkeytest.On))
	ada := w.SignIn(t, "ada@example.com")
	a := passkeytest.New(passkeytest.Origin)
	a.Step, a.Flags = 0, a.Flags|passkeytest.BackupEligible
	if _, err := passkeytest.Register(t, w, ada, a); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := stepUp(t, w, ada, a, func(c *ceremony) { c.Flags |= passkeytest.BackedUp }); err != nil {
			t.Errorf("use %d: %v", i, err)
		}
	}
	if n := w.Count(t, `SELECT COUNT(*) FROM passkeys WHERE backed_up = 1 AND backup_eligible = 1 AND sign_count = 0`); n != 1 {
		t.Error("the backup state was not kept")
	}
}

// B8: without a session nobody stops a passkey; in one, wrong tries slow down
// and stop it, and another factor's success lets it go again.
func TestTriesInARow(t *testing.T) {
	t.Parallel()
	w := tenanttest.SQLite(t, tenanttest.Document(passkeytest.On, "limits: {factorHardStop: 12}"))
	ada, a := person(t, w, "ada")
	spare := passkeytest.New(passkeytest.Origin)
	if _, err := passkeytest.Register(t, w, ada, spare); err != nil {
		t.Fatal(err)
	}
	wrong := func(c *ceremony) { flip(c, 9) }
	for range 100 {
		refused(t, "a stranger", "", prove(t, w, nil, a.Get(passkeytest.SignInOptions(t, w), wrong)))
	}
	if err := prove(t, w, nil, a.Get(passkeytest.SignInOptions(t, w))); !fault.Has(err, fault.RateLimited) {
		t.Errorf("from the stranger's address: %v, want a wait", err)
	}
	elsewhere := method.Attempt{Caller: w.From("198.51.100.7")}
	m := passkey.Assertion{Response: a.Get(passkeytest.SignInOptions(t, w))}
	if err := method.Check(t.Context(), w.DB, m, elsewhere, func(*store.Tx, method.Proof) error { return nil }); err != nil {
		t.Fatalf("its owner elsewhere: %v", err)
	}

	for i := range 12 {
		if err := stepUp(t, w, ada, a, wrong); !fault.Has(err, fault.InvalidPasskey) {
			t.Fatalf("wrong try %d: %v", i, err)
		}
		if i == 9 || i == 10 {
			var f *fault.Error
			if err := stepUp(t, w, ada, a); !errors.As(err, &f) || f.Code != fault.MFARateLimited || f.RetryAfter <= 0 {
				t.Errorf("right after wrong try %d: %v, want a wait", i, err)
			}
		}
		w.Clock.Advance(2 * time.Hour)
	}
	if err := stepUp(t, w, ada, a); !fault.Has(err, fault.MFARateLimited) {
		t.Errorf("after the hard stop: %v", err)
	}
	if err := stepUp(t, w, ada, spare); err != nil {
		t.Fatalf("the other passkey: %v", err)
	}
	if err := stepUp(t, w, ada, a); err != nil {
		t.Errorf("after the other's success: %v", err)
	}
}
