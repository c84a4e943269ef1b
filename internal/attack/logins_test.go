package attack_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/method/external/externaltest"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/method/social/socialtest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

var after = servertest.Origin(servertest.A) + "/after"

// logins gives environment A a login provider and an external login, beside passkeys, texts,
// wallets and prompts.
func (s scene) logins(t *testing.T) (*socialtest.Provider, *externaltest.Issuer) {
	t.Helper()
	p, i := socialtest.Start(t, s.Now), externaltest.Start(t)
	s.PutSecret(t, servertest.A, "acme", socialtest.ClientSecret)
	s.Apply(t, servertest.Document(servertest.A, `redirectOrigins: ["`+servertest.Origin(servertest.A)+`"]
providers:
  - {provider: acme, issuer: "`+p.URL+`", clientId: `+socialtest.ClientID+`, clientSecret: {file: acme}}
externalAuth: {enabled: true, iss: "`+externaltest.ISS+`", aud: `+externaltest.AUD+`, jwksUrl: "`+i.JWKSURL+`"}
`+passkeytest.On+"\n"+walletsOn+"\n"+servertest.TextsOn+promptLines))
	return p, i
}

// socially signs somebody in by the provider and returns the session.
func (s scene) socially(t *testing.T) (header http.Header, userID string) {
	t.Helper()
	var signed struct {
		MinifiedJWT string
		User        struct{ ID string }
	}
	state, code := s.SocialLogin(t, servertest.A, "acme", after, nil)
	s.Do(t, "POST", sdk("/providers/acme/signIn"), nil, m{"code": code, "state": state}).Want(t, 200, "").JSON(t, &signed)
	return servertest.Bearer(signed.MinifiedJWT), signed.User.ID
}

var oneTimeLogins = []artefact{
	{
		name: "social login to sign in", table: "social_flows", statement: "ClaimSocialFlow",
		refused: answered(422, "other_verify_failure"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			s.logins(t)
			state, code := s.SocialLogin(t, servertest.A, "acme", after, nil)
			return post(t, sdk("/providers/acme/signIn"), nil, m{"code": code, "state": state})
		},
	},
	{
		name: "social login to step up", table: "social_flows", statement: "ConsumeSocialFlow",
		refused: answered(422, "other_verify_failure"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			header, _ := s.socially(t)
			state, code := s.SocialLogin(t, servertest.A, "acme", after, header)
			return post(t, sdk("/providers/acme/verify"), header, m{"code": code, "state": state, "requestedScopes": []string{transfer}})
		},
	},
	{
		name: "assertion of an external login", table: "spent_nonces", statement: "SpendNonce",
		refused: answered(422, "invalid_external_auth"),
		make: func(t *testing.T, s scene) func(scene) servertest.Response {
			_, issuer := s.logins(t)
			var signed struct{ MinifiedJWT string }
			s.Do(t, "POST", sdk("/externalAuth/signin"), nil,
				m{"jwt": issuer.Sign(t, "ES256", externaltest.Claims(s.Now(), "ada", "", nil))}).Want(t, 200, "").JSON(t, &signed)
			return post(t, sdk("/externalAuth/verify"), servertest.Bearer(signed.MinifiedJWT),
				m{"jwt": issuer.Sign(t, "ES256", externaltest.Claims(s.Now(), "ada", transfer, nil))})
		},
	},
}

func init() { oneTime = append(oneTime, oneTimeLogins...) }

