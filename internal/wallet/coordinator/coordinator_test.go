package coordinator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/coordinator"
)

// world is one database, both custodians, and any number of coordinators.
type world struct {
	t       *testing.T
	clock   *storetest.Clock
	custody *custody
	open    func(testing.TB, ...storetest.Option) *store.DB
	node    *coordinator.Service
	user    string
	db      *store.DB
}

// bare makes a store the coordinator's, which has no master key.
func bare(c *store.Config) { c.Schema, c.Box = coordinator.Schema(), nil }

// worlds runs f on both engines.
func worlds(t *testing.T, f func(*testing.T, *world)) {
	t.Helper()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			clock := &storetest.Clock{}
			url := storetest.URL(t, engine, bare)
			w := &world{t: t, user: "user", clock: clock, custody: newCustody(func() time.Time { return time.Now().Add(clock.Offset()) })}
			w.open = func(t testing.TB, options ...storetest.Option) *store.DB {
				return storetest.Open(t, url, append(options, storetest.WithClock(clock), bare)...)
			}
			w.db = w.open(t)
			w.node = w.start(w.db)
			f(t, w)
		})
	}
}

// start is another coordinator.
func (w *world) start(db *store.DB) *coordinator.Service {
	return coordinator.New(coordinator.Config{
		DB: db, Signer: w.custody.as(wallet.Signer), Guardian: w.custody.as(wallet.Guardian),
	})
}

func (w *world) operation(action wallet.Action, walletID string, request any) wallet.Operation {
	if request == nil {
		request = struct{}{}
	}
	text, err := json.Marshal(request)
	if err != nil {
		w.t.Fatal(err)
	}
	return wallet.Operation{
		ID: uuid.NewString(), EnvironmentID: "env", UserID: w.user, SessionID: "session", WalletID: walletID,
		Action: action, Request: text, RequestID: "request",
	}
}

func (w *world) create(t *testing.T, scheme wallet.Scheme) wallet.Wallet {
	t.Helper()
	return w.perform(t, w.operation(wallet.Create, uuid.NewString(), wallet.CreateRequest{Chain: wallet.EVM, Scheme: scheme})).Wallet
}

func (w *world) perform(t *testing.T, o wallet.Operation) wallet.Outcome {
	t.Helper()
	outcome, err := w.node.Perform(t.Context(), o, wallet.Credentials{})
	if err != nil {
		t.Fatalf("%s: %v", o.Action, err)
	}
	return outcome
}

