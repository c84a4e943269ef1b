package api_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/api/guard"
	"github.com/stepup-auth/stepup/internal/api/sdk"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/pages"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/signin"
)

// walker sends the requests of one environment.
type walker struct {
	*client
	t           *testing.T
	environment string
}

// do sends a request to a route of the environment, a method and a path; names in the
// path stand in braces in the table and are given by their values here.
func (w walker) do(what, token string, elevated []string, body any, values ...string) servertest.Response {
	w.t.Helper()
	method, path, _ := strings.Cut(what, " ")
	known := map[string]string{"environmentId": w.environment}
	for i := 0; i+1 < len(values); i += 2 {
		known[values[i]] = values[i+1]
	}
	pattern, query, _ := strings.Cut(path, "?")
	filled := at(pattern, known)
	if query != "" {
		filled += "?" + query
	}
	header := servertest.Bearer(token, elevated...)
	if token == "" {
		header = nil
	}
	return w.send(w.t, route(w.t, method, pattern), filled, header, body)
}

type m = map[string]any

// TestWalk goes once through every route, to a success and to its nearest
// refusals, and holds every answer against the document.
func TestWalk(t *testing.T) {
	t.Parallel()
	c := start(t, servertest.WithWallets(&servertest.Wallets{}))
	w := walker{c, t, servertest.A}
	all := c.ServiceToken(t, "", serviceauth.Scopes)

	t.Run("public", func(t *testing.T) {
		w := walker{c, t, servertest.A}
		for _, path := range []string{"/settings", "/nonces?count=2", "/nonce", "/healthcheck", "/.well-known/jwks",
			"/.well-known/jwks.json", "/notMe", "/notMe.js", "/reveal"} {
			w.do("GET "+env+path, "", nil, nil).Want(t, 200, "")
		}
		scripts, err := fs.Glob(pages.Reveal, "*.js")
		if err != nil || len(scripts) == 0 {
			t.Fatalf("the reveal frame has no script (%v)", err)
		}
		w.do("GET "+env+"/reveal/{file}", "", nil, nil, "file", scripts[0]).Want(t, 200, "")
		w.do("GET /api/v0/openapi.json", "", nil, nil).Want(t, 200, "")
		w.do("POST "+env+"/sdkSettings", "", nil, m{"hostname": "app.example"}).Want(t, 204, "")
		w.do("GET "+env+"/nonces?count=none", "", nil, nil).Want(t, 400, "invalid_request")
		w.environment = "dddddddd-0000-4000-8000-000000000004"
		w.do("GET "+env+"/settings", "", nil, nil).Want(t, 404, "environment_not_found")
	})
	t.Run("signing in", func(t *testing.T) { walkSignIn(walker{c, t, servertest.A}) })
	t.Run("session", func(t *testing.T) { walkSession(walker{c, t, servertest.A}) })
	t.Run("credentials", func(t *testing.T) { walkCredentials(walker{c, t, servertest.A}) })
	t.Run("texts", func(t *testing.T) { walkTexts(walker{c, t, servertest.A}) })
	t.Run("devices", func(t *testing.T) { walkRegistrations(walker{c, t, servertest.A}) })
	t.Run("confirming", func(t *testing.T) { walkConfirm(walker{c, t, servertest.B}) })
	t.Run("second factors", func(t *testing.T) { walkFactors(walker{c, t, servertest.B}) })
	t.Run("passkeys", func(t *testing.T) { walkPasskeys(walker{c, t, servertest.B}) })
	t.Run("wallets", func(t *testing.T) { walkWallets(walker{c, t, servertest.B}) })
	t.Run("embedded wallets", func(t *testing.T) { walkEmbedded(walker{c, t, servertest.B}) })
	t.Run("not me", func(t *testing.T) { walkNotMe(walker{c, t, servertest.A}, all) })
	t.Run("guards", func(t *testing.T) { walkGuards(walker{c, t, servertest.A}, all) })
	t.Run("bindings", func(t *testing.T) { walkBindings(walker{c, t, servertest.A}, all) })
	t.Run("prompts", func(t *testing.T) { walkPrompts(walker{c, t, servertest.A}) })
	t.Run("administration", func(t *testing.T) { walkAdmin(walker{c, t, servertest.B}, all) })
	t.Run("people", func(t *testing.T) { walkPeople(walker{c, t, servertest.A}, all) })
	t.Run("legacy", func(t *testing.T) {
		alice := c.SignIn(t, servertest.Legacy, "alice@example.com")
		w := walker{c, t, servertest.Legacy}
		w.do("GET "+env+"/settings", "", nil, nil).Want(t, 200, "")
		w.do("POST "+env+"/stepUp/check", alice.Token, nil, m{"scope": "wallet:export"}).Want(t, 200, "")
		w.do("DELETE "+env+"/users", alice.Token, nil, nil).Want(t, 204, "")
	})
	t.Run("logins elsewhere", func(t *testing.T) {
		_, issuer := withLogins(t, c.Server, servertest.A)
		walkSocial(walker{c, t, servertest.A})
		walkExternal(walker{c, t, servertest.A}, issuer)
	})
	for _, r := range api.Routes() {
		if !w.succeeded[r.Method+" "+r.Path] {
			t.Errorf("%s %s never succeeded, so its answer is not checked", r.Method, r.Path)
		}
	}
}

