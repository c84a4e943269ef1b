package attack_test

import (
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// says fails the test unless a refusal holds all words, and none that mislead.
func says(t *testing.T, what string, refused servertest.Response, words ...string) {
	t.Helper()
	for _, word := range words {
		absent := strings.HasPrefix(word, "!")
		if strings.Contains(refused.Member("error"), strings.TrimPrefix(word, "!")) == absent {
			t.Errorf("%s: %q, want %q", what, refused.Member("error"), word)
		}
	}
}

// A passkey whose flag of backup eligibility changed never works again: a
// password manager that took it over, or one that gave it back. To start again
// helps nobody; the sentence says what does.
func TestPasskeyThatMoved(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withPasskeys(t, "")
	user, a := s.withPasskey(t, "ada@example.com")
	post := func() servertest.Response {
		return s.Do(t, "POST", sdk("/users/mfa/auth/passkey"), user.Header(), stepUpBody(a.Get(s.request(t, user)), "wallet:export"))
	}
	a.Flags |= passkeytest.BackupEligible
	says(t, "eligible by now", post().Want(t, 422, "invalid_passkey"), "stays on one device", "delete this passkey and add it anew",
		"!Start it again")
	says(t, "signing in", s.Do(t, "POST", sdk("/users/passkeys/signin"), nil, stepUpBody(a.Get(s.request(t, nil)))).
		Want(t, 422, "invalid_passkey"), "delete this passkey")
	a.Flags &^= passkeytest.BackupEligible
	post().Want(t, 200, "")

	bob := s.SignIn(t, servertest.A, "bob@example.com")
	synced := passkeytest.New(passkeytest.Origin)
	synced.Flags |= passkeytest.BackupEligible
	s.Do(t, "POST", sdk("/users/passkeys/register"), bob.Header(s.StepUp(t, bob, "credential:link")), synced.Create(s.creation(t, bob))).
		Want(t, 200, "")
	synced.Flags &^= passkeytest.BackupEligible
	refused := s.Do(t, "POST", sdk("/users/mfa/auth/passkey"), bob.Header(), stepUpBody(synced.Get(s.request(t, bob)), "wallet:export")).
		Want(t, 422, "invalid_passkey")
	says(t, "not eligible any more", refused, "made as one that is copied to other devices", "stays on one device.", "add it anew")
}

// What is wrong with the address to return to is said of what is wrong, and not
// of an origin that is listed.
func TestRedirectsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, `redirectOrigins: ["https://app.a.example"]
providers: [{provider: github, clientId: id, clientSecret: {env: SECRET}}]
`))
	for address, words := range map[string][]string{
		"https://app.a.example/my page":                      {"a space, its character 25", "%20", "!redirectOrigins"},
		"https://app.a.example/a?b=c d":                      {"a space", "!redirectOrigins"},
		" https://app.a.example/":                            {"a space, its character 1"},
		"https://app.a.example/\n":                           {"nobody sees"},
		"https://app.a.example/été":                          {"beyond ASCII, its character 23"},
		"https://app.a.example\\x":                           {"backslash"},
		"https://app.a.example/%zz":                          {"escapes"},
		"https://app.a.example:port/":                        {"port"},
		"https://me:secret@app.a.example/":                   {"user name", "!secret"},
		"https://app.a.example/" + strings.Repeat("a", 3000): {"longer than 2048"},
		"https://other.example/":                             {"redirectOrigins"},
		"https://app.a.example.evil.example/":                {"redirectOrigins"},
	} {
		body := m{"state": strings.Repeat("s", 43), "redirectUrl": address}
		says(t, address, s.Do(t, "POST", sdk("/providers/github/initAuth"), nil, body).Want(t, 400, "invalid_request"), words...)
	}
}

// A scope that an environment does not have is answered with those it has, at
// every door that takes one; operators' scopes are not among them.
func TestUnknownScopes(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withPasskeys(t, "wallets: {chains: [EVM]}\n")
	user := s.SignIn(t, servertest.A, "ada@example.com")
	id, code := s.SendCode(t, servertest.A, user.Email, user.Header())
	elevated := s.StepUp(t, user, transfer)
	for what, refused := range map[string]servertest.Response{
		"check": s.Do(t, "POST", sdk("/stepUp/check"), user.Header(), m{"scope": "wallet:exports"}),
		"verify": s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(),
			m{"verificationUUID": id, "verificationToken": code, "requestedScopes": []string{"walet:export"}}),
		"binding": s.Do(t, "POST", sdk("/stepUp/bindings"), user.Header(),
			m{"scope": "transfer:creat", "authorizationDetails": []m{{"type": "x"}}}),
		"consume": s.Do(t, "POST", sdk("/tokens/consume"), servertest.Bearer(s.guard), question(elevated, "transfer:creat", "op")),
		"operator": s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(),
			m{"verificationUUID": id, "verificationToken": code, "requestedScopes": []string{"console:mfa:reset"}}),
	} {
		says(t, what, refused.Want(t, 422, "invalid_scopes"), "wallet:export,", transfer, report, "!console:user")
	}
	s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(),
		m{"verificationUUID": id, "verificationToken": code, "requestedScopes": []string{transfer}}).Want(t, 200, "")
}
