package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/token"
)

// TestRoutesDeclareTheirGates: nothing is served that does not say who may.
func TestRoutesDeclareTheirGates(t *testing.T) {
	t.Parallel()
	for _, r := range api.Routes() {
		name := r.Method + " " + r.Path
		switch r.Gate.Kind {
		case door.PublicGate, door.SessionGate:
			if len(r.Gate.Scopes) > 0 || r.Gate.Service != "" || r.Gate.Compatible != "" {
				t.Errorf("%s: scopes that a %s gate does not look at", name, r.Gate.Kind)
			}
		case door.ElevatedGate, door.MarkedGate, door.BodyGate:
			if len(r.Gate.Scopes) == 0 || r.Gate.Kind != door.BodyGate && len(r.Gate.Scopes) != 1 {
				t.Errorf("%s: scopes %v", name, r.Gate.Scopes)
			}
			for _, scope := range r.Gate.Scopes {
				if !scope.Valid() || !scope.Reserved() {
					t.Errorf("%s: %q is not a scope of ours", name, scope)
				}
			}
		case door.ServiceGate:
			if !slices.Contains(serviceauth.Scopes, r.Gate.Service) {
				t.Errorf("%s: %q is not a service scope", name, r.Gate.Service)
			}
		case door.PromptGate:
			if !r.PromptPage || r.Gate.Enter == nil {
				t.Errorf("%s: a prompt that is nobody's, or for every page", name)
			}
		default:
			t.Errorf("%s declares no gate", name)
		}
		if r.Gate.Kind != door.ServiceGate && strings.Contains(r.Path, "/admin/") {
			t.Errorf("%s: administration without a service token", name)
		}
		if r.OptionalSession && r.Gate.Kind != door.PublicGate {
			t.Errorf("%s: a session is optional only where all may pass", name)
		}
		if r.AnyOrigin && r.Gate.Kind != door.PublicGate {
			t.Errorf("%s: any origin, and not public", name)
		}
	}
}

// never is a body that is never sent. Its reader blocks until the test is over.
type never struct{ closed <-chan struct{} }

func (n never) Read([]byte) (int, error) { <-n.closed; return 0, io.ErrUnexpectedEOF }

// TestRefusedBeforeTheBody: who may not do it is told so before a byte of the
// body is read, whatever the body would have been.
func TestRefusedBeforeTheBody(t *testing.T) {
	t.Parallel()
	c := start(t, servertest.WithWallets(&servertest.Wallets{}))
	c.Apply(t, servertest.Document(servertest.A, servertest.WalletsOn))
	alice := c.SignIn(t, servertest.A, "alice@example.com")
	values := map[string]string{"environmentId": servertest.A, "userId": alice.UserID, "credentialId": alice.CredentialID,
		"walletId": "unknown", "promptId": "unknown"}
	for _, r := range api.Routes() {
		var header http.Header
		want, code := 401, "sign_in_required"
		switch r.Gate.Kind {
		case door.ServiceGate:
			code = "invalid_service_token"
		case door.ElevatedGate, door.MarkedGate:
			want, code, header = 403, "elevated_access_token_required", alice.Header()
		case door.PromptGate:
			if want, code = 403, "origin_not_allowed"; r.Method == "GET" {
				code = "prompt_not_open"
			}
		case door.PublicGate:
			continue
		}
		for name, body := range map[string]any{"garbage": "\x00{[", "none": nil} {
			answer := c.send(t, r, at(r.Path, values), header, body)
			if answer.Status != want || answer.Code != code {
				t.Errorf("%s %s with %s: %d %s, want %d %s", r.Method, r.Path, name, answer.Status, answer.Code, want, code)
			}
			if r.Gate.Kind == door.ElevatedGate {
				checkRefusal(t, answer, string(r.Gate.Scopes[0]), "missing")
			}
		}
		if r.Method != "GET" {
			if status := answerToABlockedBody(t, c, r.Method, at(r.Path, values), header); status != want {
				t.Errorf("%s %s with a body that does not come: %d, want %d", r.Method, r.Path, status, want)
			}
		}
		if r.Gate.Kind == door.ElevatedGate {
			answer := c.send(t, r, at(r.Path, values), nil, nil)
			if answer.Status != 401 || answer.Code != "sign_in_required" {
				t.Errorf("%s %s without a session: %d %s", r.Method, r.Path, answer.Status, answer.Code)
			}
		}
	}
}

