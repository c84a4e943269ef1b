package attack_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// oldExports is an environment on action-based MFA where a key can be exported.
const oldExports = servertest.EmbeddedOn + `sessions: {lifetime: 10d, idle: 10d}
mfa: {methods: [{type: totp, enabled: true, allowBackupCodes: true}],
  actions: [{action: user.update, required: true}, {action: wallet.waas.export, required: true}]}
`

// newRules are the two ways in which the newest rules come to hold for a user.
var newRules = map[string]func(t *testing.T, s scene, admin http.Header, user *servertest.Session, document string){
	"accepted": func(t *testing.T, s scene, admin http.Header, _ *servertest.Session, _ string) {
		s.Do(t, "POST", legacyAdmin+"/version", admin, m{"minApiVersion": "2026_04_01", "strict": true}).Want(t, 200, "")
	},
	"rehearsed by id": func(t *testing.T, s scene, _ http.Header, user *servertest.Session, document string) {
		s.Apply(t, servertest.Document(servertest.Legacy, document+"rehearsal: {users: ["+user.UserID+"]}\n"))
	},
	"rehearsed by address": func(t *testing.T, s scene, _ http.Header, user *servertest.Session, document string) {
		s.Apply(t, servertest.Document(servertest.Legacy, document+"rehearsal: {users: ["+user.Email+"]}\n"))
	},
}

// withWalletsOnBothEngines is onBothEngines with a wallet service for each.
func withWalletsOnBothEngines(t *testing.T, attack func(t *testing.T, s scene)) {
	t.Parallel()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			attack(t, start(t, servertest.WithEngine(engine), servertest.WithWallets(&servertest.Wallets{})))
		})
	}
}

// linkWithNothing links an address in a session that proves nothing more.
func linkWithNothing(t *testing.T, s scene, user *servertest.Session, address string) {
	t.Helper()
	id, code := s.SendCode(t, user.Environment, address, user.Header())
	s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), typed(id, code)).Want(t, 200, "")
}

// stepUpBy steps up with a code sent to some address.
func stepUpBy(t *testing.T, s scene, user *servertest.Session, address string, scopes ...string) string {
	t.Helper()
	id, code := s.SendCode(t, user.Environment, address, user.Header())
	return s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), typed(id, code, scopes...)).
		Want(t, 200, "").Member("elevatedAccessToken")
}

// L6: an address that a stolen session linked with nothing under the old version
// stepped up there. When the newest rules hold for its user, by acceptance or by
// rehearsal, what it earned opens nothing: not the key, not the owner's
// credentials, not a guard's door; and a change of address that it began is not finished.
func TestL6TokensOfWhatDoesNotCount(t *testing.T) {
	withWalletsOnBothEngines(t, func(t *testing.T, s scene) {
		admin := operator(t, s)
		guard := servertest.Bearer(s.ServiceToken(t, servertest.Legacy, []string{serviceauth.TokensConsume}))
		for how, turn := range newRules {
			t.Run(how, func(t *testing.T) {
				s.Apply(t, servertest.Document(servertest.Legacy, oldExports))
				user, wallet := s.withEmbedded(t, servertest.Legacy, "l6-"+how[len(how)-2:]+"@example.com")
				evil := "evil-" + user.Email
				linkWithNothing(t, s, user, evil)
				tokens := map[string]string{}
				for _, scope := range []string{"wallet:export", "credential:unlink", "credential:update", "credential:link", "user:delete",
					"transfer:create", "report:read"} {
					tokens[scope] = stepUpBy(t, s, user, evil, scope)
				}
				begun := s.Do(t, "PUT", user.Path("/users"), user.Header(stepUpBy(t, s, user, evil, "credential:update")),
					m{"email": "thief-" + user.Email}).Want(t, 200, "")
				code := s.Inbox.WaitCode(t, "thief-"+user.Email, 0)

				turn(t, s, admin, user, oldExports)
				for what, r := range map[string]servertest.Response{
					"export": s.Do(t, "POST", wallet+"/privateKey/export", user.Header(tokens["wallet:export"]),
						m{"exportPublicKey": exportKey(9)}),
					"unlinking the owner": s.Do(t, "POST", user.Path("/verify/unlink"), user.Header(tokens["credential:unlink"]),
						m{"verifiedCredentialId": user.CredentialID}),
					"changing the address": s.Do(t, "PUT", user.Path("/users"), user.Header(tokens["credential:update"]),
						m{"email": "next-" + user.Email}),
					"beginning a factor": s.Do(t, "GET", user.Path("/users/mfa/register/totp"),
						user.Header(tokens["credential:link"]), nil),
					"deleting the user": s.Do(t, "DELETE", user.Path("/users"), user.Header(tokens["user:delete"]), nil),
					"a guard's operation": s.Do(t, "POST", user.Path("/tokens/consume"), guard,
						question(tokens["transfer:create"], "transfer:create", "l6-"+user.UserID)),
					"a guard's read": s.Do(t, "POST", user.Path("/tokens/consume"), guard,
						question(tokens["report:read"], "report:read", "l6r-"+user.UserID)),
				} {
					if r.Status != 403 || r.Code != "elevated_access_token_required" || reason(r) != "superseded" {
						t.Errorf("%s: %d %s, reason %q", what, r.Status, r.Code, reason(r))
					}
				}
				var active struct{ Active bool }
				s.Do(t, "POST", user.Path("/tokens/introspect"), guard, m{"token": tokens["report:read"]}).Want(t, 200, "").JSON(t, &active)
				if active.Active {
					t.Error("introspection calls the token active")
				}
				finish := s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), typed(verificationOf(t, begun), code))
				if finish.Status/100 != 4 {
					t.Errorf("the change that it began is finished: %d %s", finish.Status, finish.Body)
				}
				if s.held(t, "thief-"+user.Email) {
					t.Error("the thief's address is the user's")
				}
				// The owner's own proof opens what it opened before.
				s.Do(t, "PUT", user.Path("/users"), user.Header(stepUpBy(t, s, user, user.Email, "credential:update")),
					m{"email": "mine-" + user.Email}).Want(t, 200, "")
			})
		}
	})
}

