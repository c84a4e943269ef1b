package attack_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// linkedBehind is a user whose thief, with the session and one code from the owner's mail,
// has added an address of their own.
func (s scene) linkedBehind(t *testing.T, name string) (owner, thief *servertest.Session) {
	t.Helper()
	owner = s.SignIn(t, servertest.A, name+"@example.com")
	s.Clock.Advance(time.Minute)
	evil := name + "-evil@example.com"
	s.linkAddress(t, owner, evil, s.StepUp(t, owner, "credential:link")).Want(t, 200, "")
	s.settleMail(t) // so that what comes later is the later link
	s.Clock.Advance(time.Minute)
	return owner, s.SignIn(t, servertest.A, evil)
}

// wantWithheld fails the test unless the thief's address neither mints nor decides.
func (s scene) wantWithheld(t *testing.T, owner *servertest.Session, address string) {
	t.Helper()
	thief := s.SignIn(t, servertest.A, address)
	if thief.UserID != owner.UserID {
		t.Fatalf("%s signs in somebody else", address)
	}
	for _, scope := range []string{"credential:unlink", "credential:link", "credential:update", "wallet:export", "user:delete"} {
		if r := s.byMail(t, thief, scope); r.Status != 403 || reason(r) != "disputed" {
			t.Errorf("%s for %s: %d %s, want it withheld", address, scope, r.Status, r.Code)
		}
	}
}

// L1: one code from the owner's mail adds an address, and that one takes the owner's
// away, so that the link about itself goes. The other link still undoes all of it.
func TestL1LinkThenUnlink(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		owner, thief := s.linkedBehind(t, "unlinked")
		s.Do(t, "POST", sdk("/verify/unlink"), thief.Header(s.StepUp(t, thief, "credential:unlink")),
			m{"verifiedCredentialId": owner.CredentialID}).Want(t, 200, "")
		s.Clock.Advance(time.Minute)
		s.clickAll(t, servertest.A, owner.Email)
		again := s.SignIn(t, servertest.A, owner.Email)
		if again.UserID != owner.UserID {
			t.Fatal("the owner's address is not back")
		}
		s.wantWithheld(t, owner, thief.Email)
		s.settle(t, owner, owner.CredentialID, "keep").Want(t, 204, "")
		if got := s.credentials(t, owner.UserID); !slices.Equal(got, []string{"email " + owner.Email}) {
			t.Errorf("left: %q", got)
		}
	})
}

// L1: the same with a change of address.
func TestL1LinkThenChange(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		owner, thief := s.linkedBehind(t, "changed")
		s.finishChange(t, thief, "changed-third@example.com", s.StepUp(t, thief, "credential:update"))
		s.Clock.Advance(time.Minute)
		s.clickAll(t, servertest.A, owner.Email)
		again := s.SignIn(t, servertest.A, owner.Email)
		if again.UserID != owner.UserID {
			t.Fatal("the owner's address is not back")
		}
		s.wantWithheld(t, owner, thief.Email)
		s.wantWithheld(t, owner, "changed-third@example.com")
		s.settle(t, owner, owner.CredentialID, "keep").Want(t, 204, "")
		if got := s.credentials(t, owner.UserID); !slices.Equal(got, []string{"email " + owner.Email}) {
			t.Errorf("left: %q", got)
		}
	})
}

// L1: with a second code from the owner's mail the owner's address takes itself away.
// What it was told of before, it may still deny when it is back.
func TestL1LinksComeBack(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		owner, thief := s.linkedBehind(t, "back")
		s.finishChange(t, owner, "back-third@example.com", s.StepUp(t, owner, "credential:update"))
		s.Clock.Advance(time.Minute)
		links := s.links(t, owner.Email)
		s.click(t, servertest.A, links[0]).Want(t, 422, "invalid_revoke_link") // its address is gone
		s.click(t, servertest.A, links[1]).Want(t, 204, "")
		s.click(t, servertest.A, links[0]).Want(t, 204, "")
		s.signsInAsOther(t, servertest.A, thief.Email, owner.UserID)
		s.wantWithheld(t, owner, owner.Email)
		s.wantWithheld(t, owner, "back-third@example.com")
	})
}

