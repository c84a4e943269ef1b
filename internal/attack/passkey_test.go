package attack_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup/internal/method/passkey"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// withPasskeys turns passkeys on in environment A, with further lines.
func (s scene) withPasskeys(t *testing.T, more string) {
	t.Helper()
	s.Apply(t, servertest.Document(servertest.A, bothFactors+"\n"+more))
}

func (s scene) creation(t testing.TB, user *servertest.Session) (o passkey.CreationOptions) {
	t.Helper()
	s.Do(t, "GET", sdk("/users/passkeys/register"), user.Header(), nil).Want(t, 200, "").JSON(t, &o)
	return o
}

// request is options for a step-up or, without a user, to sign in.
func (s scene) request(t testing.TB, user *servertest.Session) (o passkey.RequestOptions) {
	t.Helper()
	if user == nil {
		s.Do(t, "GET", sdk("/users/passkeys/signin"), nil, nil).Want(t, 200, "").JSON(t, &o)
	} else {
		s.Do(t, "GET", sdk("/users/passkeys/authenticate"), user.Header(), nil).Want(t, 200, "").JSON(t, &o)
	}
	return o
}

// stepUpBody is an assertion with the scopes it is to mint.
func stepUpBody(answer passkey.AssertionResponse, scopes ...string) m {
	return m{"id": answer.ID, "rawId": answer.RawID, "type": answer.Type, "response": answer.Response, "requestedScopes": scopes}
}

// passkeyStepUp returns the token of a step-up with a passkey.
func (s scene) passkeyStepUp(t testing.TB, user *servertest.Session, a *passkeytest.Authenticator, scopes ...string) string {
	t.Helper()
	return s.Do(t, "POST", sdk("/users/mfa/auth/passkey"), user.Header(), stepUpBody(a.Get(s.request(t, user)), scopes...)).
		Want(t, 200, "").Member("elevatedAccessToken")
}

// withPasskey signs somebody in and gives them a passkey.
func (s scene) withPasskey(t testing.TB, email string) (*servertest.Session, *passkeytest.Authenticator) {
	t.Helper()
	user, a := s.SignIn(t, servertest.A, email), passkeytest.New(passkeytest.Origin)
	s.Do(t, "POST", sdk("/users/passkeys/register"), user.Header(s.StepUp(t, user, "credential:link")), a.Create(s.creation(t, user))).
		Want(t, 200, "")
	return user, a
}

// A5: two tabs answer one challenge on two nodes at once; one gets in.
func TestA5TwoTabsOneChallenge(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.withPasskeys(t, "")
		user, a := s.withPasskey(t, "ada@example.com")
		for _, session := range []*servertest.Session{nil, user} {
			path, header := sdk("/users/passkeys/signin"), http.Header(nil)
			if session != nil {
				path, header = sdk("/users/mfa/auth/passkey"), session.Header()
			}
			options := s.request(t, session)
			var answers tally
			var bodies []m
			for range 20 {
				bodies = append(bodies, stepUpBody(a.Get(options), "wallet:export"))
			}
			together(len(bodies), func(i int) {
				r, err := s.Try(t, "POST", path, header, bodies[i])
				answers.addAnswer(r, err)
			})
			if answers.of("200 ") != 1 || answers.of("422 invalid_passkey") != len(bodies)-1 {
				t.Errorf("%d answers to one challenge: %v", len(bodies), &answers)
			}

			options = s.request(t, session)
			s.Do(t, "POST", path, header, stepUpBody(a.Get(options, func(c *passkeytest.Ceremony) { c.Flags ^= passkeytest.Verified }))).
				Want(t, 422, "invalid_passkey")
			s.Do(t, "POST", path, header, stepUpBody(a.Get(options))).Want(t, 422, "invalid_passkey") // the bad one burnt it
		}
	})
}