// verificationOf is the id of the code that a change of address sent.
func verificationOf(t *testing.T, r servertest.Response) string {
	t.Helper()
	var answer struct {
		EmailVerification struct {
			VerificationUUID string `json:"verificationUUID"`
		}
	}
	r.JSON(t, &answer)
	return answer.EmailVerification.VerificationUUID
}

// held reports whether anybody has the address.
func (s scene) held(t *testing.T, address string) (held bool) {
	t.Helper()
	err := s.DB.Read(t.Context(), func(tx *store.Tx) error {
		var n int
		err := tx.Row(`SELECT COUNT(*) FROM credentials WHERE identifier = $1`, address).Scan(&n)
		held = n > 0
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return held
}

// L6: sessions that a credential without proof opened, or completed with the
// second factor, end when the newest rules begin to hold for their user, whatever
// they had begun. Other sessions of the user, and of others, go on.
func TestL6SessionsOfWhatDoesNotCount(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		admin := operator(t, s)
		for how, turn := range newRules {
			for _, everySignIn := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, MFA at every sign-in %v", how, everySignIn), func(t *testing.T) {
					document := old
					s.Apply(t, servertest.Document(servertest.Legacy, document))
					name := fmt.Sprintf("l6s-%s-%v@example.com", how[len(how)-2:], everySignIn)
					user := s.SignIn(t, servertest.Legacy, name)
					other := s.SignIn(t, servertest.Legacy, "other-"+name)
					linkWithNothing(t, s, user, "evil-"+name)
					opened := s.SignIn(t, servertest.Legacy, "evil-"+name)
					if opened.UserID != user.UserID {
						t.Fatal("the planted address signs in somebody else")
					}
					completed := s.SignIn(t, servertest.Legacy, name)
					planted := s.BeginApp(t, completed, "")
					s.Do(t, "POST", completed.Path("/users/mfa/auth/totp"), completed.Header(),
						m{"id": planted.ID, "code": planted.Code()}).Want(t, 200, "")
					lasting := mfaToken(t, s, completed, planted, m{"singleUse": false})
					completedToken := s.StepUpByApp(t, completed, planted, "credential:update")
					if everySignIn {
						document = "sessions: {lifetime: 10d, idle: 10d}\nmfa: {enabled: true, methods: [{type: totp, enabled: true}], " +
							"actions: [{action: user.update, required: true}]}\n"
						s.Apply(t, servertest.Document(servertest.Legacy, document))
					}

					turn(t, s, admin, user, document)
					for what, session := range map[string]*servertest.Session{"opened by": opened, "completed by": completed} {
						for path, method := range map[string]string{"/refresh": "POST", "/users": "GET", "/users/mfa": "GET",
							"/session": "GET"} {
							if r := s.Do(t, method, session.Path(path), session.Header(), nil); r.Status != 401 {
								t.Errorf("a session %s what does not count: %s %s answers %d", what, method, path, r.Status)
							}
						}
					}
					s.Do(t, "PUT", completed.Path("/users"), withMFAToken(completed, lasting), m{"alias": "Eve"}).
						Want(t, 401, "invalid_session")
					s.Do(t, "PUT", completed.Path("/users"), completed.Header(completedToken), m{"email": "thief-" + name}).
						Want(t, 401, "invalid_session")
					for _, session := range []*servertest.Session{user, other} {
						s.Do(t, "POST", session.Path("/refresh"), session.Header(), nil).Want(t, 200, "")
					}
				})
			}
		}
	})
}

