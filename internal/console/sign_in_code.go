package console

import "net/http"

// signInCodePage asks for the code that was mailed.
type signInCodePage struct{ To, Email, ChallengeID, Error string }

func (signInCodePage) template() string { return "sign_in_code" }
func (signInCodePage) title() string    { return "Check your mail" }

func (s *sessions) enterByCode(r *request) (answer, error) {
	p := signInCodePage{To: local(r.PostFormValue("to")), Email: r.PostFormValue("email"), ChallengeID: r.PostFormValue("challenge")}
	cookie, err := s.desk.EnterByCode(r.Context(), p.ChallengeID, typedCode(r), r.from())
	if text, ok := refusal(err); ok {
		p.Error = text
		return again(p)
	}
	if err != nil {
		return nil, err
	}
	return entered{s.fresh(cookie), withTo(Root+"sign-in/factor", p.To), http.StatusSeeOther}, nil
}
