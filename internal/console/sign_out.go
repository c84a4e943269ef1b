package console

import (
	"errors"
	"net/http"

	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// signOut ends the session, however far somebody has come in.
func (s *sessions) signOut(r *request) (answer, error) {
	v, err := s.arrived(r)
	if err == nil {
		err = r.DB.Write(r.Context(), func(tx *store.Tx) error { return s.desk.Leave(tx, v, r.from()) })
	}
	if err != nil && !errors.Is(err, operator.ErrNobody) {
		return nil, err
	}
	return entered{s.gone(), Root + "sign-in", http.StatusSeeOther}, nil
}
