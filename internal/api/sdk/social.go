package sdk

import (
	"net/http"
	"net/url"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/catalogue"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/signin"
	"github.com/stepup-auth/stepup/internal/store"
)

func (a *API) socialRoutes() []door.Route {
	at := door.SDK + "/providers/{provider}"
	text := func(names ...string) (list []door.Param) {
		for _, name := range names {
			list = append(list, door.Param{Name: name, Type: "string", Summary: "As RFC 6749 and RFC 7636 have it"})
		}
		return list
	}
	return []door.Route{
		{
			Method: "POST", Path: at + "/initAuth", Section: "wire 8",
			Summary: "Begin a social login",
			Gate:    door.Public(), OptionalSession: true, Owing: true,
			Handler: door.Handle(socialBegin),
		},
		{
			Method: "GET", Path: at + "/authorize", Section: "ours",
			Summary: "Where a browser goes for a social login; it is sent on to the provider",
			Gate:    door.Public(), AnyOrigin: true, Redirects: true,
			Query: text("state", "client_id", "client_key", "response_type", "redirect_uri", "scope",
				"code_challenge", "code_challenge_method"),
			Handler: door.Handle(a.socialSend),
		},
		{
			Method: "GET", Path: at + "/redirect", Section: "wire 8, RFC 9207",
			Summary: "Where a provider sends the browser back; it is sent on to the app",
			Gate:    door.Public(), AnyOrigin: true, Redirects: true,
			Query:   text("state", "code", "error", "iss"),
			Handler: door.Handle(a.socialReturn),
		},
		{
			Method: "POST", Path: at + "/redirect", Section: "wire 8",
			Summary: "The same, for providers that answer by a form",
			Gate:    door.Public(), AnyOrigin: true, Redirects: true, Form: true,
			Handler: door.Handle(a.socialReturnForm),
		},
		{
			Method: "POST", Path: at + "/signIn", Section: "wire 8",
			Summary: "Sign in with a social login",
			Gate:    door.Public(), Device: true,
			Handler: door.Handle(a.socialSignIn),
		},
		{
			Method: "POST", Path: at + "/verify", Section: "wire 8, 11.2",
			Summary: "Step up with a social login, or link its account",
			Gate:    door.ByBody(stepup.CredentialLink).As(shadow.LinkSocial), Owing: true,
			Handler: door.Handle(a.socialVerify),
		},
		{
			Method: "POST", Path: at + "/oauthResult", Section: "wire 8",
			Summary: "How a social login stands, for apps that poll",
			Gate:    door.Public(),
			Handler: door.Handle(socialResult),
		},
		{
			Method: "GET", Path: at + "/loginUrl", Section: "wire 8",
			Summary: "Where to send a browser for a social login; append the state",
			Gate:    door.Public(),
			Handler: door.Handle(socialLoginURL),
		},
	}
}

func socialRequest(c *door.Call) social.Request {
	return social.Request{Caller: c.Caller, Provider: c.Path("provider")}
}

// socialEndpoint finds out where the provider answers, which may ask the
// provider itself: never inside a transaction.
func (a *API) socialEndpoint(c *door.Call, r social.Request) (social.Endpoint, error) {
	provider, row, err := r.Find()
	if err != nil {
		return social.Endpoint{}, err
	}
	endpoint, err := a.social.Endpoint(c.Context(), provider, row)
	if err != nil {
		return endpoint, social.Undiscovered(provider.Provider, err)
	}
	return endpoint, nil
}

// SocialBeginRequest begins a login under a random state of the client's.
type SocialBeginRequest struct {
	State         string `json:"state"`
	RedirectURL   string `json:"redirectUrl,omitempty"`   // where to come back to; without, the app polls
	SSOProviderID string `json:"ssoProviderId,omitempty"` // read and ignored
	BindingID     string `json:"bindingId,omitempty"`     // the transaction that the login confirms
}

