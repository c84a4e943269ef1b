package console

import (
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// memberInvite mails an invitation. Its link is not shown here: whoever invites is not
// to be able to accept.
func (s *sessions) memberInvite(r *request) (answer, error) {
	where := r.PathValue("environmentId")
	form := inviteForm{Email: r.PostFormValue("email"), Role: r.PostFormValue("role")}
	err := r.write(func(tx *store.Tx) error {
		_, err := s.desk.Invite(r.caller(), tx, r.visitor.Operator,
			operator.Invitation{Email: form.Email, Grant: operator.Grant{EnvironmentID: where, Role: operator.Role(form.Role)}})
		return err
	})
	if text, ok := refusal(err); ok {
		p, err := s.members(r)
		if err != nil {
			return nil, err
		}
		form.Error = text
		p.Invite = form
		return again(p)
	}
	if err != nil {
		return nil, err
	}
	return redirect(membersAt(r), "The invitation is on its way to "+form.Email+". It is good for 24 hours.")
}

// memberWithdraw ends an invitation that nobody has accepted.
func memberWithdraw(r *request) (answer, error) {
	err := r.write(func(tx *store.Tx) error {
		return operator.Withdraw(r.caller(), tx, r.visitor.Operator, r.PathValue("environmentId"), r.PathValue("invitationId"))
	})
	if err != nil {
		return nil, err
	}
	return redirect(membersAt(r), "The invitation is withdrawn: its link does nothing any more.")
}
