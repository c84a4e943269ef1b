package attack_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// entriesOn lets as much through without a token as an environment can.
const entriesOn = "compatibility: [link-wallet, link-email, link-phone, unlink-wallet, update-user, delete-user, refresh, " +
	"reshare, delete-device]\n"

// lastLink is the newest "this was not me" link that the address was sent.
func (s scene) lastLink(t testing.TB, address string) string {
	t.Helper()
	links := s.links(t, address)
	if len(links) == 0 {
		t.Fatalf("%s was sent no link", address)
	}
	return links[len(links)-1]
}

func (s scene) click(t testing.TB, environment, link string) servertest.Response {
	t.Helper()
	return s.Do(t, "POST", servertest.SDK(environment)+"/notMe", nil, m{"token": link})
}

// deny presses the newest link that the user was sent; every session ends.
func (s scene) deny(t testing.TB, user *servertest.Session) {
	t.Helper()
	s.click(t, user.Environment, s.lastLink(t, user.Email)).Want(t, 204, "")
	s.Do(t, "GET", user.Path("/users"), user.Header(), nil).Want(t, 401, "invalid_session")
}

// enrolBy gives the user one more app, by a code of one they have.
func (s scene) enrolBy(t testing.TB, user *servertest.Session, by *servertest.App) *servertest.App {
	t.Helper()
	s.settleMail(t) // so that the newest link is the one about this
	app := s.BeginApp(t, user, s.StepUpByApp(t, user, by, "credential:link"))
	s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"id": app.ID, "code": app.Code()}).Want(t, 200, "")
	return app
}

// byApp tries to mint for the scope with a code of the app.
func (s scene) byApp(t testing.TB, user *servertest.Session, app *servertest.App, scope string) servertest.Response {
	t.Helper()
	return s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(),
		m{"id": app.ID, "code": app.Next(), "requestedScopes": []string{scope}})
}

// byMail tries the same with a code to the session's address.
func (s scene) byMail(t testing.TB, user *servertest.Session, scope string) servertest.Response {
	t.Helper()
	id, code := s.SendCode(t, user.Environment, user.Email, user.Header())
	return s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), typed(id, code, scope))
}

type checked struct {
	IsRequired, Disputed bool
	Reason               string
	Credentials          []struct{ ID string }
}

func (s scene) check(t testing.TB, user *servertest.Session, scope string) (c checked) {
	t.Helper()
	s.Do(t, "POST", user.Path("/stepUp/check"), user.Header(), m{"scope": scope}).Want(t, 200, "").JSON(t, &c)
	return c
}

// disputed are the ids that the user's lists show as disputed, and whether the user
// still counts as having a second factor.
func (s scene) disputed(t testing.TB, user *servertest.Session) (ids []string, hasMFA bool) {
	t.Helper()
	type shown struct {
		ID       string
		Disputed bool
	}
	var methods struct {
		Devices, Passkeys         []shown
		UserHasVerifiedMFAMethods bool
	}
	var profile struct{ VerifiedCredentials []shown }
	s.Do(t, "GET", user.Path("/users/mfa/methods"), user.Header(), nil).Want(t, 200, "").JSON(t, &methods)
	s.Do(t, "GET", user.Path("/users"), user.Header(), nil).Want(t, 200, "").JSON(t, &profile)
	for _, c := range slices.Concat(methods.Devices, methods.Passkeys, profile.VerifiedCredentials) {
		if c.Disputed && !slices.Contains(ids, c.ID) {
			ids = append(ids, c.ID)
		}
	}
	return ids, methods.UserHasVerifiedMFAMethods
}

// settle decides as the operator.
func (s scene) settle(t testing.TB, user *servertest.Session, id, decision string) servertest.Response {
	t.Helper()
	admin := servertest.Bearer(s.ServiceToken(t, user.Environment, []string{serviceauth.UsersWrite}))
	return s.Do(t, "POST", servertest.Admin(user.Environment)+"/users/"+user.UserID+"/settle", admin, m{"factor": id, "decision": decision})
}

