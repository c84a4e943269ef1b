package console

import (
	"net/http"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method/passkey"
)

// passkeyOptions asks a browser to sign in with whatever passkey there is.
func (s *sessions) passkeyOptions(r *request) (answer, error) {
	return tell(s.desk.BeginPasskey(r.Context(), r.from()))
}

func (s *sessions) enterByPasskey(r *request) (answer, error) {
	given, err := fromScript[passkey.AssertionResponse](r, "passkey")
	if err == nil && given == nil {
		err = fault.New(fault.InvalidPasskey, "Your browser sent no passkey. Use the button, or a code by mail.")
	}
	var cookie string
	if err == nil {
		cookie, err = s.desk.EnterByPasskey(r.Context(), *given, r.from())
	}
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
	return entered{s.fresh(cookie), local(r.PostFormValue("to")), http.StatusSeeOther}, nil
}