// C3: whoever holds only a stolen session cannot add, replace or delete a
// passkey, by any door; nor with a weaker proof once there is one.
func TestC3StolenSessionAndPasskeys(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withPasskeys(t, "")
	user := s.SignIn(t, servertest.A, "ada@example.com")
	thief := passkeytest.New(passkeytest.Origin)
	add := func(elevated ...string) servertest.Response {
		return s.Do(t, "POST", sdk("/users/passkeys/register"), user.Header(elevated...), thief.Create(s.creation(t, user)))
	}
	older := func(elevated ...string) servertest.Response {
		var o struct {
			ID           string
			Registration passkey.CreationOptions
		}
		s.Do(t, "GET", sdk("/users/mfa/register/passkey"), user.Header(), nil).Want(t, 200, "").JSON(t, &o)
		return s.Do(t, "POST", sdk("/users/mfa/register/passkey"), user.Header(elevated...),
			m{"id": o.ID, "attestation": thief.Create(o.Registration)})
	}
	for name, door := range map[string]func(...string) servertest.Response{"register": add, "older": older} {
		t.Log(name)
		wantRefused(t, door(), "missing")
		wantRefused(t, door(s.StepUp(t, user, "wallet:export")), "wrong_scope")
	}

	// Tokens that came from a weaker proof die when the first factor comes.
	weaker := s.StepUp(t, user, "credential:link", "credential:unlink")
	spare := s.StepUp(t, user, "credential:link")
	own := passkeytest.New(passkeytest.Origin)
	s.Do(t, "POST", sdk("/users/passkeys/register"), user.Header(spare), own.Create(s.creation(t, user))).Want(t, 200, "")
	wantRefused(t, add(weaker), "superseded")
	wantRefused(t, older(weaker), "superseded")
	var list struct{ Passkeys []struct{ ID string } }
	s.Do(t, "GET", sdk("/users/passkeys"), user.Header(), nil).Want(t, 200, "").JSON(t, &list)
	gone := m{"passkeyId": list.Passkeys[0].ID}
	wantRefused(t, s.Do(t, "DELETE", sdk("/users/passkeys"), user.Header(weaker), gone), "superseded")
	wantRefused(t, s.Do(t, "DELETE", sdk("/users/passkeys"), user.Header(), gone), "missing")

	// And an email code mints nothing any more.
	id, code := s.SendCode(t, servertest.A, user.Email, user.Header())
	s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(), typed(id, code, "credential:unlink")).
		Want(t, 422, "mfa_invalid_request")

	// The owner can, and the email address stays to sign in with.
	other, _ := s.withPasskey(t, "bob@example.com")
	s.Do(t, "DELETE", sdk("/users/passkeys"), other.Header(), gone).Want(t, 403, "")
	token := s.passkeyStepUp(t, user, own, "credential:unlink")
	s.Do(t, "DELETE", sdk("/users/passkeys"), user.Header(token), gone).Want(t, 204, "")
}

// At the old version a passkey is added with nothing but a session, and is
// marked so; but deleting one was never free.
func TestC3OldVersion(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.Legacy, passkeytest.On))
	user, a := s.SignIn(t, servertest.Legacy, "ada@example.com"), passkeytest.New(passkeytest.Origin)
	var options passkey.CreationOptions
	s.Do(t, "GET", user.Path("/users/passkeys/register"), user.Header(), nil).Want(t, 200, "").JSON(t, &options)
	s.Do(t, "POST", user.Path("/users/passkeys/register"), user.Header(), a.Create(options)).Want(t, 200, "")
	var list struct {
		Passkeys []struct {
			ID        string
			Confirmed bool
		}
	}
	s.Do(t, "GET", user.Path("/users/passkeys"), user.Header(), nil).Want(t, 200, "").JSON(t, &list)
	if len(list.Passkeys) != 1 || list.Passkeys[0].Confirmed {
		t.Fatalf("%+v, want one that was linked with nothing", list)
	}
	gone := m{"passkeyId": list.Passkeys[0].ID}
	wantRefused(t, s.Do(t, "DELETE", user.Path("/users/passkeys"), user.Header(), gone), "missing")
	var request passkey.RequestOptions
	s.Do(t, "GET", user.Path("/users/passkeys/authenticate"), user.Header(), nil).Want(t, 200, "").JSON(t, &request)
	token := s.Do(t, "POST", user.Path("/users/mfa/auth/passkey"), user.Header(), stepUpBody(a.Get(request), "credential:unlink")).
		Want(t, 200, "").Member("elevatedAccessToken")

	s.Do(t, "DELETE", user.Path("/users/passkeys"), user.Header(token), gone).Want(t, 204, "")

	// What was added so counts for nothing once the new version is accepted.
	s.Do(t, "GET", user.Path("/users/passkeys/register"), user.Header(), nil).Want(t, 200, "").JSON(t, &options)
	s.Do(t, "POST", user.Path("/users/passkeys/register"), user.Header(), a.Create(options)).Want(t, 200, "")
	newest := strings.Replace(servertest.Document(servertest.Legacy, passkeytest.On), `minApiVersion: "2026_01_01"`,
		`minApiVersion: "2026_04_01"`, 1)
	s.Apply(t, newest)
	// it had completed the session
	s.Do(t, "GET", user.Path("/users/passkeys/authenticate"), user.Header(), nil).Want(t, 401, "invalid_session")
	user = s.SignIn(t, servertest.Legacy, user.Email)
	s.Do(t, "GET", user.Path("/users/passkeys/authenticate"), user.Header(), nil).Want(t, 200, "").JSON(t, &request)
	if len(request.AllowCredentials) > 0 {
		t.Errorf("it is offered: %+v", request)
	}
	s.Do(t, "POST", user.Path("/users/mfa/auth/passkey"), user.Header(), stepUpBody(a.Get(request), "credential:unlink")).
		Want(t, 422, "invalid_passkey")
	s.Do(t, "GET", user.Path("/users/passkeys/signin"), nil, nil).Want(t, 200, "").JSON(t, &request)
	s.Do(t, "POST", user.Path("/users/passkeys/signin"), nil, stepUpBody(a.Get(request))).Want(t, 422, "credential_not_enabled_for_sign_in")
}

