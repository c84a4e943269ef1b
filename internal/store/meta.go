package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/stepup-auth/stepup/internal/seal"
)

// The keys of store_meta.
const (
	metaSchema = "schema" // which tables; see schema.go
	metaHasher = "hasher" // the sealed keyset of the [seal.Hasher], in base64; none without a Config.Box
	metaMode   = "mode"   // modeDevelopment or modeProduction
	metaEpoch  = "epoch"  // see epoch.go
	metaCommit = "commit" // SQLite: how many groups were committed; see highwater.go
)

const (
	modeDevelopment = "development"
	modeProduction  = "production"
)

// loadMeta reads what the database knows about itself, and writes it first when
// the database is new. Two nodes may start at once: the first row wins.
func (db *DB) loadMeta(ctx context.Context) error {
	mode := modeProduction
	if db.config.Development {
		mode = modeDevelopment
	}
	var sealed, foundMode string
	load := func(tx *Tx) error {
		if db.config.Box != nil {
			if err := tx.Row(`SELECT value FROM store_meta WHERE key = $1`, metaHasher).Scan(&sealed); err != nil {
				return err
			}
		}
		return tx.Row(`SELECT value FROM store_meta WHERE key = $1`, metaMode).Scan(&foundMode)
	}
	err := db.Read(ctx, load)
	if errors.Is(err, ErrNotFound) {
		err = db.Write(ctx, func(tx *Tx) error {
			if err := db.createMeta(tx, mode); err != nil {
				return err
			}
			return load(tx)
		})
	}
	if err != nil {
		return fmt.Errorf("reading store_meta: %w", err)
	}
	if foundMode != mode {
		return fmt.Errorf("this database was made in %s mode and does not open in %s mode; give each its own database", foundMode, mode)
	}
	if db.config.Box == nil {
		return nil
	}
	ciphertext, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return fmt.Errorf("reading the hasher key: %w", err)
	}
	keyset, err := db.config.Box.Open("store_meta", "value", metaHasher, ciphertext)
	if err != nil {
		return fmt.Errorf("this master key does not open this database; use the one it was made with: %w", err)
	}
	if db.hasher, err = seal.ParseHasher(keyset); err != nil {
		return fmt.Errorf("reading the hasher key: %w", err)
	}
	return nil
}

func (db *DB) createMeta(tx *Tx, mode string) error {
	rows := []struct{ key, value string }{{metaMode, mode}, {metaEpoch, nextEpoch("")}}
	if db.config.Box != nil {
		keyset, err := seal.NewHasherKeyset()
		if err != nil {
			return err
		}
		sealed, err := tx.Seal("store_meta", "value", metaHasher, keyset)
		if err != nil {
			return err
		}
		rows = append(rows, struct{ key, value string }{metaHasher, base64.StdEncoding.EncodeToString(sealed)})
	}
	for _, row := range rows {
		if _, err := tx.Exec(`INSERT INTO store_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`, row.key,
			row.value); err != nil {
			return err
		}
	}
	return nil
}
