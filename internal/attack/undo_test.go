package attack_test

import (
	"testing"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

// linkAddress adds an address to the session's user, by the elevated tokens given.
func (s scene) linkAddress(t testing.TB, user *servertest.Session, address string, elevated ...string) servertest.Response {
	t.Helper()
	id, code := s.SendCode(t, user.Environment, address, user.Header())
	return s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(elevated...), typed(id, code))
}

// moveTo puts another email address in the place of the user's own, with a
// step-up by a code to the old one, and makes the session one of the new address.
func (s scene) moveTo(t testing.TB, user *servertest.Session, address string) {
	t.Helper()
	s.finishChange(t, user, address, s.StepUp(t, user, "credential:update"))
	user.Email = address
}

// finishChange is moveTo with a token that somebody has.
func (s scene) finishChange(t testing.TB, user *servertest.Session, address string, elevated ...string) {
	t.Helper()
	before := len(s.Inbox.To(address))
	var pending struct {
		EmailVerification struct{ VerificationUUID string }
	}
	s.Do(t, "PUT", user.Path("/users"), user.Header(elevated...), m{"email": address}).Want(t, 200, "").JSON(t, &pending)
	code := s.Inbox.WaitCode(t, address, before)
	s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), typed(pending.EmailVerification.VerificationUUID, code)).
		Want(t, 200, "")
}

// settleMail waits until every message is out.
func (s scene) settleMail(t testing.TB) {
	t.Helper()
	for waiting := int64(1); waiting > 0; {
		err := s.DB.Read(t.Context(), func(tx *store.Tx) (err error) {
			waiting, _, err = tx.OutboxWaiting()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// links are the "this was not me" links that an address was sent, oldest first.
func (s scene) links(t testing.TB, address string) (secrets []string) {
	t.Helper()
	s.settleMail(t)
	for _, mail := range s.Inbox.To(address) {
		secrets = append(secrets, linkOf(mail)...)
	}
	return secrets
}

func linkOf(mail deliver.Message) []string {
	if found := revokeLink.FindStringSubmatch(mail.Text); found != nil {
		return found[1:2]
	}
	return nil
}

// clickAll presses every link that was sent to the addresses.
func (s scene) clickAll(t testing.TB, environment string, addresses ...string) {
	t.Helper()
	for _, address := range addresses {
		for _, secret := range s.links(t, address) {
			s.Do(t, "POST", servertest.SDK(environment)+"/notMe", nil, m{"token": secret})
		}
	}
}

// L1: two addresses linked with nothing, one later change of the owner's address,
// two clicks without a session.
func TestL1UndoLinksOfUnconfirmedAddresses(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, "compatibility: [link-email]\n"))
		owner := s.SignIn(t, servertest.A, "owner@example.com")
		for _, evil := range []string{"evil1@example.com", "evil2@example.com"} {
			s.linkAddress(t, owner, evil).Want(t, 200, "")
		}
		s.moveTo(t, owner, "new@example.com")
		s.clickAll(t, servertest.A, "evil1@example.com", "evil2@example.com")

		for _, evil := range []string{"evil1@example.com", "evil2@example.com"} {
			s.signsInAsOther(t, servertest.A, evil, owner.UserID)
		}
		if again := s.SignIn(t, servertest.A, "new@example.com"); again.UserID != owner.UserID {
			t.Error("the owner's address was taken away")
		}
	})
}

// signsInAsOther fails the test if a code to the address signs in as the user, and
// says what more it would do.
func (s scene) signsInAsOther(t testing.TB, environment, address, userID string) {
	t.Helper()
	id, code := s.SendCode(t, environment, address, nil)
	answer := s.Do(t, "POST", servertest.SDK(environment)+"/emailVerifications/signin", nil, typed(id, code))
	if answer.Status != 200 {
		answer.Want(t, 422, "credential_not_enabled_for_sign_in")
		return
	}
	thief := s.SignIn(t, environment, address)
	if thief.UserID != userID {
		return
	}
	t.Errorf("%s signs in as the owner", address)
	if s.StepUp(t, thief, "wallet:export") != "" {
		t.Errorf("%s exports the wallet", address)
	}
}