// B8: somebody without a session makes a victim's passkey fail a thousand
// times; the victim signs in and steps up from elsewhere as if nothing was.
func TestB8NobodyLocksAPasskey(t *testing.T) {
	t.Parallel()
	s := start(t, anyAddress())
	s.withPasskeys(t, "")
	user, a := s.withPasskey(t, "ada@example.com")
	tries := 200
	if long() {
		tries = 1000
	}
	var bad []m
	for range tries {
		var o passkey.RequestOptions
		s.Do(t, "GET", sdk("/users/passkeys/signin"), from("203.0.113.9", nil), nil).Want(t, 200, "").JSON(t, &o)
		bad = append(bad, stepUpBody(a.Clone().Get(o, func(c *passkeytest.Ceremony) { c.Flags ^= passkeytest.Verified })))
		if len(bad) == 500 {
			break // prompts are limited too
		}
	}
	var mu sync.Mutex
	limited := 0
	together(len(bad), func(i int) {
		r, err := s.Try(t, "POST", sdk("/users/passkeys/signin"), from("203.0.113.9", nil), bad[i])
		mu.Lock()
		defer mu.Unlock()
		if err != nil || r.Status < 400 {
			t.Errorf("a bad sign-in: %d, %v", r.Status, err)
		}
		if r.Status == 429 {
			limited++
		}
	})
	if limited < len(bad)-100 {
		t.Errorf("%d of %d were let through", len(bad)-limited, len(bad))
	}
	s.Do(t, "POST", sdk("/users/passkeys/signin"), from("198.51.100.1", nil), stepUpBody(a.Get(s.request(t, nil)))).Want(t, 200, "")
	s.passkeyStepUp(t, user, a, "wallet:export")
}

// The last factor stays while one must be had, and the last way to sign in stays.
func TestLastPasskeyStays(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withPasskeys(t, "")
	user, a := s.withPasskey(t, "ada@example.com")
	var list struct{ Passkeys []struct{ ID string } }
	s.Do(t, "GET", sdk("/users/passkeys"), user.Header(), nil).Want(t, 200, "").JSON(t, &list)
	gone := m{"passkeyId": list.Passkeys[0].ID}
	token := s.passkeyStepUp(t, user, a, "credential:unlink")
	s.Apply(t, servertest.Document(servertest.A, "passkeys: {rpId: example.com, origins: [\""+passkeytest.Origin+
		"\"]}\nmfa: {required: true, methods: [{type: passkey, enabled: true}]}"))
	s.Do(t, "DELETE", sdk("/users/passkeys"), user.Header(token), gone).Want(t, 422, "cannot_delete_last_mfa_device")
	s.withPasskeys(t, "")
	s.Do(t, "POST", sdk("/verify/unlink"), user.Header(token), m{"verifiedCredentialId": user.CredentialID}).Want(t, 200, "")
	s.Do(t, "DELETE", sdk("/users/passkeys"), user.Header(token), gone).Want(t, 422, "cannot_delete_last_sign_in_verified_credential")
}

// YSA-2026-02: the options of a user without a passkey have an empty list, which
// allows any, so that nothing answers their challenge: not the thief's passkey, and
// not one that the user adds meanwhile. With the options of somebody else, or none,
// the session steps up with nobody's passkey either.
func TestYSA202602NobodyStepsUpWithoutAPasskey(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.withPasskeys(t, "")
	victim := s.SignIn(t, servertest.A, "victim@example.com")
	thief, a := s.withPasskey(t, "thief@example.com")
	empty := s.request(t, victim)
	if len(empty.AllowCredentials) != 0 || empty.Challenge == s.request(t, victim).Challenge {
		t.Errorf("options of a user without a passkey: %+v", empty)
	}
	for name, options := range map[string]passkey.RequestOptions{
		"of a user without": empty,
		"of a sign-in":      s.request(t, nil), "of the thief's session": s.request(t, thief),
		"made up":           {Challenge: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"},
		"of a registration": {Challenge: s.creation(t, victim).Challenge},
	} {
		for _, id := range [][]byte{a.ID, {}, []byte("nobody")} {
			answer := stepUpBody(a.Get(options, func(c *passkeytest.Ceremony) { c.ID = id }), "wallet:export")
			r := s.Do(t, "POST", sdk("/users/mfa/auth/passkey"), victim.Header(), answer)
			if r.Status != 422 || r.Member("elevatedAccessToken") != "" {
				t.Errorf("options %s, passkey %q: %d %s", name, id, r.Status, r.Body)
			}
		}
	}
	added := passkeytest.New(passkeytest.Origin)
	s.Do(t, "POST", sdk("/users/passkeys/register"), victim.Header(s.StepUp(t, victim, "credential:link")),
		added.Create(s.creation(t, victim))).Want(t, 200, "")
	s.Do(t, "POST", sdk("/users/mfa/auth/passkey"), victim.Header(), stepUpBody(added.Get(empty), "wallet:export")).
		Want(t, 422, "invalid_passkey")
}
