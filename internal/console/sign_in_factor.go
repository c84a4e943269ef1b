package console

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// signInFactorPage asks for the second factor that a session owes.
type signInFactorPage struct {
	To, Email, Error string
	App, Passkeys    bool     // what the operator has
	Apps             []choice // their apps, where there are several
	None             bool     // nothing, and no invitation either
}

func (signInFactorPage) template() string { return "sign_in_factor" }
func (signInFactorPage) title() string    { return "Your second factor" }

// has reports whether a factor of the format is among them.
func has(factors []store.CredentialRow, format string) bool {
	for _, f := range factors {
		if f.Format == format {
			return true
		}
	}
	return false
}

// appsOf are somebody's authenticator apps, to say which one a code is of; none where that
// need not be said.
func appsOf(factors []store.CredentialRow) (apps []choice) {
	for _, f := range factors {
		if f.Format == store.FormatTOTP {
			apps = append(apps, choice{f.ID, nameOfFactor(f) + ", since " + f.CreatedAt.UTC().Format("2 January 2006"), false})
		}
	}
	if len(apps) < 2 {
		return nil
	}
	return apps
}

// nameOfFactor is what its owner called it.
func nameOfFactor(f store.CredentialRow) string {
	return cmp.Or(f.PublicIdentifier, "Authenticator app")
}

// owing is whoever owes a factor, and the page that asks for it.
func (s *sessions) owing(r *request) (operator.Visit, signInFactorPage, answer, error) {
	v, err := s.arrived(r)
	p := signInFactorPage{To: local(r.FormValue("to"))}
	switch {
	case errors.Is(err, operator.ErrNobody):
		a, err := redirect(withTo(Root+"sign-in", p.To), "")
		return v, p, a, err
	case err != nil:
		return v, p, nil, err
	case v.Stage == operator.Enrols:
		a, err := redirect(Root+"enrol", "")
		return v, p, a, err
	case v.Stage == operator.Inside:
		a, err := redirect(p.To, "")
		return v, p, a, err
	}
	p.Email, p.App, p.Passkeys = v.Email, has(v.Factors, store.FormatTOTP), has(v.Factors, store.FormatPasskey)
	p.None, p.Apps = len(v.Factors) == 0, appsOf(v.Factors)
	return v, p, nil, nil
}

func (s *sessions) showFactor(r *request) (answer, error) {
	_, p, elsewhere, err := s.owing(r)
	if elsewhere != nil || err != nil {
		return elsewhere, err
	}
	return show(p)
}

func (s *sessions) giveFactor(r *request) (answer, error) {
	v, p, elsewhere, err := s.owing(r)
	if elsewhere != nil || err != nil {
		return elsewhere, err
	}
	proof, err := proofIn(r)
	if err != nil {
		return nil, err
	}
	cookie, err := s.desk.GiveFactor(r.Context(), v, proof, r.from())
	if errors.Is(err, operator.ErrNobody) {
		return redirect(withTo(Root+"sign-in", p.To), "")
	}
	if text, ok := refusal(err); ok {
		p.Error = text
		return again(p)
	}
	if err != nil {
		return nil, err
	}
	return entered{s.fresh(cookie), p.To, http.StatusSeeOther}, nil
}

// fieldApp says which app a code is of.
const fieldApp = ofStepUp + "app"

// proofIn is what a form proves it with: the code of an app, or a passkey by its script.
func proofIn(r *request) (operator.Proof, error) {
	answer, err := fromScript[passkey.AssertionResponse](r, "passkey")
	return operator.Proof{Code: typedCode(r), AppID: r.PostFormValue(fieldApp), Passkey: answer}, err
}

// typedCode is a code as people type it, with spaces in it.
func typedCode(r *request) string { return strings.Join(strings.Fields(r.PostFormValue("code")), "") }

// proofOptions asks a browser for one of the operator's passkeys.
func (s *sessions) proofOptions(r *request) (answer, error) {
	v, err := s.arrived(r)
	if errors.Is(err, operator.ErrNobody) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	return tell(s.desk.BeginProof(r.Context(), v, r.from()))
}
