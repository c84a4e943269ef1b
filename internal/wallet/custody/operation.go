package custody

import (
	"fmt"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Claim is an operation as a custodian remembers it.
type Claim struct {
	OperationID   string
	EnvironmentID string
	WalletID      string
	UserID        string
	Action        wallet.Action
	IntentHash    string
	TokenID       string // of the elevated token; empty where none was needed
	SingleUse     bool   // the token serves this operation and no other
}

// Claimed is what became of an operation so far. It is finished when Verdict is set.
type Claimed struct {
	At      time.Time // of the first claim
	Again   bool      // it had been claimed before
	Verdict string
	Result  []byte
}

var (
	errOtherIntent = fault.New(fault.OperationConflict, "This operation id was used for another request. Make a new id for each operation.")
	errTokenUsed   = fault.New(fault.ElevatedTokenRequired,
		"This elevated access token was used for another operation. Prove the step-up again.")
)

// Claim makes an operation this custodian's, once: a repeated claim returns what
// became of the first. The same id with anything else in it is refused with
// operation_conflict, and a single-use token that another operation has used with
// elevated_access_token_required. The caller writes the audit entry: it knows why.
func (s *Store) Claim(tx *store.Tx, c Claim) (Claimed, error) {
	if c.OperationID == "" || c.EnvironmentID == "" || c.WalletID == "" || c.IntentHash == "" || c.SingleUse && c.TokenID == "" {
		return Claimed{}, fmt.Errorf("claiming operation %q: the claim is not complete", c.OperationID)
	}
	var singleUse *string
	if c.SingleUse {
		singleUse = &c.TokenID
	}
	inserted, err := tx.Exec(
		`INSERT INTO operations (id, environment_id, wallet_id, user_id, action, intent_hash, token_id, single_use, claimed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		c.OperationID, c.EnvironmentID, c.WalletID, c.UserID, c.Action, c.IntentHash, c.TokenID, singleUse, tx.Now().UnixMilli())
	if err != nil {
		return Claimed{}, fmt.Errorf("claiming an operation: %w", err)
	}
	if inserted == 1 {
		return Claimed{At: tx.Now()}, nil
	}
	known, claimed, err := operation(tx, c.OperationID)
	switch {
	case err == store.ErrNotFound:
		return Claimed{}, errTokenUsed
	case err != nil:
		return Claimed{}, fmt.Errorf("claiming an operation: %w", err)
	case known != c:
		return Claimed{}, errOtherIntent
	}
	claimed.Again = true
	return claimed, nil
}

// Finish notes an operation's verdict and what to answer to a repetition, which must be
// no secret: a signature, or something sealed. The first one stays.
func (s *Store) Finish(tx *store.Tx, environmentID, operationID, verdict string, result []byte) error {
	if verdict == "" {
		return fmt.Errorf("finishing operation %s: the verdict is empty", operationID)
	}
	_, err := tx.Exec(`UPDATE operations SET verdict = $1, result = $2, finished_at = $3
		WHERE id = $4 AND environment_id = $5 AND verdict = ''`,
		verdict, result, tx.Now().UnixMilli(), operationID, environmentID)
	if err != nil {
		return fmt.Errorf("finishing an operation: %w", err)
	}
	return nil
}

func operation(tx *store.Tx, id string) (c Claim, claimed Claimed, err error) {
	var at int64
	err = tx.Row(`SELECT id, environment_id, wallet_id, user_id, action, intent_hash, token_id, single_use IS NOT NULL, claimed_at,
		verdict, result
		FROM operations WHERE id = $1`, id).Scan(&c.OperationID, &c.EnvironmentID, &c.WalletID, &c.UserID, &c.Action,
		&c.IntentHash, &c.TokenID, &c.SingleUse, &at, &claimed.Verdict, &claimed.Result)
	claimed.At = time.UnixMilli(at).UTC()
	return c, claimed, err
}