func walkSignIn(w walker) {
	t, email := w.t, "walker@example.com"
	first := w.do("POST "+env+"/emailVerifications/create", "", nil, m{"email": email}).Want(t, 200, "").Member("verificationUUID")
	w.do("POST "+env+"/emailVerifications/create", "", nil, m{"email": "nobody"}).Want(t, 422, "invalid_email")
	w.Inbox.WaitCode(t, email, 0) // two that are sent at once arrive in any order
	again := w.do("POST "+env+"/emailVerifications/retry", "", nil, m{"email": email, "verificationUUID": first}).
		Want(t, 200, "").Member("verificationUUID")
	w.do("POST "+env+"/emailVerifications/signin", "", nil, m{"verificationUUID": again, "verificationToken": "000000x"}).Want(t, 422, "")
	code := w.Inbox.WaitCode(t, email, 1)
	w.do("POST "+env+"/emailVerifications/signin", "", nil, m{"verificationUUID": again, "verificationToken": code}).Want(t, 200, "")
	w.do("POST "+env+"/emailVerifications/signin", "", nil, m{"verificationUUID": again, "verificationToken": code}).Want(t, 422, "")
}

func walkSession(w walker) {
	t := w.t
	alice := w.SignIn(t, w.environment, "session@example.com")
	w.do("GET "+env+"/session", alice.Token, nil, nil).Want(t, 200, "")
	w.do("GET "+env+"/users", alice.Token, nil, nil).Want(t, 200, "")
	w.do("POST "+env+"/refresh", alice.Token, nil, nil).Want(t, 200, "")
	w.do("POST "+env+"/stepUp/check", alice.Token, nil, m{"scope": "wallet:export"}).Want(t, 200, "")
	w.do("POST "+env+"/stepUp/check", alice.Token, nil, m{"scope": "user:update"}).Want(t, 200, "")
	w.do("POST "+env+"/stepUp/check", alice.Token, nil, m{"scope": "nobody:knows"}).Want(t, 422, "invalid_scopes")

	w.do("PUT "+env+"/users", alice.Token, nil, m{"alias": "Al", "policiesConsent": true, "metadata": m{"plan": "pro"}}).Want(t, 200, "")
	w.do("PUT "+env+"/users", alice.Token, nil, m{"username": "no spaces"}).Want(t, 422, "invalid_username")
	w.do("PUT "+env+"/users", alice.Token, nil, m{"email": "other@example.com"}).Want(t, 403, "elevated_access_token_required")
	token := w.StepUp(t, alice, "credential:update")
	w.do("PUT "+env+"/users", alice.Token, []string{token}, m{"email": "pending@example.com"}).Want(t, 200, "")
	w.do("PUT "+env+"/users", alice.Token, []string{token, token}, m{"email": "other@example.com"}).
		Want(t, 400, "ambiguous_elevated_access_token")

	w.do("DELETE "+env+"/users", alice.Token, nil, nil).Want(t, 403, "elevated_access_token_required")
	w.do("DELETE "+env+"/users", alice.Token, []string{w.StepUp(t, alice, "user:delete")}, nil).Want(t, 204, "")
	w.do("GET "+env+"/users", alice.Token, nil, nil).Want(t, 401, "invalid_session")

	bob := w.SignIn(t, w.environment, "leaving@example.com")
	w.do("POST "+env+"/revoke", bob.Token, nil, nil).Want(t, 204, "")
	w.do("GET "+env+"/session", bob.Token, nil, nil).Want(t, 401, "invalid_session")
	w.do("GET "+env+"/session", "", nil, nil).Want(t, 401, "sign_in_required")
}

