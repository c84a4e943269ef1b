package console

import (
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

func userDisable(r *request) (answer, error) {
	return changeUser(r, "", "Disabled. Every session has ended.", func(tx *store.Tx, id string) error {
		return operate.SetUserDisabled(r.caller(), tx, r.environment.ID, id, true)
	})
}

func userEnable(r *request) (answer, error) {
	return changeUser(r, "", "Enabled. The user can sign in again.", func(tx *store.Tx, id string) error {
		return operate.SetUserDisabled(r.caller(), tx, r.environment.ID, id, false)
	})
}

// changeUser does something to the user of the path, and leads back to the part of the
// page where it is seen.
func changeUser(r *request, part, done string, change func(tx *store.Tx, id string) error) (answer, error) {
	id := r.PathValue("userId")
	if err := r.write(func(tx *store.Tx) error { return change(tx, id) }); err != nil {
		return nil, err
	}
	return redirect(r.within("users/"+id)+part, done)
}
