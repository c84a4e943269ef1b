package console

import (
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

func userSignOut(r *request) (answer, error) {
	return changeUser(r, "#sessions", "Every session has ended.", func(tx *store.Tx, id string) error {
		_, err := operate.RevokeSessions(r.caller(), tx, r.environment.ID, id)
		return err
	})
}

func userSessionRevoke(r *request) (answer, error) {
	return changeUser(r, "#sessions", "The session has ended.", func(tx *store.Tx, id string) error {
		return operate.RevokeSession(r.caller(), tx, r.environment.ID, id, r.PathValue("sessionId"))
	})
}
