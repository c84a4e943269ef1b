package attack_test

import (
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// C8: a reset needs a service token for users.write of that environment, makes
// nothing that proves anything, and ends whatever came from the factors.
func TestC8ResetYieldsNoProof(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, bothFactors))
		user := s.SignIn(t, servertest.A, "ada@example.com")
		a := s.EnrolApp(t, user)
		codes := s.recoveryCodes(t, user)
		elevated := s.StepUpByApp(t, user, a, "credential:link")
		pending := s.BeginApp(t, user, elevated)
		export := s.StepUpByApp(t, user, a, "wallet:export")
		path := servertest.Admin(servertest.A) + "/users/" + user.UserID + "/reset-mfa"
		other := s.SignIn(t, servertest.A, "other@example.com")

		for name, header := range map[string]string{
			"a session": user.Token, "an elevated token": elevated, "another user": other.Token, "nothing": "",
			"a token of another environment": s.ServiceToken(t, servertest.B, []string{serviceauth.UsersWrite}),
			"a reader": s.ServiceToken(t, servertest.A,
				[]string{serviceauth.UsersRead, serviceauth.TokensConsume, serviceauth.AuditRead, serviceauth.EnvironmentsWrite}),
		} {
			if r := s.Do(t, "POST", path, servertest.Bearer(header), nil); r.Status != 401 && r.Status != 403 {
				t.Errorf("%s: %d %s", name, r.Status, r.Code)
			}
		}
		s.Do(t, "GET", sdk("/users"), user.Header(), nil).Want(t, 200, "") // nothing happened

		before := len(s.Inbox.To(user.Email))
		admin := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{serviceauth.UsersWrite}))
		answer := s.Do(t, "POST", path, admin, nil).Want(t, 200, "")
		if got := strings.TrimSpace(string(answer.Body)); got != `{"factors":1}` {
			t.Errorf("the answer says more than how many: %s", got)
		}
		for !strings.Contains(s.Inbox.Wait(t, user.Email, before).Text, "took all second factors") { // until it comes, or Wait gives up
			before++
		}
		s.Do(t, "GET", sdk("/users"), user.Header(), nil).Want(t, 401, "invalid_session")
		if s.active(t, export) || s.active(t, elevated) {
			t.Error("an elevated token of before lives on")
		}

		again := s.SignIn(t, servertest.A, user.Email)
		for what, body := range map[string]m{
			"the old app": {"code": a.Next()}, "the old app by id": {"code": a.Code(), "id": a.ID},
			"the pending enrolment": {"code": pending.Code(), "id": pending.ID},
		} {
			if r := s.Do(t, "POST", sdk("/users/mfa/auth/totp"), again.Header(), body); r.Code != "mfa_device_not_found" {
				t.Errorf("%s: %d %s", what, r.Status, r.Code)
			}
		}
		s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), again.Header(), m{"code": codes[0]}).Want(t, 422, "mfa_invalid_code")
		var methods struct {
			Devices, Passkeys         []m
			UserHasVerifiedMFAMethods bool
		}
		s.Do(t, "GET", sdk("/users/mfa/methods"), again.Header(), nil).Want(t, 200, "").JSON(t, &methods)
		if methods.UserHasVerifiedMFAMethods || len(methods.Devices)+len(methods.Passkeys) != 0 {
			t.Errorf("left: %+v", methods)
		}
		// A second time there is nothing to take away, and nothing ends.
		if got := strings.TrimSpace(string(s.Do(t, "POST", path, admin, nil).Want(t, 200, "").Body)); got != `{"factors":0}` {
			t.Errorf("a second time: %s", got)
		}
		s.Do(t, "GET", sdk("/users"), again.Header(), nil).Want(t, 200, "")
		// It can be enrolled again, by what the user has, and by nothing less.
		wantRefused(t, s.Do(t, "GET", sdk("/users/mfa/register/totp"), again.Header(), nil), "missing")
		fresh := s.BeginApp(t, again, s.StepUp(t, again, "credential:link"))
		s.Do(t, "POST", sdk("/users/mfa/auth/totp"), again.Header(), m{"id": fresh.ID, "code": fresh.Code()}).Want(t, 200, "")

		s.Do(t, "POST", servertest.Admin(servertest.A)+"/users/nobody/reset-mfa", admin, nil).Want(t, 404, "not_found")
		var audit struct {
			Events []struct{ Actor, UserID string }
		}
		reader := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{serviceauth.AuditRead}))
		s.Do(t, "GET", servertest.Admin(servertest.A)+"/audit?action=user.mfa_reset", reader, nil).Want(t, 200, "").JSON(t, &audit)
		if len(audit.Events) != 1 || audit.Events[0].UserID != user.UserID || !strings.HasPrefix(audit.Events[0].Actor, "service:") {
			t.Errorf("audited %+v", audit.Events)
		}
	})
}