// changeByCode begins to change the address with a mailed code's token.
func changeByCode(t *testing.T, s scene, user *servertest.Session, to string) (id, code string) {
	t.Helper()
	token := s.StepUp(t, user, "credential:update")
	r := s.Do(t, "PUT", user.Path("/users"), user.Header(token), m{"email": to}).Want(t, 200, "")
	return verificationOf(t, r), s.Inbox.WaitCode(t, to, 0)
}

// L7: what a mailed code began is over with the user's first factor: a change of
// address, also where a compatibility entry let it begin with nothing, its resent
// code, a code that was sent to link or to step up, and another enrolment.
func TestL7FirstFactorEndsWhatWasBegun(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		for name, entry := range map[string]string{"token": "", "entry": "compatibility: [update-user, link-email]\n"} {
			t.Run(name, func(t *testing.T) {
				s.Apply(t, servertest.Document(servertest.A, factorsOn+entry))
				user := s.SignIn(t, servertest.A, "l7-"+name+"@example.com")
				verify := user.Path("/emailVerifications/verify")
				link := s.StepUp(t, user, "credential:link")
				begun := map[string][2]string{}
				if entry == "" {
					id, code := changeByCode(t, s, user, "thief-"+user.Email)
					begun["a change of address"] = [2]string{id, code}
				} else {
					r := s.Do(t, "PUT", user.Path("/users"), user.Header(), m{"email": "thief-" + user.Email}).Want(t, 200, "")
					begun["a change of address"] = [2]string{verificationOf(t, r), s.Inbox.WaitCode(t, "thief-"+user.Email, 0)}
				}
				id, code := s.SendCode(t, servertest.A, "linked-"+user.Email, user.Header())
				begun["a code to link with"] = [2]string{id, code}
				id, code = s.SendCode(t, servertest.A, user.Email, user.Header())
				begun["a code to step up with"] = [2]string{id, code}
				other := s.SignIn(t, servertest.A, user.Email)
				pending := s.BeginApp(t, other, s.StepUp(t, other, "credential:link"))

				app := s.BeginApp(t, user, link)
				s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"id": app.ID, "code": app.Code()}).Want(t, 200, "")
				for what, code := range begun {
					for _, body := range []m{typed(code[0], code[1]), typed(code[0], code[1], "credential:link")} {
						if r := s.Do(t, "POST", verify, user.Header(), body); r.Status/100 != 4 || r.Member("elevatedAccessToken") != "" {
							t.Errorf("%s is finished after the first factor: %d %s", what, r.Status, r.Body)
						}
					}
				}
				change := begun["a change of address"]
				s.Do(t, "POST", user.Path("/emailVerifications/retry"), user.Header(),
					m{"email": "thief-" + user.Email, "verificationUUID": change[0]}).Want(t, 422, "invalid_email_verification")
				s.Do(t, "POST", other.Path("/users/mfa/auth/totp"), other.Header(), m{"id": pending.ID, "code": pending.Code()}).
					Want(t, 422, "mfa_device_not_found")
				if s.held(t, "thief-"+user.Email) || s.held(t, "linked-"+user.Email) {
					t.Error("an address came in")
				}
				// What the factor itself begins is finished.
				r := s.Do(t, "PUT", user.Path("/users"), user.Header(s.StepUpByApp(t, user, app, "credential:update")),
					m{"email": "mine-" + user.Email}).Want(t, 200, "")
				s.Do(t, "POST", verify, user.Header(), typed(verificationOf(t, r), s.Inbox.WaitCode(t, "mine-"+user.Email, 0))).
					Want(t, 200, "")
				if !s.held(t, "mine-"+user.Email) {
					t.Error("the owner's own change came to nothing")
				}
			})
		}
	})
}