func walkCredentials(w walker) {
	t, second := w.t, "second@example.com"
	alice := w.SignIn(t, w.environment, "first@example.com")
	id, code := w.SendCode(t, w.environment, second, alice.Header())
	typed := m{"verificationUUID": id, "verificationToken": code}
	w.do("POST "+env+"/emailVerifications/verify", alice.Token, nil, typed).Want(t, 403, "elevated_access_token_required")
	token := w.StepUp(t, alice, "credential:link", "credential:unlink")
	id, code = w.SendCode(t, w.environment, second, alice.Header())
	typed = m{"verificationUUID": id, "verificationToken": code}
	var linked struct {
		User signin.User `json:"user"`
	}
	w.do("POST "+env+"/emailVerifications/verify", alice.Token, []string{token}, typed).Want(t, 200, "").JSON(t, &linked)
	for _, credential := range linked.User.VerifiedCredentials {
		if credential.Email != second {
			continue
		}
		w.do("POST "+env+"/verify/unlink", alice.Token, nil, m{"verifiedCredentialId": credential.ID}).
			Want(t, 403, "elevated_access_token_required")
		w.do("POST "+env+"/verify/unlink", alice.Token, []string{token}, m{"verifiedCredentialId": credential.ID}).Want(t, 200, "")
	}
	w.do("POST "+env+"/verify/unlink", alice.Token, []string{token}, m{}).Want(t, 422, "invalid_unlink_request")
}

func walkTexts(w walker) {
	t, number := w.t, m{"phoneNumber": "4155550101", "phoneCountryCode": "1", "isoCountryCode": "US"}
	w.do("POST "+env+"/smsVerifications/create", "", nil, number).Want(t, 422, "no_enabled_sms_provider")
	w.Apply(t, servertest.Document(w.environment, "sms: {enabled: true, countries: [US]}\n"))
	w.do("GET "+env+"/settings", "", nil, nil).Want(t, 200, "")
	w.do("POST "+env+"/smsVerifications/create", "", nil, m{"phoneNumber": "555", "isoCountryCode": "US"}).Want(t, 422, "invalid_phone")
	w.do("POST "+env+"/smsVerifications/create", "", nil, m{"phoneNumber": "+447400123456"}).Want(t, 422, "invalid_phone")
	first := w.do("POST "+env+"/smsVerifications/create", "", nil, number).Want(t, 200, "").Member("verificationUUID")
	w.Inbox.WaitCode(t, "+14155550101", 0) // two that are sent at once arrive in any order
	again := w.do("POST "+env+"/smsVerifications/retry", "", nil, m{"phoneNumber": "+1 415 555 0101", "verificationUUID": first}).
		Want(t, 200, "").Member("verificationUUID")
	w.do("POST "+env+"/smsVerifications/signin", "", nil, m{"verificationUUID": again, "verificationToken": "000000x"}).
		Want(t, 422, "wrong_sms_verification_token")
	code := w.Inbox.WaitCode(t, "+14155550101", 1)
	w.do("POST "+env+"/emailVerifications/signin", "", nil, m{"verificationUUID": again, "verificationToken": code}).
		Want(t, 422, "invalid_email_verification")
	w.do("POST "+env+"/smsVerifications/signin", "", nil, m{"verificationUUID": again, "verificationToken": code}).Want(t, 200, "")
	w.do("POST "+env+"/smsVerifications/signin", "", nil, m{"verificationUUID": again, "verificationToken": code}).
		Want(t, 422, "invalid_sms_verification")

	alice := w.SignIn(t, w.environment, "texted@example.com")
	token := w.StepUp(t, alice, "credential:link", "credential:update")
	id := w.do("POST "+env+"/smsVerifications/create", alice.Token, nil, m{"phoneNumber": "+14155550102"}).
		Want(t, 200, "").Member("verificationUUID")
	typed := m{"verificationUUID": id, "verificationToken": w.Inbox.WaitCode(t, "+14155550102", 0)}
	w.do("POST "+env+"/smsVerifications/verify", alice.Token, nil, typed).Want(t, 403, "elevated_access_token_required")
	w.do("POST "+env+"/smsVerifications/verify", alice.Token, []string{token}, typed).Want(t, 200, "")
	w.do("PUT "+env+"/users", alice.Token, nil, m{"phoneNumber": "+14155550103"}).Want(t, 403, "elevated_access_token_required")
	w.do("PUT "+env+"/users", alice.Token, []string{token}, m{"phoneNumber": "+14155550103", "email": "x@example.com"}).
		Want(t, 400, "invalid_request")
	w.do("PUT "+env+"/users", alice.Token, []string{token}, m{"phoneNumber": "4155550103"}).Want(t, 422, "invalid_phone")
	w.do("PUT "+env+"/users", alice.Token, []string{token}, m{"phoneNumber": "+14155550103"}).Want(t, 200, "")
}