func (s scene) decide(t testing.TB, user *servertest.Session, id string, keep bool, elevated ...string) servertest.Response {
	t.Helper()
	return s.Do(t, "POST", user.Path("/users/mfa/"+id+"/dispute"), user.Header(elevated...), m{"keep": keep})
}

// L2: who reads the mailbox takes no second factor away, steps up by nothing, and
// opens no gate, entries or not. Signing in goes on. The operator decides.
func TestL2MailboxReader(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, entriesOn+factorsOn))
		user := s.SignIn(t, servertest.A, "l2@example.com")
		app := s.EnrolApp(t, user)
		s.settleMail(t) // mails that wait together arrive in any order
		codes := s.recoveryCodes(t, user)
		banked := s.StepUpByApp(t, user, app, transfer)
		s.settleMail(t)
		links := s.links(t, user.Email) // about the app, and about the codes
		if len(links) != 2 {
			t.Fatalf("%d links", len(links))
		}
		s.click(t, servertest.A, links[0]).Want(t, 204, "")
		s.Do(t, "GET", sdk("/users"), user.Header(), nil).Want(t, 401, "invalid_session")
		wantRefused(t, s.consume(t, banked, transfer, "l2"), "disputed")
		if s.active(t, banked) {
			t.Error("a token of the disputed app is active")
		}

		reader := s.SignIn(t, servertest.A, user.Email)
		if ids, mfa := s.disputed(t, reader); !slices.Equal(ids, []string{app.ID}) || !mfa {
			t.Errorf("disputed %v, has MFA %v", ids, mfa)
		}
		for _, scope := range []string{"wallet:export", "credential:link", "credential:unlink", "credential:update",
			"user:delete", transfer} {
			if c := s.check(t, reader, scope); !c.IsRequired || c.Reason != "disputed" || len(c.Credentials) != 0 || !c.Disputed {
				t.Errorf("check of %s: %+v", scope, c)
			}
			wantRefused(t, s.byMail(t, reader, scope), "disputed")
		}
		wantRefused(t, s.byApp(t, reader, app, "credential:unlink"), "disputed")
		wantRefused(t, s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), reader.Header(),
			m{"code": codes[0], "requestedScopes": []string{transfer}}), "disputed")
		wantRefused(t, s.Do(t, "POST", sdk("/users/mfa/auth/totp"), reader.Header(),
			m{"code": app.Next(), "createMfaToken": m{"singleUse": false}}), "disputed")
		wantRefused(t, s.Do(t, "GET", sdk("/users/mfa/register/totp"), reader.Header(), nil), "disputed")
		wantRefused(t, s.Do(t, "DELETE", sdk("/users/mfa/"+app.ID), reader.Header(), nil), "disputed")
		wantRefused(t, s.decide(t, reader, app.ID, false), "disputed")
		wantRefused(t, s.Do(t, "PUT", sdk("/users"), reader.Header(), m{"email": "evil@example.com"}), "disputed")
		wantRefused(t, s.linkAddress(t, reader, "evil@example.com"), "disputed")
		wantRefused(t, s.Do(t, "DELETE", sdk("/users"), reader.Header(), nil), "disputed")
		// The app gives the second factor of a sign-in, and shows no codes.
		s.Do(t, "POST", sdk("/users/mfa/auth/totp"), reader.Header(), m{"code": app.Next()}).Want(t, 200, "")
		for _, method := range []string{"GET", "POST"} {
			wantRefused(t, s.Do(t, method, sdk("/users/mfa/recovery"), reader.Header(), nil), "disputed")
		}
		s.click(t, servertest.A, links[0]).Want(t, 422, "invalid_revoke_link")

		// It was the owner after all; the codes may be denied too, which is decided alike.
		before := len(s.Inbox.To(user.Email))
		s.settle(t, reader, app.ID, "keep").Want(t, 204, "")
		s.settle(t, reader, app.ID, "remove").Want(t, 422, "not_disputed")
		for !strings.Contains(s.Inbox.Wait(t, user.Email, before).Text, "is decided") { // until it comes, or Wait gives up
			before++
		}
		s.StepUpByApp(t, reader, app, "wallet:export")
		s.byMail(t, reader, "wallet:export").Want(t, 422, "mfa_invalid_request")
		s.click(t, servertest.A, links[1]).Want(t, 204, "")
		again := s.SignIn(t, servertest.A, user.Email)
		s.StepUpByApp(t, again, app, "wallet:export") // older than its codes
		wantRefused(t, s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), again.Header(),
			m{"code": codes[1], "requestedScopes": []string{transfer}}), "disputed")
	})
}

