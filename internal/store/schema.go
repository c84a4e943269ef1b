package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

// Schema is a set of tables beside those of the engine, which are store_meta, the
// view current_epoch and the audit log. A database keeps the schema it was made
// with and is refused under another one, before any of its tables change.
type Schema struct {
	// Name is written into the database.
	Name string
	// Files are migrations for goose, 00002 and up, in one SQL text for both engines.
	Files fs.FS
	// Shred makes SQLite overwrite what is deleted or changed, at some cost in writes.
	// PostgreSQL has nothing of the kind: its rows stay until VACUUM uses their place.
	Shred bool
}

// NewSchema is the schema of the folders "migrations" that packages embed.
func NewSchema(name string, embedded ...embed.FS) Schema {
	var files migrationFS
	for _, one := range embedded {
		folder, err := fs.Sub(one, "migrations")
		if err != nil {
			panic(fmt.Sprintf("store: the migrations of the %s: %v", name, err)) // the name is a constant
		}
		files.layers = append(files.layers, folder)
	}
	return Schema{Name: name, Files: files}
}

// issuerSchema is what the zero value of [Schema] is called in a database.
const issuerSchema = "issuer"

var errNoBox = errors.New("this database was opened without Config.Box")

func (s Schema) name() string {
	if s == (Schema{}) {
		return issuerSchema
	}
	return s.Name
}

func (s Schema) valid() error {
	if s != (Schema{}) && (s.Name == "" || s.Name == issuerSchema || s.Files == nil) {
		return errors.New("opening the store: Config.Schema needs a name of its own and files, or neither")
	}
	return nil
}

// claim makes a new database one of this schema: the first one wins. Databases
// from before there were schemas are the issuer's.
func (s Schema) claim(ctx context.Context, db *sql.DB, hasTables bool) error {
	name := s.name()
	if hasTables {
		name = issuerSchema
	}
	_, err := db.ExecContext(ctx, `INSERT INTO store_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`, metaSchema, name)
	if err != nil {
		return fmt.Errorf("naming the schema of the database: %w", err)
	}
	return s.mustBe(ctx, db)
}

// mustBe refuses a database of another schema.
func (s Schema) mustBe(ctx context.Context, db *sql.DB) error {
	found := issuerSchema
	err := db.QueryRowContext(ctx, `SELECT value FROM store_meta WHERE key = $1`, metaSchema).Scan(&found)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("reading the schema of the database: %w", err)
	}
	if found != s.name() {
		return fmt.Errorf("this is the database of the %s, not of the %s; give each its own database", found, s.name())
	}
	return nil
}
