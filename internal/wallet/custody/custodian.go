package custody

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/authz"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
)

// SweepEvery is how often what is due to be destroyed is looked for.
const SweepEvery = 5 * time.Minute

// pageSize is how many wallets [Custodian.Holdings] lists at once.
const pageSize = 500

// Custodian is what the signer and the guardian do alike, each for itself: it understands
// an order, decides whether it is allowed, remembers it, and keeps the state of a wallet.
type Custodian struct {
	Custody *Store
	Checker *authz.Checker
	Log     *slog.Logger
}

// Permit is an order that is allowed.
type Permit struct {
	Order      wallet.Order
	Wallet     wallet.Wallet // as this custodian knows it; for Create, as it is to become
	Intent     intent.Intent
	Authorized authz.Authorized

	store *Store
}

// Permit decides whether an order is allowed. Its refusals are faults.
func (c *Custodian) Permit(ctx context.Context, o wallet.Order, actions ...wallet.Action) (Permit, error) {
	if !slices.Contains(actions, o.Operation.Action) {
		return Permit{}, fault.New(fault.InvalidRequest, "This is no way to %.20q a wallet.", o.Operation.Action)
	}
	w, err := c.own(ctx, o.Operation)
	if err != nil {
		return Permit{}, err
	}
	in, err := intent.Decode(o.Operation, w)
	if err != nil {
		return Permit{}, err
	}
	authorized, err := c.Checker.Check(ctx, o.Operation, o.Credentials, in.Hash)
	if err != nil {
		return Permit{}, err
	}
	return Permit{Order: o, Wallet: w, Intent: in, Authorized: authorized, store: c.Custody}, nil
}

// own is the wallet of an operation, by this custodian's own record.
func (c *Custodian) own(ctx context.Context, op wallet.Operation) (w wallet.Wallet, err error) {
	if op.Action == wallet.Create {
		var request wallet.CreateRequest
		if err := op.ReadRequest(&request); err != nil {
			return wallet.Wallet{}, err
		}
		return wallet.Wallet{ID: op.WalletID, EnvironmentID: op.EnvironmentID, UserID: op.UserID, Chain: request.Chain,
			Scheme: request.Scheme, State: wallet.Active}, nil
	}
	err = c.Custody.DB().Read(ctx, func(tx *store.Tx) error {
		w, err = c.Custody.Wallet(tx, op.EnvironmentID, op.WalletID)
		return err
	})
	if err == nil && w.UserID != op.UserID {
		err = fault.New(fault.NotFound, "There is no such wallet.").Because(errors.New("it is another user's"))
	}
	return w, err
}

// By is who acts, for the audit.
func (p Permit) By() audit.By {
	op := p.Order.Operation
	return audit.By{Actor: "user:" + op.UserID, EnvironmentID: op.EnvironmentID, UserID: op.UserID, SessionID: op.SessionID,
		RequestID: op.RequestID}
}

// Begin makes the operation this custodian's, once, and audits it the first time:
// one token that serves one operation only serves no other one here, whatever the
// issuer says.
func (p Permit) Begin(tx *store.Tx) (Begun, error) {
	op := p.Order.Operation
	begun, err := p.store.Begin(tx, Operation{
		OperationID: op.ID, EnvironmentID: op.EnvironmentID, WalletID: op.WalletID, UserID: op.UserID, Action: op.Action,
		IntentHash: p.Intent.Hash, TokenID: p.Authorized.TokenID, SingleUse: p.Authorized.SingleUse,
	})
	if err != nil || begun.Again {
		return begun, err
	}
	return begun, audit.Record(tx, p.By(), "custody.allowed", audit.Detail{
		"operation": op.ID, "wallet": op.WalletID, "action": op.Action, "intent": p.Intent.Hash, "summary": p.Intent.Summary,
		"by": p.Authorized.By, "ticket": p.Authorized.TicketID, "token": p.Authorized.TokenID,
	})
}

