package store

import (
	"database/sql"
	"errors"
	"time"
)

// walletRemoved notes that a wallet left its user just now, so that texts which
// it had signed before do not outlive that. Only a keyed hash of it is kept.
func (tx *Tx) walletRemoved(environmentID, userID, credentialID string) error {
	rows, err := tx.Rows(`SELECT identifier FROM credentials
		WHERE environment_id = $1 AND user_id = $2 AND format = $3 AND (id = $4 OR $4 = '')`, environmentID, userID, FormatBlockchain,
		credentialID)
	identifiers, err := collect(rows, err,
		func(rows Rows) (identifier string, err error) { return identifier, rows.Scan(&identifier) })
	if err != nil {
		return err
	}
	for _, identifier := range identifiers {
		if _, err := tx.Exec(`INSERT INTO wallet_removals (hash, removed_at) VALUES ($1, $2) ON CONFLICT (hash) DO UPDATE
			SET removed_at = excluded.removed_at`,
			tx.walletHash(environmentID, identifier), millis(tx.Now())); err != nil {
			return err
		}
	}
	return nil
}

// WalletRemovedAt is when a wallet last left its user; zero when that was never,
// or longer ago than anything signed before could matter.
func (tx *Tx) WalletRemovedAt(environmentID, identifier string) (time.Time, error) {
	var at int64
	err := tx.Row(`SELECT removed_at FROM wallet_removals WHERE hash = $1`, tx.walletHash(environmentID, identifier)).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	return fromMillis(at), err
}

func (tx *Tx) walletHash(environmentID, identifier string) []byte {
	return tx.Hasher().Sum("wallet-removed", environmentID, identifier)
}
