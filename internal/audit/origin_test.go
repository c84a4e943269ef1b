package audit_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

func beside(t *testing.T, db *store.DB, row store.AuditRow) (source store.AuditSource, err error) {
	t.Helper()
	err = db.Read(t.Context(), func(tx *store.Tx) (err error) {
		source, err = audit.SourceOf(tx, row)
		return err
	})
	return source, err
}

func write(t *testing.T, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// The entries of a request share one row beside the log, over all its transactions;
// one that says something of a person has its own. Forgetting them changes no entry.
func TestBeside(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		by := full
		by.From = audit.From("192.0.2.7", "Browser/1.0")
		for range 2 {
			write(t, db, func(tx *store.Tx) error {
				if err := audit.Record(tx, by, "thing.begun", nil); err != nil {
					return err
				}
				return audit.Record(tx, by, "thing.done", nil)
			})
		}
		write(t, db, func(tx *store.Tx) error {
			return audit.RecordPersonal(tx, by, "thing.renamed", audit.Detail{"id": "1"}, audit.Detail{"to": "Ada's phone"})
		})
		write(t, db, func(tx *store.Tx) error { return audit.Record(tx, full, "thing.timed_out", nil) })
		all := rows(t, db)
		sources := map[string]int{}
		for _, row := range all {
			sources[row.Source]++
			source, err := beside(t, db, row)
			wanted := source.Address == "192.0.2.7" && source.UserAgent == "Browser/1.0" &&
				(source.Personal == `{"to":"Ada's phone"}`) == (row.Action == "thing.renamed")
			if row.Action == "thing.timed_out" {
				wanted = source.ID == ""
			}
			if err != nil || !wanted || row.Hash != audit.Hash(row) || strings.Contains(row.Detail, "Ada") {
				t.Errorf("%+v beside %+v, %v", source, row, err)
			}
		}
		if len(all) != 6 || len(sources) != 3 || sources[""] != 1 || sources[all[0].Source] != 4 {
			t.Errorf("%d entries with sources %v", len(all), sources)
		}
		for _, column := range []string{"address", "user_agent", "personal"} {
			changed := all[4] // the one with personal fields
			write(t, db, func(tx *store.Tx) error {
				_, err := tx.Exec(`UPDATE audit_sources SET `+column+` = `+column+` || 'x' WHERE id = $1`, changed.Source)
				return err
			})
			if _, err := beside(t, db, changed); err == nil {
				t.Errorf("a changed %s goes unnoticed", column)
			}
			write(t, db, func(tx *store.Tx) error {
				_, err := tx.Exec(`UPDATE audit_sources SET `+column+` = substr(`+column+`, 1, length(`+column+`) - 1) WHERE id = $1`,
					changed.Source)
				return err
			})
		}
		write(t, db, func(tx *store.Tx) error {
			n, err := tx.ForgetAuditSources("e", tx.Now().Add(1), 10)
			if n != 2 {
				t.Errorf("%d rows were forgotten, want 2", n)
			}
			return err
		})
		for i, row := range rows(t, db) {
			if source, err := beside(t, db, row); err != nil || source.ID != "" || row != all[i] || row.Hash != audit.Hash(row) {
				t.Errorf("forgotten: %+v beside %+v, %v", source, row, err)
			}
		}
	})
}

// Entries from before rows pointed beside the log have the hash in their detail.
func TestOlderSource(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		sum := sha256.Sum256([]byte("salt192.0.2.1"))
		write(t, db, func(tx *store.Tx) error {
			row := store.AuditRow{ID: "old", EnvironmentID: "e", At: tx.Now(), Action: "proof.refused", Actor: "anonymous",
				Detail: `{"count":1,"source":"` + hex.EncodeToString(sum[:]) + `"}`}
			row.Hash = audit.Hash(row)
			if err := tx.InsertAudit(row, ""); err != nil {
				return err
			}
			return tx.InsertAuditSource(store.AuditSource{ID: "old", EnvironmentID: "e", Salt: []byte("salt"), Address: "192.0.2.1"})
		})
		row := rows(t, db)[0]
		if source, err := beside(t, db, row); err != nil || source.Address != "192.0.2.1" {
			t.Errorf("%+v, %v", source, err)
		}
		write(t, db, func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE audit_sources SET address = '198.51.100.1' WHERE id = $1`, "old")
			return err
		})
		if _, err := beside(t, db, row); err == nil {
			t.Error("another address goes unnoticed")
		}
	})
}

// What a header says is kept as far as people can read it, whatever bytes it is made of.
func TestUserAgent(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.SQLite))
	for _, test := range []struct{ sent, want string }{
		{"Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)"},
		{"a\x00b\u202ec\xff\n", "abc"},
		{strings.Repeat("ü", 400), strings.Repeat("ü", 128)},
		{strings.Repeat("x", 255) + "ü", strings.Repeat("x", 255)},
		{strings.Repeat("x", 3000), strings.Repeat("x", 256)},
	} {
		by := full
		by.From = audit.From("192.0.2.7", test.sent)
		write(t, db, func(tx *store.Tx) error { return audit.Record(tx, by, "thing.done", nil) })
		all := rows(t, db)
		source, err := beside(t, db, all[len(all)-1])
		if err != nil || source.UserAgent != test.want || !utf8.ValidString(source.UserAgent) {
			t.Errorf("%q is kept as %q, %v", test.sent, source.UserAgent, err)
		}
	}
}
