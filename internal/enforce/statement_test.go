package enforce_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant/tenanttest"
	"github.com/stepup-auth/stepup/internal/who"
)

// The consuming statement decides by itself, whatever was read before it and
// without any lock around it: once, and never for a dead token.
func TestStatementDecides(t *testing.T) {
	t.Parallel()
	tenanttest.Engines(t, tenanttest.Document("sessions: {idle: 1h}"), func(t *testing.T, w *tenanttest.World) {
		ada := w.SignIn(t, "ada@example.com")
		minted := func(scope stepup.Scope) string {
			return who.Present(t.Context(), w.Tenant, w.Elevate(t, ada, "ada@example.com", scope)).ID()
		}
		consume := func(environmentID, id string) error {
			return w.DB.Write(t.Context(), func(tx *store.Tx) error { return tx.ConsumeElevatedToken(environmentID, id) })
		}
		id := minted(stepup.WalletExport)
		var won atomic.Int64
		var done sync.WaitGroup
		for range 200 {
			done.Go(func() {
				if err := consume(tenanttest.ID, id); err == nil {
					won.Add(1)
				} else if !errors.Is(err, store.ErrNotFound) {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if won.Load() != 1 {
			t.Errorf("%d of 200 won", won.Load())
		}
		timeBound := minted(stepup.CredentialLink)
		for range 3 {
			if err := consume(tenanttest.ID, timeBound); err != nil {
				t.Error(err)
			}
		}
		if err := consume("99999999-2222-4333-8444-555555555555", timeBound); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("in another environment: %v", err)
		}
		for _, test := range []struct {
			name string
			kill func(id string)
		}{
			{"expired", func(string) { w.Clock.Advance(11 * time.Minute) }},
			{"revoked", func(id string) {
				w.Write(t, func(tx *store.Tx) error {
					_, err := tx.Exec(`UPDATE elevated_tokens SET revoked_at = 1 WHERE id = $1`, id)
					return err
				})
			}},
			{"of another epoch", func(string) {
				if err := store.RestoreEpoch(t.Context(), w.DB); err != nil {
					t.Fatal(err)
				}
			}},
			{"of an ended session", func(string) {
				w.Write(t, func(tx *store.Tx) error {
					_, err := tx.Exec(`UPDATE sessions SET revoked_at = 1 WHERE id = $1`, ada.ID)
					return err
				})
			}},
		} {
			ids := []string{minted(stepup.WalletDelete), minted(stepup.CredentialUnlink)}
			for _, id := range ids {
				test.kill(id)
			}
			for _, id := range ids {
				if err := consume(tenanttest.ID, id); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("%s: %v", test.name, err)
				}
			}
			w.Clock.Advance(11 * time.Minute) // new codes may be sent
			ada = w.SignIn(t, "ada@example.com")
		}
	})
}