func walkRegistrations(w walker) {
	t := w.t
	w.Apply(t, servertest.Document(w.environment, "redirectOrigins: [\""+servertest.Origin(w.environment)+"\"]\n"+
		"sessions: {deviceRegistration: true}\nauth: {storage: [cookie]}\n"))
	defer w.Apply(t, servertest.Document(w.environment, ""))
	email, browser := "registrant@example.com", http.Header{"Origin": {servertest.Origin(w.environment)}}
	signIn := func() http.Header { // as a browser does that has no cookie yet
		id, code := w.SendCode(t, w.environment, email, nil)
		answer := w.send(t, route(t, "POST", env+"/emailVerifications/signin"), servertest.SDK(w.environment)+"/emailVerifications/signin",
			browser, m{"verificationUUID": id, "verificationToken": code}).Want(t, 200, "")
		header := browser.Clone()
		for _, cookie := range (&http.Response{Header: answer.Header}).Cookies() {
			header.Add("Cookie", cookie.Name+"="+cookie.Value)
		}
		return header
	}
	do := func(what string, header http.Header) servertest.Response {
		method, path, _ := strings.Cut(what, " ")
		pattern := env + path
		if id, found := strings.CutPrefix(path, "/deviceRegistrations/"); found && id != "" {
			pattern = env + "/deviceRegistrations/{deviceRegistrationId}"
		}
		return w.send(t, route(t, method, pattern), servertest.SDK(w.environment)+path, header, nil)
	}
	first := signIn()
	second := signIn()
	do("GET /deviceRegistrations", second).Want(t, 403, "device_registration_required")
	do("POST /deviceRegistration", second).Want(t, 422, "invalid_device_registration")
	for i := 0; second.Get("x-dynamic-device-registration-token") == ""; i++ {
		if found := deviceToken.FindStringSubmatch(w.Inbox.Wait(t, email, i).Text); found != nil {
			second.Set("x-dynamic-device-registration-token", found[1])
		}
	}
	registered := do("POST /deviceRegistration", second).Want(t, 200, "")
	for _, cookie := range (&http.Response{Header: registered.Header}).Cookies() {
		second.Set("Cookie", cookie.Name+"="+cookie.Value)
	}
	var list sdk.DeviceRegistrations
	do("GET /deviceRegistrations", first).Want(t, 200, "").JSON(t, &list)
	for _, device := range list.DeviceRegistrations {
		if !device.IsCurrentDevice {
			do("DELETE /deviceRegistrations/"+device.ID, first).Want(t, 200, "")
			do("DELETE /deviceRegistrations/"+device.ID, first).Want(t, 404, "device_registration_not_found")
		}
	}
	do("DELETE /deviceRegistrations", first).Want(t, 200, "")
	do("GET /deviceRegistrations", first).Want(t, 401, "invalid_session")
}

var deviceToken = regexp.MustCompile(`deviceRegistrationToken=([A-Z0-9]+)`)

func walkConfirm(w walker) {
	t, second := w.t, "unconfirmed@example.com"
	w.Apply(t, servertest.Document(w.environment, "compatibility: [link-email]\n"))
	alice := w.SignIn(t, w.environment, "confirming@example.com")
	id, code := w.SendCode(t, w.environment, second, alice.Header())
	var linked struct {
		User signin.User `json:"user"`
	}
	w.do("POST "+env+"/emailVerifications/verify", alice.Token, nil, m{"verificationUUID": id, "verificationToken": code}).
		Want(t, 200, "").JSON(t, &linked)
	token := w.StepUp(t, alice, "credential:link")
	for _, credential := range linked.User.VerifiedCredentials {
		if credential.Email == second {
			w.do("POST "+env+"/credentials/{credentialId}/confirm", alice.Token, []string{token}, nil, "credentialId", credential.ID).
				Want(t, 200, "")
		}
	}
	w.do("POST "+env+"/credentials/{credentialId}/confirm", alice.Token, []string{token}, nil, "credentialId", "unknown").Want(t, 422, "")
}

var linkToken = regexp.MustCompile(`/notMe#(?:token=)?([A-Za-z0-9_-]+)`)

