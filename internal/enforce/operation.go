package enforce

import (
	"errors"
	"slices"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/who"
)

// WalletOperation is one operation on a wallet, as it was understood. A demand without
// a scope asks for a session alone.
type WalletOperation struct {
	WalletID   string
	Action     wallet.Action
	IntentHash string
	Summary    string // for the audit log

	// First runs when the operation is new, before anything is spent; nil: nothing does.
	First func(*store.Tx) error
}

// again reports whether the gate of the scope was opened for just this operation
// before, for the same session.
func again(c who.Caller, tx *store.Tx, d Demand) (bool, error) {
	row, err := tx.WalletOperation(c.Tenant.ID, d.OperationID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && row.UserID == c.Session.UserID && row.SessionID == c.Session.ID && row.Scope == string(d.Scope), err
}

// spend spends the token with the record of the operation. The same operation again is
// recorded already, whatever became of its token; the same id for anything else is a
// conflict. All operations of a user go through the lock, so none comes in between.
func (o WalletOperation) spend(c who.Caller, tx *store.Tx, d Demand) (Opened, error) {
	known, err := account.Hold(c, tx)
	if err != nil {
		return Opened{}, err
	}
	if _, err := tx.LiveSession(c.Tenant.ID, c.Session.ID); err != nil {
		return Opened{}, err
	}
	row := store.WalletOperationRow{
		EnvironmentID: c.Tenant.ID, ID: d.OperationID, UserID: c.Session.UserID, SessionID: c.Session.ID, WalletID: o.WalletID,
		Action: string(o.Action), IntentHash: o.IntentHash, Scope: string(d.Scope), AuthorizedBy: string(wallet.ByPolicy),
	}
	earlier, err := tx.WalletOperation(c.Tenant.ID, d.OperationID)
	if err == nil {
		return Opened{Known: known, Replayed: true, Record: earlier}, conflict(earlier, row)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return Opened{}, err
	}
	if o.First != nil {
		if err := o.First(tx); err != nil {
			return Opened{}, err
		}
	}
	opened := Opened{Known: known}
	if d.Scope != "" {
		if opened, err = open(c, tx, known, d); err != nil {
			return opened, err
		}
	}
	switch {
	case opened.MFATokenID != "":
		row.AuthorizedBy = string(wallet.ByMFAToken)
	case opened.Token.ID != "":
		row.AuthorizedBy, row.TokenID, row.Method = string(wallet.ByElevatedToken), opened.Token.ID, opened.Token.Method
	}
	opened.Record, err = o.record(c, tx, row)
	return opened, err
}

func (o WalletOperation) record(c who.Caller, tx *store.Tx, row store.WalletOperationRow) (store.WalletOperationRow, error) {
	row, first, err := tx.ClaimWalletOperation(row)
	if err != nil {
		return row, err
	}
	if !first {
		return row, errors.New("claiming: the operation appeared although its user is locked")
	}
	return row, audit.Record(tx, c.By, "wallet."+row.Action+".claimed", audit.Detail{
		"operation_id": row.ID, "wallet_id": row.WalletID, "intent_hash": row.IntentHash, "summary": o.Summary,
		"scope": row.Scope, "authorized_by": row.AuthorizedBy, "token_id": row.TokenID, "method": row.Method,
	})
}

func conflict(earlier, now store.WalletOperationRow) error {
	same := earlier.UserID == now.UserID && earlier.SessionID == now.SessionID && earlier.WalletID == now.WalletID &&
		earlier.Action == now.Action && earlier.IntentHash == now.IntentHash && earlier.Scope == now.Scope
	if same {
		return nil
	}
	return fault.New(fault.OperationConflict,
		"This x-idempotency-key was used for another request. Make a new one for each operation.")
}

// GuardedOperation is what a guard elsewhere asks to have consumed. Its caller has no
// session: it is the token's that counts, and the guard compares it with its own user.
type GuardedOperation struct {
	RequestDigest string
	Guard         string // service token id
	Audience      string // who the guard is; empty: whoever the scope is for
}

// spend spends the token with the record of the operation, whether or not the scope
// asks for one. The record comes first and is locked by its id, which guards make and
// which belongs to no user: the same operation again learns so although the token is
// spent, its session over or its user gone by now.
//
// The rules that everything before is judged by are pinned with the user, or, where there
// is no user to lock, before anything is answered. A refusal pins nothing: the door confirms
// the rules that it came of.
func (o GuardedOperation) spend(c who.Caller, tx *store.Tx, d Demand) (Opened, error) {
	rule, err := policy.RuleFor(c.Tenant.Environment, d.Scope)
	if err != nil || rule.Operator {
		return Opened{}, fault.New(fault.InvalidScopes, "%s", policy.NoScope(c.Tenant.Environment, string(d.Scope)))
	}
	claims, holds := c.Elevated.Claims()
	switch {
	case !c.Elevated.Given():
		return Opened{}, unlooked(c, rule, stepup.ReasonMissing)
	case !holds:
		return Opened{}, unlooked(c, rule, c.Elevated.Invalid())
	case o.Audience != "" && !slices.Contains(claims.Audience, o.Audience):
		return Opened{}, unlooked(c, rule, stepup.ReasonWrongScope)
	}
	first, err := o.record(c, tx, d, claims)
	if err == nil && !first {
		err = c.Tenant.Pin(tx)
	}
	if err != nil || !first {
		return Opened{Replayed: err == nil}, err
	}
	c, known, err := ofToken(c, tx, rule, claims)
	if err != nil {
		return Opened{}, err
	}
	opened := Opened{Known: known}
	decision, err := decide(c, known, d)
	if err != nil {
		return opened, err
	}
	var reason stepup.Reason
	if opened.Token, reason, err = worth(c, tx, d, decision); err != nil {
		return opened, err
	}
	if reason != "" {
		return opened, refusal(c, decision, reason)
	}
	return opened, consume(c, tx, decision, audit.Detail{
		"operation_id": d.OperationID, "request_digest": o.RequestDigest, "authorization_details_hash": d.DetailsHash,
	})
}

// record remembers the operation; first is false for the same one again. Another token
// does not make it another operation: an app that lost the answer proves again and asks
// again. Another user's token does, whose claims a guard must not take for those of the
// operation.
func (o GuardedOperation) record(c who.Caller, tx *store.Tx, d Demand, claims stepup.Claims) (first bool, err error) {
	now := store.OperationRow{
		EnvironmentID: c.Tenant.ID, ID: d.OperationID, Caller: o.Guard, TokenID: claims.ID, Subject: claims.Subject,
		Scope: string(d.Scope), Digest: o.RequestDigest,
	}
	earlier, first, err := tx.ClaimOperation(now)
	if err != nil || first {
		return first, err
	}
	mine := earlier.TokenID == now.TokenID || earlier.Subject == now.Subject
	if !mine || earlier.Digest != now.Digest || earlier.Scope != now.Scope || earlier.Caller != now.Caller {
		return false, fault.New(fault.OperationConflict,
			"This operation id was used for another request. Make a new id for each operation.")
	}
	return false, nil
}

// ofToken pins the rules, locks the token's user and is the caller in the token's session. A dispute
// ends all sessions, and what it withholds proves nothing in a new one either: that is
// told, where the session is over.
func ofToken(c who.Caller, tx *store.Tx, rule policy.Rule, claims stepup.Claims) (who.Caller, account.Known, error) {
	if _, err := c.Tenant.PinUser(tx, claims.Subject); errors.Is(err, store.ErrNotFound) {
		return c, account.Known{}, unlooked(c, rule, stepup.ReasonSuperseded)
	} else if err != nil {
		return c, account.Known{}, err
	}
	known, inForce, err := account.SignedIn(tx, c.Tenant, claims.Session)
	if !errors.Is(err, store.ErrNotFound) {
		return c.In(inForce, known.Session()), known, err
	}
	rows, err := tx.Credentials(c.Tenant.ID, claims.Subject)
	if err != nil {
		return c, known, err
	}
	if slices.Contains(account.Withheld(rows), claims.CredentialID) {
		return c, known, unlooked(c, rule, stepup.ReasonDisputed)
	}
	return c, known, unlooked(c, rule, stepup.ReasonSuperseded)
}
