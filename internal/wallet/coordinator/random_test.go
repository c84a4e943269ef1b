package coordinator_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/coordinator"
)

const joinTime = 30 * time.Millisecond

// Any order of operations, deaths, failures of custodians, resumptions and retries
// ends well: every wallet keeps its address and has one generation in force at both
// custodians, and every operation can be brought to an end or is overtaken.
func TestRandomDeaths(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := storetest.URL(t, store.SQLite, bare)
		clock := &storetest.Clock{}
		w := &world{t: t, user: uuid.NewString(), clock: clock,
			custody: newCustody(func() time.Time { return time.Now().Add(clock.Offset()) })}
		w.db = storetest.Open(t, dir, storetest.WithClock(clock), bare)
		w.node = w.start(w.db)
		wallets := []wallet.Wallet{w.create(t, wallet.TwoOfTwo), w.create(t, wallet.TwoOfThree)}
		var asked []wallet.Operation

		try := func(rt *rapid.T, o wallet.Operation) {
			// Where a dead node's lease runs, there is nothing to wait for.
			ctx, cancel := context.WithTimeout(t.Context(), joinTime)
			defer cancel()
			_, err := w.node.Perform(ctx, o, wallet.Credentials{})
			w.node.Land() // on a busy machine it is still at work, and asks the custody that the next step changes
			if err != nil && !fault.Has(err, fault.Conflict) && !fault.Has(err, fault.Unavailable) {
				rt.Fatalf("%s: %v", o.Action, err)
			}
		}
		draw := func(rt *rapid.T) wallet.Operation {
			if len(asked) > 0 && rapid.Bool().Draw(rt, "again") {
				return rapid.SampledFrom(asked).Draw(rt, "operation")
			}
			at := rapid.SampledFrom(wallets).Draw(rt, "wallet")
			action := rapid.SampledFrom([]wallet.Action{wallet.Sign, wallet.Export, wallet.Refresh, wallet.Reshare, wallet.Disable,
				wallet.Restore, wallet.Delete}).Draw(rt, "action")
			var request any
			switch action {
			case wallet.Sign:
				request = signRequest
			case wallet.Export:
				request = exportRequest
			case wallet.Reshare:
				request = wallet.ReshareRequest{Old: rapid.SampledFrom(wallet.Schemes).Draw(rt, "old"),
					New: rapid.SampledFrom(wallet.Schemes).Draw(rt, "new")}
			}
			o := w.operation(action, at.ID, request)
			asked = append(asked, o)
			return o
		}
		rt.Repeat(map[string]func(*rapid.T){
			"perform": func(rt *rapid.T) { try(rt, draw(rt)) },
			"die": func(rt *rapid.T) {
				o, at := draw(rt), rapid.IntRange(1, 20).Draw(rt, "edge")
				w.die(t, func(node *coordinator.Service, ctx context.Context) {
					_, _ = node.Perform(ctx, o, wallet.Credentials{})
				}, func(string) bool { at--; return at == 0 })
			},
			"fail": func(rt *rapid.T) {
				at := rapid.IntRange(1, 20).Draw(rt, "step")
				lasting := rapid.Bool().Draw(rt, "lasting")
				w.custody.fail = func(string) error {
					if at--; at == 0 || lasting && at < 0 {
						return fault.New(fault.Unavailable, "out of reach")
					}
					return nil
				}
				try(rt, draw(rt))
				w.custody.fail = nil
			},
			"resume": func(*rapid.T) { _ = w.node.Resume(t.Context()) },
			"wait":   func(*rapid.T) { clock.Advance(20 * time.Second) },
			"": func(rt *rapid.T) { // at every moment the key can be assembled
				for _, before := range wallets {
					now := w.look(t, before)
					if got, err := w.custody.Check(t.Context(), now); err != nil || got != before.Address || now.Address != before.Address {
						rt.Fatalf("%+v gives %q: %v", now, got, err)
					}
				}
			},
		})

		clock.Advance(time.Minute)
		if err := w.node.Resume(t.Context()); err != nil {
			rt.Fatal(err)
		}
		for _, o := range asked {
			_, err := w.node.Perform(t.Context(), o, wallet.Credentials{})
			if err != nil && !fault.Has(err, fault.Conflict) {
				rt.Fatalf("%s: %v", o.Action, err)
			}
		}
		if err := w.node.Resume(t.Context()); err != nil {
			rt.Fatal(err)
		}
		w.idle(t)
		for _, before := range wallets {
			w.custody.sound(t, w.look(t, before))
		}
		if t.Failed() {
			rt.Fatal(fmt.Sprint("after ", len(asked), " operations"))
		}
	})
}

func (w *world) look(t *testing.T, known wallet.Wallet) wallet.Wallet {
	t.Helper()
	got, err := w.node.Wallet(t.Context(), known.EnvironmentID, known.UserID, known.ID)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