func walkNotMe(w walker, service string) {
	t := w.t
	w.do("POST "+env+"/notMe", "", nil, m{"token": "unknown"}).Want(t, 422, "invalid_revoke_link")
	alice := w.SignIn(t, w.environment, "victim@example.com")
	id, code := w.SendCode(t, w.environment, "older@example.com", alice.Header())
	w.do("POST "+env+"/emailVerifications/verify", alice.Token, []string{w.StepUp(t, alice, "credential:link")},
		m{"verificationUUID": id, "verificationToken": code}).Want(t, 200, "")
	changed := walkDeniedChange(w, alice, "changed@example.com")
	dispute := env + "/users/mfa/{credentialId}/dispute"
	older := w.SignIn(t, w.environment, "older@example.com")
	w.do("POST "+dispute, older.Token, nil, m{"keep": true}, "credentialId", changed).Want(t, 403, "elevated_access_token_required")
	unlink := w.StepUp(t, older, "credential:unlink")
	w.do("POST "+dispute, older.Token, []string{unlink}, m{}, "credentialId", changed).Want(t, 400, "invalid_request")
	w.do("POST "+dispute, older.Token, []string{unlink}, m{"keep": true}, "credentialId", older.CredentialID).Want(t, 422, "not_disputed")
	w.do("POST "+dispute, older.Token, []string{unlink}, m{"keep": true}, "credentialId", changed).Want(t, 200, "")

	bob := w.SignIn(t, w.environment, "victim2@example.com")
	changed = walkDeniedChange(w, bob, "changed2@example.com")
	w.do("POST "+ops+"/users/{userId}/settle", service, nil, m{"factor": changed, "decision": "remove"}, "userId", bob.UserID).
		Want(t, 204, "")
	w.do("POST "+ops+"/users/{userId}/settle", service, nil, m{"factor": changed, "decision": "remove"}, "userId", bob.UserID).
		Want(t, 422, "not_disputed")
}

// walkDeniedChange changes the user's address, denies it by the link in the notice,
// and returns the id of the new address.
func walkDeniedChange(w walker, user *servertest.Session, address string) string {
	t := w.t
	token := w.StepUp(t, user, "credential:update")
	before := len(w.Inbox.To(user.Email))
	id := struct {
		Sent struct {
			ID string `json:"verificationUUID"`
		} `json:"emailVerification"`
	}{}
	w.do("PUT "+env+"/users", user.Token, []string{token}, m{"email": address}).Want(t, 200, "").JSON(t, &id)
	code := w.Inbox.WaitCode(t, address, 0)
	w.do("POST "+env+"/emailVerifications/verify", user.Token, nil, m{"verificationUUID": id.Sent.ID, "verificationToken": code}).
		Want(t, 200, "")
	found := linkToken.FindStringSubmatch(w.Inbox.Wait(t, user.Email, before).Text)
	if found == nil {
		t.Fatal("no link in the notice")
	}
	w.do("POST "+env+"/notMe", "", nil, m{"token": found[1]}).Want(t, 204, "")
	w.do("GET "+env+"/session", user.Token, nil, nil).Want(t, 401, "invalid_session")
	return w.SignIn(t, w.environment, address).CredentialID
}

func walkGuards(w walker, service string) {
	t := w.t
	alice := w.SignIn(t, w.environment, "customer@example.com")
	token := w.StepUp(t, alice, "transfer:create")
	for _, presented := range []string{token, alice.Token, "nonsense"} {
		w.do("POST "+env+"/tokens/introspect", service, nil, m{"token": presented}).Want(t, 200, "")
	}
	question := m{"token": token, "scope": "transfer:create", "operationId": "op-1", "requestDigest": "digest"}
	for range 2 {
		w.do("POST "+env+"/tokens/consume", service, nil, question).Want(t, 200, "")
	}
	question["requestDigest"] = "another"
	w.do("POST "+env+"/tokens/consume", service, nil, question).Want(t, 409, "operation_conflict")
	question["operationId"] = "op-2"
	w.do("POST "+env+"/tokens/consume", service, nil, question).Want(t, 403, "elevated_access_token_required")
	w.do("POST "+env+"/tokens/consume", w.ServiceToken(t, w.environment, []string{serviceauth.TokensConsume}, "report:read"), nil,
		question).Want(t, 403, "insufficient_service_scope")
}

