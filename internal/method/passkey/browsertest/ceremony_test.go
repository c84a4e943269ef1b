package browsertest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// visitor is a user with a browser.
type visitor struct {
	*browser
	*servertest.Server
	user *servertest.Session
}

func (v visitor) options(path string) json.RawMessage {
	v.t.Helper()
	header := v.user.Header()
	if strings.HasSuffix(path, "/signin") {
		header = nil
	}
	return v.Do(v.t, "GET", v.user.Path(path), header, nil).Want(v.t, 200, "").Body
}

func (v visitor) register(how string, elevated ...string) servertest.Response {
	v.t.Helper()
	return v.Do(v.t, "POST", v.user.Path("/users/passkeys/register"), v.user.Header(elevated...),
		v.ask(how, "create", v.options("/users/passkeys/register")))
}

func (v visitor) signIn(how string) servertest.Response {
	v.t.Helper()
	return v.Do(v.t, "POST", v.user.Path("/users/passkeys/signin"), nil, v.ask(how, "get", v.options("/users/passkeys/signin")))
}

func (v visitor) stepUp(how string, scopes ...string) servertest.Response {
	v.t.Helper()
	var body map[string]any
	answer := v.ask(how, "get", v.options("/users/passkeys/authenticate"))
	if err := json.Unmarshal([]byte(answer), &body); err != nil {
		v.t.Fatalf("the browser says %s", answer)
	}
	body["requestedScopes"] = scopes
	return v.Do(v.t, "POST", v.user.Path("/users/mfa/auth/passkey"), v.user.Header(), body)
}

// A real browser registers a passkey, signs in and steps up with it; and what it
// makes on other pages, or inside them, is refused.
func TestPasskeysInChromium(t *testing.T) {
	t.Parallel()
	app := site(t, "")
	foreign, framing := site(t, ""), site(t, app)
	s := servertest.Start(t)
	s.Apply(t, servertest.Document(servertest.A,
		"passkeys: {rpId: localhost, origins: [\""+app+"\"]}\nmfa: {methods: [{type: passkey, enabled: true}]}"))
	v := visitor{open(t), s, s.SignIn(t, servertest.A, "ada@example.com")}
	link := s.StepUp(t, v.user, "credential:link")

	v.visit(foreign)
	wantRefused(t, "registering on a page that is not listed", v.register("ceremony", link), "may not use passkeys")

	v.visit(app)
	v.verified(false)
	if answer := v.ask("ceremony", "create", v.options("/users/passkeys/register")); answer != "NotAllowedError" {
		t.Errorf("without user verification the browser says %s", answer)
	}
	v.verified(true)
	v.register("ceremony", link).Want(t, 200, "")
	if answer := v.ask("ceremony", "create", v.options("/users/passkeys/register")); answer != "InvalidStateError" {
		t.Errorf("registering the same authenticator again, the browser says %s", answer) // excludeCredentials
	}
	if signed := v.signIn("ceremony").Want(t, 200, ""); signed.Member("minifiedJwt") == "" {
		t.Error("a sign-in without a session")
	}
	if token := v.stepUp("ceremony", "wallet:export").Want(t, 200, "").Member("elevatedAccessToken"); token == "" {
		t.Error("a step-up without a token")
	}

	v.visit(foreign)
	wantRefused(t, "signing in on a page that is not listed", v.signIn("ceremony"), "may not use passkeys")
	wantRefused(t, "stepping up on a page that is not listed", v.stepUp("ceremony", "wallet:export"), "may not use passkeys")

	v.visit(framing)
	wantRefused(t, "signing in inside another page", v.signIn("framed"), "inside another site's page")
	wantRefused(t, "stepping up inside another page", v.stepUp("framed", "wallet:export"), "inside another site's page")

	v.visit(app)
	v.stepUp("ceremony", "wallet:export").Want(t, 200, "") // none of that did harm
}

func wantRefused(t *testing.T, what string, r servertest.Response, why string) {
	t.Helper()
	if r.Status != 422 || r.Code != "invalid_passkey" || !strings.Contains(r.Member("error"), why) {
		t.Errorf("%s: %d %s", what, r.Status, r.Body)
	}
}
