package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// The newest code is the one that was sent last, in whatever order the ids are, and
// however many are sent within a millisecond: whoever is told to take the newest mail
// must find that code in it.
func TestNewestCodeWithinOneMillisecond(t *testing.T) {
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		env := uuid.NewString()
		err := open(t).Write(t.Context(), func(tx *store.Tx) error {
			if err := tx.PutEnvironment(env, "Demo", "{}", 0); err != nil {
				return err
			}
			newest := func() string {
				row, err := tx.NewestSignInCode(env, store.FormatEmail, "ada@example.com", 6, 100)
				if err != nil {
					t.Error(err)
				}
				return row.ID
			}
			first := store.CodeChallengeRow{}
			for i := range 10 {
				c := store.CodeChallengeRow{ID: uuid.NewString(), EnvironmentID: env, Format: store.FormatEmail,
					Identifier: "ada@example.com", Purpose: "sign_in", CodeHash: []byte{byte(i)}, Digits: 6,
					ExpiresAt: tx.Now().Add(time.Minute)}
				if err := tx.InsertCodeChallenge(c); err != nil {
					return err
				}
				if got := newest(); got != c.ID {
					t.Errorf("after code %d the newest is another one", i)
				}
				if i == 0 {
					first = c
				}
			}
			if err := tx.ResendCodeChallenge(first); err != nil {
				return err
			}
			if newest() != first.ID {
				t.Error("a code that was sent again is not the newest")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
