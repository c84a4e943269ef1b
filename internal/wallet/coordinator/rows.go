package coordinator

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// state is how far an operation has come.
type state string

// The states. Sign and export go to committed in one step; disable, restore and
// delete by way of prepared; create, refresh and reshare through all of them.
const (
	prepared   state = "prepared"    // its wallet is reserved for it, custodians may have done some of it
	staged     state = "staged"      // one custodian has done it; only a retry, with credentials, can go on
	verified   state = "verified"    // both custodians hold the next generation: forward only
	committed  state = "committed"   // decided; of shares: the wallet names the next generation
	retired    state = "retired"     // both custodians know, and let the generations before go
	rolledBack state = "rolled_back" // nothing was done; a retry starts anew
)

// renews reports whether the action makes a generation of shares.
func renews(a wallet.Action) bool {
	return a == wallet.Create || a == wallet.Refresh || a == wallet.Reshare
}

// marks reports whether the action changes the state of a wallet.
func marks(a wallet.Action) bool {
	return a == wallet.Disable || a == wallet.Restore || a == wallet.Delete
}

// decided reports whether an operation in this state has an outcome that stays.
func (s state) decided() bool { return s == committed || s == retired }

// walletRow is a wallet as stored.
type walletRow struct {
	wallet.Wallet
	Busy     string // id of the operation that is changing it; empty: none is
	MarkedBy string // id of the operation that its state comes from
}

const walletColumns = `id, environment_id, user_id, chain, address, public_key, scheme, generation, state, busy, marked_by, ` +
	`created_at, exported_at, delete_at`

func scanWallet(row interface{ Scan(...any) error }) (w walletRow, err error) {
	var created int64
	var exported, deleteAt sql.NullInt64
	err = row.Scan(&w.ID, &w.EnvironmentID, &w.UserID, &w.Chain, &w.Address, &w.PublicKey, &w.Scheme, &w.Generation, &w.State, &w.Busy,
		&w.MarkedBy, &created, &exported, &deleteAt)
	w.CreatedAt, w.ExportedAt, w.DeleteAt = at(created), maybeAt(exported), maybeAt(deleteAt)
	return w, err
}

// readWallet reads one wallet; lock is tx.ForUpdate(), tx.ForShare() or nothing.
func readWallet(tx *store.Tx, environmentID, id, lock string) (walletRow, error) {
	return scanWallet(tx.Row(`SELECT `+walletColumns+` FROM wallets WHERE environment_id = $1 AND id = $2`+lock, environmentID, id))
}

func walletsOf(tx *store.Tx, environmentID, userID string) (all []wallet.Wallet, err error) {
	rows, err := tx.Rows(`SELECT `+walletColumns+
		` FROM wallets WHERE environment_id = $1 AND user_id = $2 AND state <> $3 ORDER BY created_at, id`,
		environmentID, userID, wallet.Deleted)
	err = each(rows, err, func() error {
		w, err := scanWallet(rows)
		all = append(all, w.Wallet)
		return err
	})
	return all, err
}

// reserve makes the operation the only one that changes the wallet, or changes
// nothing: one statement decides.
func reserve(tx *store.Tx, o wallet.Operation, from ...wallet.State) (walletRow, error) {
	for len(from) < 3 {
		from = append(from, from[0])
	}
	return scanWallet(tx.Row(`UPDATE wallets SET busy = $1
		WHERE environment_id = $2 AND id = $3 AND user_id = $4 AND busy IN ('', $1) AND state IN ($5, $6, $7)
		RETURNING `+walletColumns, o.ID, o.EnvironmentID, o.WalletID, o.UserID, from[0], from[1], from[2]))
}

// release lets other operations change the wallet again.
func release(tx *store.Tx, o operationRow) error {
	_, err := tx.Exec(`UPDATE wallets SET busy = '' WHERE environment_id = $1 AND id = $2 AND busy = $3`, o.EnvironmentID, o.WalletID, o.ID)
	return err
}

func insertWallet(tx *store.Tx, w wallet.Wallet, busy string) error {
	_, err := tx.Exec(`INSERT INTO wallets (`+walletColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', $11, NULL, NULL)`,
		w.ID, w.EnvironmentID, w.UserID, w.Chain, w.Address, w.PublicKey, w.Scheme, w.Generation, w.State, busy, w.CreatedAt.UnixMilli())
	return err
}

// moveGeneration is the moment new shares come into force.
func moveGeneration(tx *store.Tx, o operationRow) error {
	return one(tx, "moving the generation",
		`UPDATE wallets SET generation = $1, scheme = $2 WHERE environment_id = $3 AND id = $4 AND generation = $5 AND busy = $6`,
		o.To, o.Scheme, o.EnvironmentID, o.WalletID, o.From, o.ID)
}

// moveState is the moment a wallet is disabled, restored or to be deleted.
func moveState(tx *store.Tx, o operationRow, to wallet.State, deleteAt time.Time) error {
	return one(tx, "moving the state",
		`UPDATE wallets SET state = $1, delete_at = $2, marked_by = $3, busy = '' WHERE environment_id = $4 AND id = $5 AND busy = $3`,
		to, nullMillis(deleteAt), o.ID, o.EnvironmentID, o.WalletID)
}

