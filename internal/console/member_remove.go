package console

import (
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// memberRemove takes a member's role away.
func memberRemove(r *request) (answer, error) {
	var ended []store.ServiceTokenRow
	err := r.write(func(tx *store.Tx) (err error) {
		ended, err = operator.Ending(tx, r.PathValue("operatorId"), func() error {
			return operator.Remove(r.caller(), tx, r.visitor.Operator, r.PathValue("operatorId"), r.PathValue("environmentId"))
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return redirect(afterMembership(r), "They are a member no more. It holds with their next click."+operator.Ended(ended))
}
