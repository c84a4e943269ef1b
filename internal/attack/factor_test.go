package attack_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/method/passkey/passkeytest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// factorsOn is the rest of a document in which authenticator apps are on.
const factorsOn = "sessions: {lifetime: 10d, idle: 10d}\nmfa: {methods: [{type: totp, enabled: true}]}\n"

// bothFactors has passkeys on too.
var bothFactors = strings.Replace(passkeytest.On, "methods: [", "methods: [{type: totp, enabled: true}, ", 1)

func (s scene) recoveryCodes(t *testing.T, user *servertest.Session) []string {
	t.Helper()
	var codes struct{ RecoveryCodes []string }
	s.Do(t, "GET", user.Path("/users/mfa/recovery"), user.Header(), nil).Want(t, 200, "").JSON(t, &codes)
	return codes.RecoveryCodes
}

// A1: one code of an authenticator app, 200 times at once at two nodes.
func TestA1SameTOTPCodeInParallel(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url, clock := storetest.URL(t, engine), &storetest.Clock{}
			s := start(t, servertest.WithDatabase(url, clock))
			nodes := []scene{s}
			if engine == store.Postgres {
				nodes = append(nodes, scene{Server: servertest.Start(t, servertest.WithDatabase(url, clock),
					servertest.WithConfig(func(c *config.Production) { c.PublicURL = s.URL }))})
			}
			s.Apply(t, servertest.Document(servertest.A, factorsOn))
			user := s.SignIn(t, servertest.A, "a1-totp@example.com")
			code := s.EnrolApp(t, user).Next()
			var won, other atomic.Int64
			var done sync.WaitGroup
			for i := range 200 {
				node := nodes[i%len(nodes)]
				done.Go(func() {
					answer, err := node.Try(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(),
						m{"code": code, "requestedScopes": []string{transfer}})
					switch {
					case err != nil || answer.Status >= 500 && answer.Code != "temporarily_unavailable":
						other.Add(1)
					case answer.Status == 200 && answer.Member("elevatedAccessToken") != "":
						won.Add(1)
					}
				})
			}
			done.Wait()
			if won.Load() != 1 || other.Load() != 0 {
				t.Errorf("%d of 200 won, %d broke; want 1 and 0", won.Load(), other.Load())
			}
		})
	}
}

// C3: a session alone neither enrols a factor, nor sees recovery codes, nor
// removes or replaces a factor, before and after there is one.
func TestC3StolenSessionAndFactors(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, factorsOn))
	user := s.SignIn(t, servertest.A, "c3@example.com")
	refused := func(when, method, path string, body any) {
		t.Helper()
		if answer := s.Do(t, method, sdk(path), user.Header(), body); answer.Status != 403 ||
			answer.Code != "elevated_access_token_required" {
			t.Errorf("%s: %s %s: %d %s", when, method, path, answer.Status, answer.Code)
		}
	}
	all := func(when, device string) {
		t.Helper()
		refused(when, "GET", "/users/mfa/register/totp", nil)
		refused(when, "GET", "/users/mfa/recovery", nil)
		refused(when, "POST", "/users/mfa/recovery", nil)
		refused(when, "DELETE", "/users/mfa/"+device, nil)
		refused(when, "POST", "/verify/unlink", m{"verifiedCredentialId": user.CredentialID})
		refused(when, "PUT", "/users", m{"email": "thief@example.com"})
	}
	all("without a factor", "none")
	app := s.EnrolApp(t, user)
	s.Clock.Advance(6 * time.Minute) // the mark of the enrolment is over
	all("with a factor", app.ID)
	// With a factor enrolled a code by mail earns nothing, not even for those who read the mail.
	id, code := s.SendCode(t, servertest.A, user.Email, user.Header())
	s.Do(t, "POST", sdk("/emailVerifications/verify"), user.Header(), typed(id, code, "credential:link")).
		Want(t, 422, "mfa_invalid_request")
	// A token that an earlier, weaker proof had earned died with the enrolment.
	other := s.SignIn(t, servertest.A, "c3-before@example.com")
	early := s.StepUp(t, other, "credential:link", "credential:unlink")
	s.EnrolApp(t, other)
	wantRefused(t, s.Do(t, "GET", sdk("/users/mfa/register/totp"), other.Header(early), nil), "superseded")
}