// L2: a factor confirmed earlier goes on, and decides. What the denied one let in,
// and what that let in, goes with it.
func TestL2OlderFactorDecides(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, factorsOn))
		user := s.SignIn(t, servertest.A, "older@example.com")
		older := s.EnrolApp(t, user)
		denied := s.enrolBy(t, user, older)
		link := s.lastLink(t, user.Email)
		s.linkAddress(t, user, "let-in@example.com", s.StepUpByApp(t, user, denied, "credential:link")).Want(t, 200, "")
		third := s.enrolBy(t, user, denied)
		s.linkAddress(t, user, "let-in-2@example.com", s.StepUpByApp(t, user, third, "credential:link")).Want(t, 200, "")
		s.recoveryCodes(t, user) // the mark is the third app's
		own := s.enrolBy(t, user, older)

		s.click(t, servertest.A, link).Want(t, 204, "")
		user = s.SignIn(t, servertest.A, user.Email)
		if c := s.check(t, user, "wallet:export"); c.Reason != "step_up_required" || len(c.Credentials) != 2 ||
			c.Credentials[0].ID != older.ID || c.Credentials[1].ID != own.ID || !c.Disputed {
			t.Errorf("check: %+v", c)
		}
		for what, app := range map[string]*servertest.App{"the denied one": denied, "what it let in": third} {
			if r := s.byApp(t, user, app, "credential:unlink"); r.Status != 403 || reason(r) != "disputed" {
				t.Errorf("%s: %d %s", what, r.Status, r.Body)
			}
		}
		// younger than what it decides about
		wantRefused(t, s.decide(t, user, denied.ID, true, s.StepUpByApp(t, user, own, "credential:unlink")), "disputed")
		wantRefused(t, s.decide(t, user, denied.ID, true), "missing")
		unlink := s.StepUpByApp(t, user, older, "credential:unlink")
		s.Do(t, "DELETE", sdk("/users/mfa/"+denied.ID), user.Header(unlink), nil).Want(t, 409, "disputed")
		s.decide(t, user, older.ID, false, unlink).Want(t, 422, "not_disputed")
		s.decide(t, user, denied.ID, false, unlink).Want(t, 200, "")
		s.Do(t, "GET", sdk("/users"), user.Header(), nil).Want(t, 200, "") // the session that decided lives
		if got := s.credentials(t, user.UserID); !slices.Equal(got,
			[]string{"email older@example.com", "totp " + older.ID, "totp " + own.ID}) {
			t.Errorf("left: %q", got)
		}

		// The mistaken click: it stays, and nobody disputes it again.
		kept := s.enrolBy(t, user, older)
		s.settleMail(t)
		links := s.links(t, user.Email)
		s.click(t, servertest.A, links[len(links)-1]).Want(t, 204, "")
		user = s.SignIn(t, servertest.A, user.Email)
		s.decide(t, user, kept.ID, true, s.StepUpByApp(t, user, older, "credential:unlink")).Want(t, 200, "")
		s.StepUpByApp(t, user, kept, "wallet:export")
		s.clickAll(t, servertest.A, user.Email)
		user = s.SignIn(t, servertest.A, user.Email)
		if ids, _ := s.disputed(t, user); slices.Contains(ids, kept.ID) {
			t.Error("disputed again")
		}
	})
}

