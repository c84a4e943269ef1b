package custody

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// sweepBatch bounds how much one transaction of a sweep destroys.
const sweepBatch = 100

var (
	errNoWallet = fault.New(fault.NotFound, "There is no such wallet.")
	errGone     = fault.New(fault.Conflict, "The shares of this wallet have been destroyed.")
	errDisabled = fault.New(fault.Conflict, "This wallet is disabled. Restore it first.")
)

// usable refuses a wallet that is disabled, to be deleted or deleted.
func usable(w wallet.Wallet) error {
	switch w.State {
	case wallet.Active:
		return nil
	case wallet.Deleted:
		return errGone
	}
	return errDisabled
}

// Wallet is a wallet of that environment, or a fault. Generation and scheme are those
// of the active generation, zero while there is none.
func (s *Store) Wallet(tx *store.Tx, environmentID, walletID string) (wallet.Wallet, error) {
	w, err := scanWallet(tx.Row(walletQuery+`WHERE w.environment_id = $1 AND w.id = $2`, environmentID, walletID))
	if errors.Is(err, store.ErrNotFound) {
		return wallet.Wallet{}, errNoWallet
	}
	if err != nil {
		return wallet.Wallet{}, fmt.Errorf("reading wallet %s: %w", walletID, err)
	}
	return w, nil
}