// walkBindings binds a token to one transaction and has a guard spend it for that.
func walkBindings(w walker, service string) {
	t, email := w.t, "payer@example.com"
	alice := w.SignIn(t, w.environment, email)
	details := []m{{"type": "transfer", "amount": "25.00", "payee": "bob"}}
	for _, refused := range []struct {
		body m
		code string
	}{
		{m{"scope": "wallet:sign", "authorizationDetails": details}, "invalid_scopes"},
		{m{"scope": "credential:link", "authorizationDetails": details}, "invalid_scopes"},
		{m{"scope": "nobody:knows", "authorizationDetails": details}, "invalid_scopes"},
		{m{"scope": "transfer:create", "authorizationDetails": []m{}}, "invalid_authorization_details"},
		{m{"scope": "transfer:create"}, "invalid_authorization_details"},
	} {
		w.do("POST "+env+"/stepUp/bindings", alice.Token, nil, refused.body).Want(t, 422, refused.code)
	}
	var registered sdk.Binding
	w.do("POST "+env+"/stepUp/bindings", alice.Token, nil, m{"scope": "transfer:create", "authorizationDetails": details}).
		Want(t, 200, "").JSON(t, &registered)
	if registered.Summary != "transfer: amount 25.00, payee bob" {
		t.Errorf("summary %q", registered.Summary)
	}
	w.do("POST "+env+"/emailVerifications/create", "", nil, m{"email": email, "bindingId": registered.BindingID}).
		Want(t, 422, "invalid_binding")
	id := w.do("POST "+env+"/emailVerifications/create", alice.Token, nil, m{"email": email, "bindingId": registered.BindingID}).
		Want(t, 200, "").Member("verificationUUID")
	mail := w.Inbox.Wait(t, email, 1)
	if !strings.Contains(mail.Text, registered.Summary) {
		t.Errorf("the mail does not say what it confirms:\n%s", mail.Text)
	}
	typed := m{"verificationUUID": id, "verificationToken": servertest.Code(t, mail), "requestedScopes": []string{"transfer:create"}}
	typed["bindingId"] = "another"
	w.do("POST "+env+"/emailVerifications/verify", alice.Token, nil, typed).Want(t, 422, "invalid_binding")
	typed["bindingId"], typed["requestedScopes"] = registered.BindingID, []string{}
	w.do("POST "+env+"/emailVerifications/verify", alice.Token, nil, typed).Want(t, 422, "invalid_binding")
	typed["requestedScopes"] = []string{"transfer:create"}
	token := w.do("POST "+env+"/emailVerifications/verify", alice.Token, nil, typed).Want(t, 200, "").Member("elevatedAccessToken")

	var known guard.IntrospectResponse
	w.do("POST "+env+"/tokens/introspect", service, nil, m{"token": token}).Want(t, 200, "").JSON(t, &known)
	if !known.Active || known.AuthorizationDetailsHash != registered.Hash || len(known.AuthorizationDetails) != 1 ||
		known.Displayed == nil || !*known.Displayed {
		t.Errorf("introspection: %+v", known)
	}
	question := m{"token": token, "scope": "transfer:create", "operationId": "bound", "requestDigest": "digest"}
	w.do("POST "+env+"/tokens/consume", service, nil, question).Want(t, 403, "elevated_access_token_required")
	question["authorizationDetails"] = []m{{"type": "transfer", "amount": "25.01", "payee": "bob"}}
	w.do("POST "+env+"/tokens/consume", service, nil, question).Want(t, 403, "elevated_access_token_required")
	question["authorizationDetailsHash"] = registered.Hash
	w.do("POST "+env+"/tokens/consume", service, nil, question).Want(t, 400, "invalid_request")
	delete(question, "authorizationDetails")
	question["authorizationDetailsHash"] = strings.ToUpper(registered.Hash)
	w.do("POST "+env+"/tokens/consume", service, nil, question).Want(t, 400, "invalid_request")
	question["authorizationDetailsHash"] = registered.Hash
	var spent guard.ConsumeResponse
	w.do("POST "+env+"/tokens/consume", service, nil, question).Want(t, 200, "").JSON(t, &spent)
	if spent.Result != "first" || spent.AuthorizationDetailsHash != registered.Hash || len(spent.AuthorizationDetails) != 1 ||
		spent.Displayed == nil || !*spent.Displayed {
		t.Errorf("consumption: %+v", spent)
	}
}