// credentials are the user's, oldest first, by format and what names them.
func (s scene) credentials(t testing.TB, userID string) (all []string) {
	t.Helper()
	err := s.DB.Read(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.Credentials(servertest.A, userID)
		for _, row := range rows {
			all = append(all, row.Format+" "+row.Identifier)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// L2 under the old version: a factor enrolled with nothing, as old clients do, is
// disputed all the same, and what was free there asks until it is decided.
func TestL2OldVersion(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.Legacy, actionsOn))
		user := s.SignIn(t, servertest.Legacy, "old@example.com")
		app := s.BeginApp(t, user, "")
		s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"id": app.ID, "code": app.Code()}).Want(t, 200, "")
		s.deny(t, user)
		user = s.SignIn(t, servertest.Legacy, user.Email)
		if ids, mfa := s.disputed(t, user); !slices.Equal(ids, []string{app.ID}) || !mfa {
			t.Errorf("disputed %v, has MFA %v", ids, mfa)
		}
		wantRefused(t, s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(),
			m{"code": app.Next(), "createMfaToken": m{"singleUse": false}}), "disputed")
		wantRefused(t, s.byMail(t, user, "credential:link"), "disputed")
		wantRefused(t, s.Do(t, "GET", user.Path("/users/mfa/register/totp"), user.Header(), nil), "disputed")
		wantRefused(t, s.linkAddress(t, user, "evil@example.com"), "disputed")
		wantRefused(t, s.Do(t, "DELETE", user.Path("/users"), user.Header(), nil), "disputed")
		for _, scope := range []string{"credential:link", "credential:unlink", "user:delete", "wallet:export"} {
			if c := s.check(t, user, scope); !c.IsRequired || c.Reason != "disputed" {
				t.Errorf("check of %s: %+v", scope, c)
			}
		}
		s.settle(t, user, app.ID, "remove").Want(t, 204, "")
		user = s.SignIn(t, servertest.Legacy, user.Email)
		if ids, mfa := s.disputed(t, user); len(ids) != 0 || mfa {
			t.Errorf("disputed %v, has MFA %v", ids, mfa)
		}
	})
}

// actionsOn has authenticator apps and the actions of the old version on.
const actionsOn = factorsOn

// L2: an expired link disputes nothing, nor does one whose address is gone.
func TestL2DeadLinks(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, factorsOn))
		user := s.SignIn(t, servertest.A, "dead@example.com")
		s.linkAddress(t, user, "second@example.com", s.StepUp(t, user, "credential:link")).Want(t, 200, "")
		app := s.EnrolApp(t, user)
		first, second := s.lastLink(t, user.Email), s.lastLink(t, "second@example.com")
		s.Do(t, "POST", sdk("/verify/unlink"), user.Header(s.StepUpByApp(t, user, app, "credential:unlink")),
			m{"verifiedCredentialId": s.credentialID(t, "second@example.com")}).Want(t, 200, "")
		s.click(t, servertest.A, second).Want(t, 422, "invalid_revoke_link")
		s.settleMail(t)
		if mail := s.Inbox.To("second@example.com"); len(linkOf(mail[len(mail)-1])) != 0 {
			t.Error("an address that a second factor removed got a link")
		}
		s.Clock.Advance(account.RevokeLinkLife)
		s.click(t, servertest.A, first).Want(t, 422, "invalid_revoke_link")
		again := s.SignIn(t, servertest.A, user.Email)
		if ids, _ := s.disputed(t, again); len(ids) != 0 {
			t.Errorf("disputed %v", ids)
		}
		s.StepUpByApp(t, again, app, "wallet:export")
	})
}

