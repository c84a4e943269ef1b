package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// invitationPage is where an invitation's link leads. What makes the link good stands
// behind its #, which no server and no preview of links sees; a script puts it into the
// form, or a person does.
type invitationPage struct{ Email, Error string }

func (invitationPage) template() string { return "invitation" }
func (invitationPage) title() string    { return "You are invited" }

func showInvitation(r *request) (answer, error) { return show(invitationPage{Email: r.visitor.Email}) }

func (s *sessions) acceptInvitation(r *request) (answer, error) {
	v, err := s.arrived(r)
	visit := &v
	if errors.Is(err, operator.ErrNobody) {
		visit, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	_, secret, whole := strings.Cut(r.PostFormValue("secret"), "#")
	if !whole {
		secret = r.PostFormValue("secret")
	}
	var cookie string
	err = r.DB.Write(r.Context(), func(tx *store.Tx) (err error) {
		cookie, err = s.desk.Accept(tx, secret, visit, r.from())
		return err
	})
	if text, ok := refusal(err); ok {
		return again(invitationPage{Email: r.visitor.Email, Error: text})
	}
	if err != nil {
		return nil, err
	}
	to := Root + "enrol"
	if r.visitor.ID != "" {
		to = Root
	}
	return entered{s.fresh(cookie), to, http.StatusSeeOther}, nil
}
