package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/method/external/externaltest"
	"github.com/stepup-auth/stepup/internal/method/social/socialtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

const providers = env + "/providers/{provider}"

// withLogins gives the environment a login provider under two names, and an
// external login.
func withLogins(t *testing.T, s *servertest.Server, environment string) (*socialtest.Provider, *externaltest.Issuer) {
	p, i := socialtest.Start(t, s.Now), externaltest.Start(t)
	s.PutSecret(t, environment, "provider", socialtest.ClientSecret)
	client := ", clientId: " + socialtest.ClientID + ", clientSecret: {file: provider}"
	s.Apply(t, servertest.Document(environment, `redirectOrigins: ["`+servertest.Origin(environment)+`"]
providers:
  - {provider: acme, name: Acme, issuer: "`+p.URL+`"`+client+`}
  - {provider: apple, issuer: "`+p.URL+`"`+client+`}
  - {provider: github`+client+`, endpoints: {authorization: "`+p.URL+`/authorize", token: "`+p.URL+`/token", userinfo: "`+p.URL+
		`/userinfo"}}
externalAuth: {enabled: true, iss: "`+externaltest.ISS+`", aud: `+externaltest.AUD+`, jwksUrl: "`+i.JWKSURL+`"}
`))
	return p, i
}

func walkSocial(w walker) {
	t, after := w.t, servertest.Origin(w.environment)+"/after"
	ask := func(method, path, token string, elevated []string, body any) servertest.Response {
		return w.do(method+" "+providers+path, token, elevated, body, "provider", "acme")
	}
	for _, refused := range []m{{"state": "short"}, {"state": ""}, {"state": strings.Repeat("s", 32),
		"redirectUrl": "https://evil.example/"}, {"state": strings.Repeat("s", 32), "redirectUrl": after + "\\"}} {
		ask("POST", "/initAuth", "", nil, refused).Want(t, 400, "invalid_request")
	}
	w.do("POST "+providers+"/initAuth", "", nil, m{"state": strings.Repeat("s", 32)}, "provider", "google").
		Want(t, 422, "provider_not_enabled")
	for name, speaks := range map[string]string{"telegram": "widget", "farcaster": "messages", "steam": "OpenID 2.0"} {
		r := w.do("POST "+providers+"/initAuth", "", nil, m{"state": strings.Repeat("s", 32)}, "provider", name).
			Want(t, 422, "provider_not_enabled")
		if !strings.Contains(r.Member("error"), name) || !strings.Contains(r.Member("error"), speaks) {
			t.Errorf("%s is not refused by its name: %s", name, r.Body)
		}
	}

	state := strings.Repeat("s", 32)
	ask("POST", "/initAuth", "", nil, m{"state": state, "redirectUrl": after}).Want(t, 204, "")
	ask("POST", "/initAuth", "", nil, m{"state": state, "redirectUrl": after}).Want(t, 422, "other_verify_failure")
	ask("GET", "/authorize?state="+strings.Repeat("x", 32), "", nil, nil).Want(t, 422, "other_verify_failure")
	ask("GET", "/authorize?state="+state+"&state="+state, "", nil, nil).Want(t, 400, "invalid_request")
	ask("GET", "/authorize?state="+state+"&code_challenge=x&code_challenge_method=plain", "", nil, nil).Want(t, 400, "invalid_request")
	// the client's state is not the provider's
	ask("GET", "/redirect?state="+state+"&code=stolen", "", nil, nil).Want(t, 422, "other_verify_failure")
	ask("GET", "/redirect?state="+state+"&code=a&code=b", "", nil, nil).Want(t, 400, "invalid_request")
	ask("POST", "/oauthResult", "", nil, m{"state": state}).Want(t, 422, "other_verify_failure") // it goes back to an address
	ask("POST", "/oauthResult", "", nil, m{"state": strings.Repeat("x", 32)}).Want(t, 422, "other_verify_failure")
	toProvider := ask("GET", "/authorize?state="+state, "", nil, nil).Want(t, 302, "").Header.Get("Location")
	back := visit(t, toProvider)
	done := ask("GET", "/redirect?"+back.RawQuery, "", nil, nil).Want(t, 302, "").Header.Get("Location")
	ask("GET", "/redirect?"+back.RawQuery, "", nil, nil).Want(t, 422, "other_verify_failure")
	home, err := url.Parse(done)
	if err != nil || !strings.HasPrefix(done, after+"?") || home.Query().Get("dynamicOauthState") != state {
		t.Fatalf("back at %s", done)
	}
	code := home.Query().Get("dynamicOauthCode")
	ask("POST", "/oauthResult", "", nil, m{"state": state}).Want(t, 422, "other_verify_failure")
	ask("POST", "/signIn", "", nil, m{"code": "wrong", "state": state}).Want(t, 422, "other_verify_failure")
	ask("POST", "/signIn", "", nil, m{"state": state}).Want(t, 400, "invalid_request")
	var signed struct{ MinifiedJWT string }
	ask("POST", "/signIn", "", nil, m{"code": code, "state": state}).Want(t, 200, "").JSON(t, &signed)
	ask("POST", "/signIn", "", nil, m{"code": code, "state": state}).Want(t, 422, "other_verify_failure")
	ask("GET", "/loginUrl", "", nil, nil).Want(t, 200, "")

	// Stepping up, and linking another account.
	token := signed.MinifiedJWT
	state, code = w.SocialLogin(t, w.environment, "acme", after, servertest.Bearer(token))
	elevated := ask("POST", "/verify", token, nil, m{"code": code, "state": state, "requestedScopes": []string{"credential:link"}}).
		Want(t, 200, "").Member("elevatedAccessToken")
	state, code = w.SocialLogin(t, w.environment, "github", after, servertest.Bearer(token))
	verify := m{"code": code, "state": state}
	w.do("POST "+providers+"/verify", token, nil, verify, "provider", "github").Want(t, 403, "elevated_access_token_required")
	w.do("POST "+providers+"/verify", token, []string{elevated}, verify, "provider", "github").Want(t, 200, "") // the refusal cost nothing
	w.do("POST "+providers+"/verify", token, []string{elevated}, verify, "provider", "github").Want(t, 422, "other_verify_failure")
	state, code = w.SocialLogin(t, w.environment, "github", after, servertest.Bearer(token))
	w.do("POST "+providers+"/verify", token, nil, m{"code": code, "state": state, "requestedScopes": []string{"nobody:knows"}}, "provider",
		"github").Want(t, 422, "invalid_scopes")
	w.do("POST "+providers+"/verify", token, nil, m{"code": code, "state": state, "requestedScopes": []string{"wallet:export"}}, "provider",
		"github").Want(t, 200, "")

	walkPopup(w)
	walkFormPost(w, after)
}

