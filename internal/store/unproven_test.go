package store_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// A session is unproven by the credential that opened it or gave the second factor,
// if that was linked with nothing, also when it is gone; it is not once the
// credential was confirmed, or another factor was given.
func TestUnprovenSessions(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		const env, user = "environment", "user"
		write := func(fn func(*store.Tx) error) {
			t.Helper()
			if err := db.Write(t.Context(), fn); err != nil {
				t.Fatal(err)
			}
		}
		write(func(tx *store.Tx) error {
			if err := tx.PutEnvironment(env, env, "", 0); err != nil {
				return err
			}
			if err := tx.InsertUser(store.UserRow{ID: user, EnvironmentID: env, Profile: "{}"}); err != nil {
				return err
			}
			for id, provenance := range map[string]string{"mail": store.ProvenanceSignUp, "planted": store.ProvenanceNothing,
				"gone": store.ProvenanceNothing,
				"app":  store.ProvenanceElevatedToken, "planted app": store.ProvenanceNothing} {
				format := store.FormatEmail
				if strings.HasSuffix(id, "app") {
					format = store.FormatTOTP
				}
				if err := tx.InsertCredential(store.CredentialRow{ID: id, EnvironmentID: env, UserID: user, Format: format, Identifier: id,
					Provenance: provenance}); err != nil {
					return err
				}
			}
			for id, opened := range map[string]string{"good": "mail", "by planted": "planted", "by gone": "gone", "completed": "mail",
				"mended": "mail", "before": "mail", "before, alone": "mail"} {
				s := store.SessionRow{ID: id, EnvironmentID: env, UserID: user, SignInCredentialID: opened,
					ExpiresAt: tx.Now().Add(time.Hour), EndsAt: tx.Now().Add(time.Hour)}
				if id == "before" {
					s.MFAAt = tx.Now() // nobody noted by what
				}
				if err := tx.InsertSession(s); err != nil {
					return err
				}
			}
			proved := func(session, credential string, mark bool) error {
				_, err := tx.RefreshSession(env, session, time.Hour, store.Proved{CredentialID: credential, MFA: true, Mark: mark})
				return err
			}
			return errors.Join(proved("completed", "planted app", false), proved("mended", "planted app", false),
				proved("mended", "app", true), tx.DeleteCredential(env, user, "gone"))
		})
		text, err := os.ReadFile("migrations/00015_what_counts.sql")
		if err != nil {
			t.Fatal(err)
		}
		upgrade := string(text)
		upgrade = upgrade[strings.Index(upgrade, "UPDATE sessions"):]
		upgrade = upgrade[:strings.Index(upgrade, ";")]
		write(func(tx *store.Tx) error {
			if _, err := tx.Exec(`UPDATE sessions SET mfa_at = NULL WHERE id NOT IN ('before')`); err != nil {
				return err
			}
			_, err := tx.Exec(upgrade)
			return err
		})
		want := map[string]bool{"good": false, "by planted": true, "by gone": true, "completed": true, "mended": false, "before": true,
			"before, alone": false}
		write(func(tx *store.Tx) error {
			for id, unproven := range want {
				s, err := tx.LiveSession(env, id)
				if err != nil || s.Unproven != unproven {
					t.Errorf("%s: unproven %v, want %v (%v)", id, s.Unproven, unproven, err)
				}
			}
			return tx.ConfirmCredential(store.CredentialRow{ID: "planted", EnvironmentID: env, UserID: user})
		})
		want["by planted"] = false
		write(func(tx *store.Tx) error {
			if n, err := tx.RevokeUnproven(env, "somebody else", "test"); n != 0 || err != nil {
				t.Errorf("of somebody else: %d, %v", n, err)
			}
			n, err := tx.RevokeUnproven(env, "", "test")
			if n != 3 {
				t.Errorf("%d sessions ended", n)
			}
			return err
		})
		write(func(tx *store.Tx) error {
			for id, unproven := range want {
				if _, err := tx.LiveSession(env, id); errors.Is(err, store.ErrNotFound) != unproven {
					t.Errorf("%s afterwards: %v", id, err)
				}
			}
			return nil
		})
	})
}

// A session that is written as unproven is so, whatever its credentials say: what follows
// such a session is no better.
func TestUnprovenIsWritten(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		const env, user = "environment", "user"
		err := open(t).Write(t.Context(), func(tx *store.Tx) error {
			if err := errors.Join(tx.PutEnvironment(env, env, "", 0),
				tx.InsertUser(store.UserRow{ID: user, EnvironmentID: env, Profile: "{}"})); err != nil {
				return err
			}
			for _, unproven := range []bool{true, false} {
				s := store.SessionRow{ID: "first", EnvironmentID: env, UserID: user, Unproven: unproven,
					ExpiresAt: tx.Now().Add(time.Hour), EndsAt: tx.Now().Add(time.Hour)}
				if !unproven {
					s.ID = "second"
				}
				if err := tx.InsertSession(s); err != nil {
					return err
				}
				if read, err := tx.LiveSession(env, s.ID); err != nil || read.Unproven != unproven {
					t.Errorf("written as %v, read as %v (%v)", unproven, read.Unproven, err)
				}
			}
			n, err := tx.RevokeUnproven(env, "", "test")
			if n != 1 {
				t.Errorf("%d sessions ended", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// What ends the sessions that wait for their device ends no other, nor one of another
// environment.
func TestRevokeUnregistered(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		err := open(t).Write(t.Context(), func(tx *store.Tx) error {
			for _, env := range []string{"here", "elsewhere"} {
				if err := errors.Join(tx.PutEnvironment(env, env, "", 0),
					tx.InsertUser(store.UserRow{ID: "user " + env, EnvironmentID: env, Profile: "{}"})); err != nil {
					return err
				}
				for _, id := range []string{"waits ", "in "} {
					if err := tx.InsertSession(store.SessionRow{ID: id + env, EnvironmentID: env, UserID: "user " + env,
						Unregistered: id == "waits ", ExpiresAt: tx.Now().Add(time.Hour), EndsAt: tx.Now().Add(time.Hour)}); err != nil {
						return err
					}
				}
			}
			for _, want := range []int64{1, 0} {
				if n, err := tx.RevokeUnregistered("here", "test"); n != want || err != nil {
					t.Errorf("%d sessions ended, want %d (%v)", n, want, err)
				}
			}
			for _, env := range []string{"here", "elsewhere"} {
				for _, id := range []string{"waits ", "in "} {
					_, err := tx.LiveSession(env, id+env)
					if over := errors.Is(err, store.ErrNotFound); over != (id+env == "waits here") {
						t.Errorf("%s%s: %v", id, env, err)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
