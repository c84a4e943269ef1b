package store_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// What accepting turned on is known of each environment, and of what was accepted
// before it was written down the audit log tells.
func TestTurnedOnEntries(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		text, err := os.ReadFile("migrations/00022_acceptance.sql")
		if err != nil {
			t.Fatal(err)
		}
		upgrade := string(text)
		upgrade = upgrade[strings.Index(upgrade, "INSERT INTO"):]
		upgrade = upgrade[:strings.Index(upgrade, ";")]
		err = db.Write(t.Context(), func(tx *store.Tx) error {
			for id, row := range map[string][3]string{
				"1": {"one", "environment.version_accepted",
					`{"strict":false,"turned_on":["link-email","refresh-without-mfa"],"verdict":"Ready"}`},
				"2": {"one", "environment.version_accepted", `{"strict":false,"turned_on":["link-email"],"verdict":"Ready"}`},
				"3": {"two", "environment.version_accepted", `{"strict":true,"turned_on":[],"verdict":"Ready"}`},
				"4": {"two", "environment.applied", `{"turned_on":["refresh"]}`},
			} {
				if _, err := tx.Exec(
					`INSERT INTO audit_events (id, environment_id, at, action, actor, user_id, session_id, request_id, detail, hash)
					VALUES ($1, $2, 1, $3, '', '', '', '', $4, '')`, id, row[0], row[1], row[2]); err != nil {
					return err
				}
			}
			_, err := tx.Exec(upgrade)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = db.Write(t.Context(), func(tx *store.Tx) error {
			want := func(environment string, entries ...string) {
				if got, err := tx.TurnedOn(environment); err != nil || !slices.Equal(got, entries) {
					t.Errorf("%s: %q, want %q (%v)", environment, got, entries, err)
				}
			}
			want("one", "link-email", "refresh-without-mfa")
			want("two")
			for _, entry := range []string{"reshare", "reshare"} {
				if err := tx.TurnOn("two", entry); err != nil {
					return err
				}
			}
			want("two", "reshare")
			err := tx.DropTurnedOn("one", "link-email")
			want("one", "refresh-without-mfa")
			want("two", "reshare")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
