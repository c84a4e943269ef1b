package store_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

func schema(name string) store.Schema {
	return store.Schema{Name: name, Files: fstest.MapFS{
		"00002_boxes.sql": {Data: []byte("-- +goose Up\nCREATE TABLE boxes (id TEXT PRIMARY KEY, content BYTEA NOT NULL);\n")},
		"00003_more.sql":  {Data: []byte("-- +goose Up\nALTER TABLE boxes ADD COLUMN colour TEXT NOT NULL DEFAULT 'red';\n")},
	}}
}

// A database keeps the schema it was made with, and another one changes nothing in it.
func TestSchemaMustFit(t *testing.T) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			issuer, signer := storetest.URL(t, engine), storetest.Empty(t, engine)
			storetest.Open(t, issuer)
			db, err := store.Open(t.Context(), store.Config{URL: signer, Schema: schema("signer")})
			if err != nil {
				t.Fatal(err)
			}
			before := everyTable(t, db)
			for _, c := range []struct {
				url, want string
				schema    store.Schema
			}{
				{issuer, "the database of the issuer, not of the signer", schema("signer")},
				{signer, "the database of the signer, not of the issuer", store.Schema{}},
				{signer, "the database of the signer, not of the guardian", schema("guardian")},
			} {
				refuse(t, store.Config{URL: c.url, Schema: c.schema, Box: storetest.Box(t)}, c.want)
			}
			if after := everyTable(t, db); after != before {
				t.Errorf("a refused start changed the tables:\n%s\n%s", before, after)
			}
			if !strings.Contains(before, "boxes") || strings.Contains(before, "elevated_tokens") {
				t.Errorf("the tables are %s", before)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			again, err := store.Open(t.Context(), store.Config{URL: signer, Schema: schema("signer")})
			if err != nil {
				t.Fatal(err)
			}
			if err := again.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	for _, bad := range []store.Schema{{Name: "x"}, {Files: fstest.MapFS{}}, {Name: "issuer", Files: fstest.MapFS{}}} {
		refuse(t, store.Config{URL: storetest.Empty(t, store.SQLite), Schema: bad}, "a name of its own and files")
	}
}

// A database from before schemas had names is the issuer's.
func TestUnnamedSchemaIsTheIssuers(t *testing.T) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			url := storetest.URL(t, engine)
			exec(t, storetest.Open(t, url), `DELETE FROM store_meta WHERE key = 'schema'`)
			refuse(t, store.Config{URL: url, Schema: schema("signer")}, "the database of the issuer")
			storetest.Open(t, url)
		})
	}
}

// Without a master key there is an audit log, an epoch, and a clear word about the rest.
func TestSchemaWithoutMasterKey(t *testing.T) {
	bare := func(c *store.Config) { c.Schema, c.Box = schema("signer"), nil }
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			if err := audit.Record(tx, audit.By{Actor: "system"}, "box.made", nil); err != nil {
				return err
			}
			_, err := tx.Exec(`INSERT INTO boxes (id, content) VALUES ($1, $2)`, "a", []byte{1})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Read(t.Context(), func(tx *store.Tx) error {
			rows, err := storetest.AuditLog(tx, "", "")
			if err != nil || len(rows) != 1 || rows[0].Hash != audit.Hash(rows[0]) {
				t.Errorf("the audit log holds %v, %v", rows, err)
			}
			if _, err := tx.Epoch(); err != nil {
				t.Error(err)
			}
			if _, err := tx.Seal("boxes", "content", "a", nil); err == nil || !strings.Contains(err.Error(), "without Config.Box") {
				t.Errorf("Seal without a master key: %v", err)
			}
			if _, err := tx.Open("boxes", "content", "a", nil); err == nil || !strings.Contains(err.Error(), "without Config.Box") {
				t.Errorf("Open without a master key: %v", err)
			}
			defer func() {
				if why := fmt.Sprint(recover()); !strings.Contains(why, "without Config.Box") {
					t.Errorf("Hasher without a master key: %s", why)
				}
			}()
			tx.Hasher()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}, bare)
}

// everyTable names the tables and their columns.
func everyTable(t *testing.T, db *store.DB) string {
	t.Helper()
	query := `SELECT m.name || '.' || c.name, FALSE, FALSE FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'`
	if db.Engine() == store.Postgres {
		query = `SELECT table_name || '.' || column_name, FALSE, FALSE FROM information_schema.columns WHERE table_schema = 'public'`
	}
	return strings.Join(columns(t, db, query), " ")
}
