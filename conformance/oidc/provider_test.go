package oidc_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

const (
	secret = "secret of the client"
	app    = "https://app.example"
	after  = app + "/after"
)

// house is a server of ours and a provider that is not.
type house struct {
	*server
	provider string
	users    storage.UserStore
}

func open(t *testing.T) house {
	t.Helper()
	s := start(t)
	listener := httptest.NewUnstartedServer(nil)
	issuer := "http://" + listener.Listener.Addr().String()
	users := storage.NewUserStore(issuer)
	storage.RegisterClients(storage.WebClient("stepup", secret, s.at("/redirect")))
	listener.Config.Handler = exampleop.SetupServer(issuer, storage.NewStorage(users), slog.New(slog.DiscardHandler), false,
		op.WithAllowInsecure())
	listener.Start()
	t.Cleanup(listener.Close)
	h := house{s, issuer, users}
	h.register(t, secret)
	return h
}

// register names the provider in the environment, with our secret there.
func (h house) register(t *testing.T, secret string) {
	t.Helper()
	h.apply(t, `providers: [{provider: zitadel, issuer: "`+h.provider+`", clientId: stepup, clientSecret: {file: `+
		h.keep(t, secret)+`}}]`+"\n")
}

// login goes to the provider, types name and password there, and comes back
// with what the app types back at our server.
func (h house) login(t *testing.T, bearer, state string, who *storage.User) map[string]any {
	t.Helper()
	h.post(t, "/initAuth", bearer, map[string]string{"state": state, "redirectUrl": after}, want{status: 204})
	jar, _ := cookiejar.New(nil) // it never fails
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	next := h.at("/authorize?state=" + state)
	for range 8 {
		var answer *http.Response
		var err error
		if u, _ := url.Parse(next); strings.HasPrefix(next, h.provider+"/login/") {
			form := url.Values{"id": {u.Query().Get("authRequestID")}, "username": {who.Username}, "password": {who.Password}}
			answer, err = browser.PostForm(h.provider+u.Path, form)
		} else {
			answer, err = browser.Get(next)
		}
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		to, err := answer.Location()
		if err != nil {
			t.Fatalf("%s answered %s: %s", next, answer.Status, body)
		}
		if next = to.String(); strings.HasPrefix(next, after) {
			return map[string]any{"code": to.Query().Get("dynamicOauthCode"), "state": to.Query().Get("dynamicOauthState")}
		}
	}
	t.Fatalf("lost at %s", next)
	return nil
}

type signed struct {
	MinifiedJWT, ElevatedAccessToken string
	User                             struct {
		ID                  string
		VerifiedCredentials []map[string]any
	}
}

// Sign in, sign in again, step up with a login that is known to be fresh, and
// fail to step up with another person's; then with a wrong secret of ours.
func TestProvider(t *testing.T) {
	h := open(t)
	user, other := h.users.GetUserByID("id1"), h.users.GetUserByID("id2")
	state := func(letter string) string { return strings.Repeat(letter, 32) }

	var first, again, stepped, stranger signed
	back := h.login(t, "", state("a"), user)
	h.post(t, "/signIn", "", back, want{status: 200, into: &first})
	h.post(t, "/signIn", "", back, want{status: 422, code: "other_verify_failure"})
	c := first.User.VerifiedCredentials
	if len(c) != 1 || c[0]["oauth_account_id"] != user.ID || c[0]["oauth_provider"] != "zitadel" {
		t.Fatalf("credentials %v", c)
	}
	if emails, _ := c[0]["oauth_emails"].([]any); len(emails) != 1 || emails[0] != user.Email {
		t.Errorf("addresses %v, want %s, which is verified", c[0]["oauth_emails"], user.Email)
	}
	h.post(t, "/signIn", "", h.login(t, "", state("b"), user), want{status: 200, into: &again})
	h.post(t, "/signIn", "", h.login(t, "", state("c"), other), want{status: 200, into: &stranger})
	if again.User.ID != first.User.ID || stranger.User.ID == first.User.ID {
		t.Error("one person is two, or two are one")
	}

	stepUp := func(letter string, who *storage.User) map[string]any {
		body := h.login(t, first.MinifiedJWT, state(letter), who)
		body["requestedScopes"] = []string{"wallet:export"}
		return body
	}
	h.post(t, "/verify", first.MinifiedJWT, stepUp("d", user), want{status: 200, into: &stepped})
	var claims struct{ ACR string }
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(stepped.ElevatedAccessToken, ".")[1])
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.ACR != "urn:stepup:reauth" {
		t.Errorf("claims %s, %v", payload, err)
	}
	h.post(t, "/verify", first.MinifiedJWT, stepUp("e", other), want{status: 422, code: "mfa_invalid_request"})

	h.register(t, "another secret")
	h.post(t, "/signIn", "", h.login(t, "", state("f"), user), want{status: 422, code: "other_verify_failure"})
}
