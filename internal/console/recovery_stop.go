package console

import (
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

// recoveryStop ends a recovery. Whoever may ask for one may stop any.
func recoveryStop(r *request) (answer, error) {
	err := r.write(func(tx *store.Tx) error {
		return operate.StopRecovery(r.caller(), tx, r.environment.ID, r.PathValue("recoveryId"))
	})
	if err != nil {
		return nil, err
	}
	return redirect(r.within("users/recoveries"), "Stopped. The address stays, and counts for nothing.")
}
