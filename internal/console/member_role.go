package console

import (
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// memberRole gives a member another role.
func memberRole(r *request) (answer, error) {
	g := operator.Grant{EnvironmentID: r.PathValue("environmentId"), Role: operator.Role(r.PostFormValue("role"))}
	var ended []store.ServiceTokenRow
	err := r.write(func(tx *store.Tx) (err error) {
		ended, err = operator.Ending(tx, r.PathValue("operatorId"), func() error {
			return operator.SetRole(r.caller(), tx, r.visitor.Operator, r.PathValue("operatorId"), g)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return redirect(afterMembership(r), "The role is changed. It holds with their next click."+operator.Ended(ended))
}

// afterMembership is where to go on after one's own role may be gone.
func afterMembership(r *request) string {
	if r.PathValue("operatorId") == r.visitor.ID {
		return Root
	}
	return membersAt(r)
}