func (s scene) credentialID(t testing.TB, address string) (id string) {
	t.Helper()
	err := s.DB.Read(t.Context(), func(tx *store.Tx) error {
		row, err := tx.CredentialByIdentifier(servertest.A, store.FormatEmail, address)
		id = row.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// L1: a change of address that a mailed code let in is denied: both sign in, neither
// opens a gate, and neither decides. One confirmed before the change does. One that a
// second factor let in is not undone.
func TestL1ChangeOfAddress(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, servertest.TextsOn+entriesOn+factorsOn))
		user := s.SignIn(t, servertest.A, "before@example.com")
		const number = "+14155550123"
		s.linkPhone(t, user, number, s.StepUp(t, user, "credential:link")).Want(t, 200, "")
		s.Clock.Advance(time.Minute)
		s.moveTo(t, user, "after@example.com")
		id := s.credentialID(t, "after@example.com")
		s.linkPhone(t, user, "+14155550199", s.StepUp(t, user, "credential:link")).Want(t, 200, "")
		s.moveTo(t, user, "later@example.com") // a second change hides nothing of the first
		s.click(t, servertest.A, s.lastLink(t, "before@example.com")).Want(t, 204, "")
		for _, address := range []string{"before@example.com", "later@example.com"} {
			in := s.SignIn(t, servertest.A, address)
			if in.UserID != user.UserID {
				t.Fatalf("%s signs in somebody else", address)
			}
			wantRefused(t, s.byMail(t, in, "wallet:export"), "disputed")
			wantRefused(t, s.byMail(t, in, "credential:unlink"), "disputed")
			wantRefused(t, s.byText(t, in, "+14155550199", "credential:unlink"), "disputed") // the new one let it in
			// whatever the entry says: the older number would do
			wantRefused(t, s.Do(t, "DELETE", sdk("/users"), in.Header(), nil), "missing")
		}
		in := s.SignIn(t, servertest.A, "before@example.com")
		unlink := s.byText(t, in, number, "credential:unlink").Want(t, 200, "").Member("elevatedAccessToken")
		s.decide(t, in, id, false, unlink).Want(t, 422, "not_disputed") // it is gone
		s.decide(t, in, s.credentialID(t, "later@example.com"), false, unlink).Want(t, 200, "")
		left := []string{"email before@example.com", "phoneNumber " + number}
		if got := s.credentials(t, user.UserID); !slices.Equal(got, left) {
			t.Errorf("left: %q", got)
		}
		s.StepUp(t, in, "wallet:export")
		s.clickAll(t, servertest.A, "after@example.com", "later@example.com", number, "+14155550199")
		if got := s.credentials(t, user.UserID); !slices.Equal(got, left) {
			t.Errorf("after all other links: %q", got)
		}
		s.clickAll(t, servertest.A, "before@example.com") // it is back, and so are its links
		if got := s.credentials(t, user.UserID); !slices.Equal(got, left[:1]) {
			t.Errorf("after the link about the number: %q", got)
		}

		strong := s.SignIn(t, servertest.A, "strong@example.com")
		s.linkAddress(t, strong, "other@example.com", s.StepUp(t, strong, "credential:link")).Want(t, 200, "")
		app := s.EnrolApp(t, strong)
		s.finishChange(t, strong, "new@example.com", s.StepUpByApp(t, strong, app, "credential:update"))
		s.clickAll(t, servertest.A, "strong@example.com")
		s.click(t, servertest.A, s.lastLink(t, "other@example.com")).Want(t, 204, "")
		if got := s.credentials(t, strong.UserID); !slices.Equal(got,
			[]string{"email other@example.com", "totp " + app.ID, "email new@example.com"}) {
			t.Errorf("a second factor's change: %q", got)
		}
		if ids, _ := s.disputed(t, s.SignIn(t, servertest.A, "new@example.com")); len(ids) != 0 {
			t.Errorf("disputed %v", ids)
		}
	})
}

func (s scene) linkPhone(t testing.TB, user *servertest.Session, number string, elevated ...string) servertest.Response {
	t.Helper()
	id, code := s.TextCode(t, user.Environment, number, user.Header())
	return s.Do(t, "POST", user.Path("/smsVerifications/verify"), user.Header(elevated...), typed(id, code))
}

// byText tries to mint for the scope with a code to the number.
func (s scene) byText(t testing.TB, user *servertest.Session, number, scope string) servertest.Response {
	t.Helper()
	id, code := s.TextCode(t, user.Environment, number, user.Header())
	return s.Do(t, "POST", user.Path("/smsVerifications/verify"), user.Header(), typed(id, code, scope))
}

