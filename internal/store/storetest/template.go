package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/store"
)

// A template is a database with the tables of a schema and nothing in them. It is
// made once by the migrations and copied for each test, which is many times cheaper
// than to migrate. Its name is a digest of those migrations, so that a template of
// other ones is never taken for it.

// templateName is the name of the template of a schema.
func templateName(engine string, schema store.Schema) (string, error) {
	files, err := schema.Migrations(engine)
	if err != nil {
		return "", err
	}
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return "", err
	}
	digest := sha256.New()
	fmt.Fprintf(digest, "%q %q %t\n", engine, schema.Name, schema.Shred)
	for _, entry := range entries {
		content, err := fs.ReadFile(files, entry.Name())
		if err != nil {
			return "", err
		}
		fmt.Fprintf(digest, "%q %q\n", entry.Name(), content)
	}
	return fmt.Sprintf("template_%x", digest.Sum(nil)[:16]), nil
}

// fill makes the tables of the schema in the empty database at url. What a store
// writes into a new database when it opens it first (its keys, its epoch) is taken
// out again: each copy is to have its own.
func fill(ctx context.Context, url string, schema store.Schema) (err error) {
	config := store.Config{URL: url, Schema: schema}
	if schema == (store.Schema{}) {
		if config.Box, err = box(); err != nil {
			return err
		}
	}
	db, err := store.Open(ctx, config)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	raw, err := sql.Open(driver(db.Engine(), url))
	if err != nil {
		return err
	}
	_, err = raw.ExecContext(ctx, `DELETE FROM store_meta WHERE key <> 'schema'`)
	return errors.Join(err, raw.Close())
}

func driver(engine, url string) (name, source string) {
	if engine == store.Postgres {
		return "pgx", url
	}
	return "sqlite", url[len("sqlite:"):]
}

var (
	sqliteMu        sync.Mutex
	sqliteTemplates = map[string][]byte{} // by name, the content of the file
)

// sqliteTemplate is the content of a database file of that schema.
func sqliteTemplate(t testing.TB, schema store.Schema) []byte {
	t.Helper()
	name, err := templateName(store.SQLite, schema)
	if err != nil {
		t.Fatal(err)
	}
	sqliteMu.Lock()
	defer sqliteMu.Unlock()
	if content, ok := sqliteTemplates[name]; ok {
		return content
	}
	path := filepath.Join(t.TempDir(), "template.db")
	if err := fill(context.Background(), "sqlite:"+path, schema); err != nil {
		t.Fatalf("making the template of a database: %v", err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sqliteTemplates[name] = content
	return content
}

// Copy makes a fresh database with the tables of the schema, dropped when the test
// ends, and returns its URL.
func (s *Server) Copy(t testing.TB, schema store.Schema) string {
	t.Helper()
	template, err := s.template(context.Background(), schema)
	if err != nil {
		t.Fatalf("making the template of a database: %v", err)
	}
	return s.create(t, " TEMPLATE "+template+" STRATEGY FILE_COPY")
}

// template makes the server's template of the schema unless it is there, and returns
// its name. Test processes that share the server wait here for the first of them.
func (s *Server) template(ctx context.Context, schema store.Schema) (string, error) {
	name, err := templateName(store.Postgres, schema)
	if err != nil {
		return "", err
	}
	s.templates.Lock()
	defer s.templates.Unlock()
	if s.templates.made[name] {
		return name, nil
	}
	conn, err := s.admin.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock(hashtext($1))`, name); err != nil {
		return "", err
	}
	err = s.makeTemplate(ctx, conn, name, schema)
	if _, unlockErr := conn.ExecContext(ctx, `SELECT pg_advisory_unlock(hashtext($1))`, name); err == nil {
		err = unlockErr
	}
	if err != nil {
		return "", err
	}
	s.templates.made[name] = true
	return name, nil
}

// makeTemplate gives the database its name only when it is complete: a process that
// dies before leaves one that the next removes.
func (s *Server) makeTemplate(ctx context.Context, conn *sql.Conn, name string, schema store.Schema) error {
	var there bool
	if err := conn.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, name).
		Scan(&there); err != nil || there {
		return err
	}
	unfinished := name + "_unfinished"
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + unfinished + " WITH (FORCE)", "CREATE DATABASE " + unfinished} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if err := fill(ctx, s.URL(unfinished), schema); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, "ALTER DATABASE "+unfinished+" RENAME TO "+name)
	return err
}
