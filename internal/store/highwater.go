package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// highWater is the side file of a SQLite database, PATH.epoch: the number of groups
// that were committed and acknowledged. The same number lies in the database,
// raised within each commit. A database whose own number is lower has forgotten
// acknowledged work: an older copy was put in its place, or the disk lied about a
// sync. Tokens spent in the forgotten part must not come alive, so the epoch moves.
//
// The file is written after the commit and before its answers, and is not synced:
// losing its last writes only makes it less strict, never wrong. Copying the
// folder as a whole (a disk snapshot) keeps both numbers equal and shows nothing;
// that is what [RestoreEpoch] is for.
type highWater struct {
	file *os.File
	mark int64 // as it was when the file was opened
	// garbled: the file was there but held no number, which counts as behind.
	garbled bool
}

const highWaterDigits = 19

func openHighWater(dbPath string) (*highWater, error) {
	path := dbPath + ".epoch"
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createHighWater(path); err != nil {
			return nil, fmt.Errorf("creating the side file: %w; its folder must be writable", err)
		}
		file, err = os.OpenFile(path, os.O_RDWR, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the side file: %w; make it readable and writable for this user, as the database beside it", err)
	}
	w := &highWater{file: file}
	content := make([]byte, highWaterDigits+1)
	n, _ := file.ReadAt(content, 0)
	w.mark, err = strconv.ParseInt(strings.TrimSpace(string(content[:n])), 10, 64)
	w.garbled = err != nil || w.mark < 0
	return w, nil
}

// createHighWater lets the file appear with its content, so that a process which
// starts at the same time does not find it empty, and never replaces one.
func createHighWater(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	w := &highWater{file: file}
	err = errors.Join(w.write(0), w.close())
	if err == nil {
		err = os.Link(file.Name(), path)
		if errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	return errors.Join(err, os.Remove(file.Name()), syncFolder(path))
}

// behind compares with the number in the database. The side file was read before,
// so a process that is committing right now does not look like one that forgot.
func (w *highWater) behind(ctx context.Context, db *sql.DB) (bool, error) {
	var stored string
	err := db.QueryRowContext(ctx, `SELECT value FROM store_meta WHERE key = $1`, metaCommit).Scan(&stored)
	if errors.Is(err, sql.ErrNoRows) {
		stored, err = "0", nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the commit number: %w", err)
	}
	inside, err := strconv.ParseInt(stored, 10, 64)
	if err != nil {
		return false, fmt.Errorf("reading the commit number: %w", err)
	}
	return w.garbled || inside < w.mark, nil
}

// raise counts a commit inside its transaction and returns its number.
func (w *highWater) raise(tx *sql.Tx) (int64, error) {
	var number string
	err := tx.QueryRow(`INSERT INTO store_meta (key, value) VALUES ($1, '1')
		ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(store_meta.value AS INTEGER) + 1 AS TEXT)
		RETURNING value`, metaCommit).Scan(&number)
	if err != nil {
		return 0, fmt.Errorf("counting the commit: %w", err)
	}
	return strconv.ParseInt(number, 10, 64)
}

// acknowledge records a durable commit, before anybody is told of it.
func (w *highWater) acknowledge(number int64) error { return w.write(number) }

func (w *highWater) write(number int64) error {
	_, err := w.file.WriteAt(fmt.Appendf(nil, "%0*d\n", highWaterDigits, number), 0)
	return err
}

func (w *highWater) close() error {
	return errors.Join(w.file.Sync(), w.file.Close())
}

// syncFolder makes the name of a new file durable.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