// L7: a challenge is over when the token that let it begin would be, however often
// its code is sent again; and earlier, when that token ends before its time.
func TestL7NoChallengeOutlivesItsToken(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, factorsOn))
		user := s.SignIn(t, servertest.A, "l7-life@example.com")
		verify, to := user.Path("/emailVerifications/verify"), "new-l7-life@example.com"
		token := s.StepUp(t, user, "credential:update", "credential:link")
		s.Clock.Advance(6 * time.Minute) // of the token's ten
		id := verificationOf(t, s.Do(t, "PUT", user.Path("/users"), user.Header(token), m{"email": to}).Want(t, 200, ""))
		s.Inbox.WaitCode(t, to, 0)
		app := s.BeginApp(t, user, token)
		s.Clock.Advance(3 * time.Minute)
		s.Do(t, "POST", user.Path("/emailVerifications/retry"), user.Header(), m{"email": to, "verificationUUID": id}).Want(t, 200, "")
		code := s.Inbox.WaitCode(t, to, 1)
		s.Clock.Advance(90 * time.Second)
		s.Do(t, "POST", user.Path("/emailVerifications/retry"), user.Header(), m{"email": to, "verificationUUID": id}).
			Want(t, 422, "invalid_email_verification")
		s.Do(t, "POST", verify, user.Header(), typed(id, code)).Want(t, 422, "invalid_email_verification")
		s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"id": app.ID, "code": app.Code()}).
			Want(t, 422, "mfa_device_not_found")
		if s.held(t, to) {
			t.Error("the change was finished")
		}

		// The credential behind the token goes: so does what it began.
		second := "second-l7-life@example.com"
		linkID, linkCode := s.SendCode(t, servertest.A, second, user.Header())
		s.Do(t, "POST", verify, user.Header(s.StepUp(t, user, "credential:link")), typed(linkID, linkCode)).Want(t, 200, "")
		update := stepUpBy(t, s, user, second, "credential:update", "credential:link")
		id = verificationOf(t,
			s.Do(t, "PUT", user.Path("/users"), user.Header(update), m{"email": "third-l7-life@example.com"}).Want(t, 200, ""))
		code = s.Inbox.WaitCode(t, "third-l7-life@example.com", 0)
		app = s.BeginApp(t, user, update)
		s.Do(t, "POST", user.Path("/verify/unlink"), user.Header(s.StepUp(t, user, "credential:unlink")),
			m{"verifiedCredentialId": credentialID(t, s, second)}).Want(t, 200, "")
		wantRefused(t, s.Do(t, "POST", verify, user.Header(), typed(id, code)), "superseded")
		wantRefused(t, s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"id": app.ID, "code": app.Code()}), "superseded")
	})
}

// credentialID is that of an address.
func credentialID(t *testing.T, s scene, address string) (id string) {
	t.Helper()
	err := s.DB.Read(t.Context(), func(tx *store.Tx) error {
		return tx.Row(`SELECT id FROM credentials WHERE identifier = $1`, address).Scan(&id)
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// L6: a factor that is begun with nothing under the old version is not finished
// under the new one; nor is a change of address, unless an entry lets it be.
func TestL6BegunUnderTheOldVersion(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := operator(t, s)
	s.Apply(t, servertest.Document(servertest.Legacy, old))
	user := s.SignIn(t, servertest.Legacy, "l6-begun@example.com")
	app := s.BeginApp(t, user, "")
	id := verificationOf(t, s.Do(t, "PUT", user.Path("/users"), user.Header(), m{"email": "new-" + user.Email}).Want(t, 200, ""))
	code := s.Inbox.WaitCode(t, "new-"+user.Email, 0)
	s.Do(t, "POST", legacyAdmin+"/version", admin, m{"minApiVersion": "2026_04_01", "strict": true}).Want(t, 200, "")
	wantRefused(t, s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"id": app.ID, "code": app.Code()}), "missing")
	wantRefused(t, s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), typed(id, code)), "missing")
	s.Apply(t, strings.Replace(servertest.Document(servertest.Legacy, old+"compatibility: [update-user]\n"), `minApiVersion: "2026_01_01"`,
		`minApiVersion: "2026_04_01"`, 1))
	s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(), typed(id, code)).Want(t, 200, "")
}

