package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// A counter only grows, but for authenticators that keep none; what belongs to a
// user goes with the user; and a challenge is taken once, in its place, in time.
func TestPasskeys(t *testing.T) {
	const env, user, credential = "env", "user", "credential"
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) {
		db := open(t)
		write := func(fn func(*store.Tx) error) error { return db.Write(t.Context(), fn) }
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(write(func(tx *store.Tx) error {
			return errors.Join(
				tx.PutEnvironment(env, "Env", "{}", 0),
				tx.InsertUser(store.UserRow{ID: user, EnvironmentID: env, Profile: "{}"}),
				tx.InsertCredential(store.CredentialRow{ID: credential, EnvironmentID: env, UserID: user, Format: store.FormatPasskey,
					Identifier: "id", Provenance: store.ProvenanceSignUp}),
				tx.InsertPasskey(store.PasskeyRow{CredentialID: credential, EnvironmentID: env, UserID: user, PublicKey: []byte{1},
					BackupEligible: true, Transports: []string{"usb", "nfc"}}),
			)
		}))
		for _, c := range []struct {
			counter uint32
			ok      bool
		}{{0, true}, {0, true}, {5, true}, {5, false}, {4, false}, {0, false}, {1<<32 - 1, true}, {1<<32 - 1, false}} {
			err := write(func(tx *store.Tx) error { return tx.AdvancePasskey(env, credential, c.counter, true) })
			if ok := err == nil; ok != c.ok || !ok && !errors.Is(err, store.ErrNotFound) {
				t.Errorf("counter %d: %v", c.counter, err)
			}
		}
		take := func(hash, purpose, session string) error {
			return write(func(tx *store.Tx) error {
				_, err := tx.ConsumePasskeyChallenge(env, []byte(hash), purpose, session, "")
				return err
			})
		}
		must(write(func(tx *store.Tx) error {
			for _, hash := range []string{"one", "two", "three"} {
				if err := tx.InsertPasskeyChallenge(store.PasskeyChallengeRow{
					Hash: []byte(hash), EnvironmentID: env, Purpose: "enrol", SessionID: "s", UserID: user,
					ExpiresAt: tx.Now().Add(time.Minute),
				}); err != nil {
					return err
				}
			}
			return nil
		}))
		for _, wrong := range [][3]string{{"one", "session", "s"}, {"one", "enrol", "other"}, {"one", "enrol", ""},
			{"four", "enrol", "s"}} {
			if err := take(wrong[0], wrong[1], wrong[2]); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%v: %v", wrong, err)
			}
		}
		must(take("one", "enrol", "s"))
		if err := take("one", "enrol", "s"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("taken twice: %v", err)
		}
		clock.Advance(time.Minute)
		if err := take("two", "enrol", "s"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("taken too late: %v", err)
		}
		must(write(func(tx *store.Tx) error {
			p, err := tx.Passkey(env, credential)
			if p.SignCount != 1<<32-1 || !p.BackupEligible || !p.BackedUp || len(p.Transports) != 2 || p.UsedAt.IsZero() {
				t.Errorf("%+v", p)
			}
			return errors.Join(err, tx.DeleteUser(env, user))
		}))
		must(db.Read(t.Context(), func(tx *store.Tx) error {
			for _, table := range []string{"passkeys", "passkey_challenges", "credentials"} {
				var n int
				if err := tx.Row(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil {
					return err
				}
				if n != 0 {
					t.Errorf("%d rows of %s outlive the user", n, table)
				}
			}
			return nil
		}))
	}, storetest.WithClock(clock))
}
