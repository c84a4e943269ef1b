package console

import (
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

func userResetMFA(r *request) (answer, error) {
	return changeUser(r, "#mfa", "Every second factor is gone, and every session has ended.", func(tx *store.Tx, id string) error {
		_, err := operate.ResetMFA(r.caller(), tx, r.environment.ID, id)
		return err
	})
}