// Mark disables, restores or begins to delete a wallet, once for an operation: a
// repetition changes nothing, whatever came in between.
func (c *Custodian) Mark(ctx context.Context, o wallet.Order) (struct{}, error) {
	p, err := c.Permit(ctx, o, wallet.Disable, wallet.Restore, wallet.Delete)
	if err != nil {
		return struct{}{}, err
	}
	op := o.Operation.Ref()
	return struct{}{}, c.Custody.DB().Write(ctx, func(tx *store.Tx) error {
		begun, err := p.Begin(tx)
		if err != nil || begun.Verdict != "" {
			return err
		}
		switch o.Operation.Action {
		case wallet.Disable:
			err = c.Custody.Disable(tx, p.By(), op)
		case wallet.Restore:
			err = c.Custody.Restore(tx, p.By(), op)
		case wallet.Delete:
			_, err = c.Custody.ScheduleDelete(tx, p.By(), op)
		}
		if err != nil {
			return err
		}
		return c.Custody.Finish(tx, op, wallet.Allowed)
	})
}

// Settle does what a settlement says. Who may say it is for the caller to know.
func (c *Custodian) Settle(ctx context.Context, s wallet.Settlement) error {
	settle := c.Custody.Rollback
	switch s.Verdict {
	case wallet.Rollback:
	case wallet.Commit:
		settle = c.Custody.Commit
	case wallet.Retire:
		settle = c.Custody.Retire
	default:
		return fault.New(fault.InvalidRequest, "There is no verdict %.20q.", s.Verdict)
	}
	return c.Custody.DB().Write(ctx, func(tx *store.Tx) error {
		by := audit.By{Actor: "system", EnvironmentID: s.EnvironmentID}
		return settle(tx, by, s.Ref())
	})
}

// Status is what is held of a wallet; nothing is no error.
func (c *Custodian) Status(ctx context.Context, ref wallet.WalletRef) (held wallet.Held, err error) {
	err = c.Custody.DB().Read(ctx, func(tx *store.Tx) error {
		held = wallet.Held{Now: tx.Now(), Generations: []wallet.Generation{}}
		status, err := c.Custody.Status(tx, ref.EnvironmentID, ref.WalletID)
		if fault.Has(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		held.State, held.MarkedBy, held.DeleteAt = status.Wallet.State, status.MarkedBy, status.Wallet.DeleteAt
		for _, g := range status.Generations {
			held.Generations = append(held.Generations, g.Generation)
		}
		return nil
	})
	return held, err
}

// After asks for a page of holdings.
type After struct {
	WalletID string `json:"after"` // empty: from the first
}

// Holdings is a page of them.
type Holdings struct {
	Holdings []wallet.WalletRef `json:"holdings"` // ordered by wallet id; empty behind the last
}

// Holdings lists the wallets that are known here, a page at a time.
func (c *Custodian) Holdings(ctx context.Context, after After) (page Holdings, err error) {
	err = c.Custody.DB().Read(ctx, func(tx *store.Tx) error {
		page = Holdings{Holdings: []wallet.WalletRef{}}
		wallets, err := c.Custody.Wallets(tx, after.WalletID, pageSize)
		for _, w := range wallets {
			page.Holdings = append(page.Holdings, wallet.WalletRef{EnvironmentID: w.EnvironmentID, WalletID: w.ID})
		}
		return err
	})
	return page, err
}

// Run destroys what is due, at once and then every few minutes, until ctx ends.
func (c *Custodian) Run(ctx context.Context) {
	ticker := time.NewTicker(SweepEvery)
	defer ticker.Stop()
	for {
		swept, err := c.Custody.Sweep(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			c.Log.ErrorContext(ctx, "destroying what is due; the next try is in some minutes", "error", err)
		case swept != (Swept{}):
			c.Log.InfoContext(ctx, "destroyed what was due", "generations", swept.Generations, "wallets", swept.Wallets)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// SameKey refuses to work with a custodian under the same root key: whoever had
// that one key would have both shares.
func (c *Custodian) SameKey(other string) error {
	if other == "" || other == c.Custody.KeyID() {
		return fault.New(fault.WalletServiceUnsafe, "The wallet service is not set up safely. Tell the operator.").
			Because(fmt.Errorf("signer and guardian have the same root key %q: give each its own, see `stepup wallet key`", other))
	}
	return nil
}
