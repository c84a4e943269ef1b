package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

const totpOn = "sessions: {lifetime: 2d, idle: 2d}\nmfa: {methods: [{type: totp, enabled: true}]}\n"

func walkFactors(w walker) {
	t := w.t
	alice := w.SignIn(t, w.environment, "factors@example.com")
	w.do("GET "+env+"/users/mfa/register/totp", alice.Token, []string{w.StepUp(t, alice, "credential:link")}, nil).
		Want(t, 422, "mfa_method_disabled")
	w.Apply(t, servertest.Document(w.environment, totpOn))
	defer w.Apply(t, servertest.Document(w.environment, ""))
	alice = w.SignIn(t, w.environment, "factors@example.com")

	w.do("GET "+env+"/users/mfa/register/totp", alice.Token, nil, nil).Want(t, 403, "elevated_access_token_required")
	w.do("POST "+env+"/users/mfa/register/totp", alice.Token, nil, m{"type": "totp", "code": "123456"}).Want(t, 422, "mfa_device_not_found")
	w.do("POST "+env+"/users/mfa/auth/totp", alice.Token, nil, m{"code": "123456"}).Want(t, 422, "mfa_device_not_found")
	w.do("GET "+env+"/users/mfa/recovery", alice.Token, nil, nil).Want(t, 403, "elevated_access_token_required")
	link := w.StepUp(t, alice, "credential:link")
	w.do("GET "+env+"/users/mfa/recovery", alice.Token, []string{link}, nil).Want(t, 422, "mfa_device_not_found")
	qr := w.do("GET "+env+"/users/mfa/register/totp?qr=1", alice.Token, []string{link}, nil).Want(t, 200, "")
	if !strings.HasPrefix(qr.Member("qr"), "data:image/png;base64,") || !strings.HasPrefix(qr.Member("uri"), "otpauth://totp/") {
		t.Errorf("registration %s", qr.Body)
	}
	first := w.BeginApp(t, alice, link)
	w.do("POST "+env+"/users/mfa/register/totp", alice.Token, nil, m{"type": "totp", "code": first.Code()}).Want(t, 200, "")
	w.do("POST "+env+"/users/mfa/auth/totp", alice.Token, nil, m{"code": first.Next(), "requestedScopes": []string{"nobody:knows"}}).
		Want(t, 422, "invalid_scopes")
	w.do("POST "+env+"/users/mfa/auth/totp", alice.Token, nil, m{"code": "123456x"}).Want(t, 422, "mfa_invalid_code")
	w.do("POST "+env+"/users/mfa/auth/totp", alice.Token, nil, m{"code": first.Next(), "createMfaToken": m{"singleUse": true}}).
		Want(t, 200, "")

	// A second factor given moments ago shows the codes; the profile says that they wait to be written down.
	var codes struct{ RecoveryCodes []string }
	w.do("GET "+env+"/users/mfa/recovery", alice.Token, nil, nil).Want(t, 200, "").JSON(t, &codes)
	if len(codes.RecoveryCodes) != 10 {
		t.Fatalf("%d codes", len(codes.RecoveryCodes))
	}
	if got := w.do("GET "+env+"/users", alice.Token, nil, nil).Want(t, 200, "").Member("mfaBackupCodeAcknowledgement"); got != "pending" {
		t.Errorf("acknowledgement %q", got)
	}
	w.do("PUT "+env+"/users", alice.Token, nil, m{"mfaBackupCodeAcknowledgement": "complete"}).Want(t, 200, "")
	w.do("GET "+env+"/users/mfa/recovery", alice.Token, nil, nil).Want(t, 200, "").JSON(t, &codes)
	if len(codes.RecoveryCodes) != 0 {
		t.Error("codes are shown after they were acknowledged")
	}
	w.do("POST "+env+"/users/mfa/recovery", alice.Token, nil, nil).Want(t, 200, "").JSON(t, &codes)
	w.do("POST "+env+"/users/mfa/auth/recovery", alice.Token, nil, m{"code": codes.RecoveryCodes[0]}).Want(t, 200, "")
	w.do("POST "+env+"/users/mfa/auth/recovery", alice.Token, nil, m{"code": codes.RecoveryCodes[0]}).Want(t, 422, "mfa_invalid_code")

	second := w.BeginApp(t, alice, w.StepUpByApp(t, alice, first, "credential:link"))
	w.do("POST "+env+"/users/mfa/auth/totp", alice.Token, nil, m{"id": second.ID, "code": second.Code()}).Want(t, 200, "")
	w.do("GET "+env+"/users/mfa", alice.Token, nil, nil).Want(t, 200, "")
	w.do("GET "+env+"/users/mfa/methods?verifiedOnly=true", alice.Token, nil, nil).Want(t, 200, "")
	w.do("GET "+env+"/users/mfa/{credentialId}", alice.Token, nil, nil, "credentialId", first.ID).Want(t, 200, "")
	w.do("GET "+env+"/users/mfa/{credentialId}", alice.Token, nil, nil, "credentialId", alice.CredentialID).
		Want(t, 422, "mfa_device_not_found")
	w.do("PUT "+env+"/users/mfa/{credentialId}", alice.Token, nil, nil, "credentialId", first.ID).Want(t, 204, "")
	w.do("PUT "+env+"/users/mfa/{credentialId}", alice.Token, nil, m{"alias": "Old phone"}, "credentialId", second.ID).Want(t, 204, "")
	w.do("PUT "+env+"/users/mfa/{credentialId}", alice.Token, nil, m{"alias": " "}, "credentialId", second.ID).
		Want(t, 400, "invalid_request")
	if answer := w.do("GET "+env+"/users/mfa/{credentialId}", alice.Token, nil, nil, "credentialId", second.ID).
		Want(t, 200, ""); answer.Member("alias") != "Old phone" {
		t.Errorf("device %s", answer.Body)
	}
	unlink := w.StepUpByApp(t, alice, first, "credential:unlink")
	w.do("DELETE "+env+"/users/mfa/{credentialId}", alice.Token, nil, nil, "credentialId", second.ID).
		Want(t, 403, "elevated_access_token_required")
	w.do("DELETE "+env+"/users/mfa/{credentialId}", alice.Token, []string{unlink}, nil, "credentialId", alice.CredentialID).
		Want(t, 422, "mfa_device_not_found")
	w.do("DELETE "+env+"/users/mfa/{credentialId}", alice.Token, []string{unlink}, nil, "credentialId", second.ID).Want(t, 204, "")
}

