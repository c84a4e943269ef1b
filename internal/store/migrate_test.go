package store_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// Several nodes start on one empty database at once.
func TestNodesStartTogether(t *testing.T) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			url := storetest.Empty(t, engine)
			const nodes = 8
			sums := make([]string, nodes)
			epochs := make([]string, nodes)
			var done sync.WaitGroup
			for i := range nodes {
				done.Go(func() {
					db, err := store.Open(t.Context(), store.Config{URL: url, Box: storetest.Box(t)})
					if err != nil {
						t.Errorf("node %d: %v", i, err)
						return
					}
					sums[i] = fmt.Sprintf("%x", db.Hasher().Sum("p", "x"))
					epochs[i] = storetest.Epoch(t, db)
					if err := db.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			done.Wait()
			if len(slices.Compact(sums)) != 1 || len(slices.Compact(epochs)) != 1 {
				t.Errorf("the nodes do not agree: hashers %v, epochs %v", sums, epochs)
			}
		})
	}
}

// A database that lacks a migration below its newest one is refused at the start, not by
// the first request that needs it.
func TestMissingMigration(t *testing.T) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			url := storetest.URL(t, engine)
			err := storetest.Open(t, url).Write(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(`DELETE FROM goose_db_version
					WHERE version_id = (SELECT max(version_id) - 1 FROM goose_db_version)`)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			again, err := store.Open(t.Context(), store.Config{URL: url, Box: storetest.Box(t)})
			if err == nil {
				_ = again.Close()
			}
			if err == nil || !strings.Contains(err.Error(), "missing") {
				t.Errorf("opened, or for another reason not: %v", err)
			}
		})
	}
}

// The same tables with the same columns on both engines.
func TestEnginesHaveTheSameTables(t *testing.T) {
	sqliteTables := columns(t, storetest.SQLite(t), `
		SELECT m.name || '.' || c.name, c."notnull", c.pk > 0 FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
		WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	postgresTables := columns(t, storetest.Postgres(t), `
		SELECT c.table_name || '.' || c.column_name, CASE c.is_nullable WHEN 'NO' THEN 1 ELSE 0 END,
			EXISTS (SELECT 1 FROM information_schema.key_column_usage AS k JOIN information_schema.table_constraints AS p
				USING (constraint_schema, constraint_name)
				WHERE p.constraint_type = 'PRIMARY KEY' AND k.table_name = c.table_name AND k.column_name = c.column_name)
		FROM information_schema.columns AS c WHERE c.table_schema = 'public'`)
	if diff := cmp.Diff(sqliteTables, postgresTables); diff != "" {
		t.Errorf("SQLite (-) and PostgreSQL (+) differ:\n%s", diff)
	}
	if !slices.Contains(sqliteTables, "current_epoch.epoch") || len(sqliteTables) < 3 {
		t.Errorf("only %v was found", sqliteTables)
	}
}

// columns lists "table.column" with what the engines report alike. SQLite lets a
// TEXT PRIMARY KEY be declared without NOT NULL and reports it so.
func columns(t *testing.T, db *store.DB, query string) (all []string) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.Rows(query)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			var notNull, primary sql.NullBool
			if err := rows.Scan(&name, &notNull, &primary); err != nil {
				return err
			}
			switch {
			case strings.HasPrefix(name, "goose_"): // goose's own, with its own types
				continue
			case primary.Bool:
				name += " primary key"
			case notNull.Bool:
				name += " not null"
			}
			all = append(all, name)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// An upgrade goes on while servers of the version before serve: what they read and write
// must stay, so a migration only adds. What nobody uses any more goes one release later,
// and then stands in takenAway, with the release that stopped using it.
func TestMigrationsOnlyAdd(t *testing.T) {
	takenAway := map[string]string{} // file: release
	for _, engine := range []string{store.SQLite, store.Postgres} {
		files, err := store.Schema{}.Migrations(engine)
		if err != nil {
			t.Fatal(err)
		}
		names, err := fs.Glob(files, "*.sql")
		if err != nil || len(names) < 30 {
			t.Fatalf("%d migrations, %v", len(names), err)
		}
		for _, name := range names {
			if name < "00039" || takenAway[name] != "" { // up to there nothing was released
				continue
			}
			text, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, statement := range takes(string(text)) {
				t.Errorf("%s on %s breaks servers of the version before: %s", name, engine, statement)
			}
		}
	}
}

// adds are the statements that servers which do not know of them go on beside.
var adds = regexp.MustCompile(`(?is)^(CREATE TABLE|CREATE INDEX|CREATE (OR REPLACE )?VIEW|INSERT INTO|UPDATE|` +
	`ALTER TABLE \w+ ADD COLUMN \w+ [A-Z]+( NOT NULL DEFAULT [^,]+| DEFAULT [^,]+)?$)`)

// takes are the statements of a migration, on its way up, that do more than add.
func takes(migration string) (found []string) {
	up, _, _ := strings.Cut(migration, "-- +goose Down")
	up = regexp.MustCompile(`--[^\n]*`).ReplaceAllString(up, "")
	for statement := range strings.SplitSeq(up, ";") {
		statement = strings.Join(strings.Fields(statement), " ")
		if statement != "" && !adds.MatchString(statement) {
			found = append(found, statement)
		}
	}
	return found
}

func TestWhatTakesAway(t *testing.T) {
	for statement, want := range map[string]bool{
		`CREATE TABLE a (b TEXT NOT NULL)`:                          false,
		`ALTER TABLE a ADD COLUMN b TEXT`:                           false,
		`ALTER TABLE a ADD COLUMN b BIGINT NOT NULL DEFAULT 0`:      false,
		"-- Comment.\nCREATE INDEX a_b ON a (b);\nUPDATE a SET b=1": false,
		`ALTER TABLE a ADD COLUMN b BIGINT NOT NULL`:                true,
		`ALTER TABLE a ADD COLUMN b TEXT UNIQUE`:                    true,
		`ALTER TABLE a DROP COLUMN b`:                               true,
		`ALTER TABLE a RENAME COLUMN b TO c`:                        true,
		`CREATE UNIQUE INDEX a_b ON a (b)`:                          true,
		`DROP TABLE a`:                                              true,
		`DELETE FROM a`:                                             true,
		`CREATE TABLE a (b TEXT); DROP INDEX c`:                     true,
	} {
		if got := takes("-- +goose Up\n"+statement+";\n-- +goose Down\nDROP TABLE a;") != nil; got != want {
			t.Errorf("%q takes away: %v", statement, got)
		}
	}
}
