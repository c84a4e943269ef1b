package api_test

import (
	"encoding/base32"
	"net/http"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

const (
	prompts      = env + "/stepUp/prompts"
	promptOrigin = "https://auth.example.com"
)

// promptPage is a prompt and the browser that has its page open.
type promptPage struct {
	walker
	id, cookie string
}

// call calls a route of the page.
func (p *promptPage) call(what string, body any) servertest.Response {
	p.t.Helper()
	method, path, _ := strings.Cut(what, " ")
	r := route(p.t, method, prompts+"/{promptId}"+path)
	header := http.Header{"Origin": {promptOrigin}}
	if p.cookie != "" {
		header.Set("Cookie", p.cookie)
	}
	return p.send(p.t, r, at(r.Path, map[string]string{"environmentId": p.environment, "promptId": p.id}), header, body)
}

// prompt makes a prompt and opens it.
func (w walker) prompt(user *servertest.Session, enrol bool) *promptPage {
	w.t.Helper()
	body := m{"requestedScopes": []string{"wallet:export"}, "redirectUri": "https://app.example/back", "state": strings.Repeat("s", 16),
		"codeChallenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "codeChallengeMethod": "S256", "enrol": enrol}
	made := w.do("POST "+prompts, user.Token, nil, body).Want(w.t, 200, "")
	p := &promptPage{walker: w, id: made.Member("promptId")}
	_, secret, _ := strings.Cut(made.Member("url"), "#")
	p.call("POST /open", m{"secret": "x"}).Want(w.t, 403, "prompt_not_open")
	opened := p.call("POST /open", m{"secret": secret}).Want(w.t, 200, "")
	p.cookie, _, _ = strings.Cut(opened.Header.Get("Set-Cookie"), ";")
	return p
}

// The verifier of RFC 7636, appendix B.
const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func walkPrompts(w walker) {
	t := w.t
	factors := strings.Replace(passkeytest.On, "methods: [", "methods: [{type: totp, enabled: true}, ", 1)
	w.Apply(t, servertest.Document(w.environment, factors+
		"\nprompt: {origin: \""+promptOrigin+"\", redirectUris: [\"https://app.example/back\"]}\n"))
	defer w.Apply(t, servertest.Document(w.environment, ""))
	ada := w.SignIn(t, w.environment, "prompted@example.com")
	w.do("POST "+prompts, ada.Token, nil, m{}).Want(t, 422, "invalid_redirect_uri")

	w.do("GET /prompt/{environmentId}/{promptId}", "", nil, nil).Want(t, 200, "")
	w.do("GET /prompt/assets/{file}", "", nil, nil, "file", servertest.PageFile).Want(t, 200, "")
	w.do("GET /prompt/assets/{file}", "", nil, nil, "file", "index.html").Want(t, 404, "not_found")

	p := w.prompt(ada, true)
	p.call("GET ", nil).Want(t, 200, "")
	p.call("POST /verify", m{}).Want(t, 400, "invalid_request")
	p.call("POST /enrol/totp", nil).Want(t, 403, "enrolment_not_proven")
	code := func(path string) m {
		before := len(w.Inbox.To(ada.Email))
		id := p.call("POST "+path+"/codes", m{"credentialId": ada.CredentialID}).Want(t, 200, "").Member("verificationId")
		return m{"credentialId": ada.CredentialID, "verificationId": id, "code": w.Inbox.WaitCode(t, ada.Email, before)}
	}
	enrol := func() { p.call("POST /enrol/verify", code("/enrol")).Want(t, 200, "") }
	enrol()
	a := passkeytest.New(promptOrigin)
	var creation passkey.CreationOptions
	p.call("POST /enrol/passkey", nil).Want(t, 200, "").JSON(t, &creation)
	p.call("POST /enrol/passkey/confirm", a.Create(creation)).Want(t, 200, "")

	var listed struct{ DefaultCredentialID string }
	p.call("GET ", nil).Want(t, 200, "").JSON(t, &listed)
	var challenge struct{ Passkey passkey.RequestOptions }
	p.call("POST /enrol/challenge", m{"credentialId": listed.DefaultCredentialID}).Want(t, 200, "").JSON(t, &challenge)
	p.call("POST /enrol/verify", m{"passkey": a.Get(challenge.Passkey)}).Want(t, 200, "")
	app := p.call("POST /enrol/totp", nil).Want(t, 200, "")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(app.Member("secret"))
	if err != nil {
		t.Fatal(err)
	}
	p.call("POST /enrol/totp/confirm", m{"id": app.Member("id"), "code": totp.Code(secret, totp.StepAt(w.Now()))}).Want(t, 200, "")

	p.call("POST /challenge", m{"credentialId": listed.DefaultCredentialID}).Want(t, 200, "").JSON(t, &challenge)
	to := p.call("POST /verify", m{"passkey": a.Get(challenge.Passkey)}).Want(t, 200, "").Member("location")
	_, rest, _ := strings.Cut(to, "?code=")
	granted, _, _ := strings.Cut(rest, "&")
	token := func(code string) servertest.Response {
		return w.do("POST "+prompts+"/{promptId}/token", ada.Token, nil, m{"code": code, "codeVerifier": verifier}, "promptId", p.id)
	}
	token("x").Want(t, 422, "invalid_prompt_code")
	token(granted).Want(t, 200, "")
	p.call("POST /cancel", nil).Want(t, 410, "prompt_over")

	bob := w.SignIn(t, w.environment, "prompted-too@example.com")
	p, ada = w.prompt(bob, false), bob
	p.call("POST /codes", m{"credentialId": "unknown"}).Want(t, 422, "mfa_invalid_request")
	code("")
	p.call("POST /cancel", nil).Want(t, 200, "")
}

// TestPromptCookieOpensItsOwnPromptOnly walks through the whole table with the cookie of
// one prompt and the Origin of its page: it opens the routes of that prompt, and of no
// other, and nothing else.
func TestPromptCookieOpensItsOwnPromptOnly(t *testing.T) {
	t.Parallel()
	c := start(t, servertest.WithWallets(&servertest.Wallets{}))
	w := walker{c, t, servertest.A}
	c.Apply(t, servertest.Document(servertest.A, servertest.WalletsOn+
		"prompt: {origin: \""+promptOrigin+"\", redirectUris: [\"https://app.example/back\"]}\n"))
	ada := w.SignIn(t, servertest.A, "ada@example.com")
	own, other := w.prompt(ada, false), w.prompt(ada, false)
	cookie := http.Header{"Cookie": {own.cookie}, "Origin": {promptOrigin}}
	_, value, _ := strings.Cut(own.cookie, "=")
	bearer := servertest.Bearer(value, value)
	bearer["Origin"] = cookie["Origin"]
	for _, r := range api.Routes() {
		if r.Gate.Kind == door.PublicGate && !r.PromptPage {
			continue
		}
		values := map[string]string{"environmentId": servertest.A, "userId": ada.UserID, "credentialId": ada.CredentialID,
			"walletId": "unknown", "promptId": other.id}
		for how, header := range map[string]http.Header{"its cookie": cookie, "its cookie as a token": bearer} {
			answer := c.send(t, r, at(r.Path, values), header, "{}")
			if answer.Status != 401 && answer.Status != 403 && !(answer.Status == 400 && r.PromptPage && r.Gate.Kind == door.PublicGate) {
				t.Errorf("%s %s with %s: %d\n%s", r.Method, r.Path, how, answer.Status, answer.Body)
			}
		}
		values["promptId"], values["environmentId"] = own.id, servertest.B
		if r.PromptPage {
			answer := c.send(t, r, at(r.Path, values), cookie, "{}")
			if answer.Status != 403 {
				t.Errorf("%s %s in another environment: %d\n%s", r.Method, r.Path, answer.Status, answer.Body)
			}
		}
	}
	own.call("GET ", nil).Want(t, 200, "")
}