// L6: the planted address signs in no more, and a session that it opened is over
// even where it was removed before, and where its user comes under rehearsal later.
func TestL6SessionOutlivesItsCredential(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		admin := operator(t, s)
		s.Apply(t, servertest.Document(servertest.Legacy, old+"rehearsal: {users: [named-later@example.com]}\n"))
		user := s.SignIn(t, servertest.Legacy, "l6-gone@example.com")
		linkWithNothing(t, s, user, "evil-gone@example.com")
		opened := s.SignIn(t, servertest.Legacy, "evil-gone@example.com")
		s.Do(t, "POST", user.Path("/verify/unlink"), user.Header(), m{"verifiedCredentialId": credentialID(t, s, "evil-gone@example.com")}).
			Want(t, 200, "")

		other := s.SignIn(t, servertest.Legacy, "l6-named@example.com")
		linkWithNothing(t, s, other, "evil-named@example.com")
		planted := s.SignIn(t, servertest.Legacy, "evil-named@example.com")
		s.Do(t, "POST", planted.Path("/refresh"), planted.Header(), nil).Want(t, 200, "")
		linkWithNothing(t, s, other, "named-later@example.com")
		s.Do(t, "POST", planted.Path("/refresh"), planted.Header(), nil).Want(t, 401, "invalid_session")

		s.Do(t, "POST", opened.Path("/refresh"), opened.Header(), nil).Want(t, 200, "")
		s.Do(t, "POST", legacyAdmin+"/version", admin, m{"minApiVersion": "2026_04_01", "strict": true}).Want(t, 200, "")
		s.Do(t, "POST", opened.Path("/refresh"), opened.Header(), nil).Want(t, 401, "invalid_session")
		s.Do(t, "POST", user.Path("/refresh"), user.Header(), nil).Want(t, 200, "")
	})
}

// L15: a guard that introspects a session learns what our own door would say.
func TestL15IntrospectionOfASessionThatOwes(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		scope := func(user *servertest.Session) string {
			t.Helper()
			var answer struct {
				Active bool
				Scope  string
			}
			s.Do(t, "POST", sdk("/tokens/introspect"), servertest.Bearer(s.guard), m{"token": user.Token}).Want(t, 200, "").JSON(t, &answer)
			if !answer.Active {
				t.Errorf("the session of %s is not active", user.Email)
			}
			return answer.Scope
		}
		door := func(user *servertest.Session) int {
			return s.Do(t, "PUT", user.Path("/users"), user.Header(), m{"alias": "Ada"}).Status
		}
		s.Apply(t, servertest.Document(servertest.A, factorsOn))
		user := s.SignIn(t, servertest.A, "l15@example.com")
		app := s.EnrolApp(t, user)
		s.Apply(t, servertest.Document(servertest.A, strings.Replace(factorsOn, "mfa: {", "mfa: {enabled: true, ", 1)))
		owing := s.SignIn(t, servertest.A, "l15@example.com")
		if got := scope(owing); got != "requiresAdditionalAuth" || door(owing) != 403 {
			t.Errorf("before the second factor: introspection says %q, the door %d", got, door(owing))
		}
		s.Do(t, "POST", owing.Path("/users/mfa/auth/totp"), owing.Header(), m{"code": app.Next()}).Want(t, 200, "")
		if got := scope(owing); got != "user:basic" || door(owing) != 200 {
			t.Errorf("after it: introspection says %q, the door %d", got, door(owing))
		}
		s.Apply(t, servertest.Document(servertest.A, strings.Replace(factorsOn, "mfa: {", "mfa: {required: true, ", 1)))
		fresh := s.SignIn(t, servertest.A, "l15-fresh@example.com")
		if got := scope(fresh); got != "requiresAdditionalAuth" || door(fresh) != 403 {
			t.Errorf("without the factor that is required: introspection says %q, the door %d", got, door(fresh))
		}
	})
}