// walkInstallation is what operators do with all environments and with tokens of their
// own.
func walkInstallation(w walker, service string) {
	t, all := w.t, w.ServiceToken(w.t, "", serviceauth.Scopes)
	w.do("GET /api/v0/admin/audit?limit=3&verify=true", all, nil, nil).Want(t, 200, "")
	w.do("GET /api/v0/admin/audit?sessionId=x", all, nil, nil).Want(t, 400, "invalid_request")
	w.do("POST /api/v0/admin/audit/exports", all, nil, m{"action": "token."}).Want(t, 204, "")
	w.do("POST "+ops+"/audit/exports", service, nil, m{"outcome": "refused"}).Want(t, 204, "")
	w.do("POST "+ops+"/audit/exports", service, nil, m{"outcome": "perhaps"}).Want(t, 400, "invalid_request")
	made := w.do("POST /api/v0/admin/environments", all, nil, m{"name": "Copy", "from": w.environment}).Want(t, 200, "").Member("id")
	w.do("POST /api/v0/admin/environments", all, nil, m{"name": " "}).Want(t, 422, "invalid_environment_document")
	copied := walker{w.client, t, made}
	copied.do("GET "+ops+"/deletion", all, nil, nil).Want(t, 200, "")
	copied.do("POST "+ops+"/delete", all, nil, m{"name": "Another"}).Want(t, 409, "conflict")
	copied.do("POST "+ops+"/delete", all, nil, m{"name": "Copy"}).Want(t, 200, "")
	copied.do("GET "+ops+"/deletion", all, nil, nil).Want(t, 404, "environment_not_found")
	token := w.do("POST /api/v0/admin/service-tokens", all, nil, m{"name": "x", "scopes": []string{"users.read"}, "lifeSeconds": 60}).
		Want(t, 200, "").Member("id")
	w.do("POST /api/v0/admin/service-tokens", all, nil, m{"name": "x", "scopes": []string{}}).Want(t, 400, "invalid_request")
	w.do("GET /api/v0/admin/service-tokens", all, nil, nil).Want(t, 200, "")
	w.do("GET /api/v0/admin/service-tokens?after=x", all, nil, nil).Want(t, 400, "invalid_request")
	w.do("POST /api/v0/admin/service-tokens/{tokenId}/revoke", all, nil, nil, "tokenId", token).Want(t, 204, "")
	w.do("POST /api/v0/admin/service-tokens/{tokenId}/revoke", all, nil, nil, "tokenId", token).Want(t, 404, "not_found")
}

