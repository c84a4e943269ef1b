package api_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
)

// tenant is everything that one environment could leak to another.
type tenant struct {
	id, service                string
	user                       *servertest.Session
	credentials, deletion, pay string // elevated tokens
	challenge, code            string // open, to sign in
	inSession, inSessionCode   string // open, in the user's session
	wallet, wallets            string // an embedded wallet, and the token for all that is done to one
}

func makeTenant(t *testing.T, c *client, id, email string) tenant {
	t.Helper()
	user := c.SignIn(t, id, email)
	own := tenant{
		id: id, user: user, service: c.ServiceToken(t, id, serviceauth.Scopes),
		credentials: c.StepUp(t, user, "credential:link", "credential:unlink", "credential:update"),
		deletion:    c.StepUp(t, user, "user:delete"), pay: c.StepUp(t, user, "transfer:create"),
	}
	own.wallet = c.Do(t, "POST", user.Path("/waas/create"), user.Header(), m{"chain": "EVM"}).Want(t, 200, "").Member("walletId")
	own.wallets = c.StepUp(t, user, walletScopes...)
	own.challenge, own.code = c.SendCode(t, id, email, nil)
	own.inSession, own.inSessionCode = c.SendCode(t, id, email, user.Header())
	return own
}

// secrets are what no answer of another environment may show.
func (own tenant) secrets() []string {
	return []string{own.id, own.user.UserID, own.user.ID, own.user.CredentialID, own.user.Email, own.wallet}
}

// TestTenantsAreStrangers tries every route of B with the credentials of A, and
// every id of A at B with B's own credentials. Nothing succeeds, nothing shows,
// and A is afterwards as it was.
func TestTenantsAreStrangers(t *testing.T) {
	t.Parallel()
	c := start(t, servertest.WithWallets(&servertest.Wallets{}))
	for _, id := range []string{servertest.A, servertest.B} {
		c.Apply(t, servertest.Document(id, servertest.WalletsOn))
	}
	a, b := makeTenant(t, c, servertest.A, "alice@tenant-a.example"), makeTenant(t, c, servertest.B, "bella@tenant-b.example")
	values := map[string]string{"environmentId": b.id, "userId": b.user.UserID, "credentialId": b.user.CredentialID, "walletId": b.wallet}
	for _, r := range api.Routes() {
		if r.Gate.Kind == door.PublicGate && !r.OptionalSession || !strings.Contains(r.Path, "{environmentId}") {
			continue
		}
		for _, header := range []http.Header{
			a.user.Header(), a.user.Header(a.credentials), a.user.Header(a.deletion), a.user.Header(a.wallets),
			servertest.Bearer(a.service), servertest.Bearer(a.credentials), servertest.Bearer(a.user.FullToken),
		} {
			answer := c.send(t, r, at(r.Path, values), header, bodyAt(b, r))
			mustBeShut(t, r, "credentials of another environment", answer, append(a.secrets(), b.user.Email, b.user.UserID))
		}
		if r.Gate.Kind == door.ElevatedGate { // B's session does not make A's token better
			for _, token := range []string{a.credentials, a.deletion, a.wallets} {
				mustBeShut(t, r, "an elevated token of another environment",
					c.send(t, r, at(r.Path, values), b.user.Header(token), bodyAt(b, r)), a.secrets())
			}
		}
	}
	foreignIDs(t, c, a, b)

	summary := c.Do(t, "GET", "/api/v0/admin/environments", servertest.Bearer(b.service), nil).Want(t, 200, "")
	mustNotShow(t, "the list of environments", summary, a.secrets())

	for _, own := range []tenant{a, b} {
		c.Do(t, "GET", own.user.Path("/session"), own.user.Header(), nil).Want(t, 200, "")
		c.Do(t, "POST", own.user.Path("/emailVerifications/signin"), nil,
			m{"verificationUUID": own.challenge, "verificationToken": own.code}).Want(t, 200, "")
		c.Do(t, "POST", own.user.Path("/emailVerifications/verify"), own.user.Header(),
			m{"verificationUUID": own.inSession, "verificationToken": own.inSessionCode}).Want(t, 200, "")
		c.Do(t, "POST", own.user.Path("/tokens/consume"), servertest.Bearer(own.service), question(own)).Want(t, 200, "")
		c.Do(t, "DELETE", own.user.Path("/users"), own.user.Header(own.deletion), nil).Want(t, 409, "conflict") // a wallet is kept for it
		c.Do(t, "DELETE", own.user.Path("/waas/"+own.wallet), own.user.Header(own.wallets), nil).Want(t, 200, "")
		c.Do(t, "DELETE", own.user.Path("/users"), own.user.Header(own.deletion), nil).Want(t, 204, "")
	}
}

func question(own tenant) m {
	return m{"token": own.pay, "scope": "transfer:create", "operationId": "op", "requestDigest": "d"}
}

