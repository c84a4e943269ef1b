package console

import (
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

func userUnlock(r *request) (answer, error) {
	return changeUser(r, "", "Unlocked: nothing is counted against the user any more.", func(tx *store.Tx, id string) error {
		return operate.UnlockUser(r.caller(), tx, r.environment.ID, id)
	})
}
