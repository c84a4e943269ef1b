package store

import (
	"fmt"
	"time"
)

// WalletOperationRow says that the door let one operation through to the wallet
// service, and what for. It outlives the token that opened the gate.
type WalletOperationRow struct {
	EnvironmentID string
	ID            string // operation id
	UserID        string
	SessionID     string
	WalletID      string
	Action        string
	IntentHash    string
	AuthorizedBy  string
	Scope         string // empty: the action has none
	TokenID       string // empty: no token was needed
	Method        string // of the proof behind the token
	ClaimedAt     time.Time
	Result        string // what came of it last; empty: nothing yet
}

const walletOperationColumns = `environment_id, id, user_id, session_id, wallet_id, action, intent_hash, authorized_by, ` +
	`scope, token_id, method, claimed_at, result`

// ClaimWalletOperation records o as first. When the id is taken it returns the
// earlier record and false.
func (tx *Tx) ClaimWalletOperation(o WalletOperationRow) (earlier WalletOperationRow, first bool, err error) {
	n, err := tx.Exec(`INSERT INTO wallet_operations (environment_id, id, user_id, session_id, wallet_id, action, intent_hash,
		authorized_by, scope, token_id, method, claimed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`,
		o.EnvironmentID, o.ID, o.UserID, o.SessionID, o.WalletID, o.Action, o.IntentHash, o.AuthorizedBy, o.Scope, o.TokenID, o.Method,
		millis(tx.Now()))
	if err != nil || n == 1 {
		o.ClaimedAt = tx.Now()
		return o, n == 1, err
	}
	earlier, err = tx.WalletOperation(o.EnvironmentID, o.ID)
	return earlier, false, err
}

// WalletOperation reads one operation.
func (tx *Tx) WalletOperation(environmentID, id string) (WalletOperationRow, error) {
	o, err := scanWalletOperation(tx.Row(`SELECT `+walletOperationColumns+` FROM wallet_operations WHERE environment_id = $1 AND id = $2`,
		environmentID, id))
	return o, notFound(err)
}

// WalletOperationsOf lists what a user has done with wallets, oldest first.
func (tx *Tx) WalletOperationsOf(environmentID, userID string) ([]WalletOperationRow, error) {
	rows, err := tx.Rows(`SELECT `+walletOperationColumns+` FROM wallet_operations WHERE environment_id = $1 AND user_id = $2
		ORDER BY claimed_at, id`, environmentID, userID)
	return collect(rows, err, func(rows Rows) (WalletOperationRow, error) { return scanWalletOperation(rows) })
}

func scanWalletOperation(row scanner) (o WalletOperationRow, err error) {
	var claimed int64
	err = row.Scan(&o.EnvironmentID, &o.ID, &o.UserID, &o.SessionID, &o.WalletID, &o.Action, &o.IntentHash, &o.AuthorizedBy, &o.Scope,
		&o.TokenID, &o.Method, &claimed, &o.Result)
	o.ClaimedAt = fromMillis(claimed)
	return o, err
}

// WalletsBegun are the ids of wallets that the user has begun to make since then
// and that may have come into being.
func (tx *Tx) WalletsBegun(environmentID, userID string, since time.Time) ([]string, error) {
	rows, err := tx.Rows(`SELECT wallet_id FROM wallet_operations
		WHERE environment_id = $1 AND user_id = $2 AND claimed_at + 0 >= $3 AND action = 'create'
		AND result IN ('', 'done', 'temporarily_unavailable', 'outcome_unknown', 'internal_error')`,
		environmentID, userID, millis(since))
	return collect(rows, err, func(rows Rows) (id string, err error) { return id, rows.Scan(&id) })
}

// tellers are the columns that remember when each custodian was told of a claim.
var tellers = map[string]string{"signer": "signer_told_at", "guardian": "guardian_told_at"}

// TellCustodian notes that a custodian was told of a claim, and reports whether
// that was the first time.
func (tx *Tx) TellCustodian(environmentID, id, custodian string) (first bool, err error) {
	column, ok := tellers[custodian]
	if !ok {
		return false, fmt.Errorf("telling %q of a claim: no custodian", custodian)
	}
	n, err := tx.Exec(`UPDATE wallet_operations SET `+column+` = $3 WHERE environment_id = $1 AND id = $2 AND `+column+` IS NULL`,
		environmentID, id, millis(tx.Now()))
	return n == 1, err
}

// FinishWalletOperation notes what came of an operation, and reports whether
// that is news.
func (tx *Tx) FinishWalletOperation(environmentID, id, result string) (news bool, err error) {
	n, err := tx.Exec(`UPDATE wallet_operations SET result = $3 WHERE environment_id = $1 AND id = $2 AND result <> $3`,
		environmentID, id, result)
	return n == 1, err
}