func socialBegin(c *door.Call, r SocialBeginRequest) (door.None, error) {
	if err := door.Need("state", r.State); err != nil {
		return door.None{}, err
	}
	return door.None{}, c.WriteCounting(func(tx *store.Tx) error { // beginning too often is counted, refused or not
		request := socialRequest(c)
		request.BindingID = r.BindingID
		return social.Begin(tx, request, r.State, r.RedirectURL)
	})
}

func (a *API) socialSend(c *door.Call, _ door.None) (door.Raw, error) {
	query := c.Query()
	if len(query["state"]) != 1 || len(query["code_challenge"]) > 1 {
		return door.Raw{}, fault.New(fault.InvalidRequest, "Send one state, and at most one code_challenge.")
	}
	if query.Get("code_challenge") != "" && query.Get("code_challenge_method") != "S256" {
		return door.Raw{}, fault.New(fault.InvalidRequest, "code_challenge_method must be S256.")
	}
	request := socialRequest(c)
	err := c.Read(func(tx *store.Tx) error { return social.Begun(tx, request, query.Get("state")) })
	if err != nil {
		return door.Raw{}, err
	}
	endpoint, err := a.socialEndpoint(c, request)
	if err != nil {
		return door.Raw{}, err
	}
	var to string
	err = c.Write(func(tx *store.Tx) (err error) {
		to, err = social.Send(tx, request, endpoint, query.Get("state"), query.Get("code_challenge"))
		return err
	})
	return redirect(http.StatusFound, to), err
}

func (a *API) socialReturn(c *door.Call, _ door.None) (door.Raw, error) {
	query := c.Query()
	for _, name := range []string{"state", "code", "error", "iss"} {
		if len(query[name]) > 1 {
			return door.Raw{}, fault.New(fault.InvalidRequest, "The parameter %s stands twice.", name)
		}
	}
	return a.socialReturned(c, http.StatusFound,
		social.Returned{State: query.Get("state"), Code: query.Get("code"), Error: query.Get("error"), Issuer: query.Get("iss")})
}

// SocialReturnForm is what a provider posts.
type SocialReturnForm struct {
	State  string `json:"state"`
	Code   string `json:"code,omitempty"`
	Error  string `json:"error,omitempty"`
	Issuer string `json:"iss,omitempty"`
}

func (r *SocialReturnForm) DecodeForm(body string) error {
	values, err := url.ParseQuery(body)
	if err != nil {
		return fault.New(fault.InvalidRequest, "The form cannot be read.")
	}
	for name, into := range map[string]*string{"state": &r.State, "code": &r.Code, "error": &r.Error, "iss": &r.Issuer} {
		if len(values[name]) > 1 || !door.Clean(values.Get(name)) {
			return fault.New(fault.InvalidRequest, "The field %s stands twice or is no text.", name)
		}
		*into = values.Get(name)
	}
	return nil
}

func (a *API) socialReturnForm(c *door.Call, r SocialReturnForm) (door.Raw, error) {
	return a.socialReturned(c, http.StatusSeeOther, social.Returned(r))
}

func (a *API) socialReturned(c *door.Call, status int, back social.Returned) (door.Raw, error) {
	request := socialRequest(c)
	err := c.Read(func(tx *store.Tx) error { return social.Sent(tx, request, back.State) })
	if err != nil {
		return door.Raw{}, err
	}
	endpoint, err := a.socialEndpoint(c, request)
	if err != nil {
		return door.Raw{}, err
	}
	var to string
	err = c.Write(func(tx *store.Tx) (err error) {
		to, err = social.Return(tx, request, endpoint, back)
		return err
	})
	if err == nil && to == "" {
		return returnPage(), nil
	}
	return redirect(status, to), err
}

// SocialRequest finishes a login. code and state are those of the way back to
// the app; codeVerifier is the client's own, if it sent a challenge.
type SocialRequest struct {
	Code             string   `json:"code"`
	CodeVerifier     string   `json:"codeVerifier,omitempty"`
	State            string   `json:"state"`
	CaptchaToken     string   `json:"captchaToken,omitempty"`
	SessionPublicKey string   `json:"sessionPublicKey,omitempty"`
	SSOProviderID    string   `json:"ssoProviderId,omitempty"`
	RequestedScopes  []string `json:"requestedScopes,omitempty"` // inside a session only: sign-in mints nothing
	BindingID        string   `json:"bindingId,omitempty"`       // likewise; must be that of the login
}

