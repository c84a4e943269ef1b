package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// atMigration is the URL of a database as an earlier version left it: at a migration,
// and with the rows of fill.
func atMigration(t *testing.T, engine string, version int64, fill func(exec func(query string, args ...any))) string {
	t.Helper()
	url := storetest.Empty(t, engine)
	driver, source, dialect := "sqlite", strings.TrimPrefix(url, "sqlite:"), goose.DialectSQLite3
	if engine == store.Postgres {
		driver, source, dialect = "pgx", url, goose.DialectPostgres
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	provider, err := goose.NewProvider(dialect, db, store.Layers(os.DirFS("migrations"), os.DirFS("migrations/"+engine)), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	fill(func(query string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	})
	return url
}

// linkedBefore is a credential in the audit log of an earlier version.
type linkedBefore struct {
	format, provenance string
	confirmed          bool // soon after
}

// An upgrade deletes open links, and leaves an address that a link put back confirmed
// only where the audit log shows that whoever got the link was.
func TestUpgradeOfUndoLinks(t *testing.T) {
	t.Parallel()
	email := func(provenance string) linkedBefore { return linkedBefore{store.FormatEmail, provenance, false} }
	cases := []struct {
		name      string
		format    string // of what was put back
		before    []linkedBefore
		created   bool // the log goes back to the user's beginning
		after     []linkedBefore
		confirmed bool
	}{
		{"all proven", store.FormatEmail, []linkedBefore{email("sign_up"), email("elevated_token")}, true, nil, true},
		{"one linked with nothing", store.FormatEmail, []linkedBefore{email("sign_up"), email("nothing")}, true, nil, false},
		{"and confirmed", store.FormatEmail, []linkedBefore{email("sign_up"), {store.FormatEmail, "nothing", true}}, true, nil, true},
		{"of two one confirmed", store.FormatEmail, []linkedBefore{email("sign_up"), {store.FormatEmail, "nothing", true}, email("nothing")}, true, nil, false},
		{"put back again", store.FormatEmail, []linkedBefore{email("sign_up"), email("revoke_link")}, true, nil, true},
		{"put back again, of nothing", store.FormatEmail, []linkedBefore{email("nothing"), email("revoke_link")}, true, nil, false},
		{"a log cut short", store.FormatEmail, []linkedBefore{email("sign_up")}, false, nil, false},
		{"an empty log", store.FormatEmail, nil, true, nil, false},
		{"a number", store.FormatPhone, []linkedBefore{{store.FormatPhone, "sign_up", false}, email("nothing")}, true, nil, true},
		{"a number of nothing", store.FormatPhone, []linkedBefore{{store.FormatPhone, "nothing", false}, email("sign_up")}, true, nil, false},
		{"nothing, later", store.FormatEmail, []linkedBefore{email("sign_up")}, true, []linkedBefore{email("nothing")}, true},
	}
	others := map[string]bool{ // by provenance, never touched
		"sign_up": true, "elevated_token": true, "legacy_token": true, "mfa": true, "embedded_wallet": true, "nothing": false,
	}
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url := atMigration(t, engine, 13, func(exec func(string, ...any)) {
				exec(`INSERT INTO environments (id, name, document, revision, created_at, updated_at) VALUES ('env', 'e', '{}', 1, 1, 1)`)
				id := 0
				next := func() string { id++; return fmt.Sprintf("%08d-0000-4000-8000-000000000000", id) }
				audit := func(at int, user, action, detail string) {
					exec(`INSERT INTO audit_events (id, environment_id, at, action, actor, user_id, session_id, request_id, detail, hash) VALUES ($1, 'env', $2, $3, 'system', $4, '', '', $5, '')`,
						next(), at, action, user, detail)
				}
				linked := func(at int, user string, l linkedBefore) {
					credential := next()
					audit(at, user, "credential.linked", fmt.Sprintf(`{"credential_id":%q,"format":%q,"provenance":%q}`, credential, l.format, l.provenance))
					if l.confirmed {
						audit(at, user, "credential.confirmed", fmt.Sprintf(`{"credential_id":%q}`, credential))
					}
				}
				credential := func(at int, user, format, provenance string) {
					credential := next()
					exec(`INSERT INTO credentials (id, environment_id, user_id, format, identifier, public_identifier, sign_in_enabled, provenance, created_at) VALUES ($1, 'env', $2, $3, $4, $4, 1, $5, $6)`,
						credential, user, format, "at "+credential, provenance, at)
					audit(at, user, "credential.linked", fmt.Sprintf(`{"credential_id":%q,"format":%q,"provenance":%q}`, credential, format, provenance))
				}
				user := func(name string) {
					exec(`INSERT INTO users (id, environment_id, profile, created_at, last_visit_at) VALUES ($1, 'env', '{}', 1, 1)`, name)
				}
				for _, c := range cases {
					user(c.name)
					if c.created {
						audit(1, c.name, "user.created", `{}`)
					}
					for _, l := range c.before {
						linked(10, c.name, l)
					}
					credential(20, c.name, c.format, store.ProvenanceRevokeLink)
					for _, l := range c.after {
						linked(30, c.name, l)
					}
				}
				user("others")
				for provenance := range others {
					credential(20, "others", store.FormatEmail, provenance)
				}
				exec(`INSERT INTO revoke_links (hash, environment_id, user_id, credential_id, recipient, previous, expires_at) VALUES ($1, 'env', 'others', '', 'evil', 'evil', $2)`, []byte("hash"), int64(1)<<50)
				exec(`INSERT INTO sessions (id, environment_id, user_id, signin_credential_id, signin_method, last_verified_credential_id, origin, session_public_key, device_public_key, sdk_version, created_at, refreshed_at, expires_at, ends_at, mfa_mark_at)
					VALUES ('s', 'env', 'others', '', '', '', '', '', '', '', 1, 1, $1, $1, 1)`, int64(1)<<50)
			})
			db := storetest.Open(t, url)
			err := db.Read(t.Context(), func(tx *store.Tx) error {
				for _, c := range cases {
					rows, err := tx.Credentials("env", c.name)
					if err != nil {
						return err
					}
					if len(rows) != 1 || rows[0].Confirmed() != c.confirmed || rows[0].Provenance != store.ProvenanceRevokeLink {
						t.Errorf("%s: %+v", c.name, rows)
					}
				}
				rows, err := tx.Credentials("env", "others")
				for _, row := range rows {
					if row.Confirmed() != others[row.Provenance] || row.Disputed() || row.LetInBy != "" {
						t.Errorf("%+v", row)
					}
				}
				if len(rows) != len(others) || err != nil {
					return fmt.Errorf("%d rows: %w", len(rows), err)
				}
				if s, err := tx.LiveSession("env", "s"); err != nil || s.MFAMarkAt.IsZero() || s.MFAMarkBy != "" {
					t.Errorf("session %+v, %v", s, err)
				}
				var links int
				if err := tx.Row(`SELECT COUNT(*) FROM revoke_links`).Scan(&links); err != nil || links != 0 {
					t.Errorf("%d links, %v", links, err)
				}
				back, err := tx.CredentialsPutBack()
				var names []string
				for _, row := range back {
					names = append(names, row.UserID)
				}
				want := []string{"a log cut short", "a number of nothing", "an empty log", "of two one confirmed", "one linked with nothing", "put back again, of nothing"}
				if slices.Sort(names); !slices.Equal(names, want) {
					t.Errorf("listed: %q", names)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
