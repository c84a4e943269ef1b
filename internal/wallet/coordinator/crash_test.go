package coordinator_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/coordinator"
)

// scenario is an operation on a wallet of its own, and what must hold once it is done.
type scenario struct {
	action wallet.Action
	make   func(*testing.T, *world) wallet.Operation
	after  wallet.Wallet // Generation, Scheme and State
}

var scenarios = []scenario{
	{wallet.Create, func(t *testing.T, w *world) wallet.Operation {
		return w.operation(wallet.Create, uuid.NewString(), wallet.CreateRequest{Chain: wallet.EVM, Scheme: wallet.TwoOfThree})
	}, wallet.Wallet{Generation: 1, Scheme: wallet.TwoOfThree, State: wallet.Active}},
	{wallet.Refresh, func(t *testing.T, w *world) wallet.Operation {
		return w.operation(wallet.Refresh, w.create(t, wallet.TwoOfThree).ID, nil)
	}, wallet.Wallet{Generation: 2, Scheme: wallet.TwoOfThree, State: wallet.Active}},
	{wallet.Reshare, func(t *testing.T, w *world) wallet.Operation {
		return w.operation(wallet.Reshare, w.create(t, wallet.TwoOfTwo).ID,
			wallet.ReshareRequest{Old: wallet.TwoOfTwo, New: wallet.TwoOfThree})
	}, wallet.Wallet{Generation: 2, Scheme: wallet.TwoOfThree, State: wallet.Active}},
	{wallet.Sign, func(t *testing.T, w *world) wallet.Operation {
		return w.operation(wallet.Sign, w.create(t, wallet.TwoOfTwo).ID, signRequest)
	}, wallet.Wallet{Generation: 1, Scheme: wallet.TwoOfTwo, State: wallet.Active}},
	{wallet.Export, func(t *testing.T, w *world) wallet.Operation {
		return w.operation(wallet.Export, w.create(t, wallet.TwoOfTwo).ID, exportRequest)
	}, wallet.Wallet{Generation: 1, Scheme: wallet.TwoOfTwo, State: wallet.Active}},
	{wallet.Disable, func(t *testing.T, w *world) wallet.Operation {
		return w.operation(wallet.Disable, w.create(t, wallet.TwoOfTwo).ID, nil)
	}, wallet.Wallet{Generation: 1, Scheme: wallet.TwoOfTwo, State: wallet.Disabled}},
	{wallet.Restore, func(t *testing.T, w *world) wallet.Operation {
		id := w.create(t, wallet.TwoOfTwo).ID
		w.perform(t, w.operation(wallet.Delete, id, nil))
		return w.operation(wallet.Restore, id, nil)
	}, wallet.Wallet{Generation: 1, Scheme: wallet.TwoOfTwo, State: wallet.Active}},
	{wallet.Delete, func(t *testing.T, w *world) wallet.Operation {
		return w.operation(wallet.Delete, w.create(t, wallet.TwoOfTwo).ID, nil)
	}, wallet.Wallet{Generation: 1, Scheme: wallet.TwoOfTwo, State: wallet.Deleting}},
}

// settled checks what must hold of the wallet after Resume, whatever happened, and
// that the operation, asked for again, ends under its id.
func (w *world) settled(t *testing.T, s scenario, o wallet.Operation, resume bool) {
	t.Helper()
	w.custody.fail = nil
	w.clock.Advance(time.Minute)
	if resume {
		if err := w.node.Resume(t.Context()); err != nil {
			t.Errorf("resuming: %v", err)
		}
		now, err := w.node.Wallet(t.Context(), "env", o.UserID, o.WalletID)
		switch {
		case err == nil:
			w.custody.sound(t, now)
		case s.action != wallet.Create:
			t.Error(err)
		default:
			for _, role := range []wallet.Role{wallet.Signer, wallet.Guardian} {
				if left := w.custody.as(role).of(o.WalletID).status.Generations; len(left) != 0 {
					t.Errorf("the %s is left with %+v", role, left)
				}
			}
		}
		w.idle(t)
	}
	outcome := w.perform(t, o)
	same(t, w.perform(t, o), outcome)
	// A decided operation is answered at once, whoever is yet to be told of it.
	if err := w.node.Resume(t.Context()); err != nil {
		t.Errorf("resuming: %v", err)
	}
	now := w.walletOf(t, o)
	same(t, outcome.Wallet, now)
	if now.Generation != s.after.Generation || now.Scheme != s.after.Scheme || now.State != s.after.State {
		t.Errorf("after %s: %+v", s.action, now)
	}
	w.custody.sound(t, now)
	w.idle(t)
	for _, role := range []wallet.Role{wallet.Signer, wallet.Guardian} {
		if got := w.custody.as(role).of(o.WalletID).status.State; got != now.State {
			t.Errorf("the %s says %s, and the wallet is %s", role, got, now.State)
		}
	}
	shares, err := w.node.OfflineShares(t.Context())
	if err != nil {
		t.Error(err)
	}
	for _, share := range shares {
		if share.WalletID == o.WalletID && share.Generation != now.Generation {
			t.Errorf("a share of generation %d waits to be collected, and %d is in force", share.Generation, now.Generation)
		}
	}
}

// idle checks that no operation is under way and no wallet reserved.
func (w *world) idle(t *testing.T) {
	t.Helper()
	var flying, busy int
	err := w.db.Read(t.Context(), func(tx *store.Tx) error {
		return errors.Join(tx.Row(`SELECT COUNT(*) FROM operations WHERE in_flight = 1`).Scan(&flying),
			tx.Row(`SELECT COUNT(*) FROM wallets WHERE busy <> ''`).Scan(&busy))
	})
	if err != nil || flying+busy != 0 {
		t.Errorf("%d operations are in flight and %d wallets reserved: %v", flying, busy, err)
	}
}

