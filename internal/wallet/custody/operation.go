package custody

import (
	"fmt"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Operation is an operation as a custodian remembers it.
type Operation struct {
	OperationID   string
	EnvironmentID string
	WalletID      string
	UserID        string
	Action        wallet.Action
	IntentHash    string
	TokenID       string // of the elevated token; empty where none was needed
	SingleUse     bool   // the token serves this operation and no other
}

// Begun is what became of an operation so far. It is finished when Verdict is set.
type Begun struct {
	At      time.Time // the first time
	Again   bool      // it had been begun before
	Verdict string
}

var (
	errOtherIntent = fault.New(fault.OperationConflict, "This operation id was used for another request. Make a new id for each operation.")
	errTokenUsed   = fault.New(fault.ElevatedTokenRequired,
		"This elevated access token was used for another operation. Prove the step-up again.")
)

// Begin makes an operation this custodian's, once: begun again, it returns what became
// of the first time. The same id with anything else in it is refused with
// operation_conflict, and a single-use token that another operation has used with
// elevated_access_token_required. The caller writes the audit entry: it knows why.
func (s *Store) Begin(tx *store.Tx, o Operation) (Begun, error) {
	if o.OperationID == "" || o.EnvironmentID == "" || o.WalletID == "" || o.IntentHash == "" || o.SingleUse && o.TokenID == "" {
		return Begun{}, fmt.Errorf("beginning operation %q: it is not complete", o.OperationID)
	}
	var singleUse *string
	if o.SingleUse {
		singleUse = &o.TokenID
	}
	inserted, err := tx.Exec(
		`INSERT INTO operations (id, environment_id, wallet_id, user_id, action, intent_hash, token_id, single_use, claimed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		o.OperationID, o.EnvironmentID, o.WalletID, o.UserID, o.Action, o.IntentHash, o.TokenID, singleUse, tx.Now().UnixMilli())
	if err != nil {
		return Begun{}, fmt.Errorf("beginning an operation: %w", err)
	}
	if inserted == 1 {
		return Begun{At: tx.Now()}, nil
	}
	known, begun, err := operation(tx, o.OperationID)
	switch {
	case err == store.ErrNotFound:
		return Begun{}, errTokenUsed
	case err != nil:
		return Begun{}, fmt.Errorf("beginning an operation: %w", err)
	case known != o:
		return Begun{}, errOtherIntent
	}
	begun.Again = true
	return begun, nil
}

// Finish notes an operation's verdict. The first one stays.
func (s *Store) Finish(tx *store.Tx, op wallet.OperationRef, verdict string) error {
	if verdict == "" {
		return fmt.Errorf("finishing operation %s: the verdict is empty", op.OperationID)
	}
	_, err := tx.Exec(`UPDATE operations SET verdict = $1, finished_at = $2 WHERE id = $3 AND environment_id = $4 AND verdict = ''`,
		verdict, tx.Now().UnixMilli(), op.OperationID, op.EnvironmentID)
	if err != nil {
		return fmt.Errorf("finishing an operation: %w", err)
	}
	return nil
}

func operation(tx *store.Tx, id string) (o Operation, begun Begun, err error) {
	var at int64
	err = tx.Row(`SELECT id, environment_id, wallet_id, user_id, action, intent_hash, token_id, single_use IS NOT NULL, claimed_at, verdict
		FROM operations WHERE id = $1`, id).Scan(&o.OperationID, &o.EnvironmentID, &o.WalletID, &o.UserID, &o.Action, &o.IntentHash,
		&o.TokenID, &o.SingleUse, &at, &begun.Verdict)
	begun.At = time.UnixMilli(at).UTC()
	return o, begun, err
}
