package enforce

import (
	"errors"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/who"
)

// Errand is one operation on a wallet, as the door has understood it.
type Errand struct {
	OperationID string
	WalletID    string
	Action      wallet.Action
	IntentHash  string
	Summary     string       // for the audit log
	Scope       stepup.Scope // empty: a session is enough
}

// Known reports whether the gate of scope was opened for just this operation
// before, for the same session. Its token is spent or over by now, and that is
// no refusal: what the body asks for is compared in [Claim].
func Known(c who.Caller, tx *store.Tx, operationID string, scope stepup.Scope) (bool, error) {
	row, err := tx.WalletOperation(c.Tenant.ID, operationID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && row.UserID == c.Session.UserID && row.SessionID == c.Session.ID && row.Scope == string(scope), err
}

// Claim spends the token for one operation, in the transaction that remembers
// the operation. The same operation again is claimed already, whatever became of
// its token; the same id for anything else is a conflict and spends nothing.
// first runs in that transaction when the operation is new, before anything is
// spent.
func Claim(c who.Caller, tx *store.Tx, d Demand, e Errand, first func(*store.Tx) error) (store.WalletOperationRow, error) {
	if err := c.Tenant.Pin(tx); err != nil {
		return store.WalletOperationRow{}, err
	}
	if _, err := tx.LockUser(c.Tenant.ID, c.Session.UserID); err != nil {
		return store.WalletOperationRow{}, err
	}
	if _, err := tx.LiveSession(c.Tenant.ID, c.Session.ID); err != nil {
		return store.WalletOperationRow{}, err
	}
	row := store.WalletOperationRow{
		EnvironmentID: c.Tenant.ID, ID: e.OperationID, UserID: c.Session.UserID, SessionID: c.Session.ID, WalletID: e.WalletID,
		Action: string(e.Action), IntentHash: e.IntentHash, Scope: string(e.Scope), AuthorizedBy: string(wallet.ByPolicy),
	}
	earlier, err := tx.WalletOperation(c.Tenant.ID, e.OperationID)
	if err == nil {
		return earlier, conflict(earlier, row)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return row, err
	}
	if first != nil {
		if err := first(tx); err != nil {
			return row, err
		}
	}
	if d.Scope = e.Scope; d.Scope != "" {
		if err := openGate(c, tx, d, &row); err != nil {
			return row, err
		}
	}
	earlier, isFirst, err := tx.ClaimWalletOperation(row)
	if err != nil {
		return row, err
	}
	if !isFirst {
		return earlier, errors.New("claiming: the operation appeared although its user is locked")
	}
	return earlier, audit.Record(tx, c.By, "wallet."+string(e.Action)+".claimed", audit.Detail{
		"operation_id": e.OperationID, "wallet_id": e.WalletID, "intent_hash": e.IntentHash, "summary": e.Summary,
		"scope": e.Scope, "authorized_by": row.AuthorizedBy, "token_id": row.TokenID, "method": row.Method,
	})
}

// openGate spends what opens the gate and notes in row what that was.
func openGate(c who.Caller, tx *store.Tx, d Demand, row *store.WalletOperationRow) error {
	opened, err := Open(c, tx, d)
	switch {
	case err != nil:
		return err
	case opened.MFATokenID != "":
		row.AuthorizedBy = string(wallet.ByMFAToken)
		return nil
	case opened.TokenID == "":
		return nil
	}
	token, err := tx.ElevatedToken(c.Tenant.ID, opened.TokenID)
	if err != nil {
		return err
	}
	row.AuthorizedBy, row.TokenID, row.Method = string(wallet.ByElevatedToken), opened.TokenID, token.Method
	return nil
}

func conflict(earlier, now store.WalletOperationRow) error {
	same := earlier.UserID == now.UserID && earlier.SessionID == now.SessionID && earlier.WalletID == now.WalletID &&
		earlier.Action == now.Action && earlier.IntentHash == now.IntentHash && earlier.Scope == now.Scope
	if same {
		return nil
	}
	return fault.New(fault.OperationConflict, "This x-idempotency-key was used for another request. Make a new one for each operation.")
}