// C7: nobody's factor proves anybody else, by any door, nor is shown to them.
func TestC7FactorsOfOthers(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, factorsOn))
	ada, bob := s.SignIn(t, servertest.A, "ada@example.com"), s.SignIn(t, servertest.A, "bob@example.com")
	apps := map[*servertest.Session]*servertest.App{ada: s.EnrolApp(t, ada), bob: s.EnrolApp(t, bob)}
	codes := map[*servertest.Session][]string{ada: s.recoveryCodes(t, ada), bob: s.recoveryCodes(t, bob)}
	s.Clock.Advance(2 * time.Minute)
	for thief, victim := range map[*servertest.Session]*servertest.Session{ada: bob, bob: ada} {
		for name, body := range map[string]m{
			"code":           {"code": apps[victim].Code()},
			"code, their id": {"code": apps[victim].Code(), "id": apps[victim].ID},
			"code, my id":    {"code": apps[victim].Code(), "id": apps[thief].ID},
		} {
			body["requestedScopes"] = []string{transfer}
			if answer := s.Do(t, "POST", sdk("/users/mfa/auth/totp"), thief.Header(), body); answer.Status != 422 {
				t.Errorf("%s: %d %s", name, answer.Status, answer.Code)
			}
		}
		s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), thief.Header(),
			m{"code": codes[victim][0], "requestedScopes": []string{transfer}}).Want(t, 422, "mfa_invalid_code")
		s.Do(t, "GET", sdk("/users/mfa/"+apps[victim].ID), thief.Header(), nil).Want(t, 422, "mfa_device_not_found")
		s.Do(t, "PUT", sdk("/users/mfa/"+apps[victim].ID), thief.Header(), nil).Want(t, 422, "mfa_device_not_found")
		unlink := s.StepUpByApp(t, thief, apps[thief], "credential:unlink")
		s.Do(t, "DELETE", sdk("/users/mfa/"+apps[victim].ID), thief.Header(unlink), nil).Want(t, 422, "mfa_device_not_found")
	}
	for _, user := range []*servertest.Session{ada, bob} {
		s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), user.Header(), m{"code": codes[user][0], "requestedScopes": []string{transfer}}).
			Want(t, 200, "")
	}
}

// B6, B7: a factor that waits or stopped does so at every door and in every
// session; a code by mail does not forgive it, and another factor does.
func TestB6EveryDoorKnowsTheLock(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, factorsOn))
	user := s.SignIn(t, servertest.A, "b6@example.com")
	app := s.EnrolApp(t, user)
	codes := s.recoveryCodes(t, user)
	try := func(session *servertest.Session, body m) servertest.Response {
		return s.Do(t, "POST", sdk("/users/mfa/auth/totp"), session.Header(), body)
	}
	for range 10 {
		try(user, m{"code": "000000x"}).Want(t, 422, "mfa_invalid_code")
	}
	again := s.SignIn(t, servertest.A, user.Email) // B7: this success is another factor's
	for name, answer := range map[string]servertest.Response{
		"the same door":       try(user, m{"code": app.Code()}),
		"another session":     try(again, m{"code": app.Code()}),
		"with its id":         try(again, m{"code": app.Code(), "id": app.ID}),
		"with scopes":         try(again, m{"code": app.Code(), "requestedScopes": []string{transfer}}),
		"with a legacy token": try(again, m{"code": app.Code(), "createMfaToken": m{"singleUse": true}}),
	} {
		if answer.Code != "mfa_rate_limited" || answer.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Code)
		}
	}
	s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), user.Header(), m{"code": codes[0]}).Want(t, 200, "")
	try(user, m{"code": app.Next()}).Want(t, 200, "")

	// The stop is for good, until another factor lifts it.
	stopped := false
	for range 200 {
		answer := try(user, m{"code": "000000x"})
		if answer.Code == "mfa_rate_limited" && answer.Header.Get("Retry-After") == "" {
			stopped = true
			break
		}
		s.Clock.Advance(time.Hour)
	}
	if !stopped {
		t.Fatal("200 wrong codes over 200 hours, and no stop")
	}
	user = s.SignIn(t, servertest.A, user.Email)
	s.Clock.Advance(time.Hour)
	try(user, m{"code": app.Code()}).Want(t, 429, "mfa_rate_limited")
	s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), user.Header(), m{"code": codes[1]}).Want(t, 200, "")
	try(user, m{"code": app.Next()}).Want(t, 200, "")
}

// N10: whoever used a recovery code, its owner is told, with a link that ends all sessions.
func TestN10OwnerIsToldOfRecovery(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, factorsOn))
	user := s.SignIn(t, servertest.A, "n10@example.com")
	s.EnrolApp(t, user)
	codes := s.recoveryCodes(t, user)
	before := len(s.Inbox.To(user.Email))
	for len(s.Inbox.To(user.Email)) < 4 { // a code to sign in, one to step up, the app, the set
		s.Inbox.Wait(t, user.Email, before)
		before++
	}
	s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), user.Header(), m{"code": codes[0]}).Want(t, 200, "")
	mail := s.Inbox.Wait(t, user.Email, 4)
	if !strings.Contains(mail.Subject, "recovery code") || !strings.Contains(mail.Text, "Codes left: 9") {
		t.Fatalf("the mail is %q\n%s", mail.Subject, mail.Text)
	}
	s.Do(t, "POST", sdk("/notMe"), nil, m{"token": linkSecret(t, mail.Text)}).Want(t, 204, "")
	s.Do(t, "GET", sdk("/users"), user.Header(), nil).Want(t, 401, "invalid_session")
}

