package custody_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/custody"
	"github.com/stepup-auth/stepup/internal/wallet/kek"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

var system = audit.By{Actor: "system"}

func newRoot(t testing.TB) kek.Key {
	t.Helper()
	path := filepath.Join(t.TempDir(), "root")
	if _, err := kek.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	key, err := kek.Open(t.Context(), "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// keeper is a custodian in a test.
type keeper struct {
	*custody.Store
	root kek.Key
	t    testing.TB
}

func newKeeper(t testing.TB, config custody.Config) keeper {
	t.Helper()
	if config.Root == nil {
		config.Root = newRoot(t)
	}
	s, err := custody.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return keeper{s, config.Root, t}
}

// engines runs f for each engine on a fresh database of that role.
func engines(t *testing.T, role wallet.Role, f func(t *testing.T, open func(testing.TB) *store.DB), options ...storetest.Option) {
	t.Helper()
	bare := func(c *store.Config) { c.Schema, c.Box = custody.Schema(role), nil }
	storetest.Engines(t, f, append([]storetest.Option{bare}, options...)...)
}

func (k keeper) write(f func(tx *store.Tx) error) error { return k.DB().Write(k.t.Context(), f) }

func (k keeper) must(f func(tx *store.Tx) error) {
	k.t.Helper()
	if err := k.write(f); err != nil {
		k.t.Fatal(err)
	}
}

func newWallet() wallet.Wallet {
	return wallet.Wallet{
		ID: uuid.NewString(), EnvironmentID: "env-1", UserID: "user-1", Chain: wallet.EVM,
		Address: "0x" + uuid.NewString(), PublicKey: []byte(rand.Text()),
	}
}

// pieces splits a new secret and picks what the custodian holds.
func (k keeper) pieces(scheme wallet.Scheme) share.Pieces {
	k.t.Helper()
	secret := make([]byte, share.Size)
	rand.Read(secret)
	all, err := share.Split(scheme, secret)
	if err != nil {
		k.t.Fatal(err)
	}
	mine, err := all.Pick(share.HeldBy(scheme, k.Role()))
	if err != nil {
		k.t.Fatal(err)
	}
	return mine
}

func generation(w wallet.Wallet, number int, operation string) custody.Shares {
	return custody.Shares{
		Generation:    wallet.Generation{Number: number, OperationID: operation},
		EnvironmentID: w.EnvironmentID, WalletID: w.ID, Scheme: wallet.TwoOfThree,
	}
}

// named is the name of an operation.
func named(environmentID, walletID, operationID string) wallet.OperationRef {
	return wallet.OperationRef{EnvironmentID: environmentID, WalletID: walletID, OperationID: operationID}
}

// stage seals and stages new pieces and returns them.
func (k keeper) stage(w wallet.Wallet, number int, operation string) share.Pieces {
	k.t.Helper()
	pieces := k.pieces(wallet.TwoOfThree)
	sealed, err := k.Seal(k.t.Context(), generation(w, number, operation), pieces)
	if err != nil {
		k.t.Fatal(err)
	}
	k.must(func(tx *store.Tx) error {
		fresh, err := k.Stage(tx, system, w, sealed)
		if err == nil && !fresh {
			k.t.Errorf("generation %d of operation %s was there already", number, operation)
		}
		return err
	})
	return pieces
}

// renewed stages, verifies, commits and retires a generation.
func (k keeper) renewed(w wallet.Wallet, number int, operation string) share.Pieces {
	k.t.Helper()
	pieces := k.stage(w, number, operation)
	k.must(func(tx *store.Tx) error {
		return errors.Join(
			k.Verify(tx, system, named(w.EnvironmentID, w.ID, operation)),
			k.Commit(tx, system, named(w.EnvironmentID, w.ID, operation)),
			k.Retire(tx, system, named(w.EnvironmentID, w.ID, operation)))
	})
	return pieces
}

// release reads a generation and opens it.
func (k keeper) release(w wallet.Wallet, number int) (share.Pieces, error) {
	var sealed custody.Sealed
	err := k.DB().Read(k.t.Context(), func(tx *store.Tx) (err error) {
		sealed, err = k.Release(tx, w.EnvironmentID, w.ID, number)
		return err
	})
	if err != nil {
		return nil, err
	}
	return k.Open(k.t.Context(), sealed)
}

func (k keeper) releases(w wallet.Wallet, number int, want share.Pieces) {
	k.t.Helper()
	got, err := k.release(w, number)
	if err != nil || !equal(got, want) {
		k.t.Errorf("generation %d: other pieces than those that were kept, or %v", number, err)
	}
}

func (k keeper) withholds(w wallet.Wallet, number int, code fault.Code) {
	k.t.Helper()
	if got, err := k.release(w, number); !fault.Has(err, code) || got != nil {
		k.t.Errorf("generation %d: %v, want %s", number, err, code)
	}
}

func equal(a, b share.Pieces) bool {
	return maps.EqualFunc(a, b, func(x, y []byte) bool { return bytes.Equal(x, y) })
}

func (k keeper) status(w wallet.Wallet) (status custody.Status) {
	k.t.Helper()
	err := k.DB().Read(k.t.Context(), func(tx *store.Tx) (err error) {
		status, err = k.Status(tx, w.EnvironmentID, w.ID)
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return status
}

// states are those of the generations, oldest first.
func (k keeper) states(w wallet.Wallet) (states []wallet.GenerationState) {
	k.t.Helper()
	for _, g := range k.status(w).Generations {
		states = append(states, g.State)
	}
	return states
}

func (k keeper) wantStates(w wallet.Wallet, want ...wallet.GenerationState) {
	k.t.Helper()
	if got := k.states(w); !slices.Equal(got, want) {
		k.t.Errorf("the generations are %v, want %v", got, want)
	}
}

func (k keeper) refuses(code fault.Code, f func(tx *store.Tx) error) {
	k.t.Helper()
	if err := k.write(f); !fault.Has(err, code) {
		k.t.Errorf("got %v, want %s", err, code)
	}
}

func (k keeper) swept(want custody.Swept) {
	k.t.Helper()
	if got, err := k.Sweep(k.t.Context()); err != nil || got != want {
		k.t.Errorf("swept %+v, %v, want %+v", got, err, want)
	}
}

func (k keeper) count(query string, args ...any) (n int) {
	k.t.Helper()
	err := k.DB().Read(k.t.Context(), func(tx *store.Tx) error { return tx.Row(query, args...).Scan(&n) })
	if err != nil {
		k.t.Fatal(err)
	}
	return n
}

// A wallet through two generations, each step done twice: the second time nothing happens.
func TestGenerations(t *testing.T) {
	for _, role := range []wallet.Role{wallet.Signer, wallet.Guardian} {
		clock := &storetest.Clock{}
		engines(t, role, func(t *testing.T, open func(testing.TB) *store.DB) {
			k := newKeeper(t, custody.Config{Role: role, DB: open(t)})
			w := newWallet()
			twice := func(step func(*store.Tx, audit.By, wallet.OperationRef) error, operation string) {
				t.Helper()
				for range 2 {
					k.must(func(tx *store.Tx) error { return step(tx, system, named(w.EnvironmentID, w.ID, operation)) })
				}
			}
			first := k.stage(w, 1, "op-1")
			k.wantStates(w, wallet.Staged)
			k.withholds(w, 1, fault.Conflict) // staged is not yet a key
			var made custody.Sealed
			k.must(func(tx *store.Tx) (err error) {
				made, err = k.Made(tx, named(w.EnvironmentID, w.ID, "op-1"))
				return err
			})
			if got, err := k.Open(t.Context(), made); err != nil || !equal(got, first) {
				t.Errorf("the staged pieces are others: %v", err)
			}
			again, err := k.Seal(t.Context(), generation(w, 1, "op-1"), k.pieces(wallet.TwoOfThree))
			if err != nil {
				t.Fatal(err)
			}
			k.must(func(tx *store.Tx) error {
				if fresh, err := k.Stage(tx, system, w, again); err != nil || fresh {
					t.Errorf("staging again: %v, %v", fresh, err)
				}
				return nil
			})
			twice(k.Verify, "op-1")
			k.releases(w, 1, first) // and it is still the first one's pieces
			if status := k.status(w); status.Wallet.Generation != 0 {
				t.Errorf("before the commit generation %d is in force", status.Wallet.Generation)
			}
			twice(k.Commit, "op-1")
			twice(k.Retire, "op-1")
			k.wantStates(w, wallet.InForce)
			status := k.status(w)
			if got := status.Wallet; got.Generation != 1 || got.Scheme != wallet.TwoOfThree || got.State != wallet.Active ||
				got.Address != w.Address ||
				got.UserID != w.UserID || got.Chain != w.Chain || !bytes.Equal(got.PublicKey, w.PublicKey) || got.CreatedAt.IsZero() {
				t.Errorf("the wallet is %+v", got)
			}

			second := k.stage(w, 2, "op-2")
			k.wantStates(w, wallet.InForce, wallet.Staged)
			twice(k.Verify, "op-2")
			k.releases(w, 1, first)
			k.releases(w, 2, second)
			twice(k.Commit, "op-2")
			k.wantStates(w, wallet.Retiring, wallet.InForce)
			k.releases(w, 1, first) // an operation that began before may end
			k.releases(w, 2, second)
			clock.Advance(1000 * time.Hour)
			k.swept(custody.Swept{}) // committed here, but nobody said that it is everywhere
			twice(k.Retire, "op-2")
			clock.Advance(custody.DefaultRetention - time.Second)
			twice(k.Retire, "op-2") // does not begin the retention anew
			k.swept(custody.Swept{})
			k.releases(w, 1, first)
			clock.Advance(2 * time.Second)
			k.swept(custody.Swept{Generations: 1})
			k.swept(custody.Swept{})
			k.wantStates(w, wallet.Destroyed, wallet.InForce)
			k.withholds(w, 1, fault.Conflict)
			k.refuses(fault.Conflict, func(tx *store.Tx) error {
				_, err := k.Made(tx, named(w.EnvironmentID, w.ID, "op-1"))
				return err
			})
			k.releases(w, 2, second)
			if n := k.count(`SELECT count(*) FROM pieces WHERE wallet_id = $1 AND generation = 1`, w.ID); n != 0 {
				t.Errorf("%d pieces of the destroyed generation are left", n)
			}
			if n := k.count(`SELECT count(*) FROM generations WHERE wallet_id = $1 AND number = 1 AND wrapped_key IS NULL`, w.ID); n != 1 {
				t.Error("the key of the destroyed generation is left")
			}
			twice(k.Commit, "op-1") // a message that comes late
			twice(k.Retire, "op-1")
			k.wantStates(w, wallet.Destroyed, wallet.InForce)

			var actions []string
			_ = k.DB().Read(t.Context(), func(tx *store.Tx) error {
				rows, err := storetest.AuditLog(tx, w.EnvironmentID, "")
				for _, row := range rows {
					actions = append(actions, row.Action)
				}
				return err
			})
			want := []string{"custody.staged", "custody.verified", "custody.committed", "custody.staged", "custody.verified",
				"custody.committed", "custody.retired", "custody.destroyed"}
			if slices.Sort(actions); !slices.Equal(actions, sorted(want)) {
				t.Errorf("the audit log has %v, want %v", actions, want)
			}
		}, storetest.WithClock(clock))
	}
}

func sorted(s []string) []string { slices.Sort(s); return s }

// Out of order, of another wallet, of another environment: refused, and nothing changes.
func TestStepsOutOfOrder(t *testing.T) {
	engines(t, wallet.Signer, func(t *testing.T, open func(testing.TB) *store.DB) {
		k := newKeeper(t, custody.Config{Role: wallet.Signer, DB: open(t)})
		w := newWallet()
		stage := func(w wallet.Wallet, g custody.Shares) func(tx *store.Tx) error {
			sealed, err := k.Seal(t.Context(), g, k.pieces(g.Scheme))
			if err != nil {
				t.Fatal(err)
			}
			return func(tx *store.Tx) error { _, err := k.Stage(tx, system, w, sealed); return err }
		}
		k.refuses(fault.Conflict, stage(w, generation(w, 2, "op-1"))) // there is no first one
		if n := k.count(`SELECT count(*) FROM wallets`); n != 0 {
			t.Error("a refused operation left a wallet")
		}
		k.stage(w, 1, "op-1")
		step := func(f func(*store.Tx, audit.By, wallet.OperationRef) error, op wallet.OperationRef) func(tx *store.Tx) error {
			return func(tx *store.Tx) error { return f(tx, system, op) }
		}
		k.refuses(fault.Conflict, step(k.Commit, named(w.EnvironmentID, w.ID, "op-1"))) // not verified
		k.refuses(fault.Conflict, step(k.Retire, named(w.EnvironmentID, w.ID, "op-1")))
		k.refuses(fault.Conflict, stage(w, generation(w, 2, "op-2"))) // op-1 is under way
		k.must(step(k.Verify, named(w.EnvironmentID, w.ID, "op-1")))
		k.refuses(fault.Conflict, step(k.Retire, named(w.EnvironmentID, w.ID, "op-1"))) // not committed
		k.refuses(fault.Conflict, stage(w, generation(w, 2, "op-2")))
		k.must(step(k.Commit, named(w.EnvironmentID, w.ID, "op-1")))

		k.refuses(fault.Conflict, step(k.Rollback, named(w.EnvironmentID, w.ID, "op-1"))) // it is in force
		k.refuses(fault.Conflict, stage(w, generation(w, 3, "op-3")))                     // one is missing between
		k.refuses(fault.OperationConflict, stage(w, generation(w, 2, "op-1")))            // one operation, two generations
		other := generation(w, 1, "op-1")
		other.Scheme = wallet.TwoOfTwo
		k.refuses(fault.OperationConflict, stage(w, other)) // one operation, two schemes

		for name, change := range map[string]func(w *wallet.Wallet){
			"user":       func(w *wallet.Wallet) { w.UserID = "user-2" },
			"chain":      func(w *wallet.Wallet) { w.Chain = wallet.SOL },
			"address":    func(w *wallet.Wallet) { w.Address = "0xother" },
			"public key": func(w *wallet.Wallet) { w.PublicKey = []byte("other") },
		} {
			changed := w
			change(&changed)
			t.Log(name)
			k.refuses(fault.Conflict, stage(changed, generation(changed, 2, "op-2")))
		}
		elsewhere := w
		elsewhere.EnvironmentID = "env-2"
		k.refuses(fault.NotFound, stage(elsewhere, generation(elsewhere, 2, "op-2")))
		another := newWallet()
		k.refuses(fault.OperationConflict, stage(another, generation(another, 1, "op-1"))) // op-1 was another wallet's

		// No method finds the wallet in another environment.
		for name, f := range map[string]func(tx *store.Tx) error{
			"Verify":  step(k.Verify, named("env-2", w.ID, "op-1")),
			"Commit":  step(k.Commit, named("env-2", w.ID, "op-1")),
			"Retire":  step(k.Retire, named("env-2", w.ID, "op-1")),
			"Disable": step(k.Disable, named("env-2", w.ID, "op-9")),
			"Restore": step(k.Restore, named("env-2", w.ID, "op-9")),
			"ScheduleDelete": func(tx *store.Tx) error {
				_, err := k.ScheduleDelete(tx, system, named("env-2", w.ID, "op-9"))
				return err
			},
			"Release":      func(tx *store.Tx) error { _, err := k.Release(tx, "env-2", w.ID, 1); return err },
			"Made":         func(tx *store.Tx) error { _, err := k.Made(tx, named("env-2", w.ID, "op-1")); return err },
			"Status":       func(tx *store.Tx) error { _, err := k.Status(tx, "env-2", w.ID); return err },
			"Wallet":       func(tx *store.Tx) error { _, err := k.Wallet(tx, "env-2", w.ID); return err },
			"no operation": step(k.Commit, named(w.EnvironmentID, w.ID, "op-9")),
			"no wallet":    step(k.Commit, named(w.EnvironmentID, "w-9", "op-1")),
		} {
			t.Log(name)
			k.refuses(fault.NotFound, f)
		}
		k.must(step(k.Rollback, named("env-2", w.ID, "op-1"))) // nothing there, nothing done
		k.wantStates(w, wallet.InForce)
		if n := k.count(`SELECT count(*) FROM generations`); n != 1 {
			t.Errorf("there are %d generations", n)
		}
	})
}

// What never came into force goes without trace, again and again, and its number is free.
func TestRollback(t *testing.T) {
	engines(t, wallet.Guardian, func(t *testing.T, open func(testing.TB) *store.DB) {
		k := newKeeper(t, custody.Config{Role: wallet.Guardian, DB: open(t)})
		w := newWallet()
		rollback := func(operation string) func(tx *store.Tx) error {
			return func(tx *store.Tx) error { return k.Rollback(tx, system, named(w.EnvironmentID, w.ID, operation)) }
		}
		k.stage(w, 1, "op-1")
		k.must(rollback("op-1"))
		k.must(rollback("op-1"))
		for _, table := range []string{"wallets", "generations", "pieces"} {
			if n := k.count(`SELECT count(*) FROM ` + table); n != 0 {
				t.Errorf("%d %s are left of a wallet that never was", n, table)
			}
		}
		first := k.renewed(w, 1, "op-2")
		k.stage(w, 2, "op-3")
		k.must(func(tx *store.Tx) error { return k.Verify(tx, system, named(w.EnvironmentID, w.ID, "op-3")) })
		k.must(rollback("op-3"))
		k.wantStates(w, wallet.InForce)
		k.releases(w, 1, first)
		second := k.renewed(w, 2, "op-4")
		k.releases(w, 2, second)
		k.refuses(fault.Conflict, rollback("op-4"))
		k.refuses(fault.Conflict, rollback("op-2")) // retiring: an operation may still use it
		k.wantStates(w, wallet.Retiring, wallet.InForce)
	})
}

func TestClaim(t *testing.T) {
	engines(t, wallet.Signer, func(t *testing.T, open func(testing.TB) *store.DB) {
		k := newKeeper(t, custody.Config{Role: wallet.Signer, DB: open(t)})
		claim := func(c custody.Operation) (claimed custody.Begun, err error) {
			err = k.write(func(tx *store.Tx) (err error) { claimed, err = k.Begin(tx, c); return err })
			return claimed, err
		}
		c := custody.Operation{
			OperationID: "op-1", EnvironmentID: "env-1", WalletID: "w-1", UserID: "u-1", Action: wallet.Sign,
			IntentHash: "hash", TokenID: "token-1", SingleUse: true,
		}
		first, err := claim(c)
		if err != nil || first.Again || first.At.IsZero() {
			t.Fatalf("claimed %+v, %v", first, err)
		}
		if again, err := claim(c); err != nil || !again.Again || !again.At.Equal(first.At) || again.Verdict != "" {
			t.Errorf("claimed again %+v, %v", again, err)
		}
		for name, change := range map[string]func(*custody.Operation){
			"environment": func(c *custody.Operation) { c.EnvironmentID = "env-2" },
			"wallet":      func(c *custody.Operation) { c.WalletID = "w-2" },
			"user":        func(c *custody.Operation) { c.UserID = "u-2" },
			"action":      func(c *custody.Operation) { c.Action = wallet.Export },
			"intent":      func(c *custody.Operation) { c.IntentHash = "other" },
			"token":       func(c *custody.Operation) { c.TokenID = "token-2" },
			"no token":    func(c *custody.Operation) { c.TokenID, c.SingleUse = "", false },
			"many uses":   func(c *custody.Operation) { c.SingleUse = false },
		} {
			other := c
			change(&other)
			if _, err := claim(other); !fault.Has(err, fault.OperationConflict) {
				t.Errorf("the same operation with another %s: %v", name, err)
			}
		}
		for name, change := range map[string]func(*custody.Operation){
			"the same intent": func(*custody.Operation) {},
			"another wallet":  func(c *custody.Operation) { c.WalletID, c.IntentHash = "w-2", "other" },
		} {
			other := c
			other.OperationID = "op-2"
			change(&other)
			if _, err := claim(other); !fault.Has(err, fault.ElevatedTokenRequired) {
				t.Errorf("the token in another operation, %s: %v", name, err)
			}
		}
		many := c
		many.TokenID, many.SingleUse = "token-3", false
		for i := range 3 {
			many.OperationID = fmt.Sprint("op-many-", i)
			if _, err := claim(many); err != nil {
				t.Errorf("a token of many uses, use %d: %v", i, err)
			}
		}
		elsewhere := c
		elsewhere.OperationID, elsewhere.EnvironmentID = "op-4", "env-2"
		if _, err := claim(elsewhere); err != nil {
			t.Errorf("a token of another environment with the same id: %v", err)
		}
		for _, incomplete := range []custody.Operation{{}, {OperationID: "x", EnvironmentID: "e", WalletID: "w"},
			{OperationID: "x", EnvironmentID: "e", WalletID: "w", IntentHash: "h", SingleUse: true}} {
			if _, err := claim(incomplete); err == nil {
				t.Errorf("an incomplete claim was taken: %+v", incomplete)
			}
		}

		for _, verdict := range []string{"first", "second"} {
			k.must(func(tx *store.Tx) error { return k.Finish(tx, named("env-1", "w-1", "op-1"), "allowed "+verdict) })
		}
		k.must(func(tx *store.Tx) error { return k.Finish(tx, named("env-2", "w-1", "op-many-0"), "allowed") }) // not its environment
		if got, err := claim(c); err != nil || got.Verdict != "allowed first" {
			t.Errorf("finished %+v, %v", got, err)
		}
		many.OperationID = "op-many-0"
		if got, err := claim(many); err != nil || got.Verdict != "" {
			t.Errorf("finished from another environment: %+v, %v", got, err)
		}
	})
}

// A hundred operations race for one token on two nodes: one has it. A hundred
// repetitions of one operation race: all have it, and one is the first.
func TestClaimRace(t *testing.T) {
	engines(t, wallet.Signer, func(t *testing.T, open func(testing.TB) *store.DB) {
		nodes := []keeper{newKeeper(t, custody.Config{Role: wallet.Signer, DB: open(t)}),
			newKeeper(t, custody.Config{Role: wallet.Signer, DB: open(t)})}
		race := func(operation func(i int) string) (won, first, refused int) {
			var mu sync.Mutex
			var done sync.WaitGroup
			for i := range 100 {
				done.Go(func() {
					k := nodes[i%2]
					var claimed custody.Begun
					err := k.write(func(tx *store.Tx) (err error) {
						claimed, err = k.Begin(tx, custody.Operation{
							OperationID: operation(i), EnvironmentID: "e", WalletID: "w", UserID: "u", Action: wallet.Export,
							IntentHash: "h", TokenID: operation(0), SingleUse: true,
						})
						return err
					})
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil:
						won++
						if !claimed.Again {
							first++
						}
					case fault.Has(err, fault.ElevatedTokenRequired):
						refused++
					default:
						t.Errorf("claim %d: %v", i, err)
					}
				})
			}
			done.Wait()
			return won, first, refused
		}
		if won, first, refused := race(func(i int) string { return fmt.Sprint("op-", i) }); won != 1 || first != 1 || refused != 99 {
			t.Errorf("one token: %d won, %d of them first, %d refused", won, first, refused)
		}
		if won, first, refused := race(func(int) string { return "op-same" }); won != 100 || first != 1 || refused != 0 {
			t.Errorf("one operation: %d won, %d of them first, %d refused", won, first, refused)
		}
	})
}

func TestDisableDeleteRestore(t *testing.T) {
	clock := &storetest.Clock{}
	engines(t, wallet.Guardian, func(t *testing.T, open func(testing.TB) *store.DB) {
		k := newKeeper(t, custody.Config{Role: wallet.Guardian, DB: open(t), Grace: time.Hour})
		w, bystander := newWallet(), newWallet()
		pieces, others := k.renewed(w, 1, "op-1"), k.renewed(bystander, 1, "op-b")
		newer := k.renewed(w, 2, "op-2")
		do := func(f func(*store.Tx, audit.By, wallet.OperationRef) error) {
			t.Helper()
			for range 2 {
				k.must(func(tx *store.Tx) error { return f(tx, system, named(w.EnvironmentID, w.ID, "op")) })
			}
		}
		schedule := func() (at time.Time) {
			t.Helper()
			k.must(func(tx *store.Tx) (err error) {
				at, err = k.ScheduleDelete(tx, system, named(w.EnvironmentID, w.ID, "op"))
				return err
			})
			return at
		}
		sealed, err := k.Seal(t.Context(), generation(w, 3, "op-3"), k.pieces(wallet.TwoOfThree))
		if err != nil {
			t.Fatal(err)
		}
		stage := func(tx *store.Tx) error { _, err := k.Stage(tx, system, w, sealed); return err }

		do(k.Disable)
		if got := k.status(w); got.Wallet.State != wallet.Disabled || got.MarkedBy != "op" {
			t.Errorf("disabled: %+v", got)
		}
		k.withholds(w, 1, fault.Conflict)
		k.withholds(w, 2, fault.Conflict)
		k.refuses(fault.Conflict, stage) // nor are its shares renewed
		k.releases(bystander, 1, others)
		do(k.Restore)
		k.releases(w, 2, newer)

		at := schedule()
		clock.Advance(30 * time.Minute)
		if again := schedule(); !again.Equal(at) {
			t.Errorf("asking again moved the deletion from %v to %v", at, again)
		}
		if got := k.status(w).Wallet; got.State != wallet.Deleting || !got.DeleteAt.Equal(at) {
			t.Errorf("to be deleted: %+v", got)
		}
		k.withholds(w, 2, fault.Conflict)
		clock.Advance(29 * time.Minute)
		k.swept(custody.Swept{})
		do(k.Restore)
		clock.Advance(10 * time.Hour)
		k.swept(custody.Swept{}) // restored in time
		k.releases(w, 1, pieces)
		k.releases(w, 2, newer)

		do(k.Disable)
		schedule()
		clock.Advance(time.Hour + time.Second)
		k.swept(custody.Swept{Wallets: 1})
		k.swept(custody.Swept{})
		k.wantStates(w, wallet.Destroyed, wallet.Destroyed)
		if got := k.status(w).Wallet; got.State != wallet.Deleted || got.Address != w.Address || got.Generation != 0 {
			t.Errorf("deleted: %+v", got)
		}
		if n := k.count(`SELECT count(*) FROM pieces WHERE wallet_id = $1`, w.ID); n != 0 {
			t.Errorf("%d pieces are left", n)
		}
		if n := k.count(`SELECT count(*) FROM generations WHERE wallet_id = $1 AND wrapped_key IS NOT NULL`, w.ID); n != 0 {
			t.Errorf("%d keys are left", n)
		}
		k.withholds(w, 2, fault.Conflict)
		for name, f := range map[string]func(*store.Tx, audit.By, wallet.OperationRef) error{"restore": k.Restore,
			"disable": k.Disable} {
			t.Log(name)
			k.refuses(fault.Conflict, func(tx *store.Tx) error { return f(tx, system, named(w.EnvironmentID, w.ID, "op")) })
		}
		k.refuses(fault.Conflict, stage)
		k.releases(bystander, 1, others)
		clock.Advance(1000 * time.Hour)
		k.swept(custody.Swept{})
		k.releases(bystander, 1, others)
	}, storetest.WithClock(clock))
}

// A restore and a sweep race at the last moment: the wallet is whole or gone, and
// whoever restored it has it.
func TestRestoreRacesSweep(t *testing.T) {
	clock := &storetest.Clock{}
	engines(t, wallet.Signer, func(t *testing.T, open func(testing.TB) *store.DB) {
		nodes := []keeper{newKeeper(t, custody.Config{Role: wallet.Signer, DB: open(t), Grace: time.Minute}),
			newKeeper(t, custody.Config{Role: wallet.Signer, DB: open(t), Grace: time.Minute})}
		var wallets []wallet.Wallet
		for i := range 20 {
			w := newWallet()
			wallets = append(wallets, w)
			nodes[0].renewed(w, 1, fmt.Sprint("op-", i, rand.Text()))
			nodes[0].must(func(tx *store.Tx) error {
				_, err := nodes[0].ScheduleDelete(tx, system, named(w.EnvironmentID, w.ID, "op"))
				return err
			})
		}
		clock.Advance(time.Hour)
		restored := make([]error, len(wallets))
		var done sync.WaitGroup
		for _, k := range nodes {
			done.Go(func() {
				if _, err := k.Sweep(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		for i, w := range wallets {
			done.Go(func() {
				restored[i] = nodes[i%2].write(func(tx *store.Tx) error {
					return nodes[i%2].Restore(tx, system, named(w.EnvironmentID, w.ID, "op"))
				})
			})
		}
		done.Wait()
		for i, w := range wallets {
			want, state := wallet.InForce, wallet.Active
			if restored[i] != nil {
				want, state = wallet.Destroyed, wallet.Deleted
				if !fault.Has(restored[i], fault.Conflict) {
					t.Error(restored[i])
				}
			}
			nodes[0].wantStates(w, want)
			if got := nodes[0].status(w).Wallet.State; got != state {
				t.Errorf("the restore says %v and the wallet is %s", restored[i], got)
			}
		}
	}, storetest.WithClock(clock))
}