// walkPopup is a login of an app that polls: there is nowhere to go back to.
func walkPopup(w walker) {
	t, state := w.t, strings.Repeat("p", 32)
	w.do("POST "+providers+"/initAuth", "", nil, m{"state": state}, "provider", "github").Want(t, 204, "")
	poll := func() servertest.Response {
		return w.do("POST "+providers+"/oauthResult", "", nil, m{"state": state}, "provider", "github").Want(t, 200, "")
	}
	if result := poll(); result.Member("status") != "pending" {
		t.Errorf("before the way back: %s", result.Body)
	}
	to := w.do("GET "+providers+"/authorize?state="+state, "", nil, nil, "provider", "github").Want(t, 302, "").Header.Get("Location")
	page := w.Do(t, "GET", servertest.SDK(w.environment)+"/providers/github/redirect?"+visit(t, to).RawQuery, nil, nil).Want(t, 200, "")
	if !strings.Contains(string(page.Body), "close this window") ||
		!strings.Contains(page.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the popup shows %s", page.Body)
	}
	if result := poll(); result.Member("status") != "completed" || result.Member("code") == "" {
		t.Errorf("after it: %s", result.Body)
	}
}

// walkFormPost is a login at a provider that answers by a form, from its own origin.
func walkFormPost(w walker, after string) {
	t, state := w.t, strings.Repeat("f", 32)
	w.do("POST "+providers+"/initAuth", "", nil, m{"state": state, "redirectUrl": after}, "provider", "apple").Want(t, 204, "")
	to := w.do("GET "+providers+"/authorize?state="+state, "", nil, nil, "provider", "apple").Want(t, 302, "").Header.Get("Location")
	back := visit(t, to)
	path := servertest.SDK(w.environment) + "/providers/apple/redirect"
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"https://appleid.apple.com"}}
	r := route(t, "POST", providers+"/redirect")
	w.send(t, r, path, header, "state=x&state=y").Want(t, 400, "invalid_request")
	w.send(t, r, path, header, "state=%00").Want(t, 400, "invalid_request")
	w.send(t, r, path, header, back.RawQuery).Want(t, 303, "")
	w.send(t, r, path, header, back.RawQuery).Want(t, 422, "other_verify_failure")
}

func visit(t *testing.T, address string) *url.URL {
	t.Helper()
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	to, err := answer.Location()
	if err != nil {
		t.Fatalf("%s answered %s", address, answer.Status)
	}
	return to
}

func walkExternal(w walker, i *externaltest.Issuer) {
	t := w.t
	jwt := func(subject, scope string, changes map[string]any) m {
		return m{"jwt": i.Sign(t, "RS256", externaltest.Claims(w.Now(), subject, scope, changes))}
	}
	signin, verify := env+"/externalAuth/signin", env+"/externalAuth/verify"
	w.do("POST "+signin, "", nil, m{}).Want(t, 422, "invalid_external_auth")
	w.do("POST "+signin, "", nil, m{"jwt": "a.b.c"}).Want(t, 422, "invalid_external_auth")
	w.do("POST "+signin, "", nil, jwt("ada", "", map[string]any{"aud": "another"})).Want(t, 422, "invalid_external_auth")
	var signed struct {
		MinifiedJWT string
		ExpiresAt   int64
	}
	w.do("POST "+signin, "", nil, jwt("ada", "", nil)).Want(t, 200, "").JSON(t, &signed)
	if signed.ExpiresAt > w.Now().Add(5*time.Minute).Unix() {
		t.Error("the session outlives the token that opened it")
	}
	token := signed.MinifiedJWT
	good := jwt("ada", "wallet:export", nil)
	if w.do("POST "+verify, token, nil, good).Want(t, 200, "").Member("elevatedAccessToken") == "" {
		t.Error("no token")
	}
	for what, body := range map[string]m{
		"the same again": good, "another subject": jwt("bob", "wallet:export", nil), "an unknown scope": jwt("ada", "nobody:knows", nil),
		"two audiences": jwt("ada", "wallet:export transfer:create", nil),
		"no scope":      jwt("ada", "", nil), "a blank scope": jwt("ada", "  ", nil),
		"no jti":              jwt("ada", "wallet:export", map[string]any{"jti": nil}),
		"an operator's scope": jwt("ada", "console:settings:update", nil),
		"too long":            jwt("ada", "wallet:export", map[string]any{"exp": w.Now().Add(time.Hour).Unix()}), "nothing": {},
	} {
		if r := w.do("POST "+verify, token, nil, body); r.Status != 422 || r.Code != "invalid_external_auth" {
			t.Errorf("%s: %d %s", what, r.Status, r.Code)
		}
	}
	w.do("POST "+verify, "", nil, good).Want(t, 401, "sign_in_required")
}