// both is true and false; without LONG_TESTS in turns on PostgreSQL, which has no
// steps of its own and takes longer over them.
func (w *world) both(i int) []bool {
	if w.db.Engine() == store.Postgres && os.Getenv("LONG_TESTS") == "" {
		return []bool{i%2 == 0}
	}
	return []bool{true, false}
}

// A coordinator may die at every edge of every operation, with and without another
// one that resumes before the user asks again.
func TestDeathAtEveryEdge(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		for _, s := range scenarios {
			w.user = uuid.NewString()
			edges := w.edges(t, s.make(t, w))
			if len(edges) < 4 {
				t.Errorf("%s has only the edges %v", s.action, edges)
			}
			for i, edge := range edges {
				for _, resume := range w.both(i) {
					t.Run(fmt.Sprintf("%s/%d %s/resume %v", s.action, i, edge, resume), func(t *testing.T) {
						w.t, w.user = t, uuid.NewString()
						o := s.make(t, w)
						if !w.crash(t, o, edge, 1+strings.Count(strings.Join(edges[:i], "\n")+"\n", edge+"\n")) {
							t.Fatal("it did not die")
						}
						w.settled(t, s, o, resume)
					})
				}
			}
		}
	})
}

// Whoever resumes may die at every edge too.
func TestDeathWhileResuming(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		for _, s := range scenarios {
			if os.Getenv("LONG_TESTS") == "" &&
				(w.db.Engine() == store.Postgres || s.action != wallet.Refresh && s.action != wallet.Restore) {
				continue // it is hundreds of cases
			}
			w.user = uuid.NewString()
			for _, edge := range w.edges(t, s.make(t, w)) {
				for nth := 1; ; nth++ {
					w.user = uuid.NewString()
					o := s.make(t, w)
					w.crash(t, o, edge, 1)
					w.clock.Advance(time.Minute)
					n := 0
					died := w.die(t, func(node *coordinator.Service, ctx context.Context) { _ = node.Resume(ctx) },
						func(string) bool { n++; return n == nth })
					t.Run(fmt.Sprintf("%s/%s/%d", s.action, edge, nth), func(t *testing.T) {
						w.t = t
						w.settled(t, s, o, true)
					})
					if !died {
						break
					}
				}
			}
		}
	})
}

// A custodian may fail before and after everything it does, once or until it is
// mended, as a crash of its own would have it.
func TestCustodianFails(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		for _, s := range scenarios {
			w.user = uuid.NewString()
			var steps []string
			w.custody.fail = func(step string) error { steps = append(steps, step); return nil }
			o := s.make(t, w)
			steps = nil
			w.perform(t, o)
			w.custody.fail = nil
			for i, step := range steps {
				for _, lasting := range w.both(i) {
					t.Run(fmt.Sprintf("%s/%d %s/lasting %v", s.action, i, step, lasting), func(t *testing.T) {
						w.t, w.user = t, uuid.NewString()
						o := s.make(t, w)
						n, down := 0, false
						w.custody.fail = func(string) error {
							n++
							if n == i+1 || down && lasting {
								down = true
								return fault.New(fault.Unavailable, "out of reach")
							}
							return nil
						}
						_, err := w.node.Perform(t.Context(), o, wallet.Credentials{})
						if !down {
							t.Fatal("nothing failed")
						}
						if err != nil && !fault.Has(err, fault.Unavailable) {
							t.Error(err)
						}
						w.settled(t, s, o, i%2 == 0)
					})
				}
			}
		}
	})
}

// The database may refuse each step, or do it and not say so.
func TestDatabaseFails(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		for _, s := range scenarios {
			w.user = uuid.NewString()
			for nth := 1; ; nth++ {
				n := 0
				broken := errors.New("the database is broken")
				var on bool
				db := w.open(t, storetest.WithFault(func(op string) error {
					if !on || op == "row" || op == "rows" || op == "exec" {
						return nil
					}
					if n++; n == nth {
						return broken
					}
					return nil
				}))
				o := s.make(t, w)
				on = true
				_, err := w.start(db).Perform(t.Context(), o, wallet.Credentials{})
				on = false
				if n < nth {
					break
				}
				t.Run(fmt.Sprintf("%s/%d", s.action, nth), func(t *testing.T) {
					w.t = t
					if err != nil && !errors.Is(err, broken) {
						t.Error(err)
					}
					w.settled(t, s, o, nth%2 == 0)
				})
			}
		}
	})
}

// What one custodian did of a deletion is shown, so that its user can take it back.
func TestHalfDoneDeletion(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		mine := w.create(t, wallet.TwoOfTwo)
		o := w.operation(wallet.Delete, mine.ID, nil)
		w.crash(t, o, "before guardian.delete", 1)
		w.clock.Advance(time.Minute)
		if err := w.node.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := w.wallet(t, mine.ID); got.State != wallet.Deleting || got.DeleteAt.IsZero() {
			t.Errorf("%+v", got)
		}
		w.perform(t, w.operation(wallet.Restore, mine.ID, nil))
		got := w.wallet(t, mine.ID)
		if got.State != wallet.Active || !got.DeleteAt.IsZero() {
			t.Errorf("%+v", got)
		}
		w.custody.sound(t, got)
		// The deletion that was taken back does not come to life again.
		_, err := w.node.Perform(t.Context(), o, wallet.Credentials{})
		refused(t, err, fault.Conflict)
		same(t, w.wallet(t, mine.ID), got)
	})
}
