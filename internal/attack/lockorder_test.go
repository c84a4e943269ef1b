package attack_test

import (
	"fmt"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

// Whoever redeems a prompt and whoever ends its session take user, session and prompts in
// one order. In two they would wait for one another until PostgreSQL finds out, a second
// later, with a connection of the pool each.
func TestPromptsAndSessionsAreLockedInOneOrder(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.WithEngine(store.Postgres))
	s.withPrompts(t, "")
	deadlocks := func() (n int) {
		t.Helper()
		err := s.DB.Read(t.Context(), func(tx *store.Tx) error {
			return tx.Row(`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&n)
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := deadlocks()
	for i := range 12 {
		ada := s.SignIn(t, servertest.A, fmt.Sprintf("ada%d@example.com", i))
		var prompts []*prompted
		var codes []string
		for range 3 {
			p, code := s.approved(t, ada, nil)
			prompts, codes = append(prompts, p), append(codes, code)
		}
		together(4, func(j int) {
			if j == 3 {
				_, _ = s.Try(t, "POST", sdk("/revoke"), ada.Header(), nil)
				return
			}
			_, _ = s.Try(t, "POST", sdk(promptsPath+"/"+prompts[j].id+"/token"), ada.Header(),
				m{"code": codes[j], "codeVerifier": promptVerifier})
		})
	}
	if n := deadlocks() - before; n > 0 {
		t.Errorf("%d deadlocks", n)
	}
}
