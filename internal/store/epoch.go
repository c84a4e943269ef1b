package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
)

// Epoch names the unbroken history this database is in. Artefacts of another
// epoch are refused: a failover or a restored backup may have forgotten that they
// were spent. Statements that consume compare with the view current_epoch
// themselves; the value returned here is only good for writing into new rows
// within the same transaction, or for showing.
func (tx *Tx) Epoch() (string, error) {
	var epoch string
	if err := tx.Row(`SELECT epoch FROM current_epoch`).Scan(&epoch); err != nil {
		return "", fmt.Errorf("reading the epoch: %w", err)
	}
	return epoch, nil
}

// RestoreEpoch moves the stored epoch: every open single-use artefact is void from
// the moment it returns nil. Use it after a restore by other means than [Restore],
// from a disk snapshot for example.
func RestoreEpoch(ctx context.Context, db *DB) error {
	err := db.Write(ctx, func(tx *Tx) error {
		var stored string
		if err := tx.Row(`SELECT value FROM store_meta WHERE key = $1`+tx.ForUpdate(), metaEpoch).Scan(&stored); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE store_meta SET value = $1 WHERE key = $2`, nextEpoch(stored), metaEpoch)
		return err
	})
	if err != nil {
		return fmt.Errorf("moving the epoch: %w", err)
	}
	return nil
}

// nextEpoch counts moves for the reader of a log; the random part is what makes
// two restores of one backup differ.
func nextEpoch(stored string) string {
	count, _, _ := strings.Cut(stored, "-")
	n, _ := strconv.ParseUint(count, 10, 64)
	return fmt.Sprintf("%06d-%s", n+1, rand.Text())
}
