package custody_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

// Whatever a coordinator says, and in whatever order: once a generation was in force,
// the wallet's key is never lost but by a deletion that nobody took back in time.
func TestNoOrderOfStepsLosesAKey(t *testing.T) {
	const retention, grace = time.Hour, 3 * time.Hour
	clock := &storetest.Clock{}
	db := storetest.SQLite(t, storetest.WithClock(clock), func(c *store.Config) { c.Schema, c.Box = custody.Schema(wallet.Signer), nil })
	k := newKeeper(t, custody.Config{Role: wallet.Signer, DB: db, Retention: retention, Grace: grace})
	reached, destroyed := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		w := newWallet()
		id := rand.Text()
		kept := map[int]share.Pieces{} // what each generation was staged with
		inForce := 0                   // the generation that was committed last
		replaced := map[int]time.Duration{}
		var deleteAt time.Duration // 0: none
		deleted := false

		// try runs a step, whose refusal is as good as its success.
		try := func(f func(tx *store.Tx) error) bool {
			err := k.write(f)
			var refused *fault.Error
			if err != nil && !errors.As(err, &refused) {
				r.Fatalf("%v", err)
			}
			return err == nil
		}
		step := func(f func(*store.Tx, audit.By, wallet.OperationRef) error, operation string) bool {
			return try(func(tx *store.Tx) error { return f(tx, system, named(w.EnvironmentID, w.ID, operation)) })
		}
		number := func(r *rapid.T, likely int) int { // mostly what comes next, so that it gets anywhere
			return rapid.SampledFrom([]int{likely, likely, likely, likely, 1, 2, 3, 4}).Draw(r, "generation")
		}
		operation := func(n int) string { return fmt.Sprint("op-", n, id) }

		stage := func(n int) {
			pieces := k.pieces(wallet.TwoOfThree)
			sealed, err := k.Seal(t.Context(), generation(w, n, operation(n)), pieces)
			if err != nil {
				r.Fatal(err)
			}
			try(func(tx *store.Tx) error {
				fresh, err := k.Stage(tx, system, w, sealed)
				if err == nil && fresh {
					kept[n] = pieces
				}
				return err
			})
		}
		commit := func(n int) {
			if step(k.Commit, operation(n)) && n > inForce {
				inForce = n
				reached = max(reached, n)
			}
		}
		retire := func(n int) {
			if !step(k.Retire, operation(n)) {
				return
			}
			for older := 1; older < n; older++ {
				if _, ok := replaced[older]; !ok {
					replaced[older] = clock.Offset()
				}
			}
		}

		r.Repeat(map[string]func(*rapid.T){
			"renew": func(r *rapid.T) {
				n := inForce + 1
				stage(n)
				step(k.Verify, operation(n))
				commit(n)
				retire(n)
			},
			"stage":    func(r *rapid.T) { stage(number(r, inForce+1)) },
			"verify":   func(r *rapid.T) { step(k.Verify, operation(number(r, inForce+1))) },
			"rollback": func(r *rapid.T) { step(k.Rollback, operation(number(r, 4))) },
			"commit":   func(r *rapid.T) { commit(number(r, inForce+1)) },
			"retire":   func(r *rapid.T) { retire(number(r, max(1, inForce))) },
			"disable":  func(*rapid.T) { step(k.Disable, "op-disable") },
			"restore": func(*rapid.T) {
				if step(k.Restore, "op-restore") {
					deleteAt = 0
				}
			},
			"delete": func(*rapid.T) {
				if try(func(tx *store.Tx) error {
					_, err := k.ScheduleDelete(tx, system, named(w.EnvironmentID, w.ID, "op-delete"))
					return err
				}) && deleteAt == 0 {
					deleteAt = clock.Offset() + grace
				}
			},
			"wait": func(r *rapid.T) {
				clock.Advance(time.Duration(rapid.IntRange(1, 50).Draw(r, "minutes")) * time.Minute)
			},
			"sweep": func(*rapid.T) {
				swept, err := k.Sweep(t.Context())
				if err != nil {
					r.Fatal(err)
				}
				destroyed += swept.Generations
				// A second for the time that passes by itself.
				if deleteAt != 0 && clock.Offset()+time.Second >= deleteAt {
					deleted = true
				}
			},
			"": func(r *rapid.T) {
				if inForce == 0 || deleted {
					return
				}
				var status custody.Status
				err := db.Read(t.Context(), func(tx *store.Tx) (err error) {
					status, err = k.Status(tx, w.EnvironmentID, w.ID)
					return err
				})
				if err != nil || status.Wallet.Generation != inForce {
					r.Fatalf("generation %d is in force, not %d: %v", status.Wallet.Generation, inForce, err)
				}
				for _, g := range status.Generations {
					at, ok := replaced[g.Number]
					due := ok && clock.Offset()+time.Second >= at+retention
					switch {
					case g.State == wallet.InForce && g.Number != inForce:
						r.Fatalf("two are in force: %v", status.Generations)
					case g.State == wallet.Destroyed && !due:
						r.Fatalf("generation %d went before its time", g.Number)
					case g.State != wallet.Destroyed && !slices.Contains([]wallet.GenerationState{wallet.Staged, wallet.Verified}, g.State):
						var sealed custody.Sealed
						err := k.write(func(tx *store.Tx) (err error) {
							sealed, err = k.Made(tx, named(w.EnvironmentID, w.ID, g.OperationID))
							return err
						})
						if err != nil {
							r.Fatal(err)
						}
						if got, err := k.Open(t.Context(), sealed); err != nil || !equal(got, kept[g.Number]) {
							r.Fatalf("generation %d has other pieces than it was staged with: %v", g.Number, err)
						}
					}
				}
			},
		})
	})
	if reached < 2 || destroyed == 0 {
		t.Errorf("generation %d was reached and %d were destroyed: this shows nothing", reached, destroyed)
	}
	t.Logf("generation %d was reached, %d were destroyed", reached, destroyed)
}
