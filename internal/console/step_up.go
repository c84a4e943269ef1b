package console

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// stepUpPage asks for a proof before a dangerous action, which then goes on with what
// was typed: its fields wait in the form, never in an address.
type stepUpPage struct {
	Scope, Words    string
	Action, Method  string
	Kept            []keptField
	LostFile        bool     // what was to be uploaded has to be chosen again
	App, Passkeys   bool     // what the operator has
	Apps            []choice // their apps, where there are several
	None, MayEnrol  bool     // they have nothing; they may set something up
	Component       bool     // scripts put <stepup-prompt> in place of the fields
	Error, ReturnTo string
}

// keptField is one thing that was typed.
type keptField struct{ Name, Value string }

// kept are the fields of a form that wait, under the names that of gives them.
func kept(form url.Values, of func(string) (string, bool)) (all []keptField) {
	for name, values := range form {
		if name, ok := of(name); ok {
			for _, value := range values {
				all = append(all, keptField{name, value})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b keptField) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (stepUpPage) template() string { return "step_up" }
func (stepUpPage) title() string    { return "Confirm that it is you" }

// Names of the form's own fields. No action has one that begins so.
const (
	ofStepUp     = "_step_up_"
	fieldAction  = ofStepUp + "action"
	fieldMethod  = ofStepUp + "method"
	fieldScope   = ofStepUp + "scope"
	fieldKept    = ofStepUp + "kept:" // before the names of what waits while a factor is set up
	multipartTyp = "multipart/form-data"
)

// stepUp answers a dangerous request in place of its handler.
func (s *sessions) stepUp(r *request, scope stepup.Scope) (answer, error) {
	p := stepUpPage{Scope: string(scope), Action: local(r.URL.RequestURI()), Method: r.Method}
	if r.Method != http.MethodGet {
		if strings.HasPrefix(r.Header.Get("Content-Type"), multipartTyp) { // a file cannot wait in a form
			p.LostFile, p.Method, p.Action = true, http.MethodGet, local(refererPath(r))
		} else if err := r.ParseForm(); err != nil {
			return nil, fault.New(fault.InvalidRequest, "The form cannot be read. Send it again.").Because(err)
		}
	}
	return s.askToStepUp(r, p)
}

// refererPath is the page that a form was on.
func refererPath(r *request) string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host {
		return Root
	}
	return u.RequestURI()
}

// askToStepUp shows the page; status 403 says that the action was not done.
func (s *sessions) askToStepUp(r *request, p stepUpPage) (answer, error) {
	builtin, _ := environment.BuiltinScope(p.Scope)
	p.Words = builtin.Allows
	offers, err := r.visitor.visit.Offers(stepup.Scope(p.Scope))
	if err != nil {
		return nil, err
	}
	for _, o := range offers {
		p.App, p.Passkeys = p.App || o.Format == store.FormatTOTP, p.Passkeys || o.Format == store.FormatPasskey
	}
	p.Apps = appsOf(r.visitor.visit.Factors)
	p.None, p.MayEnrol = len(offers) == 0, len(r.visitor.visit.Factors) == 0
	p.Component, p.ReturnTo = true, Root
	if p.Method == http.MethodGet {
		p.ReturnTo = p.Action
	} else if to := local(refererPath(r)); to != Root+"step-up" {
		p.ReturnTo = to
	}
	if p.Method != http.MethodGet {
		p.Kept = kept(r.PostForm, func(name string) (string, bool) {
			return name, !strings.HasPrefix(name, ofStepUp) && name != "code" && name != "passkey"
		})
	}
	return shown{p, http.StatusForbidden}, nil
}

// proveStepUp takes the proof and goes on with the action: the browser sends the same
// form there (307, RFC 9110 section 15.4.8).
func (s *sessions) proveStepUp(r *request) (answer, error) {
	p := stepUpPage{Scope: r.PostFormValue(fieldScope), Action: local(r.PostFormValue(fieldAction)), Method: r.PostFormValue(fieldMethod)}
	scope := stepup.Scope(p.Scope)
	if !operator.MaySpeakOf(scope) || strings.HasPrefix(p.Action, Root+"step-up") {
		return nil, errNotFound
	}
	on := http.StatusTemporaryRedirect
	if p.Method == http.MethodGet {
		on = http.StatusSeeOther
	}
	var done bool // by the page's script
	err := r.read(func(tx *store.Tx) (err error) {
		done, err = s.elevated(tx, r.visitor, scope)
		return err
	})
	if err != nil {
		return nil, err
	}
	if done {
		return entered{nil, p.Action, on}, nil
	}
	proof, err := proofIn(r)
	if err != nil {
		return nil, err
	}
	cookie, err := s.desk.Elevate(r.Context(), r.visitor.visit, scope, proof, r.from())
	if text, ok := refusal(err); ok {
		p.Error = text
		return s.askToStepUp(r, p)
	}
	if errors.Is(err, operator.ErrNobody) {
		return redirect(Root+"sign-in", "")
	}
	if err != nil {
		return nil, err
	}
	return entered{s.fresh(cookie), p.Action, on}, nil
}

// What <stepup-prompt> is fed with. The members are those of the hosted prompt's page.
type (
	promptView struct {
		App                 promptApp          `json:"app"`
		Account             string             `json:"account"`
		Scopes              []promptScope      `json:"scopes"`
		Credentials         []promptCredential `json:"credentials"`
		DefaultCredentialID string             `json:"defaultCredentialId,omitempty"`
	}
	promptApp struct {
		Name string `json:"name"`
	}
	promptScope struct {
		Scope string `json:"scope"`
		Words string `json:"words"`
	}
	promptCredential struct {
		ID     string `json:"id"`
		Format string `json:"format"`
		Alias  string `json:"alias,omitempty"`
	}
	promptProof struct {
		Scope        string                     `json:"scope"`
		CredentialID string                     `json:"credentialId"`
		Code         string                     `json:"code"`
		Passkey      *passkey.AssertionResponse `json:"passkey"`
	}
)

// viewPrompt tells the page's script what would do.
func (s *sessions) viewPrompt(r *request) (answer, error) {
	scope := stepup.Scope(r.FormValue("scope"))
	if !operator.MaySpeakOf(scope) {
		return nil, errNotFound
	}
	offers, err := r.visitor.visit.Offers(scope)
	if err != nil {
		return nil, err
	}
	builtin, _ := environment.BuiltinScope(string(scope))
	view := promptView{App: promptApp{"stepup console"}, Account: r.visitor.Email, Credentials: []promptCredential{},
		Scopes: []promptScope{{string(scope), builtin.Allows}}}
	for _, o := range offers {
		view.Credentials = append(view.Credentials, promptCredential{o.ID, o.Format, o.Alias})
		view.DefaultCredentialID = o.ID
	}
	return tell(view, nil)
}

// provePrompt takes the proof of the page's script.
func (s *sessions) provePrompt(r *request) (answer, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var given promptProof
	if err := json.Unmarshal(text, &given); err != nil {
		return tell(nil, fault.New(fault.InvalidJSON, "The request cannot be read.").Because(err))
	}
	proof := operator.Proof{Code: given.Code, Passkey: given.Passkey, AppID: given.CredentialID}
	cookie, err := s.desk.Elevate(r.Context(), r.visitor.visit, stepup.Scope(given.Scope), proof, r.from())
	if err != nil {
		return tell(nil, err)
	}
	return told{http.StatusOK, map[string]any{}, s.fresh(cookie)}, nil
}