// operationRow is one operation as stored.
type operationRow struct {
	EnvironmentID string
	ID            string
	UserID        string
	SessionID     string
	RequestID     string
	WalletID      string
	Action        wallet.Action
	IntentHash    string
	State         state
	From, To      int           // generations: in force before, and made
	Scheme        wallet.Scheme // of To
	Result        *result
	Refusal       string    // code of what stopped the last attempt
	InFlight      bool      // it is not at its end
	Lease         string    // of the process that works on it
	LeaseUntil    time.Time // from then on another process may go on with it
	DropAt        time.Time // when the ciphertext of an export is forgotten
}

// result is what is kept for a retry, and, between verified and committed, what
// the next step needs.
type result struct {
	Outcome wallet.Outcome `json:"outcome"`
	Dropped bool           `json:"dropped,omitempty"` // the ciphertext of an export is no longer kept
}

const operationColumns = `environment_id, id, user_id, session_id, request_id, wallet_id, action, intent_hash, state, from_generation, ` +
	`to_generation, scheme, result, refusal, in_flight, lease, lease_until, drop_at`

func scanOperation(row interface{ Scan(...any) error }) (o operationRow, err error) {
	var text string
	var inFlight, until int64
	var drop sql.NullInt64
	err = row.Scan(&o.EnvironmentID, &o.ID, &o.UserID, &o.SessionID, &o.RequestID, &o.WalletID, &o.Action, &o.IntentHash, &o.State, &o.From,
		&o.To, &o.Scheme, &text, &o.Refusal, &inFlight, &o.Lease, &until, &drop)
	o.InFlight, o.LeaseUntil, o.DropAt = inFlight == 1, at(until), maybeAt(drop)
	if err == nil && text != "" {
		o.Result = &result{}
		err = json.Unmarshal([]byte(text), o.Result)
	}
	return o, err
}

func readOperation(tx *store.Tx, environmentID, id, lock string) (operationRow, error) {
	return scanOperation(tx.Row(`SELECT `+operationColumns+` FROM operations WHERE environment_id = $1 AND id = $2`+lock,
		environmentID, id))
}

// insertOperation reports whether the id was free.
func insertOperation(tx *store.Tx, o operationRow) (bool, error) {
	text, err := o.resultText()
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`INSERT INTO operations (`+operationColumns+`, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19) ON CONFLICT DO NOTHING`,
		o.EnvironmentID, o.ID, o.UserID, o.SessionID, o.RequestID, o.WalletID, o.Action, o.IntentHash, o.State, o.From, o.To, o.Scheme,
		text, o.Refusal, bit(o.InFlight), o.Lease, millis(o.LeaseUntil), nullMillis(o.DropAt), tx.Now().UnixMilli())
	return n == 1, err
}

// errOvertaken says that the lease has run out and somebody else goes on.
var errOvertaken = errors.New("another node has taken the operation over")

// updateOperation stores everything that changes, if lease still holds it.
func updateOperation(tx *store.Tx, o operationRow, lease string) error {
	text, err := o.resultText()
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE operations SET state = $1, from_generation = $2, to_generation = $3, scheme = $4, result = $5, refusal = $6,
		in_flight = $7, lease = $8, lease_until = $9, drop_at = $10,
		updated_at = $11, session_id = $12, request_id = $13 WHERE environment_id = $14 AND id = $15 AND lease = $16`,
		o.State, o.From, o.To, o.Scheme, text, o.Refusal, bit(o.InFlight), o.Lease, millis(o.LeaseUntil), nullMillis(o.DropAt),
		tx.Now().UnixMilli(), o.SessionID, o.RequestID, o.EnvironmentID, o.ID, lease)
	if err == nil && n == 0 {
		return errOvertaken
	}
	return err
}

func (o operationRow) resultText() (string, error) {
	if o.Result == nil {
		return "", nil
	}
	text, err := json.Marshal(o.Result)
	return string(text), err
}

func insertOfflineShare(tx *store.Tx, s wallet.OfflineShare) error {
	_, err := tx.Exec(`INSERT INTO offline_shares (wallet_id, generation, party, scheme, encapsulated_key, ciphertext)
		VALUES ($1, $2, $3, $4, $5, $6)`,
		s.WalletID, s.Generation, s.Party, s.Scheme, s.EncapsulatedKey, s.Ciphertext)
	return err
}

// dropOfflineShares forgets the uncollected shares of older generations.
func dropOfflineShares(tx *store.Tx, walletID string, below int) error {
	_, err := tx.Exec(`DELETE FROM offline_shares WHERE wallet_id = $1 AND generation < $2`, walletID, below)
	return err
}

// one insists that a statement changes exactly one row.
func one(tx *store.Tx, what, query string, args ...any) error {
	n, err := tx.Exec(query, args...)
	if err == nil && n != 1 {
		return fmt.Errorf("%s: the row has changed under way", what)
	}
	return err
}

// each calls f per row and closes the rows.
func each(rows store.Rows, err error, f func() error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(); err != nil {
			return err
		}
	}
	return rows.Err()
}

func at(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

func maybeAt(millis sql.NullInt64) time.Time {
	if !millis.Valid {
		return time.Time{}
	}
	return at(millis.Int64)
}

func nullMillis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