func walkAdmin(w walker, service string) {
	t := w.t
	alice := w.SignIn(t, w.environment, "managed@example.com")
	w.do("GET /api/v0/admin/environments", service, nil, nil).Want(t, 200, "")
	var shown operate.EnvironmentDocument
	w.do("GET "+ops, service, nil, nil).Want(t, 200, "").JSON(t, &shown)
	w.do("PUT "+ops, service, nil, shown.Document).Want(t, 200, "")
	w.do("PUT "+ops+"?dryRun=true", service, nil, strings.Replace(shown.Document, "transfer:create", "payment:create", 1)).
		Want(t, 200, "")
	w.do("PUT "+ops, service, nil, "colour: blue").Want(t, 422, "invalid_environment_document")
	edit := m{"edits": []m{{"path": "signUp.enabled", "value": "false"}}, "revision": shown.Revision}
	w.do("PATCH "+ops+"?dryRun=true", service, nil, edit).Want(t, 200, "")
	var applied admin.ApplyResponse
	w.do("PATCH "+ops, service, nil, edit).Want(t, 200, "").JSON(t, &applied)
	w.do("PATCH "+ops, service, nil, edit).Want(t, 409, "conflict")
	w.do("PATCH "+ops, service, nil, m{"edits": []m{}}).Want(t, 400, "invalid_request")
	w.do("PATCH "+ops, service, nil, m{"edits": []m{{"path": "signUp.enbled", "value": "false"}}}).
		Want(t, 422, "invalid_environment_document")
	w.do(fmt.Sprintf("PUT %s?revision=%d", ops, shown.Revision), service, nil, shown.Document).Want(t, 409, "conflict")
	w.do("PUT "+ops+"?revision=x", service, nil, shown.Document).Want(t, 400, "invalid_request")
	var history admin.RevisionList
	w.do("GET "+ops+"/revisions", service, nil, nil).Want(t, 200, "").JSON(t, &history)
	if len(history.Revisions) != int(applied.Revision) || history.Revisions[0].Changes[0].Path != "signUp.enabled" {
		t.Errorf("history: %+v", history)
	}
	w.do("GET "+ops+"/revisions?before=0", service, nil, nil).Want(t, 400, "invalid_request")
	first := history.Revisions[1].Revision
	w.do("GET "+ops+"/revisions/{revision}", service, nil, nil, "revision", fmt.Sprint(first)).Want(t, 200, "")
	w.do("GET "+ops+"/revisions/{revision}", service, nil, nil, "revision", "999").Want(t, 404, "not_found")
	w.do("GET "+ops+"/revisions/{revision}", service, nil, nil, "revision", "first").Want(t, 404, "not_found")
	w.do("POST "+ops+"/revisions/{revision}/revert", service, nil, m{"revision": first}, "revision", fmt.Sprint(first)).
		Want(t, 409, "conflict")
	w.do("POST "+ops+"/revisions/{revision}/revert", service, nil, nil, "revision", "first").Want(t, 404, "not_found")
	w.do("POST "+ops+"/revisions/{revision}/revert", service, nil, nil, "revision", fmt.Sprint(first)).Want(t, 200, "")
	w.do("POST "+ops+"/keys/rotate", service, nil, nil).Want(t, 200, "")
	w.do("GET "+ops+"/readiness", service, nil, nil).Want(t, 200, "")
	w.do("GET "+ops+"/calls", service, nil, nil).Want(t, 200, "")
	walkInstallation(w, service)
	w.do("POST "+ops+"/version", service, nil, m{"minApiVersion": "2026-04-01"}).Want(t, 200, "")
	w.do("POST "+ops+"/version", service, nil, m{"minApiVersion": "2026_01_01"}).Want(t, 409, "environment_version_cannot_go_back")
	w.do("POST "+ops+"/version", service, nil, m{"minApiVersion": "2027_01_01"}).Want(t, 400, "invalid_request")
	w.do("POST "+ops+"/keys/rotate", service, nil, m{"atonce": true}).Want(t, 400, "invalid_json")
	w.do("POST "+ops+"/keys/rotate", service, nil, m{"now": true}).Want(t, 400, "invalid_request")
	w.do("GET "+ops+"/users", service, nil, nil).Want(t, 200, "")
	w.do("GET "+ops+"/users/{userId}", service, nil, nil, "userId", alice.UserID).Want(t, 200, "")
	w.do("GET "+ops+"/users/{userId}", service, nil, nil, "userId", "unknown").Want(t, 404, "not_found")
	w.do("POST "+ops+"/users/{userId}/revoke-sessions", service, nil, nil, "userId", alice.UserID).Want(t, 200, "")
	w.do("POST "+ops+"/users/{userId}/reset-mfa", service, nil, nil, "userId", alice.UserID).Want(t, 200, "")
	w.do("POST "+ops+"/users/{userId}/reset-mfa", service, nil, nil, "userId", "unknown").Want(t, 404, "not_found")
	w.do("POST "+ops+"/users/{userId}/unlock", service, nil, nil, "userId", alice.UserID).Want(t, 204, "")
	w.do("POST "+ops+"/users/{userId}/unlock", service, nil, nil, "userId", "unknown").Want(t, 404, "not_found")
	w.do("POST "+ops+"/users/{userId}/settle", service, nil, m{"factor": alice.CredentialID, "decision": "keep"}, "userId", alice.UserID).
		Want(t, 422, "not_disputed")
	w.do("POST "+ops+"/users/{userId}/settle", service, nil, m{"factor": alice.CredentialID, "decision": "perhaps"}, "userId",
		alice.UserID).Want(t, 400, "invalid_request")
	w.do("POST "+ops+"/users/{userId}/settle", service, nil, m{"factor": alice.CredentialID, "decision": "keep"}, "userId", "unknown").
		Want(t, 404, "not_found")
	w.do("POST "+ops+"/users/{userId}/disable", service, nil, nil, "userId", alice.UserID).Want(t, 204, "")
	w.do("GET "+ops+"/users", service, nil, nil).Want(t, 200, "")
	w.do("POST "+ops+"/users/{userId}/enable", service, nil, nil, "userId", alice.UserID).Want(t, 204, "")
	page := w.do("GET "+ops+"/audit?limit=5&userId="+alice.UserID, service, nil, nil).Want(t, 200, "")
	var audit struct{ Events []json.RawMessage }
	if page.JSON(t, &audit); len(audit.Events) != 5 {
		t.Errorf("%d events, want 5", len(audit.Events))
	}
	w.do("GET "+ops+"/audit?since=yesterday", service, nil, nil).Want(t, 400, "invalid_request")
	w.do("GET "+ops+"/audit?outcome=perhaps", service, nil, nil).Want(t, 400, "invalid_request")
	w.do("GET "+ops+"/audit?order=any", service, nil, nil).Want(t, 400, "invalid_request")
	w.do("GET "+ops+"/audit?after=nothing", service, nil, nil).Want(t, 400, "invalid_request")
	var last struct{ ID string }
	if err := json.Unmarshal(audit.Events[4], &last); err != nil {
		t.Fatal(err)
	}
	w.do("GET "+ops+"/audit/{eventId}/trail", service, nil, nil, "eventId", last.ID).Want(t, 200, "")
	w.do("GET "+ops+"/audit/{eventId}/trail", service, nil, nil, "eventId", alice.UserID).Want(t, 404, "not_found")
}