func (a *API) socialAttempt(c *door.Call, r SocialRequest) (social.Method, method.Attempt, error) {
	for name, value := range map[string]string{"code": r.Code, "state": r.State} {
		if err := door.Need(name, value); err != nil {
			return social.Method{}, method.Attempt{}, err
		}
	}
	m := social.Method{Client: a.social, Provider: c.Path("provider"), State: r.State, CodeVerifier: r.CodeVerifier}
	return m, method.Attempt{Caller: c.Caller, Response: secret.Text(r.Code)}, nil
}

func (a *API) socialSignIn(c *door.Call, r SocialRequest) (VerifyResponse, error) {
	m, attempt, err := a.socialAttempt(c, r)
	if err != nil {
		return VerifyResponse{}, err
	}
	return a.signInWith(c, m, attempt, r.SessionPublicKey, false)
}

func (a *API) socialVerify(c *door.Call, r SocialRequest) (VerifyResponse, error) {
	m, attempt, err := a.socialAttempt(c, r)
	if err != nil {
		return VerifyResponse{}, err
	}
	attempt.BindingID = r.BindingID
	if len(r.RequestedScopes) == 0 { // before the login is spent, which cannot be given back
		if err := c.Judge(stepup.CredentialLink); err != nil {
			return VerifyResponse{}, err
		}
	}
	link := func(tx *store.Tx, proof method.Proof) (store.CredentialRow, error) {
		return signin.Link(c.Caller, tx, proof, c.Spending(stepup.CredentialLink, ""))
	}
	return a.proveWith(c, m, attempt, r.RequestedScopes, signin.Step{Otherwise: link})
}

// SocialResultRequest asks how a login stands.
type SocialResultRequest struct {
	State string `json:"state"`
}

// SocialResultResponse says pending, or completed with a code or an error.
type SocialResultResponse struct {
	Status string `json:"status"`
	Code   string `json:"code,omitempty"`
	Error  string `json:"error,omitempty"`
}

func socialResult(c *door.Call, r SocialResultRequest) (SocialResultResponse, error) {
	if err := door.Need("state", r.State); err != nil {
		return SocialResultResponse{}, err
	}
	answer := SocialResultResponse{Status: "pending"}
	err := c.Read(func(tx *store.Tx) error {
		done, code, problem, err := social.Result(tx, socialRequest(c), r.State)
		if done {
			answer = SocialResultResponse{Status: "completed", Code: code, Error: problem}
		}
		return err
	})
	return answer, err
}

// SocialLoginURL is where to send a browser.
type SocialLoginURL struct {
	URL string `json:"url"`
}

func socialLoginURL(c *door.Call, _ door.None) (SocialLoginURL, error) {
	provider, row, err := socialRequest(c).Find()
	if err != nil {
		return SocialLoginURL{}, err
	}
	return SocialLoginURL{loginURL(c, provider, row)}, nil
}

func loginURL(c *door.Call, p environment.Provider, row catalogue.Provider) string {
	query := url.Values{"client_id": {p.ClientID}, "response_type": {"code"}, "redirect_uri": {social.Callback(c.Tenant, p.Provider)}}
	return social.LoginAddress(c.Tenant, p, row) + "?" + query.Encode()
}

func redirect(status int, to string) door.Raw {
	return door.Raw{Status: status, Header: map[string]string{"Location": to, "Referrer-Policy": "no-referrer"}}
}

const returnHTML = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Signed in</title>
<p>You can close this window and go on in the app.</p>
<script>close()</script>
`

// returnPage is shown in a popup whose app polls for the result. It closes itself
// where the browser lets it, which is where a script opened it.
func returnPage() door.Raw {
	return door.Raw{ContentType: "text/html; charset=utf-8", Header: map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src '" + inlineHash(returnHTML, "script") +
			"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
		"Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
	}, Body: []byte(returnHTML)}
}