// N6: the use of a recovery code is told with a way to take action, and the set
// is shown only until it is acknowledged.
func TestN6RecoveryCodes(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, bothFactors))
		user := s.SignIn(t, servertest.A, "ada@example.com")
		a := s.EnrolApp(t, user)
		state := func() string {
			return s.Do(t, "GET", sdk("/users"), user.Header(), nil).Want(t, 200, "").Member("mfaBackupCodeAcknowledgement")
		}
		if got := state(); got != "pending" {
			t.Errorf("after the first factor the acknowledgement is %q", got)
		}
		codes := s.recoveryCodes(t, user)
		before := len(s.Inbox.To(user.Email))
		typed := strings.ToLower(strings.ReplaceAll(codes[0], "-", " "))
		export := s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), user.Header(),
			m{"code": typed, "requestedScopes": []string{"wallet:export"}}).Want(t, 200, "").Member("elevatedAccessToken")
		mail := s.Inbox.Wait(t, user.Email, before)
		for !strings.Contains(mail.Subject, "recovery code") { // until it comes, or Wait gives up
			before++
			mail = s.Inbox.Wait(t, user.Email, before)
		}
		if !strings.Contains(mail.Text, "left: 9") {
			t.Errorf("told:\n%s", mail.Text)
		}
		s.Do(t, "PUT", sdk("/users"), user.Header(), m{"mfaBackupCodeAcknowledgement": "complete"}).Want(t, 200, "")
		var shown struct {
			Count         int
			RecoveryCodes []string
		}
		s.Do(t, "GET", sdk("/users/mfa/recovery"), user.Header(), nil).Want(t, 200, "").JSON(t, &shown)
		if shown.Count != 9 || len(shown.RecoveryCodes) != 0 || state() != "complete" {
			t.Errorf("acknowledged: %+v, %s", shown, state())
		}
		// A new set kills the old one, and the tokens that came from it.
		s.Do(t, "POST", sdk("/users/mfa/recovery"), user.Header(), nil).Want(t, 200, "").JSON(t, &shown)
		if shown.Count != 10 || len(shown.RecoveryCodes) != 10 || state() != "pending" || s.active(t, export) {
			t.Errorf("new: %+v, %s, token active %v", shown.Count, state(), s.active(t, export))
		}
		s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), user.Header(), m{"code": codes[1]}).Want(t, 422, "mfa_invalid_code")
		// The link in the mail ends every session.
		s.Do(t, "POST", sdk("/notMe"), nil, m{"token": linkSecret(t, mail.Text)}).Want(t, 204, "")
		s.Do(t, "GET", sdk("/users"), user.Header(), nil).Want(t, 401, "invalid_session")

		// The set goes with the last factor.
		user = s.SignIn(t, servertest.A, user.Email)
		s.Do(t, "DELETE", sdk("/users/mfa/"+a.ID), user.Header(s.StepUpByApp(t, user, a, "credential:unlink")), nil).Want(t, 204, "")
		s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), user.Header(), m{"code": shown.RecoveryCodes[0]}).Want(t, 422, "mfa_invalid_code")
		if got := state(); got != "" {
			t.Errorf("without codes the acknowledgement is %q", got)
		}
	})
}

// A8: after a failover a recovery code works, the rest of its set is made anew,
// and its owner is asked to write it down again.
func TestA8RecoveryCodesAreRenewed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, bothFactors))
		user := s.SignIn(t, servertest.A, "ada@example.com")
		s.EnrolApp(t, user)
		codes := s.recoveryCodes(t, user)
		s.Do(t, "PUT", sdk("/users"), user.Header(), m{"mfaBackupCodeAcknowledgement": "complete"}).Want(t, 200, "")
		if err := store.RestoreEpoch(t.Context(), s.DB); err != nil {
			t.Fatal(err)
		}
		s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), user.Header(), m{"code": codes[0]}).Want(t, 200, "")
		s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), user.Header(), m{"code": codes[1]}).Want(t, 422, "mfa_invalid_code")
		if got := s.Do(t, "GET", sdk("/users"), user.Header(), nil).
			Want(t, 200, "").Member("mfaBackupCodeAcknowledgement"); got != "pending" {
			t.Errorf("the acknowledgement of the renewed set is %q", got)
		}
		fresh := s.recoveryCodes(t, user)
		if len(fresh) != 10 {
			t.Fatalf("%d codes are shown of the renewed set", len(fresh))
		}
		s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), user.Header(), m{"code": fresh[0]}).Want(t, 200, "")
	})
}

// A scope that cools down keeps nobody from signing in: right after a reset the
// sign-in asks for its token in vain, and goes on.
func TestCoolDownAndSignIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, "  - {scope: \"credential:link\", coolDown: 1h}\n"+factorsOn))
	user := s.SignIn(t, servertest.A, "cool@example.com")
	err := s.DB.Write(t.Context(), func(tx *store.Tx) error { return tx.FactorsChanged(servertest.A, user.UserID) })
	if err != nil {
		t.Fatal(err)
	}
	id, code := s.SendCode(t, servertest.A, user.Email, nil)
	body := typed(id, code)
	body["allowNewMFALinking"] = true
	answer := s.Do(t, "POST", sdk("/emailVerifications/signin"), nil, body).Want(t, 200, "")
	if answer.Member("elevatedAccessToken") != "" {
		t.Error("a token while the scope cools down")
	}
}
