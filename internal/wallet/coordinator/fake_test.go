package coordinator_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// custody is both custodians of the tests: what they keep outlives every
// coordinator. It holds no keys but the number that a generation's shares give.
type custody struct {
	mu       sync.Mutex
	signer   map[string]*holding // by wallet id
	guardian map[string]*holding
	signed   map[string]int // by operation id: how often it counted
	limit    error          // what the guardian refuses everything with
	fail     func(step string) error
	clock    func() time.Time
}

type holding struct {
	environmentID string
	userID        string
	address       string
	status        wallet.Held
}

func newCustody(clock func() time.Time) *custody {
	return &custody{signer: map[string]*holding{}, guardian: map[string]*holding{}, signed: map[string]int{}, clock: clock}
}

// step is asked before and after everything a custodian changes.
func (c *custody) step(name string) error {
	if c.fail == nil {
		return nil
	}
	return c.fail(name)
}

// as is the custody as one custodian.
func (c *custody) as(role wallet.Role) keeper { return keeper{c, role} }

type keeper struct {
	*custody
	role wallet.Role
}

func (k keeper) of(walletID string) *holding {
	all := k.signer
	if k.role == wallet.Guardian {
		all = k.guardian
	}
	if all[walletID] == nil {
		all[walletID] = &holding{status: wallet.Held{State: wallet.Active}}
	}
	return all[walletID]
}

func (h *holding) find(number int, operationID string) *wallet.Generation {
	for i := range h.status.Generations {
		if g := &h.status.Generations[i]; g.Number == number && (operationID == "" || g.OperationID == operationID) {
			return g
		}
	}
	return nil
}

// stage puts a generation there, over one that is only staged.
func (k keeper) stage(o wallet.Order, state wallet.GenerationState) error {
	if err := k.step("before " + string(k.role) + " " + string(state)); err != nil {
		return err
	}
	h := k.of(o.Wallet.ID)
	h.environmentID, h.userID = o.Wallet.EnvironmentID, o.Wallet.UserID
	if g := h.find(o.Generation, ""); g == nil {
		h.status.Generations = append(h.status.Generations,
			wallet.Generation{Number: o.Generation, State: state, OperationID: o.Operation.ID})
	} else if g.OperationID != o.Operation.ID {
		return fmt.Errorf("generation %d of operation %s is in the way", g.Number, g.OperationID)
	} else if g.State == wallet.Staged {
		g.State = state
	}
	return k.step("after " + string(k.role) + " " + string(state))
}

func (c *custody) Do(ctx context.Context, o wallet.Order) (done wallet.Done, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return done, ctx.Err()
	}
	if c.limit != nil {
		return done, c.limit
	}
	signer, guardian := c.as(wallet.Signer), c.as(wallet.Guardian)
	h := signer.of(o.Wallet.ID)
	if o.Operation.Action == wallet.Sign || o.Operation.Action == wallet.Export {
		for _, k := range []keeper{signer, guardian} {
			g := k.of(o.Wallet.ID).find(o.Wallet.Generation, "")
			if g == nil || g.State == wallet.Staged || k.of(o.Wallet.ID).status.State != wallet.Active {
				return done, fault.New(fault.Conflict, "the %s does not release generation %d", k.role, o.Wallet.Generation)
			}
		}
		if err := c.step("before " + string(o.Operation.Action)); err != nil {
			return done, err
		}
		c.signed[o.Operation.ID]++
		done.Signature = &wallet.Signature{Signature: []byte(h.address + string(o.Operation.Request))}
		done.Export = &wallet.SealedExport{Ciphertext: fmt.Appendf(nil, "sealed %d", c.signed[o.Operation.ID])}
		return done, c.step("after " + string(o.Operation.Action))
	}
	if h.address == "" {
		h.address = "address of " + o.Wallet.ID
	}
	for _, state := range []wallet.GenerationState{wallet.Staged, wallet.Verified} {
		for _, k := range []keeper{guardian, signer} {
			if err := k.stage(o, state); err != nil {
				return done, err
			}
		}
	}
	done.Address, done.PublicKey = h.address, []byte(h.address)
	if o.Scheme == wallet.TwoOfThree {
		done.OfflineShares = []wallet.OfflineShare{{WalletID: o.Wallet.ID, Generation: o.Generation, Scheme: o.Scheme, Party: 3,
			EncapsulatedKey: []byte("e"), Ciphertext: []byte("c")}}
	}
	return done, nil
}

func (c *custody) Check(_ context.Context, w wallet.Wallet) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, role := range []wallet.Role{wallet.Signer, wallet.Guardian} {
		if g := c.as(role).of(w.ID).find(w.Generation, ""); g == nil || g.State == wallet.Staged {
			return "", errors.New("the shares are not there")
		}
	}
	return c.signer[w.ID].address, nil
}