// With MFA at every sign-in, a session of a user with a factor is complete when
// the factor was given; a refresh and the answer itself say so.
func TestSecondFactorAtEverySignIn(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.Apply(t, servertest.Document(servertest.A, totpOn))
	bob := c.SignIn(t, servertest.A, "bob@example.com")
	app := c.EnrolApp(t, bob)
	c.Apply(t, servertest.Document(servertest.A, strings.Replace(totpOn, "mfa: {", "mfa: {enabled: true, ", 1)))
	scope := func(r servertest.Response) string {
		var answer struct{ User struct{ Scope string } }
		r.Want(t, 200, "").JSON(t, &answer)
		return answer.User.Scope
	}
	bob = c.SignIn(t, servertest.A, "bob@example.com")
	if got := scope(c.Do(t, "POST", bob.Path("/refresh"), bob.Header(), nil)); got != "requiresAdditionalAuth" {
		t.Errorf("after signing in: %q", got)
	}
	c.Do(t, "PUT", bob.Path("/users"), bob.Header(), m{"alias": "B"}).Want(t, 403, "additional_auth_required")
	if got := scope(c.Do(t, "POST", bob.Path("/users/mfa/auth/totp"), bob.Header(), m{"code": app.Next()})); got != "user:basic" {
		t.Errorf("after the factor: %q", got)
	}
	if got := scope(c.Do(t, "POST", bob.Path("/refresh"), bob.Header(), nil)); got != "user:basic" {
		t.Errorf("after a refresh: %q", got)
	}
	c.Do(t, "PUT", bob.Path("/users"), bob.Header(), m{"alias": "B"}).Want(t, 200, "")
	if other := c.SignIn(t, servertest.A,
		"new@example.com"); scope(c.Do(t, "POST", other.Path("/refresh"), other.Header(), nil)) != "user:basic" {
		t.Error("a user without a factor owes one though none is required")
	}
}

// Where a factor is required, a new user enrols one before anything else.
func TestEnrolmentIsRequired(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.Apply(t, servertest.Document(servertest.A, strings.Replace(totpOn, "mfa: {", "mfa: {required: true, ", 1)))
	eve := c.SignIn(t, servertest.A, "eve@example.com")
	c.Do(t, "PUT", eve.Path("/users"), eve.Header(), m{"alias": "E"}).Want(t, 403, "additional_auth_required")
	app := c.EnrolApp(t, eve)
	c.Do(t, "PUT", eve.Path("/users"), eve.Header(), m{"alias": "E"}).Want(t, 200, "")
	unlink := c.StepUpByApp(t, eve, app, "credential:unlink")
	c.Do(t, "DELETE", eve.Path("/users/mfa/"+app.ID), eve.Header(unlink), nil).Want(t, 422, "cannot_delete_last_mfa_device")
	c.Do(t, "GET", eve.Path("/users/mfa/"+app.ID), eve.Header(), nil).Want(t, 200, "")
}

// The mark of a second factor shows recovery codes for five minutes, and only
// in its own session.
func TestMarkShowsRecoveryCodes(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.Apply(t, servertest.Document(servertest.A, totpOn))
	ann := c.SignIn(t, servertest.A, "ann@example.com")
	app := c.EnrolApp(t, ann)
	show := func(s *servertest.Session, status int) {
		t.Helper()
		c.Do(t, "GET", s.Path("/users/mfa/recovery"), s.Header(), nil).Want(t, status, "")
	}
	show(ann, 200)
	show(c.SignIn(t, servertest.A, "ann@example.com"), 403)
	c.Clock.Advance(5 * time.Minute)
	show(ann, 403)
	c.Do(t, "POST", ann.Path("/users/mfa/auth/totp"), ann.Header(), m{"code": app.Next()}).Want(t, 200, "")
	show(ann, 200)
}
