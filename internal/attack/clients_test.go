package attack_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Swift prints UUIDs in capitals. They are the same ids, in the path and in the
// body, at the routes of users, guards and operators.
func TestIDsInCapitals(t *testing.T) {
	t.Parallel()
	s := start(t)
	up := strings.ToUpper
	base := servertest.SDK(up(servertest.A))
	s.Apply(t, servertest.Document(servertest.A, bothFactors))
	sent := s.Do(t, "POST", base+"/emailVerifications/create", nil, m{"email": "ada@example.com"}).
		Want(t, 200, "").Member("verificationUUID")
	code := s.Inbox.WaitCode(t, "ada@example.com", 0)
	token := s.Do(t, "POST", base+"/emailVerifications/signin", nil, m{"verificationUUID": up(sent), "verificationToken": code}).
		Want(t, 200, "").Member("minifiedJwt")
	s.Do(t, "GET", base+"/users", servertest.Bearer(token), nil).Want(t, 200, "")

	user := s.SignIn(t, servertest.A, "ada@example.com")
	app := s.BeginApp(t, user, s.StepUp(t, user, "credential:link"))
	s.Do(t, "POST", base+"/users/mfa/auth/totp", user.Header(), m{"id": up(app.ID), "code": app.Code()}).Want(t, 200, "")
	s.Do(t, "PUT", base+"/users/mfa/"+up(app.ID), user.Header(), m{"alias": "Phone"}).Want(t, 204, "")
	s.Do(t, "POST", base+"/users/mfa/auth/totp", user.Header(),
		m{"id": up(app.ID), "code": app.Next(), "requestedScopes": []string{transfer}}).Want(t, 200, "")
	unlink := s.StepUpByApp(t, user, app, "credential:unlink")
	s.Do(t, "DELETE", base+"/users/mfa/"+up(app.ID), user.Header(unlink), nil).Want(t, 204, "")

	elevated := s.StepUp(t, user, transfer)
	s.Do(t, "POST", base+"/tokens/consume", servertest.Bearer(s.guard), question(elevated, transfer, up(app.ID))).Want(t, 200, "")
	if again := s.Do(t, "POST", base+"/tokens/consume", servertest.Bearer(s.guard),
		question(elevated, transfer, app.ID)); again.Status == 200 {
		t.Error("an operation id is its maker's: another spelling is another one")
	}
	operator := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{serviceauth.UsersRead, serviceauth.AuditRead}))
	s.Do(t, "GET", servertest.Admin(up(servertest.A))+"/users/"+up(user.UserID), operator, nil).Want(t, 200, "")
	if seen := s.Do(t, "GET", servertest.Admin(up(servertest.A))+"/audit?userId="+up(user.UserID), operator, nil).
		Want(t, 200, ""); !bytes.Contains(seen.Body, []byte(user.UserID)) {
		t.Error("the audit log knows no user in capitals")
	}
	// What is no id is not lowered: a code challenge of somebody else, a path with escapes, an id that is longer.
	for _, path := range []string{"/users/mfa/" + up(app.ID) + "0", "/USERS", "/users/mfa/%41" + up(app.ID)[1:]} {
		if answer := s.Do(t, "GET", base+path, user.Header(), nil); answer.Status != 404 && answer.Status != 422 {
			t.Errorf("%s: %d", path, answer.Status)
		}
	}
}

