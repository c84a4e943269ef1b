package servertest_test

import (
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// TestServer walks once through what the helpers offer, on both engines.
func TestServer(t *testing.T) {
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := servertest.Start(t, servertest.WithEngine(engine))
			alice := s.SignIn(t, servertest.A, "alice@example.com")
			if alice.UserID == "" || alice.ID == "" || alice.CredentialID == "" || alice.Token == "" || alice.FullToken == "" {
				t.Errorf("signing in left something out: %+v", alice)
			}
			token := s.StepUp(t, alice, "transfer:create")
			service := s.ServiceToken(t, servertest.A, []string{serviceauth.TokensConsume}, "transfer:create")
			question := map[string]string{"token": token, "scope": "transfer:create", "operationId": "one", "requestDigest": "d"}
			answer := s.Do(t, "POST", servertest.SDK(servertest.A)+"/tokens/consume", servertest.Bearer(service), question).Want(t, 200, "")
			if answer.Member("result") != "first" {
				t.Errorf("consuming: %s", answer.Body)
			}
			s.SignIn(t, servertest.Legacy, "alice@example.com")

			s.Clock.Advance(2 * time.Hour)
			s.Do(t, "GET", alice.Path("/session"), alice.Header(), nil).Want(t, 401, "invalid_session")
		})
	}
}