// L1: a change that is linked with nothing and confirmed afterwards can be denied
// like one made at once, and so can the removal of an address. Nobody but the operator
// decides for whom there is nothing older.
func TestL1OtherWaysToPushAnAddressOut(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, entriesOn+factorsOn))
		confirmed := s.SignIn(t, servertest.A, "pushed@example.com")
		s.finishChange(t, confirmed, "evil@example.com")
		early := s.lastLink(t, "pushed@example.com")
		evil := s.credentialID(t, "evil@example.com")
		s.Do(t, "POST", sdk("/credentials/"+evil+"/confirm"), confirmed.Header(s.StepUp(t, confirmed, "credential:link")), nil).
			Want(t, 200, "")
		if got := s.credentials(t, confirmed.UserID); !slices.Equal(got, []string{"email evil@example.com"}) {
			t.Fatalf("after the change: %q", got)
		}
		s.click(t, servertest.A, early).Want(t, 422, "invalid_revoke_link")
		s.click(t, servertest.A, s.lastLink(t, "pushed@example.com")).Want(t, 204, "")
		for _, address := range []string{"pushed@example.com", "evil@example.com"} {
			in := s.SignIn(t, servertest.A, address)
			wantRefused(t, s.byMail(t, in, "credential:unlink"), "disputed")
			wantRefused(t, s.Do(t, "DELETE", sdk("/users"), in.Header(), nil), "disputed")
		}
		s.settle(t, confirmed, s.credentialID(t, "pushed@example.com"), "keep").Want(t, 204, "") // that is, the change goes
		if got := s.credentials(t, confirmed.UserID); !slices.Equal(got, []string{"email pushed@example.com"}) {
			t.Errorf("settled: %q", got)
		}

		removed := s.SignIn(t, servertest.A, "removed@example.com")
		s.linkAddress(t, removed, "evil2@example.com", s.StepUp(t, removed, "credential:link")).Want(t, 200, "")
		s.Do(t, "POST", sdk("/verify/unlink"), removed.Header(s.StepUp(t, removed, "credential:unlink")),
			m{"verifiedCredentialId": removed.CredentialID}).Want(t, 200, "")
		thief := s.SignIn(t, servertest.A, "evil2@example.com")
		s.linkAddress(t, thief, "evil3@example.com", s.StepUp(t, thief, "credential:link")).Want(t, 200, "")
		s.click(t, servertest.A, s.lastLink(t, "removed@example.com")).Want(t, 204, "")
		back := s.SignIn(t, servertest.A, "removed@example.com")
		if back.UserID != removed.UserID {
			t.Error("the removed address does not come back")
		}
		wantRefused(t, s.byMail(t, back, "credential:unlink"), "disputed")
		s.settle(t, removed, removed.CredentialID, "keep").Want(t, 204, "")
		s.StepUp(t, s.SignIn(t, servertest.A, "removed@example.com"), "credential:unlink")
	})
}

// L2: a reset takes what a disputed factor let in too.
func TestL2Reset(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, factorsOn))
		user := s.SignIn(t, servertest.A, "reset@example.com")
		app := s.EnrolApp(t, user)
		link := s.lastLink(t, user.Email)
		s.linkAddress(t, user, "let-in-3@example.com", s.StepUpByApp(t, user, app, "credential:link")).Want(t, 200, "")
		s.click(t, servertest.A, link).Want(t, 204, "")
		admin := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{serviceauth.UsersWrite}))
		s.Do(t, "POST", servertest.Admin(servertest.A)+"/users/"+user.UserID+"/reset-mfa", admin, nil).Want(t, 200, "")
		if got := s.credentials(t, user.UserID); !slices.Equal(got, []string{"email reset@example.com"}) {
			t.Errorf("left: %q", got)
		}
		s.StepUp(t, s.SignIn(t, servertest.A, user.Email), "wallet:export")
	})
}
