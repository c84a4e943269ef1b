package audit_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

var full = audit.By{Actor: "user:u", EnvironmentID: "e", UserID: "u", SessionID: "s", RequestID: "r"}

func rows(t testing.TB, db *store.DB) (all []store.AuditRow) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.Tx) (err error) {
		all, err = storetest.AuditLog(tx, "", "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// An entry comes back as it was hashed, on both engines, and goes with its transaction.
func TestRecord(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		record := func(by audit.By, detail audit.Detail, then error) error {
			return db.Write(t.Context(), func(tx *store.Tx) error { return errors.Join(audit.Record(tx, by, "thing.done", detail), then) })
		}
		if err := record(full, audit.Detail{"n": 1, "text": "ü \" ' \\ \u2028"}, nil); err != nil {
			t.Fatal(err)
		}
		if err := record(full.Concerning("other").In("session"), nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := record(audit.By{}, nil, nil); err == nil {
			t.Error("recorded that nobody acted")
		}
		if err := record(full, nil, errors.New("the action failed")); err == nil {
			t.Error("no error")
		}
		if err := record(full, audit.Detail{"f": func() {}}, nil); err == nil {
			t.Error("recorded what cannot be written")
		}
		all := rows(t, db)
		if len(all) != 2 || all[0].Actor != "user:u" || all[1].UserID != "other" || all[1].SessionID != "session" || all[1].Detail != "{}" {
			t.Errorf("%+v", all)
		}
		for _, row := range all {
			if row.Hash != audit.Hash(row) || len(row.Hash) != 64 {
				t.Errorf("hash %s of %+v", row.Hash, row)
			}
		}
	})
}

// A change of any column changes the hash; so does moving text between columns.
func TestHash(t *testing.T) {
	row := store.AuditRow{ID: "i", EnvironmentID: "e", At: time.UnixMilli(1), Action: "a", Actor: "b", UserID: "u", SessionID: "s",
		RequestID: "r", Detail: "{}"}
	hash := audit.Hash(row)
	seen := map[string]string{hash: "the row"}
	for i := range reflect.TypeOf(row).NumField() {
		changed := row
		name := reflect.TypeOf(row).Field(i).Name
		switch field := reflect.ValueOf(&changed).Elem().Field(i).Addr().Interface().(type) {
		case *string:
			*field += "x"
		case *time.Time:
			*field = field.Add(time.Millisecond)
		}
		got := audit.Hash(changed)
		if name == "Hash" {
			if got != hash {
				t.Error("the hash is part of itself")
			}
			continue
		}
		if before, twice := seen[got]; twice {
			t.Errorf("%s hashes like %s", name, before)
		}
		seen[got] = name
	}
	moved := row
	moved.UserID, moved.SessionID = "u\",\"s", ""
	if _, twice := seen[audit.Hash(moved)]; twice {
		t.Error("text moved between columns unseen")
	}
}