func (w *world) wallet(t *testing.T, id string) wallet.Wallet {
	t.Helper()
	got, err := w.node.Wallet(t.Context(), "env", "user", id)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (w *world) walletOf(t *testing.T, o wallet.Operation) wallet.Wallet {
	t.Helper()
	got, err := w.node.Wallet(t.Context(), o.EnvironmentID, o.UserID, o.WalletID)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func same(t *testing.T, got, want any) {
	t.Helper()
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if !bytes.Equal(a, b) {
		t.Errorf("got  %s\nwant %s", a, b)
	}
}

func refused(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if !fault.Has(err, code) {
		t.Errorf("got %v, not %s", err, code)
	}
}

var signRequest = wallet.SignRequest{Kind: wallet.SignMessage, Message: []byte("hello")}
var exportRequest = wallet.ExportRequest{PublicKey: bytes.Repeat([]byte{9}, 32)}

// Each action does what it is for, once, and answers a retry with the same.
func TestActions(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		create := w.operation(wallet.Create, uuid.NewString(), wallet.CreateRequest{Chain: wallet.EVM, Scheme: wallet.TwoOfTwo})
		future, err := w.node.Prepare(t.Context(), create)
		if err != nil || future.ID != create.WalletID || future.Address != "" || future.Chain != wallet.EVM {
			t.Fatalf("%+v, %v", future, err)
		}
		made := w.perform(t, create)
		got := made.Wallet
		if got.Generation != 1 || got.Scheme != wallet.TwoOfTwo || got.State != wallet.Active || got.CreatedAt.IsZero() ||
			got.UserID != "user" {
			t.Fatalf("%+v", got)
		}
		w.custody.sound(t, got)
		same(t, w.wallet(t, got.ID), got)
		same(t, w.perform(t, create), made)

		steps := []struct {
			o          wallet.Operation
			generation int
			scheme     wallet.Scheme
			state      wallet.State
		}{
			{w.operation(wallet.Refresh, got.ID, nil), 2, wallet.TwoOfTwo, wallet.Active},
			{w.operation(wallet.Sign, got.ID, signRequest), 2, wallet.TwoOfTwo, wallet.Active},
			{w.operation(wallet.Reshare, got.ID, wallet.ReshareRequest{Old: wallet.TwoOfTwo, New: wallet.TwoOfThree}), 3, wallet.TwoOfThree,
				wallet.Active},
			{w.operation(wallet.Export, got.ID, exportRequest), 3, wallet.TwoOfThree, wallet.Active},
			{w.operation(wallet.Disable, got.ID, nil), 3, wallet.TwoOfThree, wallet.Disabled},
			{w.operation(wallet.Restore, got.ID, nil), 3, wallet.TwoOfThree, wallet.Active},
			{w.operation(wallet.Refresh, got.ID, nil), 4, wallet.TwoOfThree, wallet.Active},
			{w.operation(wallet.Delete, got.ID, nil), 4, wallet.TwoOfThree, wallet.Deleting},
		}
		outcomes := make([]wallet.Outcome, len(steps))
		for i, step := range steps {
			if _, err := w.node.Prepare(t.Context(), step.o); err != nil {
				t.Errorf("preparing %s: %v", step.o.Action, err)
			}
			outcomes[i] = w.perform(t, step.o)
			now := w.wallet(t, got.ID)
			same(t, outcomes[i].Wallet, now)
			if now.Generation != step.generation || now.Scheme != step.scheme || now.State != step.state || now.Address != got.Address {
				t.Errorf("after %s: %+v", step.o.Action, now)
			}
			if outcomes[i].Verdicts != (wallet.Verdicts{Signer: wallet.Allowed, Guardian: wallet.Allowed}) ||
				outcomes[i].OperationID != step.o.ID || outcomes[i].IntentHash == "" {
				t.Errorf("%s: %+v", step.o.Action, outcomes[i])
			}
			w.custody.sound(t, now)
		}
		// Whatever has happened since, each has its own outcome, and is done once.
		for i, step := range steps {
			if _, err := w.node.Prepare(t.Context(), step.o); err != nil {
				t.Errorf("preparing %s again: %v", step.o.Action, err)
			}
			same(t, w.perform(t, step.o), outcomes[i])
		}
		if outcomes[1].Signature == nil || outcomes[3].Export == nil || w.custody.signed[steps[1].o.ID] != 1 ||
			w.custody.signed[steps[3].o.ID] != 1 {
			t.Errorf("signed and exported %v", w.custody.signed)
		}
		if w.wallet(t, got.ID).ExportedAt.IsZero() || w.wallet(t, got.ID).DeleteAt.IsZero() {
			t.Errorf("%+v", w.wallet(t, got.ID))
		}
	})
}

// An operation id is of one operation: of its user, wallet, action and intent.
func TestOperationConflict(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		one, two := w.create(t, wallet.TwoOfTwo), w.create(t, wallet.TwoOfTwo)
		for _, o := range []wallet.Operation{
			w.operation(wallet.Sign, one.ID, signRequest),
			w.operation(wallet.Refresh, one.ID, nil),
			w.operation(wallet.Disable, one.ID, nil),
		} {
			w.perform(t, o)
			for what, other := range map[string]func(*wallet.Operation){
				"wallet": func(o *wallet.Operation) { o.WalletID = two.ID },
				"action": func(o *wallet.Operation) { o.Action, o.Request = wallet.Delete, []byte(`{}`) },
				"intent": func(o *wallet.Operation) {
					o.Action, o.Request = wallet.Sign, []byte(`{"kind":"message","message":"AAAA"}`)
				},
			} {
				t.Run(string(o.Action)+" with another "+what, func(t *testing.T) {
					other(&o)
					_, err := w.node.Prepare(t.Context(), o)
					refused(t, err, fault.OperationConflict)
					_, err = w.node.Perform(t.Context(), o, wallet.Credentials{})
					refused(t, err, fault.OperationConflict)
				})
			}
		}
	})
}

