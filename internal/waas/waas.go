// Package waas, for wallets as a service (the word of the published API), is what
// signed-in users do with the wallets that are kept for them, whichever door their
// request came through. An operation is understood here, from
// the request itself: its intent is what a person is shown, what a token is bound to
// and what every custodian decodes again.
//
// Its invariant: nothing is asked of the wallet service before the operation is on
// record with what opened its gate, and what is on record is finished or resumed
// under the same operation id, whether or not anybody still waits for the answer.
package waas

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/token"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
	"github.com/stepup-auth/stepup/internal/who"
)

const (
	ticketLife  = time.Minute
	performTime = 25 * time.Second // for what is on record, whether or not the client still waits
)

// Desk takes requests about wallets to the wallet service.
type Desk struct {
	DB      *store.DB
	Wallets wallet.Service // nil: this server has none
	Now     func() time.Time
}

// Open refuses where there is no wallet service for the caller's environment.
func (d Desk) Open(c who.Caller) error {
	if d.Wallets == nil {
		return fault.New(fault.WalletServiceOff, "This server has no wallet service. The operator starts one with `stepup wallet` "+
			"and tells the server where it is, see docs/wallets-operating.md.")
	}
	if !c.Tenant.EmbeddedWallets.Enabled {
		return fault.New(fault.WalletServiceOff,
			"This environment keeps no wallets for its users. The operator sets embeddedWallets.enabled.")
	}
	return nil
}

// List is all wallets of the caller, oldest first.
func (d Desk) List(ctx context.Context, c who.Caller) ([]wallet.Wallet, error) {
	if err := d.Open(c); err != nil {
		return nil, err
	}
	return d.Wallets.Wallets(ctx, c.Tenant.ID, c.Session.UserID)
}

// Show is [Desk.Find] for somebody who looks. A wallet that is deleted by now stands
// no longer among the user's credentials.
func (d Desk) Show(ctx context.Context, c who.Caller, walletID string) (wallet.Wallet, error) {
	w, err := d.Find(ctx, c, walletID)
	if err != nil || w.State != wallet.Deleted {
		return w, err
	}
	return w, d.DB.Write(ctx, func(tx *store.Tx) error {
		return account.ForgetEmbedded(c, tx, w.ID)
	})
}

// Find is one wallet of the caller.
func (d Desk) Find(ctx context.Context, c who.Caller, walletID string) (wallet.Wallet, error) {
	if err := d.Open(c); err != nil {
		return wallet.Wallet{}, err
	}
	return d.Wallets.Wallet(ctx, c.Tenant.ID, c.Session.UserID, walletID)
}

// Ask names an operation.
type Ask struct {
	OperationID string // the same one again is the same operation
	Again       bool   // its gate was opened before: it is on record, and only its outcome is asked for
	WalletID    string // to create one: the id that it gets
	Action      wallet.Action
}

// Scopes are the scopes of the actions that take a token, and to which one can be
// bound. For the others a session is enough.
var Scopes = map[wallet.Action]stepup.Scope{
	wallet.Sign: stepup.WalletSign, wallet.Export: stepup.WalletExport, wallet.Refresh: stepup.WalletRefresh,
	wallet.Reshare: stepup.WalletReshare, wallet.Restore: stepup.WalletRestore, wallet.Delete: stepup.WalletDelete,
}

// Plan is an operation that was understood and that nobody has begun.
type Plan struct {
	Ask
	operation wallet.Operation
	intent    intent.Intent
	first     func(*store.Tx) error // runs when it goes on record, before anything is spent; nil: nothing does
}

// Scope is what a token must carry to open the plan's gate; empty: none is needed.
func (p Plan) Scope() stepup.Scope { return Scopes[p.Action] }

// Operation is what the wallet service is asked to do.
func (p Plan) Operation() wallet.Operation { return p.operation }

// Intent is what that amounts to.
func (p Plan) Intent() intent.Intent { return p.intent }

// Understand finds the caller's wallet and reads what is to be done with it.
func (d Desk) Understand(ctx context.Context, c who.Caller, a Ask, read Reading) (Plan, error) {
	w, err := d.Find(ctx, c, a.WalletID)
	if err != nil {
		return Plan{}, err
	}
	return plan(c, a, w, read)
}

// plan makes the operation and its intent: what the wallet service thinks of it is
// not asked.
func plan(c who.Caller, a Ask, w wallet.Wallet, read Reading) (Plan, error) {
	request, err := read(w)
	if err != nil {
		return Plan{}, err
	}
	raw, err := json.Marshal(request)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Ask: a, operation: wallet.Operation{
		ID: a.OperationID, EnvironmentID: c.Tenant.ID, UserID: c.Session.UserID, SessionID: c.Session.ID, WalletID: w.ID,
		Action: a.Action, Request: raw, RequestID: c.By.RequestID,
	}}
	p.intent, err = intent.Decode(p.operation, w)
	return p, err
}

// Authorised is an operation on record, with what opened its gate.
type Authorised struct {
	Plan
	row store.WalletOperationRow

	// Entry is the compatibility entry for users without a second factor that let it
	// through; empty: none did.
	Entry environment.Compatible
}