// L1: of the two sides of such a chain nobody knows which is the owner's: the links
// of the one that is back take the other away no more than it decides.
func TestL1ChainIsDecided(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		owner, other := s.linkedBehind(t, "decided")
		s.Do(t, "POST", sdk("/verify/unlink"), other.Header(s.StepUp(t, other, "credential:unlink")),
			m{"verifiedCredentialId": owner.CredentialID}).Want(t, 200, "")
		links := s.links(t, owner.Email)
		s.click(t, servertest.A, links[len(links)-1]).Want(t, 204, "")
		s.clickAll(t, servertest.A, owner.Email)
		s.wantWithheld(t, owner, owner.Email)
		s.wantWithheld(t, owner, other.Email)
		s.settle(t, owner, owner.CredentialID, "remove").Want(t, 204, "")
		s.StepUp(t, s.SignIn(t, servertest.A, other.Email), "wallet:export")
		s.clickAll(t, servertest.A, owner.Email)
		if got := s.credentials(t, owner.UserID); !slices.Equal(got, []string{"email " + other.Email}) {
			t.Errorf("left: %q", got)
		}
	})
}

// L1: an address that a second factor let in long ago makes no later change to it
// undeniable.
func TestL1ChangeToStrongAddress(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, factorsOn))
		owner := s.SignIn(t, servertest.A, "first@example.com")
		app := s.EnrolApp(t, owner)
		s.linkAddress(t, owner, "second@example.com", s.StepUpByApp(t, owner, app, "credential:link")).Want(t, 200, "")
		s.Do(t, "POST", sdk("/verify/unlink"), owner.Header(s.StepUpByApp(t, owner, app, "credential:unlink")),
			m{"verifiedCredentialId": app.ID}).Want(t, 200, "")
		s.settleMail(t)
		s.Clock.Advance(time.Minute)
		thief := s.SignIn(t, servertest.A, "second@example.com")
		s.finishChange(t, thief, thief.Email, s.StepUp(t, thief, "credential:update"))
		s.Clock.Advance(time.Minute)
		s.click(t, servertest.A, s.lastLink(t, owner.Email)).Want(t, 204, "")
		if again := s.SignIn(t, servertest.A, owner.Email); again.UserID != owner.UserID {
			t.Fatal("the owner's address is not back")
		}
	})
}

// L1: an address that was denied denies nothing itself: it makes no factor of the
// owner's disputed.
func TestL1DeniedAddressDenies(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, servertest.TextsOn+factorsOn))
		owner := s.SignIn(t, servertest.A, "denier@example.com")
		const number = "+14155550177"
		s.linkPhone(t, owner, number, s.StepUp(t, owner, "credential:link")).Want(t, 200, "")
		s.settleMail(t)
		s.Clock.Advance(time.Minute)
		s.moveTo(t, owner, "evil@example.com")
		s.Clock.Advance(time.Minute)
		s.click(t, servertest.A, s.lastLink(t, "denier@example.com")).Want(t, 204, "")
		again := s.SignIn(t, servertest.A, "denier@example.com")
		token := s.byText(t, again, number, "credential:link").Want(t, 200, "").Member("elevatedAccessToken")
		app := s.BeginApp(t, again, token)
		s.Do(t, "POST", sdk("/users/mfa/auth/totp"), again.Header(), m{"id": app.ID, "code": app.Code()}).Want(t, 200, "")
		s.clickAll(t, servertest.A, "evil@example.com")
		again = s.SignIn(t, servertest.A, "denier@example.com")
		if ids, _ := s.disputed(t, again); slices.Contains(ids, app.ID) {
			t.Error("the denied address made the owner's app disputed")
		}
		if r := s.byApp(t, again, app, "credential:unlink"); r.Status != 200 {
			t.Errorf("the owner's app: %d %s", r.Status, r.Body)
		}
	})
}