// checkRefusal wants a complete refusal: what to step up for, and with what.
func checkRefusal(t *testing.T, answer servertest.Response, scope, reason string) {
	t.Helper()
	var refusal struct {
		RequestID string         `json:"requestId"`
		Payload   map[string]any `json:"payload"`
	}
	answer.JSON(t, &refusal)
	p := refusal.Payload
	_, singleUse := p["singleUse"].(bool)
	methods, _ := p["methods"].([]any)
	if p["scope"] != scope || p["reason"] != reason || !singleUse || len(methods) != 1 || methods[0] != "email_otp" ||
		p["requestId"] != refusal.RequestID || len(p) != 5 {
		t.Errorf("refusal for %s: %v", scope, p)
	}
}

// answerToABlockedBody announces a body larger than what net/http would swallow
// for us, sends none of it, and waits for the answer.
func answerToABlockedBody(t *testing.T, c *client, method, path string, header http.Header) int {
	t.Helper()
	closed := make(chan struct{})
	defer close(closed)
	request, err := http.NewRequestWithContext(t.Context(), method, c.URL+path, never{closed})
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = 1 << 20
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

// walletScopes are those of embedded wallets.
var walletScopes = []string{"wallet:export", "wallet:sign", "wallet:refresh", "wallet:reshare", "wallet:restore", "wallet:delete"}

// keys are tokens of every kind there is, by name.
type keys map[string]string

func makeKeys(t *testing.T, c *client) (keys, *servertest.Session) {
	t.Helper()
	alice, bob := c.SignIn(t, servertest.A, "alice@example.com"), c.SignIn(t, servertest.A, "bob@example.com")
	second, foreign := c.SignIn(t, servertest.A, "alice@example.com"), c.SignIn(t, servertest.B, "alice@example.com")
	ended := c.SignIn(t, servertest.A, "alice@example.com")
	c.Do(t, "POST", ended.Path("/revoke"), ended.Header(), nil).Want(t, 204, "")
	all := []string{"credential:link", "credential:unlink", "credential:update", "user:update"}
	k := keys{
		"nothing": "", "random": "c2VjcmV0", "session": alice.Token, "full JWT": alice.FullToken, "ended session": ended.Token,
		"session elsewhere": foreign.Token, "unsigned session": unsigned(t, alice.Token), "damaged session": damaged(alice.Token),
		"elevated for credentials": c.StepUp(t, alice, all...), "elevated for deletion": c.StepUp(t, alice, "user:delete"),
		"elevated for transfers": c.StepUp(t, alice, "transfer:create"), "elevated for wallets": c.StepUp(t, alice, walletScopes...),
		"wallets of another session": c.StepUp(t, second, walletScopes...), "wallets of another user": c.StepUp(t, bob, walletScopes...),
		"elevated elsewhere": c.StepUp(t, foreign, all...), "deletion elsewhere": c.StepUp(t, foreign, "user:delete"),
		"elevated of another user":    c.StepUp(t, bob, all...),
		"elevated of another session": c.StepUp(t, second, all...),
		"service":                     c.ServiceToken(t, servertest.A, serviceauth.Scopes),
		"service elsewhere":           c.ServiceToken(t, servertest.B, serviceauth.Scopes),
	}
	k["unsigned elevated"] = unsigned(t, k["elevated for credentials"])
	for name, like := range map[string]string{"session": "session", "elevated for credentials": "credentials",
		"elevated for deletion": "deletion", "elevated for wallets": "wallets"} {
		k["ticket that says what a token for "+like+" says"] = ticket(t, c, k[name])
	}
	for _, scope := range serviceauth.Scopes {
		k["service without "+scope] = c.ServiceToken(t, servertest.A,
			slices.DeleteFunc(slices.Clone(serviceauth.Scopes), func(s string) bool { return s == scope }))
	}
	return k, alice
}

// ticket is a token's content under the type of a ticket for custodians, signed
// with the environment's key as the server signs those.
func ticket(t *testing.T, c *client, like string) string {
	t.Helper()
	content, err := base64.RawURLEncoding.DecodeString(strings.Split(like, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	return c.SignAs(t, servertest.A, token.Ticket, json.RawMessage(content))
}

// unsigned is the token's content under alg none.
func unsigned(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	var header map[string]any
	if err == nil {
		err = json.Unmarshal(head, &header)
	}
	if err != nil {
		t.Fatal(err)
	}
	header["alg"] = "none"
	head, _ = json.Marshal(header)
	return base64.RawURLEncoding.EncodeToString(head) + "." + parts[1] + "."
}

func damaged(token string) string { return token[:len(token)-8] + "AAAAAAAA" }

// opens says which kinds of token open a gate, in Authorization and in the
// header of elevated tokens ("" means that one does not matter).
func opens(r door.Route) (authorization []string, elevated string) {
	switch r.Gate.Kind {
	case door.ServiceGate:
		if r.Gate.All { // tokens here are for one environment
			return []string{}, ""
		}
		list := []string{"service"}
		if !strings.Contains(r.Path, "{environmentId}") { // shows what the token is for
			list = append(list, "service elsewhere")
		}
		for _, scope := range serviceauth.Scopes {
			if scope != r.Gate.Service {
				list = append(list, "service without "+scope)
			}
		}
		return list, ""
	case door.ElevatedGate, door.MarkedGate:
		if r.Gate.Scopes[0] == stepup.UserDelete {
			return []string{"session"}, "elevated for deletion"
		}
		if r.Operation {
			return []string{"session"}, "elevated for wallets"
		}
		return []string{"session"}, "elevated for credentials"
	case door.PublicGate:
		if r.OptionalSession {
			return []string{"session", "nothing"}, ""
		}
		return nil, ""
	case door.PromptGate:
		return []string{}, ""
	}
	return []string{"session"}, ""
}

// TestTokensOpenTheirOwnDoorsOnly is the matrix of token kinds against routes:
// every kind in every place. Bodies are malformed, so that what passes a gate
// stops right behind it.
func TestTokensOpenTheirOwnDoorsOnly(t *testing.T) {
	t.Parallel()
	c := start(t, servertest.WithWallets(&servertest.Wallets{}))
	c.Apply(t, servertest.Document(servertest.A, servertest.WalletsOn))
	k, alice := makeKeys(t, c)
	values := map[string]string{"environmentId": servertest.A, "userId": "unknown", "credentialId": "unknown", "walletId": "unknown"}
	for _, r := range api.Routes() {
		right, rightElevated := opens(r)
		if right == nil {
			continue
		}
		path := at(r.Path, values)
		for name, token := range k {
			opened := slices.Contains(right, name)
			// In Authorization, alone and with the right elevated token beside it.
			if opened && rightElevated == "" && !ends(r) {
				answer := c.send(t, r, path, authorization(token), "{")
				if answer.Status == 401 || answer.Status == 403 {
					t.Errorf("%s does not open %s %s: %s", name, r.Method, r.Path, answer.Body)
				}
			}
			if !opened {
				c.wantShut(t, r, path, name+" in Authorization", authorization(token), 401, 403)
				both := authorization(token)
				both["Elevated-Access-Token"] = []string{k["elevated for credentials"]}
				c.wantShut(t, r, path, name+" beside an elevated token", both, 401, 403)
			}
			// Where elevated tokens go, without Authorization and beside the right one.
			if !slices.Contains(right, "nothing") && token != "" {
				for _, place := range []string{"Elevated-Access-Token", "X-Dyn-Elevated-Access-Token"} {
					status := 401
					if r.Gate.Kind == door.PromptGate {
						status = 403
					}
					c.wantShut(t, r, path, name+" in "+place+" alone", http.Header{place: {token}}, status)
				}
			}
			if rightElevated != "" && name != rightElevated {
				beside := alice.Header()
				if token != "" {
					beside = alice.Header(token)
				}
				answer := c.wantShut(t, r, path, name+" as an elevated token", beside, 403)
				if answer.Code != "elevated_access_token_required" {
					t.Errorf("%s as an elevated token at %s %s: %s", name, r.Method, r.Path, answer.Code)
				}
			}
		}
	}
	c.Do(t, "GET", alice.Path("/session"), alice.Header(), nil).Want(t, 200, "")
	// Nothing above may have cost a token.
	c.Do(t, "DELETE", alice.Path("/users"), alice.Header(k["elevated for deletion"]), nil).Want(t, 204, "")
}

// ends says that a success of the route would end the session.
func ends(r door.Route) bool {
	return strings.HasSuffix(r.Path, "/revoke") || r.Method == "DELETE" && strings.HasSuffix(r.Path, "/deviceRegistrations")
}

func authorization(token string) http.Header {
	if token == "" {
		return http.Header{}
	}
	return servertest.Bearer(token)
}

func (c *client) wantShut(t *testing.T, r door.Route, path, how string, header http.Header, statuses ...int) servertest.Response {
	t.Helper()
	answer := c.send(t, r, path, header, "{")
	if !slices.Contains(statuses, answer.Status) {
		t.Errorf("%s %s with %s: %d, want %v\n%s", r.Method, r.Path, how, answer.Status, statuses, answer.Body)
	}
	return answer
}

// TestBodyGates does the same where the body decides which scope it takes.
func TestBodyGates(t *testing.T) {
	t.Parallel()
	c := start(t)
	document := servertest.Document(servertest.A, "mfa: {actions: [{action: user.update, required: true}]}\n")
	c.Apply(t, strings.Replace(document, "limits:\n", "limits:\n  guessesPerAccount: {count: 100, per: 1h}\n", 1))
	k, alice := makeKeys(t, c)
	link := func() string {
		id, code := c.SendCode(t, servertest.A, "new@example.com", alice.Header())
		return `{"verificationUUID":"` + id + `","verificationToken":"` + code + `"}`
	}
	for _, gate := range []struct {
		route door.Route
		scope string
		body  func() string
	}{
		{route(t, "PUT", env+"/users"), "credential:update", func() string { return `{"email":"new@example.com"}` }},
		{route(t, "PUT", env+"/users"), "user:update", func() string { return `{"alias":"Mallory"}` }},
		{route(t, "POST", env+"/emailVerifications/verify"), "credential:link", link},
	} {
		path := at(gate.route.Path, map[string]string{"environmentId": servertest.A})
		for name, token := range k {
			if name == "elevated for credentials" {
				continue
			}
			header := alice.Header()
			if token != "" {
				header = alice.Header(token)
			}
			answer := c.send(t, gate.route, path, header, gate.body())
			if answer.Status != 403 || answer.Code != "elevated_access_token_required" ||
				!bytes.Contains(answer.Body, []byte(`"`+gate.scope+`"`)) {
				t.Errorf("%s for %s: %d\n%s", name, gate.scope, answer.Status, answer.Body)
			}
		}
		if answer := c.send(t, gate.route, path, alice.Header(k["elevated for credentials"]), gate.body()); answer.Status != 200 {
			t.Errorf("the right token for %s: %d\n%s", gate.scope, answer.Status, answer.Body)
		}
	}
}