// ByMFAToken reports whether a token of action-based MFA opened the gate.
func (a Authorised) ByMFAToken() bool { return a.row.AuthorizedBy == string(wallet.ByMFAToken) }

// Authorise asks the wallet service whether the operation could be done, and spends
// what opens its gate in the transaction that puts it on record. demand is what the
// request asks of the gate of the plan's scope.
func (d Desk) Authorise(ctx context.Context, c who.Caller, p Plan, demand enforce.Demand) (Authorised, error) {
	if !p.Again {
		if _, err := d.Wallets.Prepare(ctx, p.operation); err != nil {
			return Authorised{}, err
		}
	}
	details, err := p.Details()
	if err != nil {
		return Authorised{}, err
	}
	if demand.DetailsHash, err = stepup.HashDetails(details); err != nil {
		return Authorised{}, err
	}
	demand.OperationID = p.OperationID
	demand.Within = func(rule policy.Binding) bool { return !rule.Spends(p.amounts()) }
	a := Authorised{Plan: p}
	err = d.DB.Write(ctx, func(tx *store.Tx) error {
		opened, err := enforce.Spend(c, tx, demand, enforce.WalletOperation{
			WalletID: p.operation.WalletID, Action: p.Action, IntentHash: p.intent.Hash, Summary: p.intent.Summary, First: p.first,
		})
		a.row = opened.Record
		return err
	})
	if err == nil && p.Scope() != "" && a.row.AuthorizedBy == string(wallet.ByPolicy) {
		// The entries spare whoever has no second factor, and so does asking about somebody of whom nothing is known.
		var decision policy.Decision
		decision, err = policy.Decide(c.Tenant.Environment, policy.Person{}, p.Scope())
		a.Entry = decision.Entry
	}
	return a, err
}

// Perform has an operation done that is on record. It goes on although the client
// may have left.
func (d Desk) Perform(ctx context.Context, c who.Caller, a Authorised) (wallet.Outcome, error) {
	credentials, err := d.credentials(c, a.row)
	if err != nil {
		return wallet.Outcome{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), performTime)
	defer cancel()
	outcome, refused := d.Wallets.Perform(ctx, a.operation, credentials)
	if err := d.finish(ctx, c, a, outcome, refused); err != nil {
		return wallet.Outcome{}, undecided(err)
	}
	return outcome, undecided(refused)
}

// undecided is what is said of an operation on record of which nobody can tell what
// came: its token is spent, so only the same operation may be tried again.
func undecided(err error) error {
	if f := store.RefusalOf(err); f != nil && f.Code == fault.Unavailable {
		return fault.New(fault.OutcomeUnknown, "%s", f.Message).Because(err)
	}
	return err
}

// credentials are what each custodian checks by itself. They are made after the
// record has committed: a ticket for what is not durable must never leave.
func (d Desk) credentials(c who.Caller, row store.WalletOperationRow) (wallet.Credentials, error) {
	now := d.Now()
	ticket, err := c.Tenant.Keys.Sign(now, token.Ticket, wallet.Ticket{
		Issuer: c.Tenant.Issuer, Audience: wallet.TicketAudience, Subject: row.UserID, Session: row.SessionID,
		EnvironmentID: row.EnvironmentID, ID: uuid.NewString(), IssuedAt: now.Unix(), Expires: now.Add(ticketLife).Unix(),
		OperationID: row.ID, WalletID: row.WalletID,
		Action: wallet.Action(row.Action), IntentHash: row.IntentHash, AuthorizedBy: wallet.AuthorizedBy(row.AuthorizedBy),
		Scope: row.Scope, TokenID: row.TokenID,
	})
	if err != nil || row.TokenID == "" {
		return wallet.Credentials{Ticket: ticket}, err
	}
	// The token is spent by now, and perhaps expired: custodians judge it by when the operation went on record.
	return wallet.Credentials{Ticket: ticket, ElevatedToken: c.Elevated.Text()}, nil
}

// finish records what came of an operation, each result once.
func (d Desk) finish(ctx context.Context, c who.Caller, a Authorised, outcome wallet.Outcome, refused error) error {
	result := resultOf(refused)
	row := a.row
	return d.DB.Write(ctx, func(tx *store.Tx) error {
		news, err := tx.FinishWalletOperation(row.EnvironmentID, row.ID, result)
		if err != nil || !news {
			return err
		}
		if a.Action == wallet.Create && refused == nil {
			if err := keep(c, tx, outcome.Wallet); err != nil {
				return err
			}
		}
		return audit.Record(tx, c.By, "wallet."+row.Action+".finished", audit.Detail{
			"operation_id": row.ID, "wallet_id": row.WalletID, "intent_hash": row.IntentHash, "summary": a.intent.Summary, "result": result,
			"authorized_by": row.AuthorizedBy, "scope": row.Scope, "token_id": row.TokenID, "method": row.Method,
			"signer": outcome.Verdicts.Signer, "guardian": outcome.Verdicts.Guardian, "generation": outcome.Wallet.Generation,
		})
	})
}

// resultOf names what came of an operation for the audit log: done, or the code of
// the refusal.
func resultOf(refused error) string {
	if refused == nil {
		return "done"
	}
	if f := store.RefusalOf(refused); f != nil {
		return string(f.Code)
	}
	return string(fault.Internal)
}
