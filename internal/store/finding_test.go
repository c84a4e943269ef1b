package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// people makes an environment with users u00, u01, … and an address for each.
func people(t *testing.T, db *store.DB, n int) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutEnvironment("env", "Env", "{}", 0); err != nil {
			return err
		}
		for i := range n {
			id := fmt.Sprintf("u%02d", i)
			if err := tx.InsertUser(store.UserRow{ID: id, EnvironmentID: "env", Profile: "{}"}); err != nil {
				return err
			}
			if err := tx.InsertCredential(credential(id, store.FormatEmail, fmt.Sprintf("User%02d@example.com", i))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func credential(userID, format, shown string) store.CredentialRow {
	return store.CredentialRow{ID: userID + "-" + format, EnvironmentID: "env", UserID: userID, Format: format,
		Identifier: strings.ToLower(shown), PublicIdentifier: shown, SignInEnabled: true, Provenance: store.ProvenanceSignUp}
}

func found(t *testing.T, db *store.DB, key string) (ids []string) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		list, err := tx.FindUsers("env", store.SearchKey(key), 10)
		for _, f := range list {
			ids = append(ids, f.ID)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// Users are found by what their credentials show now and by their names, from the
// beginning on, and by nothing else.
func TestFindUsers(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		people(t, db, 3)
		write := func(change func(*store.Tx) error) {
			t.Helper()
			if err := db.Write(t.Context(), change); err != nil {
				t.Fatal(err)
			}
		}
		want := func(key string, ids ...string) {
			t.Helper()
			if got := found(t, db, key); !slices.Equal(got, ids) {
				t.Errorf("by %q: %v, not %v", key, got, ids)
			}
		}
		want("user0", "u00", "u01", "u02")
		want("USER01@EXAMPLE.COM", "u01")
		want("user01@example.com.", []string{}...)
		want("example.com", []string{}...)
		want("", []string{}...)
		write(func(tx *store.Tx) error {
			external := credential("u01", store.FormatExternal, "Ärzte|7\x7f")
			if err := tx.InsertCredential(external); err != nil {
				return err
			}
			if err := tx.InsertCredential(credential("u02", store.FormatOAuth, "ada-of-elsewhere")); err != nil {
				return err
			}
			return tx.UpdateProfile("env", "u02", "Ada.L", "{}")
		})
		want("Ärzte", "u01")
		want("ada", "u02") // by the name, not by what a login shows of itself
		write(func(tx *store.Tx) error {
			if err := tx.DescribeCredential("env", "u02", "u02-oauth", "zed-of-elsewhere", ""); err != nil {
				return err
			}
			if err := tx.DescribeCredential("env", "u01", "u01-externalUser", "nine", ""); err != nil {
				return err
			}
			if err := tx.UpdateProfile("env", "u02", "", "{}"); err != nil {
				return err
			}
			return tx.DeleteCredential("env", "u00", "u00-email")
		})
		want("ada", []string{}...)
		want("zed", []string{}...)
		want("Ärzte", []string{}...)
		want("nine", "u01")
		want("user0", "u01", "u02")
	})
}

// Lists are newest first, a page at a time, and each state lists who is in it.
func TestUsersIn(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		people(t, db, 60)
		list := func(state store.UserState, after string) (ids []string) {
			t.Helper()
			err := db.Read(t.Context(), func(tx *store.Tx) error {
				rows, err := tx.UsersIn("env", state, after, 100)
				for _, row := range rows {
					ids = append(ids, row.ID)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		first := list(store.AnyState, "")
		rest := list(store.AnyState, first[len(first)-1])
		if len(first) != store.UsersAtOnce || len(rest) != 10 || first[0] != "u59" || rest[0] != "u09" || rest[9] != "u00" {
			t.Errorf("pages of %d from %s and %d from %s", len(first), first[0], len(rest), rest[0])
		}
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			unproven := credential("u07", store.FormatPhone, "+14155550132")
			unproven.Provenance = store.ProvenanceNothing
			for _, change := range []error{
				tx.DisableUser("env", "u03", false), tx.DisableUser("env", "u30", false), tx.InsertCredential(unproven),
				tx.InsertCredential(credential("u09", store.FormatTOTP, "phone")),
				tx.InsertCredential(credential("u09", store.FormatPasskey, "key")),
				tx.DisputeCredential("env", "u09", "u09-totp", tx.Now(), ""),
			} {
				if change != nil {
					return change
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for state, want := range map[store.UserState][]string{
			store.Disabled: {"u30", "u03"}, store.Unproven: {"u07"}, store.Disputed: {"u09"},
		} {
			if got := list(state, ""); !slices.Equal(got, want) {
				t.Errorf("%s: %v, not %v", state, got, want)
			}
		}
		if got := list(store.Disabled, "u30"); !slices.Equal(got, []string{"u03"}) {
			t.Errorf("behind u30: %v", got)
		}
		if got := list(store.WithoutFactor, "u10"); slices.Contains(got, "u09") || !slices.Contains(got, "u08") {
			t.Errorf("without MFA: %v", got)
		}
		err = db.Write(t.Context(), func(tx *store.Tx) error {
			if err := tx.DeleteCredential("env", "u09", "u09-totp"); err != nil {
				return err
			}
			if user, err := tx.User("env", "u09"); err != nil || user.Factors != 1 {
				t.Errorf("%d factors are left, %v", user.Factors, err)
			}
			return tx.DeleteCredential("env", "u09", "u09-passkey")
		})
		if got := list(store.WithoutFactor, "u10"); err != nil || got[0] != "u09" {
			t.Errorf("without MFA again: %v, %v", got, err)
		}
		err = db.Read(t.Context(), func(tx *store.Tx) error {
			_, err := tx.UsersIn("env", "locked", "", 1)
			return err
		})
		if err == nil {
			t.Error("there is no state locked, and users were listed by it")
		}
	})
}

// What the migration makes of users from before is what is made of new ones.
func TestFoundUsersMigration(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		people(t, db, 2)
		shown := []string{"Ada.Lovelace+Tag@Example.COM", "0xAbCdEf\\x41", "Ärzte|\"'\\"}
		read := func() (keys []string) {
			for _, text := range shown {
				keys = append(keys, strings.Join(found(t, db, text), " "))
			}
			return append(keys, strings.Join(found(t, db, "ada_L"), " "), strings.Join(found(t, db, "my phone"), " "))
		}
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			for i, format := range []string{store.FormatPhone, store.FormatBlockchain, store.FormatExternal} {
				if err := tx.InsertCredential(credential("u01", format, shown[i])); err != nil {
					return err
				}
			}
			if err := tx.InsertCredential(credential("u01", store.FormatTOTP, "my phone")); err != nil {
				return err
			}
			return tx.UpdateProfile("env", "u00", "Ada_L", "{}")
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"u01", "u01", "u01", "u00", ""}
		if got := read(); !slices.Equal(got, want) {
			t.Fatalf("new users are found as %q", got)
		}
		text, err := os.ReadFile(filepath.Join("migrations", db.Engine(), "issuer", "00029_found_users.sql"))
		if err != nil {
			t.Fatal(err)
		}
		err = db.Write(t.Context(), func(tx *store.Tx) error {
			for _, statement := range append([]string{`UPDATE users SET search = NULL`, `UPDATE credentials SET search = NULL`},
				strings.Split(string(text), ";")[:2]...) {
				if _, err := tx.Exec(strings.TrimPrefix(statement, "-- +goose Up")); err != nil {
					return err
				}
			}
			var n int
			if err := tx.Row(`SELECT COUNT(*) FROM users WHERE search IS NOT NULL`).Scan(&n); err != nil || n != 1 {
				t.Errorf("%d users have a name, %v", n, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := read(); !slices.Equal(got, want) {
			t.Errorf("users from before are found as %q", got)
		}
	})
}
