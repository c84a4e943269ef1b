package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Backup writes a consistent copy of the database to a new file at path, readable
// by this user alone, while the store goes on working. The copy holds everything
// but the master key, without which it is of no use.
func (db *DB) Backup(ctx context.Context, path string) error {
	if err := db.engine.backup(ctx, path); err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	return nil
}

// RestoredEnvironment is an environment as it stands in a backup.
type RestoredEnvironment struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Document string `json:"document"` // canonical YAML
}

// Restore fills the database that config names, which must not exist yet (SQLite) or
// must be empty (PostgreSQL), from a file that [DB.Backup] wrote for the same engine.
// The epoch moves before the data can be seen, so nothing that was open or spent at
// any time can be used. A restore that fails leaves no database behind. Judge, unless
// it is nil, sees the environments of the backup before, and may refuse them.
func Restore(ctx context.Context, config Config, from string, judge func([]RestoredEnvironment) error) error {
	target, err := parseURL(config.URL)
	if err != nil {
		return err
	}
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	if target.engine == SQLite {
		err = restoreSQLite(ctx, target.path, from, judge)
	} else {
		err = restorePostgres(ctx, target.url, from, judge)
	}
	if err != nil {
		return fmt.Errorf("restoring the backup: %w", err)
	}
	return nil
}

// fillNew makes a file that must not exist yet, lets fill write it, and makes it
// durable. A file that could not be filled is removed.
func fillNew(path string, fill func(file *os.File) error) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w; name a file that does not exist yet", err)
	}
	if err != nil {
		return err
	}
	err = fill(file)
	if err == nil {
		err = errors.Join(file.Sync(), syncFolder(path))
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