// C3, C5: under the old version, which asks for no token to unlink an address,
// the door for addresses does not take a factor away either.
func TestC3OtherDoorToRemoveAFactor(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.Legacy, factorsOn))
	user := s.SignIn(t, servertest.Legacy, "c3-door@example.com")
	app := s.EnrolApp(t, user)
	s.recoveryCodes(t, user)
	token := s.StepUpByApp(t, user, app, "credential:unlink")
	for name, format := range map[string]string{"app": store.FormatTOTP, "set of recovery codes": store.FormatRecovery} {
		var id string
		err := s.DB.Read(t.Context(), func(tx *store.Tx) error {
			rows, err := tx.Credentials(servertest.Legacy, user.UserID)
			for _, row := range rows {
				if row.Format == format {
					id = row.ID
				}
			}
			return err
		})
		if err != nil || id == "" {
			t.Fatalf("no %s: %v", name, err)
		}
		for _, member := range []string{"verifiedCredentialId", "walletId"} {
			answer := s.Do(t, "POST", user.Path("/verify/unlink"), user.Header(), m{member: id})
			if answer.Status != 403 || answer.Code != "elevated_access_token_required" {
				t.Errorf("%s by %s: %d %s", name, member, answer.Status, answer.Code)
			}
		}
	}
	s.Do(t, "POST", user.Path("/verify/unlink"), user.Header(token), m{"verifiedCredentialId": app.ID}).Want(t, 200, "")
}

// C3: under the old version a stolen session may link with nothing, and what it
// linked steps up. The token it earns so makes nothing that counts under the new
// version: neither more factors, nor confirmed ones, nor addresses.
func TestC3ProvenanceIsNotLaundered(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.Legacy, factorsOn))
	user := s.SignIn(t, servertest.Legacy, "laundry@example.com")
	planted := s.BeginApp(t, user, "")
	s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"id": planted.ID, "code": planted.Code()}).Want(t, 200, "")
	second := s.BeginApp(t, user, s.StepUpByApp(t, user, planted, "credential:link"))
	s.Do(t, "POST", user.Path("/users/mfa/auth/totp"), user.Header(), m{"id": second.ID, "code": second.Code()}).Want(t, 200, "")
	for _, id := range []string{planted.ID, second.ID} {
		s.Do(t, "POST", user.Path("/credentials/"+id+"/confirm"), user.Header(s.StepUpByApp(t, user, planted, "credential:link")), nil).
			Want(t, 422, "mfa_invalid_request")
	}
	link := s.StepUpByApp(t, user, planted, "credential:link")
	id, code := s.SendCode(t, servertest.Legacy, "thief@example.com", user.Header())
	s.Do(t, "POST", user.Path("/emailVerifications/verify"), user.Header(link), typed(id, code)).Want(t, 200, "")
	var devices struct {
		Devices []struct {
			ID        string
			Confirmed bool
		}
	}
	s.Do(t, "GET", user.Path("/users/mfa"), user.Header(), nil).Want(t, 200, "").JSON(t, &devices)
	for _, d := range devices.Devices {
		if d.Confirmed {
			t.Errorf("device %s came out clean", d.ID)
		}
	}
	err := s.DB.Read(t.Context(), func(tx *store.Tx) error {
		c, err := tx.CredentialByIdentifier(servertest.Legacy, store.FormatEmail, "thief@example.com")
		if c.Confirmed() {
			t.Error("the address came out clean")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// C3: a session alone sees no recovery codes of a factor that was proven, under
// the old version either.
func TestC3RecoveryCodesUnderTheOldVersion(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.Legacy, factorsOn))
	user := s.SignIn(t, servertest.Legacy, "c3-codes@example.com")
	app := s.EnrolApp(t, user)
	s.recoveryCodes(t, user)
	stolen := s.SignIn(t, servertest.Legacy, user.Email)
	for _, method := range []string{"GET", "POST"} {
		s.Do(t, method, stolen.Path("/users/mfa/recovery"), stolen.Header(), nil).Want(t, 403, "elevated_access_token_required")
	}
	s.Do(t, "POST", stolen.Path("/users/mfa/auth/totp"), stolen.Header(), m{"code": app.Next()}).Want(t, 200, "")
	s.recoveryCodes(t, stolen)

	// Who enrolled with nothing sees codes that are worth as little.
	other := s.SignIn(t, servertest.Legacy, "c3-nothing@example.com")
	free := s.BeginApp(t, other, "")
	s.Do(t, "POST", other.Path("/users/mfa/auth/totp"), other.Header(), m{"id": free.ID, "code": free.Code()}).Want(t, 200, "")
	s.recoveryCodes(t, other)
}