// E1, E8, C3: an address, a stolen session and a login of the thief's own: none
// of them links, signs in to or steps up somebody else's account.
func TestE1SocialAccountTakesNothingOver(t *testing.T) {
	t.Parallel()
	s := start(t)
	p, _ := s.logins(t)
	victim := s.SignIn(t, servertest.A, "victim@example.com")
	p.LogIn(socialtest.Person{Subject: "thief", Name: "Thief", Email: victim.Email, Verified: true})

	header, thief := s.socially(t)
	if thief == victim.UserID {
		t.Fatal("signed in as the owner of the address")
	}
	s.Do(t, "POST", sdk("/emailVerifications/create"), nil, m{"email": victim.Email}).Want(t, 200, "")
	var users struct {
		Users []struct{ ID string }
	}
	s.Do(t, "GET", servertest.Admin(servertest.A)+"/users", servertest.Bearer(s.ServiceToken(t, servertest.A, []string{"users.read"})),
		nil).Want(t, 200, "").JSON(t, &users)
	if len(users.Users) != 2 {
		t.Errorf("%d users, want two strangers", len(users.Users))
	}

	// With the victim's session and no proof: neither linked nor stepped up with.
	state, code := s.SocialLogin(t, servertest.A, "acme", after, victim.Header())
	verify := sdk("/providers/acme/verify")
	wantRefused(t, s.Do(t, "POST", verify, victim.Header(), m{"code": code, "state": state}), "missing")
	s.Do(t, "POST", verify, victim.Header(), m{"code": code, "state": state, "requestedScopes": []string{"credential:link"}}).
		Want(t, 422, "mfa_invalid_request")
	state, code = s.SocialLogin(t, servertest.A, "acme", after, victim.Header())
	s.Do(t, "POST", verify, header, m{"code": code, "state": state, "requestedScopes": []string{transfer}}).
		Want(t, 422, "other_verify_failure")
	s.Do(t, "POST", sdk("/providers/acme/signIn"), nil, m{"code": code, "state": state}).Want(t, 422, "other_verify_failure")

	// Even a token of the victim's does not move an account that is taken.
	state, code = s.SocialLogin(t, servertest.A, "acme", after, victim.Header())
	s.Do(t, "POST", verify, victim.Header(s.StepUp(t, victim, "credential:link")), m{"code": code, "state": state}).
		Want(t, 422, "social_account_already_exists")
	var profile struct{ VerifiedCredentials []m }
	s.Do(t, "GET", sdk("/users"), victim.Header(), nil).Want(t, 200, "").JSON(t, &profile)
	if len(profile.VerifiedCredentials) != 1 {
		t.Errorf("the victim has %v", profile.VerifiedCredentials)
	}
}

// D9: what a login passes through leaves no secret in the log, the audit log or
// a refusal.
func TestD9LoginsLeaveNoSecrets(t *testing.T) {
	t.Parallel()
	log := &buffer{}
	s := start(t, servertest.WithLog(log))
	p, issuer := s.logins(t)
	header, _ := s.socially(t)
	state, code := s.SocialLogin(t, servertest.A, "acme", after, header)
	p.Set(socialtest.ServerError)
	failed := s.Do(t, "POST", sdk("/providers/acme/verify"), header,
		m{"code": code, "state": state, "requestedScopes": []string{transfer}}).Want(t, 503, "temporarily_unavailable")
	bad := issuer.Sign(t, "RS256", externaltest.Claims(s.Now(), "ada", "", map[string]any{"aud": "another"}))
	refused := s.Do(t, "POST", sdk("/externalAuth/signin"), nil, m{"jwt": bad}).Want(t, 422, "invalid_external_auth")
	secrets := canaries{"the code": code, "the client secret": socialtest.ClientSecret,
		"the session": strings.TrimPrefix(header.Get("Authorization"), "Bearer "), "the JWT": bad}
	secrets.in(t, "the log", log.String())
	secrets.in(t, "the audit log", s.auditLog(t))
	secrets.in(t, "a refusal", string(failed.Body)+string(refused.Body))
	if !strings.Contains(log.String(), "temporarily_unavailable") {
		t.Error("the refusal is not in the log, so nothing was looked at")
	}
}

// E3: somebody begins a login, has another person finish it in their browser,
// and polls for the outcome from elsewhere.
func TestE3PolledLoginOfSomebodyElse(t *testing.T) {
	t.Parallel()
	s := start(t, anyAddress())
	s.logins(t)
	poll := func(source, state string) servertest.Response {
		return s.Do(t, "POST", sdk("/providers/acme/oauthResult"), from(source, nil), m{"state": state})
	}
	state := strings.Repeat("p", 32) // of an app that polls: there is nowhere to go back to
	s.Do(t, "POST", sdk("/providers/acme/initAuth"), nil, m{"state": state}).Want(t, 204, "")
	last := follow(t, s.URL+sdk("/providers/acme/authorize?response_type=code&state="+state), s.URL+sdk("/providers/acme/redirect"))
	answer, err := http.Get(last)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer := poll("203.0.113.5", state); answer.Code != "other_verify_failure" || answer.Status != 422 {
		t.Errorf("from elsewhere: %d %s", answer.Status, answer.Body)
	}
	if answer := poll("127.0.0.1", state); answer.Status != 200 || answer.Member("code") == "" {
		t.Errorf("where the browser is: %d %s", answer.Status, answer.Body)
	}
	state, _ = s.SocialLogin(t, servertest.A, "acme", after, nil) // this one went back to the app, and is told there alone
	if answer := poll("127.0.0.1", state); answer.Code != "other_verify_failure" {
		t.Errorf("of a login that went back to the app: %d %s", answer.Status, answer.Body)
	}
}
