package store_test

import (
	"bytes"
	"io/fs"
	"os"
	osexec "os/exec"
	"path/filepath"
	"testing"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// What is sealed or hashed is in no file of the database, its log or its backup.
// The same search finds what is stored in clear, so it does look.
func TestSecretsAreNotInFiles(t *testing.T) {
	const (
		sealedCanary = "canary-sealed-1f9a77c2"
		hashedCanary = "canary-hashed-83b0d1e5"
		plainCanary  = "canary-plain-5c6e2f10"
	)
	fill := func(t *testing.T, db *store.DB) {
		run := func(tx *store.Tx, query string, args ...any) error { _, err := tx.Exec(query, args...); return err }
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			sealed, err := tx.Seal("vault", "secret", "1", []byte(sealedCanary))
			if err != nil {
				return err
			}
			if err := run(tx, `CREATE TABLE test_vault (id TEXT PRIMARY KEY, secret BYTEA, hash BYTEA, plain TEXT)`); err != nil {
				return err
			}
			return run(tx, `INSERT INTO test_vault (id, secret, hash, plain) VALUES ('1', $1, $2, $3)`,
				sealed, tx.Hasher().Sum("code", hashedCanary), plainCanary)
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Read(t.Context(), func(tx *store.Tx) error {
			var sealed []byte
			if err := tx.Row(`SELECT secret FROM test_vault`).Scan(&sealed); err != nil {
				return err
			}
			opened, err := tx.Open("vault", "secret", "1", sealed)
			if err == nil && string(opened) != sealedCanary {
				t.Errorf("opened %q", opened)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	search := func(t *testing.T, folder string) {
		found := false
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, canary := range []string{sealedCanary, hashedCanary} {
				if bytes.Contains(content, []byte(canary)) {
					t.Errorf("%s holds %s", path, canary)
				}
			}
			found = found || bytes.Contains(content, []byte(plainCanary))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			t.Errorf("the plain text was not found in %s either: the search is blind", folder)
		}
	}

	t.Run("sqlite", func(t *testing.T) {
		folder, copies := t.TempDir(), t.TempDir()
		db := storetest.Open(t, "sqlite:"+filepath.Join(folder, "stepup.db"))
		fill(t, db)
		if err := db.Backup(t.Context(), filepath.Join(copies, "backup")); err != nil {
			t.Fatal(err)
		}
		search(t, folder) // with its write-ahead log, while the store is open
		search(t, copies)
	})
	t.Run("postgres", func(t *testing.T) {
		server := storetest.StartServer(t)
		url := server.Database(t)
		fill(t, storetest.Open(t, url))
		if _, err := server.Admin().Exec(`CHECKPOINT`); err != nil {
			t.Fatal(err)
		}
		search(t, server.Folder())
		bin, err := storetest.BinFolder()
		if err != nil {
			t.Fatal(err)
		}
		copies := t.TempDir()
		dump := osexec.Command(filepath.Join(bin, "pg_dump"), "--dbname", url, "--file", filepath.Join(copies, "dump.sql"))
		if out, err := dump.CombinedOutput(); err != nil {
			t.Fatalf("pg_dump: %v\n%s", err, out)
		}
		search(t, copies)
	})
}
