package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// refuse opens and expects an error that says what to do.
func refuse(t *testing.T, config store.Config, fix string) {
	t.Helper()
	db, err := store.Open(t.Context(), config)
	if err == nil {
		t.Errorf("it opened; want an error about %q", fix)
		_ = db.Close()
		return
	}
	if !strings.Contains(err.Error(), fix) {
		t.Errorf("the error does not say %q: %v", fix, err)
	}
}

func TestURL(t *testing.T) {
	const password = "hunter2"
	for _, c := range []struct{ url, engine, fix string }{
		{"sqlite:stepup.db", store.SQLite, ""},
		{"sqlite:/var/lib/a b?c#d%41.db", store.SQLite, ""},
		{"postgres://u:" + password + "@db.example.org:5432/stepup?sslmode=verify-full", store.Postgres, ""},
		{"postgresql:///stepup?host=/run/postgresql", store.Postgres, ""},
		{"", "", "must start with"},
		{"stepup.db", "", "must start with"},
		{"mysql://u:" + password + "@h/d", "", "must start with"},
		{"sqlite:", "", "path of a file"},
		{"sqlite::memory:", "", "path of a file"},
		{"sqlite:a\x00b", "", "path of a file"},
		{"sqlite://stepup.db", "", "without //"},
		{"postgres:u:" + password + "@h/d", "", "malformed"},
		{"postgres://u:" + password + "%zz@h/d", "", "malformed"},
		{"postgres://u:" + password + "@h:port/d", "", "malformed"},
		{"postgres://u:" + password + "@h/d?sslmode=perhaps", store.Postgres, "not understood"},
		{"postgres://u:" + password + "@h/d?default_query_exec_mode=simple_protocol", store.Postgres, "leave it out"},
	} {
		engine, err := store.ParseURL(c.url)
		if engine != c.engine {
			t.Errorf("%q is %q, want %q", c.url, engine, c.engine)
		}
		switch {
		case (err == nil) != (c.fix == ""):
			t.Errorf("%q: error = %v", c.url, err)
		case err != nil && !strings.Contains(err.Error(), c.fix):
			t.Errorf("%q: the error does not say %q: %v", c.url, c.fix, err)
		case err != nil && strings.Contains(err.Error(), password):
			t.Errorf("%q: the error repeats the password: %v", c.url, err)
		}
	}
}

func FuzzURL(f *testing.F) {
	for _, seed := range []string{"sqlite:a", "postgres://u:hunter2@h:1/d?sslmode=disable", "postgres:", "::", "postgres://%",
		"sqlite:\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		engine, err := store.ParseURL(raw)
		if err == nil && engine != store.SQLite && engine != store.Postgres {
			t.Errorf("%q is %q without an error", raw, engine)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error repeats the password", raw)
		}
	})
}

func TestSQLiteFile(t *testing.T) {
	box := storetest.Box(t)
	folder := t.TempDir()
	at := func(name string) string { return "sqlite:" + filepath.Join(folder, name) }

	for _, name := range []string{"plain.db", "a b.db", "what?.db", "half#.db", "100%.db", "%41.db", "ü&=.db"} {
		db := storetest.Open(t, at(name))
		things(t, db)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", name, info.Mode())
		}
	}

	refuse(t, store.Config{URL: at("none.db"), Box: box, MustExist: true}, "check the path")
	if _, err := os.Stat(filepath.Join(folder, "none.db")); err == nil {
		t.Error("MustExist made a file")
	}
	refuse(t, store.Config{URL: at("no/such/folder.db"), Box: box}, "folder must exist")
	refuse(t, store.Config{URL: "sqlite:" + folder, Box: box}, "readable and writable")
	refuse(t, store.Config{URL: at("plain.db")}, "Box is required")

	other := filepath.Join(folder, "letter.txt")
	content := []byte(strings.Repeat("Dear Sir or Madam, ", 100))
	if err := os.WriteFile(other, content, 0o600); err != nil {
		t.Fatal(err)
	}
	refuse(t, store.Config{URL: "sqlite:" + other, Box: box}, "not a SQLite database")
	if after, err := os.ReadFile(other); err != nil || string(after) != string(content) {
		t.Errorf("a file that is no database was changed: %v", err)
	}
}

func TestMasterKeyMustFit(t *testing.T) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			url := storetest.URL(t, engine)
			db := storetest.Open(t, url)
			key, err := seal.NewMasterKey()
			if err != nil {
				t.Fatal(err)
			}
			other, err := seal.ParseMasterKey(key)
			if err != nil {
				t.Fatal(err)
			}
			refuse(t, store.Config{URL: url, Box: other}, "master key does not open this database")
			things(t, db, "still fine")
		})
	}
}

func TestModeMustFit(t *testing.T) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		for _, development := range []bool{true, false} {
			url := storetest.URL(t, engine)
			config := store.Config{URL: url, Box: storetest.Box(t), Development: development}
			db, err := store.Open(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			config.Development = !development
			refuse(t, config, "mode")
			if err := db.Close(); err != nil {
				t.Error(err)
			}
			refuse(t, config, "mode")
		}
	}
}

func TestPostgresRefusesUnsafeServer(t *testing.T) {
	url := storetest.StartServer(t).Copy(t, store.Schema{}) // a pooler takes no such settings, and keeps sessions from before them
	db := storetest.Open(t, url)
	things(t, db, "token")
	for _, setting := range []string{"off", "local"} {
		refuse(t, store.Config{URL: url + "&synchronous_commit=" + setting, Box: storetest.Box(t)}, "synchronous_commit is "+setting)
		// And inside a transaction whose server connection is not the one that was asserted.
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`ALTER ROLE stepup IN DATABASE ` + databaseName(t, tx) + ` SET synchronous_commit = ` + setting)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		refuse(t, store.Config{URL: url, Box: storetest.Box(t)}, "synchronous_commit is "+setting)
		exec(t, db, `ALTER ROLE stepup IN DATABASE `+url[strings.LastIndex(url, "/t_")+1:strings.Index(url, "?")]+
			` RESET synchronous_commit`)
	}
	mustConsume(t, db, "token", true)
}

func databaseName(t *testing.T, tx *store.Tx) (name string) {
	t.Helper()
	if err := tx.Row(`SELECT current_database()`).Scan(&name); err != nil {
		t.Error(err)
	}
	return name
}

// A session that was asserted and then changed is refused at its next transaction.
func TestPostgresAssertsEachTransaction(t *testing.T) {
	db := storetest.Postgres(t, func(c *store.Config) { c.MaxConns = 1 })
	things(t, db, "token")
	exec(t, db, `SET synchronous_commit = off`)
	if won, err := consume(t.Context(), db, "token"); won || err == nil || errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("consume with synchronous_commit off = %v, %v", won, err)
	}
}

func TestDurability(t *testing.T) {
	report, err := storetest.SQLite(t).Durability(t.Context())
	if err != nil || len(report.Problems) > 0 || report.Engine != store.SQLite {
		t.Errorf("SQLite: %+v, %v", report, err)
	}
	report, err = storetest.Postgres(t).Durability(t.Context())
	if err != nil || len(report.Problems) == 0 ||
		!strings.Contains(strings.Join(report.Problems, " "), "synchronous_standby_names is empty") {
		t.Errorf("PostgreSQL without a standby: %+v, %v", report, err)
	}
}
