package console

import (
	"errors"
	"net/http"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// accountFactorPage adds a factor of one's own: at first the choice, then the app's secret
// and the field for its first code.
type accountFactorPage struct {
	Error           string
	Passkeys        bool
	ID, Secret, URI string // of the app that is being set up
}

func (accountFactorPage) template() string { return "account_factor" }
func (accountFactorPage) title() string    { return "Add a factor" }
func (accountFactorPage) crumbs() []crumb  { return []crumb{{"Your account", Root + "account"}} }

func (s *sessions) factorPage(r *request) (p accountFactorPage, err error) {
	err = r.read(func(tx *store.Tx) error {
		t, err := s.desk.Tenants.Operators(tx)
		if err == nil {
			p.Passkeys = t.MFA.Enables(store.FormatPasskey)
		}
		return err
	})
	return p, err
}

func (s *sessions) newFactor(r *request) (answer, error) {
	p, err := s.factorPage(r)
	if err != nil {
		return nil, err
	}
	return show(p)
}

func (s *sessions) addApp(r *request) (answer, error) {
	p, err := s.factorPage(r)
	if err != nil {
		return nil, err
	}
	begun, err := s.desk.AddApp(r.Context(), r.visitor.visit, r.from())
	if err != nil {
		return nil, err
	}
	p.ID, p.Secret, p.URI = begun.ID, begun.Secret, begun.URI
	return show(p)
}

func (s *sessions) confirmAddedApp(r *request) (answer, error) {
	p := accountFactorPage{ID: r.PostFormValue("id"), Secret: r.PostFormValue("secret"), URI: r.PostFormValue("uri")}
	cookie, err := s.desk.ConfirmAddedApp(r.Context(), r.visitor.visit, p.ID, typedCode(r), r.from())
	return s.factorAdded(p, cookie, err)
}

func (s *sessions) addPasskeyOptions(r *request) (answer, error) {
	return tell(s.desk.AddPasskey(r.Context(), r.visitor.visit, r.from()))
}

func (s *sessions) confirmAddedPasskey(r *request) (answer, error) {
	p, err := s.factorPage(r)
	if err != nil {
		return nil, err
	}
	made, err := fromScript[passkey.AttestationResponse](r, "passkey")
	if err == nil && made == nil {
		err = fault.New(fault.InvalidPasskey, "Your browser made no passkey. Use the button, or an authenticator app.")
	}
	var cookie string
	if err == nil {
		cookie, err = s.desk.ConfirmAddedPasskey(r.Context(), r.visitor.visit, *made, r.from())
	}
	return s.factorAdded(p, cookie, err)
}

func (s *sessions) factorAdded(p accountFactorPage, cookie string, err error) (answer, error) {
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
	return entered{s.fresh(cookie), Root + "account", http.StatusSeeOther}, nil
}

// removeFactor takes one of the operator's own factors away.
func (s *sessions) removeFactor(r *request) (answer, error) {
	err := r.write(func(tx *store.Tx) error {
		return s.desk.RemoveFactor(tx, r.visitor.visit, r.PathValue("factorId"), r.from())
	})
	if err != nil {
		return nil, err
	}
	return redirect(Root+"account", "The factor is gone. It proves nothing any more.")
}