// Pages of apps that are no web sites call without credentials. Their origin
// carries no cookie, no passkey and no sign-in text of a wallet.
func TestAppOrigins(t *testing.T) {
	t.Parallel()
	s := start(t)
	apps := []string{"capacitor://localhost", "ionic://localhost", "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
		"moz-extension://4f0dd7a1-6c0b-4a4e-9d3c-2b8f5c1f5a11", "app://-", "tauri://localhost"}
	document := func(more string) string {
		return strings.Replace(servertest.Document(servertest.A, more), `origins: ["`, `origins: ["`+strings.Join(apps, `", "`)+`", "`, 1)
	}
	s.Apply(t, document("wallets: {chains: [EVM]}\n"))
	from := func(origin string) http.Header { return http.Header{"Origin": {origin}} }
	for _, origin := range apps {
		answer := s.Do(t, "GET", sdk("/nonce"), from(origin), nil).Want(t, 200, "")
		if answer.Header.Get("Access-Control-Allow-Origin") != origin || answer.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", origin, answer.Header)
		}
		preflight := s.Do(t, "OPTIONS", servertest.SDK(strings.ToUpper(servertest.A))+"/users", from(origin), nil).Want(t, 204, "")
		if preflight.Header.Get("Access-Control-Allow-Origin") != origin || preflight.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s, preflight: %v", origin, preflight.Header)
		}
	}
	for _, origin := range []string{"capacitor://localhost.evil.example", "capacitor://LOCALHOST", "capacitor://localhost/", "null",
		"file://", "chrome-extension://bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"} {
		s.Do(t, "GET", sdk("/nonce"), from(origin), nil).Want(t, 403, "origin_not_allowed")
	}
	wallet := walletsigtest.NewEVM(t)
	s.Do(t, "POST", sdk("/wallets/message"), from(apps[0]), m{"address": wallet.Address, "chain": "EVM"}).Want(t, 403, "origin_not_allowed")
	s.Do(t, "POST", sdk("/wallets/message"), from(servertest.Origin(servertest.A)),
		m{"address": wallet.Address, "chain": "EVM", "origin": apps[0]}).Want(t, 403, "origin_not_allowed")
	nonce := s.Do(t, "GET", sdk("/nonce"), nil, nil).Want(t, 200, "").Member("nonce")
	text := strings.NewReplacer("https://localhost/", "capacitor://localhost/", "https://localhost", "capacitor://localhost").
		Replace(wallet.Published("https://localhost", servertest.A, nonce, s.Now()))
	if !strings.Contains(text, "capacitor://localhost") {
		t.Fatalf("the text names no app:\n%s", text)
	}
	refused := s.Do(t, "POST", sdk("/wallets/signin"), nil, wallet.Body(text)).Want(t, 422, "invalid_verification")
	if !strings.Contains(refused.Member("error"), "does not list") {
		t.Errorf("a text for an app's own scheme: %s", refused.Body)
	}
	for _, test := range []struct{ document, says string }{
		{document("auth: {storage: [cookie]}\n"), "only web origins"},
		{document("passkeys: {rpId: localhost, origins: ['capacitor://localhost']}\n"), "is not a web origin"},
		{document("redirectOrigins: ['capacitor://localhost']\n"), "is not a web origin"},
		{strings.Replace(document(""), "app://-", "file://x", 1), "is not a web origin"},
		{strings.Replace(document(""), "app://-", "javascript://x", 1), "is not a web origin"},
		{strings.Replace(document(""), "app://-", "APP://x", 1), "is not a web origin"},
		{strings.Replace(document(""), "app://-", "app://x/path", 1), "is not a web origin"},
	} {
		err := s.DB.Write(t.Context(), func(tx *store.Tx) error {
			_, err := operate.Apply(who.Caller{By: audit.By{Actor: "system", RequestID: "test"}}, tx, []byte(test.document),
				operate.ApplyOptions{MayWeaken: true})
			return err
		})
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("got %v, want %q", err, test.says)
		}
	}
}

