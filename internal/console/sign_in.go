package console

import (
	"github.com/stepup-auth/stepup/internal/store"
)

// signInPage asks who comes.
type signInPage struct {
	To, Email, Error string
	Passkeys         bool
	Development      bool // there is a way in without proving anything
}

func (signInPage) template() string { return "sign_in" }
func (signInPage) title() string    { return "Sign in" }

func (s *sessions) signInPage(r *request) (signInPage, error) {
	p := signInPage{To: local(r.FormValue("to")), Email: r.PostFormValue("email"), Development: s.desk.Development}
	err := r.DB.Read(r.Context(), func(tx *store.Tx) (err error) {
		t, err := s.desk.Tenants.Operators(tx)
		if err == nil {
			p.Passkeys = t.MFA.Enables(store.FormatPasskey)
		}
		return err
	})
	return p, err
}

func (s *sessions) showSignIn(r *request) (answer, error) {
	if r.visitor.ID != "" {
		return redirect(local(r.FormValue("to")), "")
	}
	p, err := s.signInPage(r)
	if err != nil {
		return nil, err
	}
	return show(p)
}

// sendSignInCode mails a code, if the address is an operator's, and shows the same page
// if it is not.
func (s *sessions) sendSignInCode(r *request) (answer, error) {
	id, err := s.desk.SendCode(r.Context(), r.PostFormValue("email"), r.from())
	if text, ok := refusal(err); ok {
		p, err := s.signInPage(r)
		p.Error = text
		if err != nil {
			return nil, err
		}
		return again(p)
	}
	if err != nil {
		return nil, err
	}
	return show(signInCodePage{To: local(r.PostFormValue("to")), Email: r.PostFormValue("email"), ChallengeID: id})
}