// bodyAt is a body that would do at the environment, were the caller its own.
func bodyAt(own tenant, r door.Route) any {
	switch _, path, _ := strings.Cut(r.Path, "{environmentId}"); r.Method + " " + path {
	case "POST /emailVerifications/create":
		return m{"email": "someone@example.com"}
	case "POST /emailVerifications/retry":
		return m{"email": own.user.Email, "verificationUUID": own.challenge}
	case "POST /emailVerifications/verify":
		return m{"verificationUUID": own.inSession, "verificationToken": own.inSessionCode}
	case "POST /stepUp/check":
		return m{"scope": "wallet:export"}
	case "PUT /users":
		return m{"alias": "Mallory"}
	case "POST /verify/unlink":
		return m{"verifiedCredentialId": own.user.CredentialID}
	case "POST /tokens/consume":
		return question(own)
	case "POST /tokens/introspect":
		return m{"token": own.user.Token}
	case "POST /waas/{walletId}/signMessage", "POST /waas/{walletId}/intents":
		return m{"message": "hello"}
	case "POST /waas/{walletId}/privateKey/export":
		return m{"exportPublicKey": exportKey(9)}
	case "POST /waas/{walletId}/reshare":
		return m{"oldThresholdSignatureScheme": "TWO_OF_TWO", "newThresholdSignatureScheme": "TWO_OF_THREE"}
	case "POST /waas/create":
		return m{"chain": "EVM"}
	case "POST /waas/{walletId}/transactions/broadcast":
		return m{"signedTransaction": "0x02", "network": "31337"}
	case "PUT ":
		return servertest.Document(own.id, "")
	case "PATCH ":
		return m{"edits": []m{{"path": "signUp.enabled", "value": "false"}}}
	}
	return nil
}

// foreignIDs shows ids and tokens of A to B, by callers who may ask there.
func foreignIDs(t *testing.T, c *client, a, b tenant) {
	t.Helper()
	service, session, elevated := servertest.Bearer(b.service), b.user.Header(), b.user.Header(b.credentials)
	for _, try := range []struct {
		method, path string
		header       http.Header
		body         any
	}{
		{"GET", ops + "/users/{userId}", service, nil},
		{"POST", ops + "/users/{userId}/disable", service, nil},
		{"POST", ops + "/users/{userId}/enable", service, nil},
		{"POST", ops + "/users/{userId}/revoke-sessions", service, nil},
		{"POST", ops + "/users/{userId}/export", service, nil},
		{"POST", ops + "/users/{userId}/invite", service, nil},
		{"POST", ops + "/users/{userId}/delete", service, m{"confirm": a.user.UserID, "abandonWallets": true}},
		{"POST", ops + "/users/{userId}/credentials/{credentialId}/unlink", service, nil},
		{"POST", ops + "/users/{userId}/sessions/{sessionId}/revoke", service, nil},
		{"PUT", ops, service, servertest.Document(a.id, "")},
		{"POST", env + "/credentials/{credentialId}/confirm", elevated, nil},
		{"POST", env + "/verify/unlink", elevated, m{"verifiedCredentialId": a.user.CredentialID}},
		{"POST", env + "/verify/unlink", elevated, m{"walletId": a.user.CredentialID}},
		{"POST", env + "/emailVerifications/signin", nil, m{"verificationUUID": a.challenge, "verificationToken": a.code}},
		{"POST", env + "/emailVerifications/retry", nil, m{"email": a.user.Email, "verificationUUID": a.challenge}},
		{"POST", env + "/emailVerifications/verify", session, m{"verificationUUID": a.inSession, "verificationToken": a.inSessionCode}},
		{"POST", env + "/emailVerifications/verify", session,
			m{"verificationUUID": a.inSession, "verificationToken": a.inSessionCode, "requestedScopes": []string{"user:delete"}}},
		{"POST", env + "/tokens/consume", service, question(a)},
		{"GET", env + "/waas/{walletId}", session, nil},
		{"POST", env + "/waas/{walletId}/disable", session, nil},
		{"POST", env + "/waas/{walletId}/intents", session, m{"message": "hello"}},
		{"POST", env + "/waas/{walletId}/signMessage", b.user.Header(b.wallets), m{"message": "hello"}},
		{"POST", env + "/waas/{walletId}/privateKey/export", b.user.Header(b.wallets), m{"exportPublicKey": exportKey(9)}},
		{"DELETE", env + "/waas/{walletId}", b.user.Header(b.wallets), nil},
	} {
		r := route(t, try.method, try.path)
		path := at(try.path,
			map[string]string{"environmentId": b.id, "userId": a.user.UserID, "credentialId": a.user.CredentialID, "walletId": a.wallet})
		answer := c.send(t, r, path, try.header, try.body)
		// What was sent may be said again: it is no news to the sender.
		mustBeShut(t, r, "an id of another environment", answer, slices.DeleteFunc(a.secrets(), func(s string) bool { return s == a.id }))
	}
	for _, token := range []string{a.user.Token, a.credentials, a.pay} {
		r := route(t, "POST", env+"/tokens/introspect")
		answer := c.send(t, r, servertest.SDK(b.id)+"/tokens/introspect", service, m{"token": token})
		if string(answer.Body) != `{"active":false}`+"\n" {
			t.Errorf("introspecting a token of another environment: %s", answer.Body)
		}
	}
	for _, query := range []string{"/users?after=" + a.user.UserID, "/audit?userId=" + a.user.UserID, "/audit?limit=1000", "/users"} {
		pattern, _, _ := strings.Cut(query, "?")
		answer := c.send(t, route(t, "GET", ops+pattern), servertest.Admin(b.id)+query, service, nil)
		mustNotShow(t, query, answer, a.secrets())
	}
}

func mustBeShut(t *testing.T, r door.Route, how string, answer servertest.Response, secrets []string) {
	t.Helper()
	if answer.Status < 400 || answer.Status >= 500 {
		t.Errorf("%s %s with %s: %d\n%s", r.Method, r.Path, how, answer.Status, answer.Body)
	}
	mustNotShow(t, r.Method+" "+r.Path+" with "+how, answer, secrets)
}

func mustNotShow(t *testing.T, what string, answer servertest.Response, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		if bytes.Contains(answer.Body, []byte(secret)) {
			t.Errorf("%s shows %q:\n%s", what, secret, answer.Body)
		}
	}
}
