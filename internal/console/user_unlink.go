package console

import (
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

func userUnlink(r *request) (answer, error) {
	return changeUser(r, "#credentials", "It is gone, and so is every session that it opened.", func(tx *store.Tx, id string) error {
		return operate.UnlinkCredential(r.caller(), tx, r.environment.ID, id, r.PathValue("credentialId"))
	})
}