// Nobody gets at a wallet of somebody else, nor learns that it is there.
func TestForeignWallet(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		mine := w.create(t, wallet.TwoOfTwo)
		for what, o := range map[string]func(*wallet.Operation){
			"another user":        func(o *wallet.Operation) { o.UserID = "other" },
			"another environment": func(o *wallet.Operation) { o.EnvironmentID = "other" },
			"no such wallet":      func(o *wallet.Operation) { o.WalletID = uuid.NewString() },
		} {
			for _, action := range []wallet.Action{wallet.Sign, wallet.Export, wallet.Refresh, wallet.Disable, wallet.Delete} {
				operation := w.operation(action, mine.ID, nil)
				o(&operation)
				_, err := w.node.Prepare(t.Context(), operation)
				refused(t, err, "wallet_not_found")
				_, err = w.node.Perform(t.Context(), operation, wallet.Credentials{})
				refused(t, err, "wallet_not_found")
				if t.Failed() {
					t.Fatal(what, action)
				}
			}
		}
		if _, err := w.node.Wallet(t.Context(), "env", "other", mine.ID); !fault.Has(err, "wallet_not_found") {
			t.Error(err)
		}
		if all, err := w.node.Wallets(t.Context(), "env", "other"); err != nil || len(all) != 0 {
			t.Error(all, err)
		}
		if all, err := w.node.Wallets(t.Context(), "other", "user"); err != nil || len(all) != 0 {
			t.Error(all, err)
		}
		if all, err := w.node.Wallets(t.Context(), "env", "user"); err != nil || len(all) != 1 {
			t.Error(all, err)
		}
		foreign := w.operation(wallet.Create, mine.ID, wallet.CreateRequest{Chain: wallet.EVM, Scheme: wallet.TwoOfTwo})
		foreign.UserID = "other"
		_, err := w.node.Perform(t.Context(), foreign, wallet.Credentials{})
		refused(t, err, fault.Conflict)
	})
}

// A wallet that is not in use does nothing but come back; one that is does not.
func TestStates(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		mine := w.create(t, wallet.TwoOfTwo)
		all := []wallet.Operation{
			w.operation(wallet.Sign, mine.ID, signRequest), w.operation(wallet.Export, mine.ID, exportRequest),
			w.operation(wallet.Refresh, mine.ID, nil),
			w.operation(wallet.Reshare, mine.ID, wallet.ReshareRequest{Old: wallet.TwoOfTwo, New: wallet.ThreeOfFive}),
			w.operation(wallet.Disable, mine.ID, nil), w.operation(wallet.Restore, mine.ID, nil), w.operation(wallet.Delete, mine.ID, nil),
		}
		check := func(allowed ...wallet.Action) {
			t.Helper()
			for _, o := range all {
				ok := false
				for _, a := range allowed {
					ok = ok || o.Action == a
				}
				o.ID = uuid.NewString()
				_, err := w.node.Prepare(t.Context(), o)
				if ok != (err == nil) {
					t.Errorf("preparing %s: %v", o.Action, err)
				}
				if !ok {
					refused(t, err, fault.Conflict)
					_, err = w.node.Perform(t.Context(), o, wallet.Credentials{})
					refused(t, err, fault.Conflict)
				}
			}
		}
		check(wallet.Sign, wallet.Export, wallet.Refresh, wallet.Reshare, wallet.Disable, wallet.Delete)
		w.perform(t, w.operation(wallet.Disable, mine.ID, nil))
		check(wallet.Restore, wallet.Delete)
		w.perform(t, w.operation(wallet.Delete, mine.ID, nil))
		check(wallet.Restore)
		w.clock.Advance(8 * 24 * time.Hour)
		if err := w.node.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		check(wallet.Restore) // a custodian has not shredded yet
		w.custody.as(wallet.Signer).of(mine.ID).status.State = wallet.Deleted
		if err := w.node.Resume(t.Context()); err != nil || w.wallet(t, mine.ID).State != wallet.Deleting {
			t.Error(err, w.wallet(t, mine.ID))
		}
		w.custody.as(wallet.Guardian).of(mine.ID).status.State = wallet.Deleted
		if err := w.node.Resume(t.Context()); err != nil || w.wallet(t, mine.ID).State != wallet.Deleted {
			t.Error(err, w.wallet(t, mine.ID))
		}
		check()
	})
}

