package console

import (
	"errors"
	"net/http"
	"strings"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// enrolPage lets in an operator's first factor: at first the choice, then the app's
// secret and the field for its first code.
type enrolPage struct {
	To, Email, Error string
	Passkeys         bool
	ID, Secret, URI  string // of the app that is being set up
	Action           string // what is to be done afterwards, with what was typed for it; empty: nothing
	Kept             []keptField
	Done             bool // it is set up, and the action may go on
}

func (enrolPage) template() string { return "enrol" }
func (p enrolPage) title() string {
	if p.Done {
		return "Now go on"
	}
	return "Set up how you sign in"
}

// enrolling is whoever may set up a first factor.
func (s *sessions) enrolling(r *request) (operator.Visit, enrolPage, answer, error) {
	p := enrolPage{To: local(r.FormValue("to"))}
	if action := r.PostFormValue(fieldAction); action != "" && r.PostFormValue(fieldMethod) != http.MethodGet {
		p.Action = local(action)
		p.Kept = kept(r.PostForm, func(name string) (string, bool) { return strings.CutPrefix(name, fieldKept) })
	}
	v, err := s.arrived(r)
	if errors.Is(err, operator.ErrNobody) || err == nil && v.Stage != operator.Enrols && v.Stage != operator.Inside {
		a, err := redirect(Root+"sign-in", "")
		return v, p, a, err
	}
	if err == nil && len(v.Factors) > 0 {
		a, err := redirect(p.To, "")
		return v, p, a, err
	}
	if err != nil {
		return v, p, nil, err
	}
	p.Email = v.Email
	err = r.DB.Read(r.Context(), func(tx *store.Tx) error {
		t, err := s.desk.Tenants.Operators(tx)
		if err == nil {
			p.Passkeys = t.MFA.Enables(store.FormatPasskey)
		}
		return err
	})
	return v, p, nil, err
}

func (s *sessions) showEnrol(r *request) (answer, error) {
	_, p, elsewhere, err := s.enrolling(r)
	if elsewhere != nil || err != nil {
		return elsewhere, err
	}
	return show(p)
}

func (s *sessions) enrolApp(r *request) (answer, error) {
	v, p, elsewhere, err := s.enrolling(r)
	if elsewhere != nil || err != nil {
		return elsewhere, err
	}
	begun, err := s.desk.EnrolApp(r.Context(), v, r.from())
	if err != nil {
		return nil, err
	}
	p.ID, p.Secret, p.URI = begun.ID, begun.Secret, begun.URI
	return show(p)
}

func (s *sessions) confirmApp(r *request) (answer, error) {
	v, p, elsewhere, err := s.enrolling(r)
	if elsewhere != nil || err != nil {
		return elsewhere, err
	}
	p.ID, p.Secret, p.URI = r.PostFormValue("id"), r.PostFormValue("secret"), r.PostFormValue("uri")
	cookie, err := s.desk.ConfirmApp(r.Context(), v, p.ID, typedCode(r), r.from())
	return s.enrolled(p, cookie, err)
}

func (s *sessions) enrolPasskeyOptions(r *request) (answer, error) {
	v, _, elsewhere, err := s.enrolling(r)
	if elsewhere != nil || err != nil {
		return nil, errors.Join(errNotFound, err)
	}
	return tell(s.desk.EnrolPasskey(r.Context(), v, r.from()))
}

func (s *sessions) confirmPasskey(r *request) (answer, error) {
	v, p, elsewhere, err := s.enrolling(r)
	if elsewhere != nil || err != nil {
		return elsewhere, err
	}
	made, err := fromScript[passkey.AttestationResponse](r, "passkey")
	if err == nil && made == nil {
		err = fault.New(fault.InvalidPasskey, "Your browser made no passkey. Use the button, or an authenticator app.")
	}
	var cookie string
	if err == nil {
		cookie, err = s.desk.ConfirmPasskey(r.Context(), v, *made, r.from())
	}
	return s.enrolled(p, cookie, err)
}

func (s *sessions) enrolled(p enrolPage, cookie string, err error) (answer, error) {
	if text, ok := refusal(err); ok {
		p.Error = text
		return again(p)
	}
	if errors.Is(err, operator.ErrNobody) {
		return redirect(Root+"sign-in", "")
	}
	if err != nil {
		return nil, err
	}
	if p.Action != "" {
		p.Done = true
		return welcomed{s.fresh(cookie), shown{p, http.StatusOK}}, nil
	}
	return entered{s.fresh(cookie), p.To, http.StatusSeeOther}, nil
}

// welcomed is a page with another cookie.
type welcomed struct {
	cookie *http.Cookie
	shown
}

func (a welcomed) write(w http.ResponseWriter, r *request) error {
	http.SetCookie(w, a.cookie)
	return a.shown.write(w, r)
}