// Wallets lists all wallets by id, from behind afterID; for a check of every one.
func (s *Store) Wallets(tx *store.Tx, afterID string, limit int) (all []wallet.Wallet, err error) {
	rows, err := tx.Rows(walletQuery+`WHERE w.id > $1 ORDER BY w.id LIMIT $2`, afterID, limit)
	if err != nil {
		return nil, fmt.Errorf("listing wallets: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		w, err := scanWallet(rows)
		if err != nil {
			return nil, fmt.Errorf("listing wallets: %w", err)
		}
		all = append(all, w)
	}
	return all, rows.Err()
}

func (s *Store) lockWallet(tx *store.Tx, environmentID, walletID string) (wallet.Wallet, error) {
	// Locked first and read after: another transaction may have changed its generations.
	var id string
	err := tx.Row(`SELECT id FROM wallets WHERE id = $1`+tx.ForUpdate(), walletID).Scan(&id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return wallet.Wallet{}, fmt.Errorf("reading wallet %s: %w", walletID, err)
	}
	return s.Wallet(tx, environmentID, walletID)
}

const walletQuery = `SELECT w.id, w.environment_id, w.user_id, w.chain, w.address, w.public_key, w.created_at, w.disabled_at, w.delete_at,
	w.deleted_at,
	COALESCE(g.number, 0), COALESCE(g.scheme, '') FROM wallets AS w LEFT
	JOIN generations AS g ON g.wallet_id = w.id AND g.state = 'active' `

type scanner interface{ Scan(...any) error }

func scanWallet(row scanner) (w wallet.Wallet, err error) {
	var created int64
	var disabled, deleteAt, deleted sql.NullInt64
	err = row.Scan(&w.ID, &w.EnvironmentID, &w.UserID, &w.Chain, &w.Address, &w.PublicKey, &created, &disabled, &deleteAt, &deleted,
		&w.Generation, &w.Scheme)
	w.CreatedAt, w.DeleteAt = time.UnixMilli(created).UTC(), moment(deleteAt)
	switch {
	case deleted.Valid:
		w.State = wallet.Deleted
	case deleteAt.Valid:
		w.State = wallet.Deleting
	case disabled.Valid:
		w.State = wallet.Disabled
	default:
		w.State = wallet.Active
	}
	return w, err
}

// Disable lets a wallet do nothing here until it is restored.
func (s *Store) Disable(tx *store.Tx, by audit.By, op wallet.OperationRef) error {
	return s.change(tx, by, op, change{"disabled",
		`UPDATE wallets SET disabled_at = $1 WHERE id = $2 AND disabled_at IS NULL`, []any{tx.Now().UnixMilli(), op.WalletID}})
}

// Restore takes [Store.Disable] and an open [Store.ScheduleDelete] back.
func (s *Store) Restore(tx *store.Tx, by audit.By, op wallet.OperationRef) error {
	return s.change(tx, by, op, change{"restored",
		`UPDATE wallets SET disabled_at = NULL, delete_at = NULL WHERE id = $1 AND (disabled_at IS NOT NULL OR delete_at IS NOT NULL)`,
		[]any{op.WalletID}})
}

// ScheduleDelete disables a wallet and destroys all its shares after this custodian's
// time of grace. It returns when; the first call decides that.
func (s *Store) ScheduleDelete(tx *store.Tx, by audit.By, op wallet.OperationRef) (time.Time, error) {
	err := s.change(tx, by, op, change{"delete_scheduled",
		`UPDATE wallets SET delete_at = $1 WHERE id = $2 AND delete_at IS NULL`,
		[]any{tx.Now().Add(s.config.Grace).UnixMilli(), op.WalletID}})
	if err != nil {
		return time.Time{}, err
	}
	w, err := s.Wallet(tx, op.EnvironmentID, op.WalletID)
	return w.DeleteAt, err
}

// change is one of the wallet's state: what the audit calls it, and how it is made.
type change struct {
	what      string
	statement string
	args      []any
}

// change changes a wallet that is not deleted, and audits it if that made a difference.
func (s *Store) change(tx *store.Tx, by audit.By, op wallet.OperationRef, to change) error {
	w, err := s.lockWallet(tx, op.EnvironmentID, op.WalletID)
	if err != nil {
		return err
	}
	if w.State == wallet.Deleted {
		return errGone
	}
	changed, err := tx.Exec(to.statement, to.args...)
	if err == nil {
		_, err = tx.Exec(`UPDATE wallets SET marked_by = $1 WHERE id = $2`, op.OperationID, op.WalletID)
	}
	if err != nil {
		return fmt.Errorf("changing wallet %s: %w", op.WalletID, err)
	}
	if changed == 0 {
		return nil
	}
	return s.audit(tx, by, to.what, op.EnvironmentID, audit.Detail{"wallet": op.WalletID, "operation": op.OperationID})
}

// Sweep destroys what is due: generations whose retention has passed, and every
// generation of a wallet whose time of grace has passed. Run it every few minutes.
//
// What is destroyed is the key of the share record and its ciphertexts. The database
// lets go of their bytes a little later: SQLite overwrites them in its file, and its
// log as it goes on; PostgreSQL vacuums. A backup from before holds both still, so a
// share is gone for good once the last such backup is.
func (s *Store) Sweep(ctx context.Context) (Swept, error) {
	var swept Swept
	for {
		var batch Swept
		err := s.config.DB.Write(ctx, func(tx *store.Tx) error {
			batch = Swept{}
			return s.sweep(tx, &batch)
		})
		if err != nil {
			return swept, fmt.Errorf("destroying shares that are due: %w", err)
		}
		swept.Generations += batch.Generations
		swept.Wallets += batch.Wallets
		if batch.Generations < sweepBatch && batch.Wallets < sweepBatch {
			return swept, nil
		}
	}
}

// due is something to destroy.
type due struct {
	environmentID, walletID string
	generation              int // 0: the whole wallet
}

func (s *Store) sweep(tx *store.Tx, swept *Swept) error {
	by := audit.By{Actor: "system"}
	now := tx.Now().UnixMilli()
	old, err := list(tx, `SELECT w.environment_id, g.wallet_id, g.number FROM generations AS g JOIN wallets AS w ON w.id = g.wallet_id
		WHERE g.state = 'retiring' AND g.destroy_at <= $1 ORDER BY g.wallet_id, g.number LIMIT $2`, now, sweepBatch)
	if err != nil {
		return err
	}
	for _, d := range old {
		destroyed, err := destroy(tx, d, `wallet_id = $1 AND number = $2 AND state = 'retiring' AND destroy_at <= $3`, d.walletID,
			d.generation, now)
		if err != nil {
			return err
		}
		if destroyed > 0 {
			swept.Generations++
			if err := s.audit(tx, by, "destroyed", d.environmentID,
				audit.Detail{"wallet": d.walletID, "generation": d.generation}); err != nil {
				return err
			}
		}
	}
	deleted, err := list(tx, `SELECT environment_id, id, 0 FROM wallets WHERE delete_at <= $1 AND deleted_at IS NULL ORDER BY id LIMIT $2`,
		now, sweepBatch)
	if err != nil {
		return err
	}
	for _, d := range deleted {
		// This decides, not the list: the wallet may have been restored since.
		gone, err := tx.Exec(`UPDATE wallets SET deleted_at = $1 WHERE id = $2 AND delete_at <= $1 AND deleted_at IS NULL`, now, d.walletID)
		if err != nil {
			return err
		}
		if gone == 0 {
			continue
		}
		swept.Wallets++
		if _, err := destroy(tx, d, `wallet_id = $1 AND state <> 'destroyed'`, d.walletID); err != nil {
			return err
		}
		if err := s.audit(tx, by, "deleted", d.environmentID, audit.Detail{"wallet": d.walletID}); err != nil {
			return err
		}
	}
	return nil
}

func list(tx *store.Tx, query string, args ...any) (all []due, err error) {
	rows, err := tx.Rows(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d due
		if err := rows.Scan(&d.environmentID, &d.walletID, &d.generation); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// destroy drops the keys of share records and the ciphertexts under them.
func destroy(tx *store.Tx, d due, where string, args ...any) (int64, error) {
	destroyed, err := tx.Exec(`UPDATE generations SET state = 'destroyed', wrapped_key = NULL, destroyed_at = `+
		strconv.FormatInt(tx.Now().UnixMilli(), 10)+` WHERE `+where, args...)
	if err != nil || destroyed == 0 {
		return 0, err
	}
	_, err = tx.Exec(`DELETE FROM pieces
		WHERE wallet_id = $1 AND generation IN (SELECT number FROM generations WHERE wallet_id = $1 AND state = 'destroyed')`, d.walletID)
	return destroyed, err
}