// A reshare names the scheme it moves from.
func TestReshareFromAnotherScheme(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		mine := w.create(t, wallet.TwoOfTwo)
		o := w.operation(wallet.Reshare, mine.ID, wallet.ReshareRequest{Old: wallet.TwoOfThree, New: wallet.ThreeOfFive})
		_, err := w.node.Prepare(t.Context(), o)
		refused(t, err, fault.Conflict)
		_, err = w.node.Perform(t.Context(), o, wallet.Credentials{})
		refused(t, err, fault.Conflict)
		same(t, w.wallet(t, mine.ID), mine)
	})
}

// A request is read as the custodians read it: one that could be read in two ways
// is refused before anything is asked or written.
func TestARequestIsReadInOneWay(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		mine := w.create(t, wallet.TwoOfTwo)
		for _, o := range []wallet.Operation{
			w.operation(wallet.Create, uuid.NewString(), json.RawMessage(`{"chain":"SOL","scheme":"TWO_OF_TWO","chain":"EVM"}`)),
			w.operation(wallet.Create, uuid.NewString(), json.RawMessage(`{"chain":"EVM","scheme":"TWO_OF_TWO","Chain":"SOL"}`)),
			w.operation(wallet.Reshare, mine.ID, json.RawMessage(`{"oldThresholdSignatureScheme":"TWO_OF_TWO",`+
				`"newThresholdSignatureScheme":"TWO_OF_THREE","newThresholdSignatureScheme":"THREE_OF_FIVE"}`)),
		} {
			_, err := w.node.Prepare(t.Context(), o)
			refused(t, err, fault.InvalidJSON)
			_, err = w.node.Perform(t.Context(), o, wallet.Credentials{})
			refused(t, err, fault.InvalidJSON)
		}
		same(t, w.wallet(t, mine.ID), mine)
	})
}

// What a custodian refuses comes through as it is and leaves nothing behind; the
// same operation may be tried again.
func TestRefusal(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		mine := w.create(t, wallet.TwoOfTwo)
		for _, o := range []wallet.Operation{
			w.operation(wallet.Sign, mine.ID, signRequest), w.operation(wallet.Export, mine.ID, exportRequest),
			w.operation(wallet.Refresh, mine.ID, nil), w.operation(wallet.Disable, mine.ID, nil),
		} {
			w.custody.limit = fault.New(fault.RateLimited, "too many").With(map[string]int{"limit": 30}).After(time.Minute)
			for range 2 {
				_, err := w.node.Prepare(t.Context(), o)
				refused(t, err, fault.RateLimited)
				_, err = w.node.Perform(t.Context(), o, wallet.Credentials{})
				var f *fault.Error
				if !errors.As(err, &f) || f.RetryAfter != time.Minute || f.Payload == nil {
					t.Errorf("%s: %v", o.Action, err)
				}
			}
			before := w.wallet(t, mine.ID)
			w.custody.sound(t, before)
			w.custody.limit = nil
			w.perform(t, o)
		}
		actions := w.audited(t)
		for _, want := range []string{"wallet.sign.refused", "wallet.export.refused", "wallet.refresh.rolled_back",
			"wallet.disable.rolled_back", "wallet.sign.committed"} {
			if actions[want] == 0 {
				t.Errorf("no audit entry %s in %v", want, actions)
			}
		}
	})
}

func (w *world) audited(t *testing.T) map[string]int {
	t.Helper()
	actions := map[string]int{}
	err := w.db.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := storetest.AuditLog(tx, "env", "")
		for _, row := range rows {
			actions[row.Action]++
			if row.UserID != "user" || !strings.Contains(row.Detail, `"walletId"`) {
				return fmt.Errorf("%+v", row)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return actions
}

// Of many at once with one id the operation happens once and all hear the same,
// on several nodes too.
func TestSameOperationAtOnce(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		nodes := []*coordinator.Service{w.node, w.start(w.open(t)), w.start(w.open(t))}
		mine := w.create(t, wallet.TwoOfTwo)
		for _, o := range []wallet.Operation{
			w.operation(wallet.Create, uuid.NewString(), wallet.CreateRequest{Chain: wallet.SOL, Scheme: wallet.TwoOfThree}),
			w.operation(wallet.Refresh, mine.ID, nil), w.operation(wallet.Sign, mine.ID, signRequest),
			w.operation(wallet.Export, mine.ID, exportRequest), w.operation(wallet.Delete, mine.ID, nil),
		} {
			outcomes := make([]wallet.Outcome, 12)
			var all sync.WaitGroup
			for i := range outcomes {
				all.Go(func() {
					var err error
					if outcomes[i], err = nodes[i%len(nodes)].Perform(t.Context(), o, wallet.Credentials{}); err != nil {
						t.Errorf("%s: %v", o.Action, err)
					}
				})
			}
			all.Wait()
			for _, outcome := range outcomes {
				same(t, outcome, outcomes[0])
			}
		}
		if got := w.wallet(t, mine.ID); got.Generation != 2 || got.State != wallet.Deleting {
			t.Errorf("%+v", got)
		}
	})
}

