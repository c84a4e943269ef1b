package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

func (e *sqliteEngine) backup(ctx context.Context, path string) error {
	return fillNew(path, func(*os.File) error {
		source := openSQLitePool(e.path, sqliteMode{}, 1)
		defer func() { _ = source.Close() }() // it has read only
		if _, err := source.ExecContext(ctx, `VACUUM INTO $1`, path); err != nil {
			return err
		}
		// Moved in the copy as well: even a copy that somebody puts in place by hand
		// does not bring back what was spent since.
		return moveEpochIn(ctx, path)
	})
}

// restoreSQLite prepares the database under another name and lets it appear at path
// in one step.
func restoreSQLite(ctx context.Context, path, from string, judge func([]RestoredEnvironment) error) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s exists; stop the server and move it and its side files away first", name)
		}
	}
	if _, err := os.Lstat(from + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is a database in use, not a backup; make one with `stepup backup`", from)
	}
	prepared := path + ".restore-" + rand.Text()
	err = fillNew(prepared, func(file *os.File) error {
		source, err := os.Open(from)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, source)
		if err := errors.Join(err, source.Close()); err != nil {
			return err
		}
		if err := moveEpochIn(ctx, prepared); err != nil || judge == nil {
			return err
		}
		environments, err := environmentsIn(ctx, prepared)
		if err != nil {
			return err
		}
		return judge(environments)
	})
	if err != nil {
		return err
	}
	// A link, unlike a rename, never replaces what somebody put there meanwhile.
	return errors.Join(os.Link(prepared, path), os.Remove(prepared), syncFolder(path))
}

// moveEpochIn moves the epoch in a database file that nobody has open, and so
// finds out whether it is one of ours and whole.
func moveEpochIn(ctx context.Context, path string) (err error) {
	db := openSQLitePool(path, sqliteMode{}, 1)
	defer func() { err = errors.Join(err, db.Close()) }()
	var verdict, stored string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&verdict); err != nil {
		return fmt.Errorf("checking the file, which must be one that `stepup backup` wrote: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("the file is damaged: %s", verdict)
	}
	if err := db.QueryRowContext(ctx, `SELECT value FROM store_meta WHERE key = $1`, metaEpoch).Scan(&stored); err != nil {
		return fmt.Errorf("reading its epoch, so it is no backup of stepup; name one that `stepup backup` wrote: %w", err)
	}
	if _, err := db.ExecContext(ctx, `UPDATE store_meta SET value = $1 WHERE key = $2`, nextEpoch(stored), metaEpoch); err != nil {
		return fmt.Errorf("moving the epoch: %w", err)
	}
	return nil
}

// environmentsIn reads the environments of a database file that nobody has open.
func environmentsIn(ctx context.Context, path string) (_ []RestoredEnvironment, err error) {
	db := openSQLitePool(path, sqliteMode{}, 1)
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, `SELECT id, name, document FROM environments WHERE deleted_at IS NULL ORDER BY name, id`)
	environments, err := collect(rows, err, func(rows Rows) (e RestoredEnvironment, err error) {
		return e, rows.Scan(&e.ID, &e.Name, &e.Document)
	})
	if err != nil {
		return nil, fmt.Errorf("reading its environments: %w", err)
	}
	return environments, nil
}
