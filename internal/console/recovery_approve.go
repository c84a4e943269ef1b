package console

import (
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

// recoveryApprove has the operator stand behind a recovery that somebody else asked for.
func recoveryApprove(r *request) (answer, error) {
	var approved operate.UserRecovery
	err := r.write(func(tx *store.Tx) (err error) {
		approved, err = operate.ApproveRecovery(r.caller(), tx, r.environment.ID,
			operate.Approval{RecoveryID: r.PathValue("recoveryId"), PublicURL: r.PublicURL, Operators: r.Operators()})
		return err
	})
	if err != nil {
		return nil, err
	}
	done := "Approved. It comes into effect in three days, unless one of the user’s addresses stops it."
	if approved.EffectiveAt == nil {
		done = "Approved. One more person has to approve it."
	}
	return redirect(r.within("users/recoveries"), done)
}