// Pages of listed origins may read why there is nothing: without the headers a
// browser tells their makers of CORS, and not of the misspelt path.
func TestNothingHereIsReadable(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, origin := range []string{servertest.Origin(servertest.A), "https://evil.example"} {
		want := ""
		if origin == servertest.Origin(servertest.A) {
			want = origin
		}
		header := http.Header{"Origin": {origin}}
		for path, status := range map[string]int{"/emailVerification/create": 404, "/": 404, "/nonce/": 404,
			"/emailVerifications/create": 405} {
			answer := s.Do(t, "GET", sdk(path), header, nil).Want(t, status, "")
			if got := answer.Header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s of %s: %q", path, origin, got)
			}
		}
	}
	answer := s.Do(t, "GET", servertest.SDK(servertest.B)+"/nothing", http.Header{"Origin": {servertest.Origin(servertest.A)}}, nil).
		Want(t, 404, "")
	if answer.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("another environment's page may read it")
	}
	s.Do(t, "GET", servertest.SDK("dddddddd-0000-4000-8000-000000000004")+"/nothing",
		http.Header{"Origin": {servertest.Origin(servertest.A)}}, nil).Want(t, 404, "")
}

// What the published React client reports as it starts is taken, and costs nothing.
func TestReportOfTheReactClient(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, body := range []any{nil, m{"hostname": "app.example", "frontendSettings": m{"theme": "dark"}}, "not JSON",
		strings.Repeat("x", 1<<20)} {
		s.Do(t, "POST", sdk("/sdkSettings"), http.Header{"Origin": {servertest.Origin(servertest.A)}}, body).Want(t, 204, "")
	}
	s.Do(t, "POST", sdk("/sdkSettings"), http.Header{"Origin": {"https://evil.example"}}, m{}).Want(t, 403, "origin_not_allowed")
}

// A compressed body is not read, and says so, wherever a body is read.
func TestCompressedBodies(t *testing.T) {
	t.Parallel()
	s := start(t)
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	_, _ = w.Write([]byte(`{"email":"ada@example.com"}`))
	w.Close()
	for _, coding := range []string{"gzip", "GZIP", "br", "deflate", "gzip, identity"} {
		answer := s.Do(t, "POST", sdk("/emailVerifications/create"), http.Header{"Content-Encoding": {coding}}, body.Bytes()).
			Want(t, 415, "unsupported_media_type")
		if !strings.Contains(answer.Member("error"), "Content-Encoding") {
			t.Errorf("%s: %s", coding, answer.Body)
		}
	}
	writer := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{serviceauth.EnvironmentsWrite}))
	writer["Content-Encoding"], writer["Content-Type"] = []string{"gzip"}, []string{"application/yaml"}
	s.Do(t, "PUT", servertest.Admin(servertest.A), writer, body.Bytes()).Want(t, 415, "unsupported_media_type")
	s.Do(t, "POST", sdk("/emailVerifications/create"), http.Header{"Content-Encoding": {"identity"}}, m{"email": "ada@example.com"}).
		Want(t, 200, "")
}

// Hardware wallets sign an off-chain envelope around the text. One around just our
// text is a signature over it; what cannot be read is named.
func TestSolanaHardwareWalletsSignIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, walletsOn))
	const domain = "\xffsolana offchain\x00"
	enveloped := func(text string) string {
		return domain + "\x00" + string([]byte{byte(len(text)), byte(len(text) >> 8)}) + text
	}
	wallet := walletsigtest.NewSolana(t)
	for what, envelope := range map[string]func(text string) string{
		"another text":   func(text string) string { return enveloped(text + " ") },
		"an application": func(text string) string { return domain + strings.Repeat("a", 32) + enveloped(text)[len(domain):] },
	} {
		body := s.walletBody(t, wallet)
		body["signedMessage"] = wallet.Sign(envelope(body["messageToSign"].(string)))
		says(t, what, s.Do(t, "POST", sdk("/wallets/signin"), nil, body).Want(t, 422, "invalid_verification"), "envelope")
	}
	body := s.walletBody(t, wallet)
	body["signedMessage"] = wallet.Sign(enveloped(body["messageToSign"].(string)))
	s.Do(t, "POST", sdk("/wallets/signin"), nil, body).Want(t, 200, "")
	s.Do(t, "POST", sdk("/wallets/signin"), nil, body).Want(t, 422, "")
}
