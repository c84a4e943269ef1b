package custody

import (
	"bytes"
	"database/sql"
	"fmt"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Stage stores a sealed generation. The first one of a wallet, number 1, brings the
// wallet with it (ID, EnvironmentID, UserID, Chain, Address, PublicKey); later ones
// must be of that very wallet, and be the next number.
//
// fresh is false if the operation had staged this generation before: then what is
// stored are the earlier pieces, not these. An operation that starts over rolls back
// first, at the signer and then at the guardian.
func (s *Store) Stage(tx *store.Tx, by audit.By, w wallet.Wallet, sealed Sealed) (fresh bool, err error) {
	g := sealed.Shares
	if w.ID != g.WalletID || w.EnvironmentID != g.EnvironmentID {
		return false, fmt.Errorf("staging generation %d of wallet %s: it is sealed for another wallet", g.Number, w.ID)
	}
	if err := s.haveWallet(tx, w); err != nil {
		return false, err
	}
	generations, err := s.generations(tx, w.EnvironmentID, w.ID)
	if err != nil {
		return false, err
	}
	next := 1
	for _, known := range generations {
		switch {
		case known.OperationID == g.OperationID && known.Number == g.Number && known.Scheme == g.Scheme:
			return false, nil
		case known.OperationID == g.OperationID:
			return false, errOtherIntent
		case known.State == wallet.Staged || known.State == wallet.Verified:
			return false, fault.New(fault.Conflict, "Operation %s is renewing the shares of this wallet. Finish it or roll it back first.",
				known.OperationID)
		}
		next = known.Number + 1
	}
	if g.Number != next {
		return false, fault.New(fault.Conflict, "The next generation of this wallet is %d, not %d. Look at its status and start over.",
			next, g.Number)
	}
	if _, err := tx.Exec(`INSERT INTO generations (wallet_id, number, scheme, operation_id, state, wrapped_key, staged_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		g.WalletID, g.Number, g.Scheme, g.OperationID, wallet.Staged, sealed.key, tx.Now().UnixMilli()); err != nil {
		if store.IsUnique(err) {
			return false, errOtherIntent
		}
		return false, fmt.Errorf("staging generation %d of wallet %s: %w", g.Number, w.ID, err)
	}
	for n, ciphertext := range sealed.pieces {
		if _, err := tx.Exec(`INSERT INTO pieces (wallet_id, generation, number, sealed) VALUES ($1, $2, $3, $4)`, g.WalletID, g.Number, n,
			ciphertext); err != nil {
			return false, fmt.Errorf("staging generation %d of wallet %s: %w", g.Number, w.ID, err)
		}
	}
	return true, s.note(tx, by, "staged", g)
}

// haveWallet makes the wallet known, and refuses another one under its id.
func (s *Store) haveWallet(tx *store.Tx, w wallet.Wallet) error {
	if w.UserID == "" || !w.Chain.Valid() || w.Address == "" || len(w.PublicKey) == 0 {
		return fmt.Errorf("staging wallet %s: the wallet is not complete", w.ID)
	}
	if _, err := tx.Exec(`INSERT INTO wallets (id, environment_id, user_id, chain, address, public_key, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
		w.ID, w.EnvironmentID, w.UserID, w.Chain, w.Address, w.PublicKey, tx.Now().UnixMilli()); err != nil {
		return fmt.Errorf("staging wallet %s: %w", w.ID, err)
	}
	known, err := s.lockWallet(tx, w.EnvironmentID, w.ID)
	if err != nil {
		return err
	}
	if known.UserID != w.UserID || known.Chain != w.Chain || known.Address != w.Address || !bytes.Equal(known.PublicKey, w.PublicKey) {
		return fault.New(fault.Conflict, "This wallet id belongs to another wallet.")
	}
	return usable(known)
}

// Verify notes that the operation's generation was assembled to the wallet's address.
// Only the signer may say so.
func (s *Store) Verify(tx *store.Tx, by audit.By, op wallet.OperationRef) error {
	g, err := s.made(tx, op)
	if err != nil || g.State != wallet.Staged {
		return err
	}
	if _, err := tx.Exec(`UPDATE generations SET state = $1, verified_at = $2 WHERE wallet_id = $3 AND number = $4`, wallet.Verified,
		tx.Now().UnixMilli(), op.WalletID, g.Number); err != nil {
		return fmt.Errorf("verifying generation %d of wallet %s: %w", g.Number, op.WalletID, err)
	}
	return s.note(tx, by, "verified", g)
}

// Commit puts the operation's generation in force; the one before retires, and stays
// until [Store.Retire] has been told and the retention has passed.
func (s *Store) Commit(tx *store.Tx, by audit.By, op wallet.OperationRef) error {
	g, err := s.made(tx, op)
	if err != nil {
		return err
	}
	switch g.State {
	case wallet.Verified:
	case wallet.Staged:
		return fault.New(fault.Conflict, "Operation %s has not been verified. Verify its shares before committing them.", op.OperationID)
	default:
		return nil
	}
	now := tx.Now().UnixMilli()
	if _, err := tx.Exec(`UPDATE generations SET state = $1, retired_at = $2 WHERE wallet_id = $3 AND state = $4`,
		wallet.Retiring, now, op.WalletID, wallet.InForce); err != nil {
		return fmt.Errorf("committing generation %d of wallet %s: %w", g.Number, op.WalletID, err)
	}
	if _, err := tx.Exec(`UPDATE generations SET state = $1, active_at = $2 WHERE wallet_id = $3 AND number = $4`,
		wallet.InForce, now, op.WalletID, g.Number); err != nil {
		return fmt.Errorf("committing generation %d of wallet %s: %w", g.Number, op.WalletID, err)
	}
	return s.note(tx, by, "committed", g)
}

// Retire starts the retention of the generations that the operation's replaced: the
// coordinator knows that both custodians have committed.
func (s *Store) Retire(tx *store.Tx, by audit.By, op wallet.OperationRef) error {
	g, err := s.made(tx, op)
	if err != nil {
		return err
	}
	if g.State == wallet.Staged || g.State == wallet.Verified {
		return fault.New(fault.Conflict, "Operation %s has not been committed. Commit its shares before retiring older ones.",
			op.OperationID)
	}
	retired, err := tx.Exec(`UPDATE generations SET destroy_at = $1
		WHERE wallet_id = $2 AND number < $3 AND state = $4 AND destroy_at IS NULL`,
		tx.Now().Add(s.config.Retention).UnixMilli(), op.WalletID, g.Number, wallet.Retiring)
	if err != nil || retired == 0 {
		return err
	}
	return s.note(tx, by, "retired", g)
}

// Rollback removes what an operation made and that never came into force, and the wallet
// with it if there is nothing else of it. What is or was in force stays.
//
// Which it is, must be decided in one place, or one custodian could commit what the
// other rolls back and each keep a generation that the other one has destroyed. That
// place is the signer: it commits and rolls back first, and the guardian takes both
// from nobody else.
func (s *Store) Rollback(tx *store.Tx, by audit.By, op wallet.OperationRef) error {
	g, err := s.made(tx, op)
	if fault.Has(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if g.State == wallet.Destroyed {
		return nil
	}
	if g.State != wallet.Staged && g.State != wallet.Verified {
		return fault.New(fault.Conflict, "The shares of operation %s have come into force and cannot be rolled back. Commit them.",
			op.OperationID)
	}
	for _, statement := range []string{
		`DELETE FROM pieces WHERE wallet_id = $1 AND generation = $2`,
		`DELETE FROM generations WHERE wallet_id = $1 AND number = $2`,
		`DELETE FROM wallets WHERE id = $1 AND $2 = 1 AND NOT EXISTS (SELECT 1 FROM generations WHERE wallet_id = $1)`,
	} {
		if _, err := tx.Exec(statement, op.WalletID, g.Number); err != nil {
			return fmt.Errorf("rolling back generation %d of wallet %s: %w", g.Number, op.WalletID, err)
		}
	}
	return s.note(tx, by, "rolled_back", g)
}

// Release returns a generation for use: one that is verified, active or retiring, of a
// wallet that is neither disabled nor to be deleted.
func (s *Store) Release(tx *store.Tx, environmentID, walletID string, number int) (Sealed, error) {
	w, err := s.Wallet(tx, environmentID, walletID)
	if err != nil {
		return Sealed{}, err
	}
	if err := usable(w); err != nil {
		return Sealed{}, err
	}
	generations, err := s.generations(tx, environmentID, walletID)
	if err != nil {
		return Sealed{}, err
	}
	for _, g := range generations {
		if g.Number == number && (g.State == wallet.Verified || g.State == wallet.InForce || g.State == wallet.Retiring) {
			return s.sealed(tx, g)
		}
	}
	return Sealed{}, fault.New(fault.Conflict, "Generation %d of this wallet is not in force here. Look at its status.", number)
}

// Made returns the generation that an operation made, staged or later: for verifying it,
// and for going on after a crash.
func (s *Store) Made(tx *store.Tx, op wallet.OperationRef) (Sealed, error) {
	g, err := s.made(tx, op)
	if err != nil {
		return Sealed{}, err
	}
	if g.State == wallet.Destroyed {
		return Sealed{}, errGone
	}
	return s.sealed(tx, g)
}

// Status is what this custodian has of a wallet.
func (s *Store) Status(tx *store.Tx, environmentID, walletID string) (Status, error) {
	w, err := s.Wallet(tx, environmentID, walletID)
	if err != nil {
		return Status{}, err
	}
	status := Status{Wallet: w}
	if err := tx.Row(`SELECT marked_by FROM wallets WHERE id = $1`, walletID).Scan(&status.MarkedBy); err != nil {
		return Status{}, fmt.Errorf("reading wallet %s: %w", walletID, err)
	}
	status.Generations, err = s.generations(tx, environmentID, walletID)
	return status, err
}

// made locks the wallet and finds the generation that an operation made.
func (s *Store) made(tx *store.Tx, op wallet.OperationRef) (Shares, error) {
	if _, err := s.lockWallet(tx, op.EnvironmentID, op.WalletID); err != nil {
		return Shares{}, err
	}
	generations, err := s.generations(tx, op.EnvironmentID, op.WalletID)
	if err != nil {
		return Shares{}, err
	}
	for _, g := range generations {
		if g.OperationID == op.OperationID {
			return g, nil
		}
	}
	return Shares{}, fault.New(fault.NotFound, "Operation %s has staged nothing for this wallet here.", op.OperationID)
}

func (s *Store) generations(tx *store.Tx, environmentID, walletID string) (all []Shares, err error) {
	rows, err := tx.Rows(`SELECT number, scheme, operation_id, state, destroy_at FROM generations WHERE wallet_id = $1 ORDER BY number`,
		walletID)
	if err != nil {
		return nil, fmt.Errorf("reading the generations of wallet %s: %w", walletID, err)
	}
	defer rows.Close()
	for rows.Next() {
		g := Shares{EnvironmentID: environmentID, WalletID: walletID}
		var destroyAt sql.NullInt64
		if err := rows.Scan(&g.Number, &g.Scheme, &g.OperationID, &g.State, &destroyAt); err != nil {
			return nil, fmt.Errorf("reading the generations of wallet %s: %w", walletID, err)
		}
		g.DestroyAt = moment(destroyAt)
		all = append(all, g)
	}
	return all, rows.Err()
}

// sealed reads the ciphertexts of a generation.
func (s *Store) sealed(tx *store.Tx, g Shares) (Sealed, error) {
	sealed := Sealed{Shares: g, pieces: map[int][]byte{}}
	if err := tx.Row(`SELECT wrapped_key FROM generations WHERE wallet_id = $1 AND number = $2`, g.WalletID, g.Number).
		Scan(&sealed.key); err != nil {
		return Sealed{}, fmt.Errorf("reading generation %d of wallet %s: %w", g.Number, g.WalletID, err)
	}
	rows, err := tx.Rows(`SELECT number, sealed FROM pieces WHERE wallet_id = $1 AND generation = $2`, g.WalletID, g.Number)
	if err != nil {
		return Sealed{}, fmt.Errorf("reading generation %d of wallet %s: %w", g.Number, g.WalletID, err)
	}
	defer rows.Close()
	for rows.Next() {
		var number int
		var ciphertext []byte
		if err := rows.Scan(&number, &ciphertext); err != nil {
			return Sealed{}, fmt.Errorf("reading generation %d of wallet %s: %w", g.Number, g.WalletID, err)
		}
		sealed.pieces[number] = ciphertext
	}
	return sealed, rows.Err()
}

// note audits a step of a generation.
func (s *Store) note(tx *store.Tx, by audit.By, what string, g Shares) error {
	return s.audit(tx, by, what, g.EnvironmentID, audit.Detail{
		"wallet": g.WalletID, "generation": g.Number, "scheme": g.Scheme, "operation": g.OperationID,
	})
}

func (s *Store) audit(tx *store.Tx, by audit.By, what, environmentID string, detail audit.Detail) error {
	by.EnvironmentID = environmentID
	return audit.Record(tx, by, "custody."+what, detail)
}

func moment(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}