func (c *custody) Preview(context.Context, wallet.Operation) error { return c.limit }

func (k keeper) Mark(_ context.Context, o wallet.Order) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.limit != nil {
		return k.limit
	}
	action := string(o.Operation.Action)
	if err := k.step("before " + string(k.role) + " " + action); err != nil {
		return err
	}
	status := &k.of(o.Wallet.ID).status
	status.MarkedBy, status.DeleteAt = o.Operation.ID, time.Time{}
	switch o.Operation.Action {
	case wallet.Disable:
		status.State = wallet.Disabled
	case wallet.Restore:
		status.State = wallet.Active
	case wallet.Delete:
		status.State, status.DeleteAt = wallet.Deleting, k.clock().Add(7*24*time.Hour).UTC().Truncate(time.Millisecond)
	}
	return k.step("after " + string(k.role) + " " + action)
}

// Settle is decided by the signer, which tells the guardian; the guardian itself
// takes no word but for what is so already.
func (k keeper) Settle(_ context.Context, s wallet.Settlement) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.role == wallet.Guardian {
		if !k.agrees(s) {
			return fault.New(fault.Conflict, "the guardian is told to %s generation %d, and the signer has not told it", s.Verdict,
				s.Generation)
		}
		return nil
	}
	for _, role := range []wallet.Role{wallet.Signer, wallet.Guardian} {
		if err := k.as(role).settle(s); err != nil {
			return err
		}
	}
	return nil
}

func (k keeper) agrees(s wallet.Settlement) bool {
	h := k.of(s.WalletID)
	g := h.find(s.Generation, s.OperationID)
	switch s.Verdict {
	case wallet.Rollback:
		return g == nil
	case wallet.Commit:
		return g != nil && g.State == wallet.InForce
	}
	return g != nil && g.State == wallet.InForce && h.find(s.Generation-1, "") == nil
}

func (k keeper) settle(s wallet.Settlement) error {
	if err := k.step("before " + string(k.role) + " " + string(s.Verdict)); err != nil {
		return err
	}
	h := k.of(s.WalletID)
	switch s.Verdict {
	case wallet.Rollback:
		h.status.Generations = slices.DeleteFunc(h.status.Generations, func(g wallet.Generation) bool {
			return g.Number == s.Generation && g.OperationID == s.OperationID && (g.State == wallet.Staged || g.State == wallet.Verified)
		})
	case wallet.Commit:
		g := h.find(s.Generation, s.OperationID)
		if g == nil || g.State == wallet.Staged {
			return errors.New("told to commit what is not verified")
		}
		for i := range h.status.Generations {
			if other := &h.status.Generations[i]; other.State == wallet.InForce && other != g {
				other.State = wallet.Retiring
			}
		}
		g.State = wallet.InForce
	case wallet.Retire:
		if g := h.find(s.Generation, s.OperationID); g == nil || g.State != wallet.InForce {
			return errors.New("told to retire what is not committed")
		}
		h.status.Generations = slices.DeleteFunc(h.status.Generations, func(g wallet.Generation) bool { return g.Number < s.Generation })
	}
	return k.step("after " + string(k.role) + " " + string(s.Verdict))
}

func (k keeper) Status(_ context.Context, _, walletID string) (wallet.Held, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.step("status " + string(k.role)); err != nil {
		return wallet.Held{}, err
	}
	status := k.of(walletID).status
	status.Generations = slices.Clone(status.Generations)
	status.Now = k.clock()
	return status, nil
}

func (k keeper) Holdings(_ context.Context, after string) (all []wallet.WalletRef, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	held := k.signer
	if k.role == wallet.Guardian {
		held = k.guardian
	}
	for id, h := range held {
		if id > after && len(h.status.Generations) > 0 {
			all = append(all, wallet.WalletRef{EnvironmentID: h.environmentID, WalletID: id})
		}
	}
	slices.SortFunc(all, func(a, b wallet.WalletRef) int { return cmpStrings(a.WalletID, b.WalletID) })
	return all, nil
}

func cmpStrings(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// sound checks what must hold whenever no operation is under way: both custodians
// have exactly the generation that the wallet names in force, which gives its
// address, and nothing that nobody names.
func (c *custody) sound(t *testing.T, w wallet.Wallet) {
	t.Helper()
	if w.Address != "address of "+w.ID {
		t.Errorf("the address has become %q", w.Address)
	}
	if got, err := c.Check(t.Context(), w); err != nil || got != w.Address {
		t.Errorf("the shares in force give %q: %v", got, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, role := range []wallet.Role{wallet.Signer, wallet.Guardian} {
		for _, g := range c.as(role).of(w.ID).status.Generations {
			if g.State != wallet.InForce || g.Number != w.Generation {
				t.Errorf("the %s has generation %d %s, and the wallet names %d", role, g.Number, g.State, w.Generation)
			}
		}
	}
}