// Of several operations that change one wallet at once, each happens or is told
// to come again; never do two interleave.
func TestOneChangeAtATime(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		nodes := []*coordinator.Service{w.node, w.start(w.open(t))}
		mine := w.create(t, wallet.TwoOfTwo)
		var all sync.WaitGroup
		var mu sync.Mutex
		done := 0
		for i := range 10 {
			all.Go(func() {
				_, err := nodes[i%2].Perform(t.Context(), w.operation(wallet.Refresh, mine.ID, nil), wallet.Credentials{})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					done++
				} else {
					refused(t, err, fault.Conflict)
				}
			})
		}
		all.Wait()
		got := w.wallet(t, mine.ID)
		if done == 0 || got.Generation != 1+done {
			t.Errorf("%d refreshes were done, and the generation is %d", done, got.Generation)
		}
		w.custody.sound(t, got)
	})
}

// While a renewal is under way the wallet signs with the shares in force, and no
// other change begins.
func TestDuringRenewal(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		mine := w.create(t, wallet.TwoOfTwo)
		refresh := w.operation(wallet.Refresh, mine.ID, nil)
		w.crash(t, refresh, "after signer.refresh", 1)
		w.perform(t, w.operation(wallet.Sign, mine.ID, signRequest))
		for _, action := range []wallet.Action{wallet.Refresh, wallet.Disable, wallet.Delete} {
			_, err := w.node.Perform(t.Context(), w.operation(action, mine.ID, nil), wallet.Credentials{})
			refused(t, err, fault.Conflict)
		}
	})
}

// An export's ciphertext is kept for a day and no longer.
func TestExportIsDropped(t *testing.T) {
	worlds(t, func(t *testing.T, w *world) {
		mine := w.create(t, wallet.TwoOfTwo)
		o := w.operation(wallet.Export, mine.ID, exportRequest)
		first := w.perform(t, o)
		w.clock.Advance(coordinator.ExportKept - time.Minute)
		if err := w.node.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		same(t, w.perform(t, o), first)
		w.clock.Advance(2 * time.Minute)
		if err := w.node.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := w.node.Perform(t.Context(), o, wallet.Credentials{})
		refused(t, err, fault.Conflict)
		var kept int
		err = w.db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.Row(`SELECT COUNT(*) FROM operations WHERE result LIKE '%ciphertext%'`).Scan(&kept)
		})
		if err != nil || kept != 0 || w.custody.signed[o.ID] != 1 {
			t.Errorf("%d ciphertexts are kept, exported %d times: %v", kept, w.custody.signed[o.ID], err)
		}
	})
}

// crash performs an operation on a node of its own that dies at the nth time it
// comes to an edge, and reports whether it did.
func (w *world) crash(t *testing.T, o wallet.Operation, edge string, nth int) (died bool) {
	t.Helper()
	return w.die(t, func(node *coordinator.Service, ctx context.Context) {
		_, _ = node.Perform(ctx, o, wallet.Credentials{})
	}, func(e string) bool {
		if e == edge {
			nth--
		}
		return e == edge && nth == 0
	})
}

// die runs work on a node of its own that dies where at says so.
func (w *world) die(t *testing.T, work func(*coordinator.Service, context.Context), at func(edge string) bool) (died bool) {
	t.Helper()
	node := w.start(w.db)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	node.TestOnlyEdge = func(edge string) {
		if at(edge) {
			died = true
			cancel()
			runtime.Goexit()
		}
	}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		work(node, ctx)
	}()
	<-finished
	node.Land()
	return died
}

// edges are those that the operation passes, in order.
func (w *world) edges(t *testing.T, o wallet.Operation) (all []string) {
	t.Helper()
	node := w.start(w.db)
	node.TestOnlyEdge = func(edge string) { all = append(all, edge) }
	if _, err := node.Perform(t.Context(), o, wallet.Credentials{}); err != nil {
		t.Fatal(err)
	}
	return all
}
