package attack_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/method/external/externaltest"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// registers makes environment A mind devices.
func registers(more string) string {
	return servertest.Document(servertest.A, "redirectOrigins: [\""+servertest.Origin(servertest.A)+"\"]\n"+
		"sessions: {deviceRegistration: true}\n"+more)
}

// opened is what a client learns of the session that a sign-in opened.
type opened struct {
	MinifiedJWT         string
	JWT                 string
	ElevatedAccessToken string
	User                struct {
		ID, SessionID, Scope, Email, Alias string
		VerifiedCredentials                []m
	}
}

func (o opened) header() http.Header { return servertest.Bearer(o.MinifiedJWT) }

func (o opened) waits() bool { return o.User.Scope == "device:register" }

// signInOn signs in on a device; the zero device sends no signature.
func (s scene) signInOn(t *testing.T, key device, email string) (o opened) {
	t.Helper()
	id, code := s.SendCode(t, servertest.A, email, nil)
	s.Do(t, "POST", sdk("/emailVerifications/signin"), s.signed(t, key, nil), typed(id, code)).Want(t, 200, "").JSON(t, &o)
	return o
}

// signed adds the device's signature, unless it is the zero device.
func (s scene) signed(t *testing.T, key device, to http.Header) http.Header {
	t.Helper()
	if key.PrivateKey == nil {
		return to
	}
	return key.sign(t, s.nonce(t, servertest.A), to)
}

var inDeviceLink = regexp.MustCompile(`deviceRegistrationToken=([A-Za-z0-9_-]+)`)

// deviceLinks are the secrets in all links that were mailed to the address so far, once
// there are n.
func (s scene) deviceLinks(t *testing.T, email string, n int) (found []string) {
	t.Helper()
	for i := 0; len(found) < n; i++ {
		if link := inDeviceLink.FindStringSubmatch(s.Inbox.Wait(t, email, i).Text); link != nil {
			found = append(found, link[1])
		}
	}
	return found
}

func (s scene) register(t *testing.T, key device, to http.Header, link string) servertest.Response {
	t.Helper()
	header := s.signed(t, key, to.Clone())
	header.Set("x-dynamic-device-registration-token", link)
	return s.Do(t, "POST", sdk("/deviceRegistration"), header, nil)
}

// whileWaiting is all that a session may do whose device is not registered.
var whileWaiting = []string{"GET /users", "POST /refresh", "POST /revoke", "POST /deviceRegistration"}

// H1: a session on an unknown device opens nothing. Every route that would know whose
// session it is refuses it, but for four, and what those tell is little.
func TestH1UnknownDeviceOpensNothing(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.WithWallets(&servertest.Wallets{}))
	s.Apply(t, registers(servertest.EmbeddedOn+"mfa: {methods: [{type: totp, enabled: true}]}\n"))
	user := s.SignIn(t, servertest.A, "h1@example.com")
	s.Do(t, "PUT", user.Path("/users"), user.Header(s.StepUp(t, user, "user:update")), m{"alias": "Ada"}).Want(t, 200, "")
	elevated := s.StepUpByApp(t, user, s.EnrolApp(t, user), "report:read") // of another session
	thief := s.signInOn(t, device{}, user.Email)
	if !thief.waits() || thief.ElevatedAccessToken != "" {
		t.Fatalf("signed in as %+v", thief)
	}
	if len(thief.User.VerifiedCredentials) != 1 || thief.User.Email != "" || thief.User.Alias != "" {
		t.Errorf("an unknown device is told %+v", thief.User)
	}
	refused := 0
	for _, r := range api.Routes() {
		if !strings.HasPrefix(r.Path, "/api/v0/sdk/") || r.Gate.Kind == door.ServiceGate || r.Gate.Kind == door.PromptGate ||
			r.Gate.Kind == door.PublicGate && !r.OptionalSession {
			continue
		}
		name := r.Method + " " + strings.TrimPrefix(r.Path, door.SDK)
		may := slices.Contains(whileWaiting, name)
		if r.Unregistered != may {
			t.Errorf("%s: its route says %v", name, r.Unregistered)
		}
		if name == "POST /revoke" {
			continue
		}
		path := strings.NewReplacer("{environmentId}", servertest.A, "{credentialId}", user.CredentialID).Replace(r.Path)
		path = regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, user.CredentialID)
		for _, header := range []http.Header{thief.header(), servertest.Bearer(thief.MinifiedJWT, elevated)} {
			answer := s.Do(t, r.Method, path, header, m{"scope": "wallet:export", "requestedScopes": []string{"wallet:export"}})
			switch is := answer.Code == "device_registration_required"; {
			case is == may:
				t.Errorf("%s: %d %s", name, answer.Status, answer.Code)
			case is:
				refused++
			}
		}
	}
	if refused < 80 {
		t.Errorf("only %d refusals", refused)
	}
	if n := s.count(t, `SELECT COUNT(*) FROM elevated_tokens WHERE session_id = $1`, thief.User.SessionID); n != 0 {
		t.Errorf("%d tokens minted", n)
	}
	// A guard that asks is told, and so is one that reads the token.
	var told struct {
		Active bool
		Scope  string
	}
	s.Do(t, "POST", sdk("/tokens/introspect"), servertest.Bearer(s.guard), m{"token": thief.MinifiedJWT}).Want(t, 200, "").JSON(t, &told)
	if told.Scope != "device:register" {
		t.Errorf("introspection says %+v", told)
	}
	s.Do(t, "POST", sdk("/revoke"), thief.header(), nil).Want(t, 204, "")
	s.Do(t, "GET", sdk("/users"), thief.header(), nil).Want(t, 401, "invalid_session")
}

// H2: the link works once, in the session that asked, on the device that did, within
// ten minutes. The session that follows has another token, and the old one is dead.
func TestH2LinkRegistersOneDeviceOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, registers(""))
		first, second, other := newDevice(t), newDevice(t), newDevice(t)
		ada := s.signInOn(t, first, "h2@example.com")
		if ada.waits() {
			t.Fatal("a new user's first device is not trusted")
		}
		if known := s.signInOn(t, first, "h2@example.com"); known.waits() {
			t.Error("the first device is not known again")
		}
		bob := s.signInOn(t, other, "h2-bob@example.com")
		if bob.waits() {
			t.Fatal("bob waits")
		}
		waits := s.signInOn(t, second, "h2@example.com")
		again := s.signInOn(t, second, "h2@example.com")
		elsewhere := s.signInOn(t, other, "h2@example.com") // a device that is bob's, and not ada's
		if !waits.waits() || !again.waits() || !elsewhere.waits() {
			t.Fatal("an unknown device does not wait")
		}
		links := s.deviceLinks(t, "h2@example.com", 3)
		bad := func(what string, r servertest.Response, status int, code string) {
			t.Helper()
			if r.Status != status || r.Code != code {
				t.Errorf("%s: %d %s, want %d %s", what, r.Status, r.Code, status, code)
			}
		}
		find := func(o opened, key device) (of, not string) { // mails arrive in any order
			for _, link := range links {
				if s.linkOf(t, link) == o.User.SessionID {
					of = link
				} else {
					not = link
				}
			}
			return of, not
		}
		link, foreign := find(waits, second)
		bad("no link", s.register(t, second, waits.header(), ""), 422, "invalid_device_registration")
		bad("an invented link", s.register(t, second, waits.header(), "AAAAAAAAAAAAAAAAAAAAAAAAAA"), 422, "invalid_device_registration")
		bad("the link of another sign-in", s.register(t, second, waits.header(), foreign), 422, "invalid_device_registration")
		bad("in another session of the same device", s.register(t, second, again.header(), link), 422, "invalid_device_registration")
		bad("in another browser", s.register(t, other, elsewhere.header(), link), 422, "invalid_device_registration")
		bad("in a session that has what it needs", s.register(t, first, ada.header(), link), 422, "invalid_device_registration")
		bad("by somebody else", s.register(t, other, bob.header(), link), 422, "invalid_device_registration")
		bad("without a session", s.register(t, second, http.Header{}, link), 401, "sign_in_required")
		bad("without the key", s.register(t, device{}, waits.header(), link), 403, "device_signature_required")
		bad("with another key", s.register(t, other, waits.header(), link), 403, "invalid_device_signature")
		bad("in another environment", s.Do(t, "POST", servertest.SDK(servertest.B)+"/deviceRegistration", waits.header(), nil),
			401, "invalid_session")
		replayed := second.sign(t, s.nonce(t, servertest.A), waits.header())
		s.Do(t, "POST", sdk("/refresh"), replayed, nil).Want(t, 200, "")
		replayed.Set("x-dynamic-device-registration-token", link)
		bad("with a spent nonce", s.Do(t, "POST", sdk("/deviceRegistration"), replayed, nil), 403, "invalid_device_signature")
		// What a mail scanner does: it gets, and it gets nothing.
		for _, method := range []string{"GET", "HEAD"} {
			s.Do(t, method, sdk("/deviceRegistration?deviceRegistrationToken="+link), nil, nil)
		}

		var done opened
		s.register(t, second, waits.header(), link).Want(t, 200, "").JSON(t, &done)
		if done.waits() || done.User.SessionID == waits.User.SessionID || done.User.ID != ada.User.ID {
			t.Errorf("registered: %+v", done.User)
		}
		bad("the old token", s.Do(t, "GET", sdk("/users"), waits.header(), nil), 401, "invalid_session")
		bad("the link again", s.register(t, second, done.header(), link), 422, "invalid_device_registration")
		bad("the link in the other session", s.register(t, second, again.header(), link), 422, "invalid_device_registration")
		s.Do(t, "POST", sdk("/stepUp/check"), done.header(), m{"scope": transfer}).Want(t, 200, "")
		if known := s.signInOn(t, second, "h2@example.com"); known.waits() {
			t.Error("the registered device is not known again")
		}
		// The session that waits on the same device goes on once it says which it is.
		var lifted opened
		s.Do(t, "POST", sdk("/refresh"), s.signed(t, second, again.header()), nil).Want(t, 200, "").JSON(t, &lifted)
		if lifted.waits() || lifted.User.SessionID == again.User.SessionID {
			t.Errorf("after the refresh: %+v", lifted.User)
		}
		late, _ := find(elsewhere, other)
		s.Clock.Advance(10*time.Minute + time.Second)
		bad("too late", s.register(t, other, elsewhere.header(), late), 422, "invalid_device_registration")
	})
}

// linkOf is the session that a link was mailed for.
func (s scene) linkOf(t *testing.T, link string) (sessionID string) {
	t.Helper()
	err := s.DB.Read(t.Context(), func(tx *store.Tx) error {
		return tx.Row(`SELECT session_id FROM device_links WHERE hash = $1`, tx.Hasher().Sum("device-link", link)).Scan(&sessionID)
	})
	if err != nil {
		t.Fatal(err)
	}
	return sessionID
}

// H2: of many clicks on a link one registers the device, and there is one session more.
func TestH2ClicksRace(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, registers(""))
		s.signInOn(t, newDevice(t), "race@example.com")
		key := newDevice(t)
		waits := s.signInOn(t, key, "race@example.com")
		link := s.deviceLinks(t, "race@example.com", 1)[0]
		headers := make([]http.Header, 20)
		for i := range headers {
			headers[i] = key.sign(t, s.nonce(t, servertest.A), waits.header())
			headers[i].Set("x-dynamic-device-registration-token", link)
		}
		var counts tally
		together(len(headers), func(i int) {
			counts.addAnswer(s.Try(t, "POST", sdk("/deviceRegistration"), headers[i], nil))
		})
		if counts.of("200 ") != 1 {
			t.Errorf("answers: %v", &counts)
		}
		if n := s.count(t, `SELECT COUNT(*) FROM sessions WHERE revoked_at IS NULL AND user_id = $1`, waits.User.ID); n != 2 {
			t.Errorf("%d sessions, want that of the first device and one more", n)
		}
		if n := s.count(t, `SELECT COUNT(*) FROM device_registrations WHERE user_id = $1`, waits.User.ID); n != 2 {
			t.Errorf("%d devices", n)
		}
	})
}

// H3: leaving the headers out, or refreshing, is no way round; a session that waits is
// not made to last.
func TestH3NoWayRound(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, registers(""))
	mine := newDevice(t)
	s.signInOn(t, mine, "h3@example.com")
	waits := s.signInOn(t, device{}, "h3@example.com")
	if !waits.waits() {
		t.Fatal("a sign-in without headers does not wait")
	}
	s.deviceLinks(t, "h3@example.com", 1)
	for range 3 {
		var answer struct {
			opened
			ExpiresAt int64
		}
		s.Do(t, "POST", sdk("/refresh"), waits.header(), nil).Want(t, 200, "").JSON(t, &answer)
		if !answer.waits() || answer.ExpiresAt > s.Now().Add(31*time.Minute).Unix() {
			t.Errorf("refreshed: %+v", answer)
		}
		s.Clock.Advance(9 * time.Minute)
	}
	// A thief's own key, registered for the thief, says nothing of the victim's device.
	thief := newDevice(t)
	s.signInOn(t, thief, "h3-thief@example.com")
	var answer opened
	s.Do(t, "POST", sdk("/refresh"), s.signed(t, thief, waits.header()), nil).Want(t, 200, "").JSON(t, &answer)
	if !answer.waits() {
		t.Error("the thief's device is taken for the victim's")
	}
	s.Clock.Advance(4 * time.Minute)
	s.Do(t, "POST", sdk("/refresh"), waits.header(), nil).Want(t, 401, "invalid_session")

	// Other ways to sign in wait as well.
	issuer := externaltest.Start(t)
	s.Apply(t, registers("externalAuth: {enabled: true, iss: \""+externaltest.ISS+"\", aud: "+externaltest.AUD+", jwksUrl: \""+
		issuer.JWKSURL+"\"}\n"+servertest.TextsOn))
	assert := func(key device) (o opened) {
		s.Do(t, "POST", sdk("/externalAuth/signin"), s.signed(t, key, nil),
			m{"jwt": issuer.Sign(t, "ES256", externaltest.Claims(s.Now(), "h3", "", nil))}).Want(t, 200, "").JSON(t, &o)
		return o
	}
	ext := newDevice(t)
	for _, key := range []device{ext, ext, newDevice(t)} {
		if assert(key).waits() {
			t.Error("a user without an email address is asked what nobody can ask them")
		}
	}
}

// H4: a user who can be asked by mail is asked whatever they sign in with.
func TestH4EveryWayIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, registers(servertest.TextsOn))
	mine := newDevice(t)
	user := s.signInOn(t, mine, "h4@example.com")
	id, code := s.TextCode(t, servertest.A, "+14155550142", user.header())
	session := &servertest.Session{Environment: servertest.A, Email: "h4@example.com", Token: user.MinifiedJWT}
	// The session is bound to its key, so each of these is signed.
	mail, typedCode := s.SendCode(t, servertest.A, session.Email, user.header())
	token := s.Do(t, "POST", sdk("/emailVerifications/verify"), s.signed(t, mine, user.header()),
		typed(mail, typedCode, "credential:link")).Want(t, 200, "").Member("elevatedAccessToken")
	s.Do(t, "POST", sdk("/smsVerifications/verify"), s.signed(t, mine, servertest.Bearer(user.MinifiedJWT, token)), typed(id, code)).
		Want(t, 200, "")
	text := func(key device) (o opened) {
		id, code := s.TextCode(t, servertest.A, "+14155550142", nil)
		s.Do(t, "POST", sdk("/smsVerifications/signin"), s.signed(t, key, nil), typed(id, code)).Want(t, 200, "").JSON(t, &o)
		return o
	}
	if text(mine).waits() {
		t.Error("the registered device waits")
	}
	if !text(newDevice(t)).waits() {
		t.Error("a code by text lets an unknown device in")
	}
	s.deviceLinks(t, "h4@example.com", 1)
}

// H5: whoever knows how somebody signs in cannot bury them in mail.
func TestH5LinksAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, registers(""))
	mine := newDevice(t)
	s.signInOn(t, mine, "h5@example.com")
	for range 5 {
		if !s.signInOn(t, newDevice(t), "h5@example.com").waits() {
			t.Fatal("does not wait")
		}
	}
	id, code := s.SendCode(t, servertest.A, "h5@example.com", nil)
	r := s.Do(t, "POST", sdk("/emailVerifications/signin"), nil, typed(id, code)).Want(t, 429, "rate_limited")
	if r.Header.Get("Retry-After") == "" {
		t.Error("it does not say how long")
	}
	if s.signInOn(t, mine, "h5@example.com").waits() {
		t.Error("the registered device is kept out")
	}
	if n := len(s.deviceLinks(t, "h5@example.com", 5)); n != 5 {
		t.Errorf("%d links", n)
	}
}

// H6: a revoked device is over at once, and what ends sessions for cause forgets devices.
func TestH6Revoked(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, registers("mfa: {methods: [{type: totp, enabled: true}]}\n"))
		one, two := newDevice(t), newDevice(t)
		first := s.signInOn(t, one, "h6@example.com")
		waits := s.signInOn(t, two, "h6@example.com")
		var second opened
		s.register(t, two, waits.header(), s.deviceLinks(t, "h6@example.com", 1)[0]).Want(t, 200, "").JSON(t, &second)

		var list struct {
			Count               int
			DeviceRegistrations []struct {
				ID, UserAgent   string
				IsCurrentDevice bool
			}
		}
		s.Do(t, "GET", sdk("/deviceRegistrations"), second.header(), nil).Want(t, 403, "device_signature_required")
		s.Do(t, "GET", sdk("/deviceRegistrations"), s.signed(t, two, second.header()), nil).Want(t, 200, "").JSON(t, &list)
		if list.Count != 2 || len(list.DeviceRegistrations) != 2 {
			t.Fatalf("devices %+v", list)
		}
		mine, other := list.DeviceRegistrations[0], list.DeviceRegistrations[1]
		if !mine.IsCurrentDevice {
			mine, other = other, mine
		}
		if !mine.IsCurrentDevice || other.IsCurrentDevice {
			t.Errorf("current: %+v", list)
		}
		// Somebody else's device is not there.
		bobKey := newDevice(t)
		bob := s.signInOn(t, bobKey, "h6-bob@example.com")
		revoke := func(key device, o opened, id string) servertest.Response {
			return s.Do(t, "DELETE", sdk("/deviceRegistrations/"+id), s.signed(t, key, o.header()), nil)
		}
		revoke(bobKey, bob, mine.ID).Want(t, 404, "device_registration_not_found")
		revoke(device{}, second, other.ID).Want(t, 403, "device_signature_required")

		mail, code := s.SendCode(t, servertest.A, "h6@example.com", first.header())
		token := s.Do(t, "POST", sdk("/emailVerifications/verify"), s.signed(t, one, first.header()), typed(mail, code, report)).
			Want(t, 200, "").Member("elevatedAccessToken")
		if r := revoke(two, second, other.ID).Want(t, 200, ""); strings.TrimSpace(string(r.Body)) != `{"currentDeviceRevoked":false}` {
			t.Errorf("%s", r.Body)
		}
		s.Do(t, "GET", sdk("/users"), first.header(), nil).Want(t, 401, "invalid_session")
		if s.active(t, token) {
			t.Error("a token of the revoked device is active")
		}
		s.Do(t, "GET", sdk("/users"), second.header(), nil).Want(t, 200, "")
		if !s.signInOn(t, one, "h6@example.com").waits() {
			t.Error("the revoked device is known")
		}
		if r := revoke(two, second, mine.ID).Want(t, 200, ""); strings.TrimSpace(string(r.Body)) != `{"currentDeviceRevoked":true}` {
			t.Errorf("%s", r.Body)
		}
		s.Do(t, "GET", sdk("/users"), second.header(), nil).Want(t, 401, "invalid_session")

	})
}

// H7: what ends all sessions for cause makes every device unknown again; so does the
// operator who lets devices alone for a while.
func TestH7DevicesEndForCause(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		on := registers("mfa: {methods: [{type: totp, enabled: true}]}\n")
		s.Apply(t, on)
		admin := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{serviceauth.UsersWrite}))
		operated := func(what string) func(*testing.T, opened, device) {
			return func(t *testing.T, o opened, _ device) {
				r := s.Do(t, "POST", servertest.Admin(servertest.A)+"/users/"+o.User.ID+"/"+what, admin, nil)
				if r.Status/100 != 2 {
					t.Fatalf("%d %s", r.Status, r.Body)
				}
			}
		}
		for name, end := range map[string]func(*testing.T, opened, device){
			"all revoked": func(t *testing.T, o opened, key device) {
				s.Do(t, "DELETE", sdk("/deviceRegistrations"), s.signed(t, key, o.header()), nil).Want(t, 200, "")
			},
			"reset":   operated("reset-mfa"),
			"revoked": operated("revoke-sessions"),
			"disabled": func(t *testing.T, o opened, key device) {
				operated("disable")(t, o, key)
				operated("enable")(t, o, key)
			},
			"denied": func(t *testing.T, o opened, _ device) {
				stolen := newDevice(t)
				waits := s.signInOn(t, stolen, o.User.Email)
				link := s.deviceLinks(t, o.User.Email, 1)[0]
				before := len(s.Inbox.To(o.User.Email))
				s.register(t, stolen, waits.header(), link).Want(t, 200, "")
				s.Do(t, "POST", sdk("/notMe"), nil, m{"token": linkSecret(t, s.Inbox.Wait(t, o.User.Email, before).Text)}).Want(t, 204, "")
				if !s.signInOn(t, stolen, o.User.Email).waits() {
					t.Error("the denied device is known")
				}
			},
			"off": func(t *testing.T, _ opened, _ device) {
				s.Apply(t, servertest.Document(servertest.A, ""))
				s.Apply(t, on)
			},
		} {
			t.Run(name, func(t *testing.T) {
				key := newDevice(t)
				user := s.signInOn(t, key, "h7-"+strings.ReplaceAll(name, " ", "-")+"@example.com")
				if user.waits() || s.signInOn(t, key, user.User.Email).waits() {
					t.Fatal("the device is not known to begin with")
				}
				end(t, user, key)
				if name != "off" {
					s.Do(t, "GET", sdk("/users"), user.header(), nil).Want(t, 401, "invalid_session")
				}
				if !s.signInOn(t, key, user.User.Email).waits() {
					t.Error("the device is known still")
				}
			})
		}
	})
}

// H7: nothing that an operator changes lets a session in that waits for its device:
// nobody has opened its link.
func TestH7NothingLetsAWaitingSessionIn(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		app := servertest.Origin(servertest.A)
		off := servertest.Document(servertest.A, "redirectOrigins: [\""+app+"\"]\n")
		pages := strings.Replace(registers(""), "deviceRegistration: true",
			"deviceRegistration: true, deviceRegistrationUris: [\""+app+"/devices\"]", 1)
		write := func(t *testing.T, fn func(tx *store.Tx) error) {
			t.Helper()
			if err := s.DB.Write(t.Context(), fn); err != nil {
				t.Fatal(err)
			}
		}
		for name, c := range map[string]struct {
			change func(*testing.T, opened)
			over   bool
		}{
			"turned off": {func(t *testing.T, _ opened) { s.Apply(t, off) }, true},
			"off and on": {func(t *testing.T, _ opened) { s.Apply(t, off); s.Apply(t, pages) }, true},
			"pages gone": {func(t *testing.T, _ opened) { s.Apply(t, registers("")) }, false},
			"opened while it is turned off": {func(t *testing.T, o opened) {
				s.Apply(t, off)
				write(t, func(tx *store.Tx) error {
					_, err := tx.Exec(`UPDATE sessions SET revoked_at = NULL WHERE id = $1`, o.User.SessionID)
					return err
				})
			}, false},
			"no address left": {func(t *testing.T, o opened) {
				write(t, func(tx *store.Tx) error {
					_, err := tx.Exec(`DELETE FROM credentials WHERE user_id = $1`, o.User.ID)
					return err
				})
			}, false},
			"restored": {func(t *testing.T, _ opened) {
				if err := store.RestoreEpoch(t.Context(), s.DB); err != nil {
					t.Fatal(err)
				}
			}, false},
		} {
			t.Run(name, func(t *testing.T) {
				s.Apply(t, pages)
				email, key := "in-"+strings.ReplaceAll(name, " ", "-")+"@example.com", newDevice(t)
				s.signInOn(t, newDevice(t), email)
				waits := s.signInOn(t, key, email)
				if !waits.waits() {
					t.Fatal("does not wait")
				}
				link := s.deviceLinks(t, email, 1)[0]
				ended := s.count(t, `SELECT COUNT(*) FROM audit_events WHERE action = 'sessions.revoked'`)
				c.change(t, waits)
				if c.over {
					s.Do(t, "GET", sdk("/session"), waits.header(), nil).Want(t, 401, "invalid_session")
					s.Do(t, "POST", sdk("/refresh"), s.signed(t, key, waits.header()), nil).Want(t, 401, "invalid_session")
					s.register(t, key, waits.header(), link).Want(t, 401, "invalid_session")
					if s.count(t, `SELECT COUNT(*) FROM audit_events WHERE action = 'sessions.revoked'`) == ended {
						t.Error("no audit event says that it ended")
					}
					return
				}
				s.Do(t, "GET", sdk("/session"), waits.header(), nil).Want(t, 403, "device_registration_required")
				var refreshed opened
				s.Do(t, "POST", sdk("/refresh"), s.signed(t, key, waits.header()), nil).Want(t, 200, "").JSON(t, &refreshed)
				if !refreshed.waits() {
					t.Errorf("let in: %+v", refreshed.User)
				}
				if name == "restored" {
					s.register(t, key, waits.header(), link).Want(t, 422, "invalid_device_registration")
				}
			})
		}
	})
}

// H7: a database that is restored may have forgotten which devices were revoked, so it
// knows none.
func TestH7RestoredDevicesAreUnknown(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, registers(""))
		key := newDevice(t)
		user := s.signInOn(t, key, "restored@example.com")
		if err := store.RestoreEpoch(t.Context(), s.DB); err != nil {
			t.Fatal(err)
		}
		var list struct{ Count int }
		s.Do(t, "GET", sdk("/deviceRegistrations"), s.signed(t, key, user.header()), nil).Want(t, 200, "").JSON(t, &list)
		waits := s.signInOn(t, key, "restored@example.com")
		if list.Count != 0 || !waits.waits() {
			t.Fatalf("after a restore %d devices are known, and the session is %s", list.Count, waits.User.Scope)
		}
		var done opened
		s.register(t, key, waits.header(), s.deviceLinks(t, "restored@example.com", 1)[0]).Want(t, 200, "").JSON(t, &done)
		if done.waits() || s.signInOn(t, key, "restored@example.com").waits() {
			t.Error("it cannot be registered again")
		}
	})
}

// H8: in cookie mode the browser is known by a cookie of its own, which we alone make,
// no script reads and no other user's registration vouches for.
func TestH8CookieIsTheDevice(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, registers(inCookies))
	origin := servertest.Origin(servertest.A)
	in := func(email, cookies string) (servertest.Response, map[string]*http.Cookie) {
		t.Helper()
		browser := http.Header{"Origin": {origin}}
		id, code := s.SendCode(t, servertest.A, email, browser)
		if cookies != "" {
			browser.Set("Cookie", cookies)
		}
		r := s.Do(t, "POST", sdk("/emailVerifications/signin"), browser, typed(id, code)).Want(t, 200, "")
		return r, cookiesOf(r)
	}
	scope := func(r servertest.Response) string {
		var o opened
		r.JSON(t, &o)
		return o.User.Scope
	}
	sessionName, deviceName := "__Host-stepup-"+servertest.A, "__Host-stepup-device-"+servertest.A
	r, mine := in("h8@example.com", "")
	known := mine[deviceName]
	if scope(r) != "user:basic" || known == nil {
		t.Fatalf("a new user: %s, cookies %v", r.Body, mine)
	}
	if !known.HttpOnly || !known.Secure || known.Path != "/" || known.Domain != "" || known.SameSite != http.SameSiteNoneMode ||
		known.MaxAge != 400*24*3600 {
		t.Errorf("cookie %v", known)
	}
	if r, _ := in("h8@example.com", deviceName+"="+known.Value); scope(r) != "user:basic" {
		t.Error("the browser is not known again")
	}
	_, theirs := in("h8-thief@example.com", "")
	links := 0
	for name, cookies := range map[string]string{
		"none": "", "another user's": deviceName + "=" + theirs[deviceName].Value,
		"invented":                 deviceName + "=AAAAAAAAAAAAAAAAAAAAAAAAAA.00000000000000000000000000000000",
		"two":                      deviceName + "=" + known.Value + "; " + deviceName + "=" + theirs[deviceName].Value,
		"of another environment":   "__Host-stepup-device-" + servertest.B + "=" + known.Value,
		"the session in its place": deviceName + "=" + mine[sessionName].Value,
	} {
		s.Clock.Advance(11 * time.Minute)
		r, set := in("h8@example.com", cookies)
		if scope(r) != "device:register" {
			t.Errorf("%s: %s", name, scope(r))
		}
		links++
		s.deviceLinks(t, "h8@example.com", links) // before time goes on
		if value := set[deviceName].Value; name == "invented" && strings.HasPrefix(value, "AAAA") {
			t.Error("a cookie that somebody chose is kept")
		}
	}
	s.Clock.Advance(11 * time.Minute)
	_, waits := in("h8@example.com", "")
	link := s.deviceLinks(t, "h8@example.com", links+1)[links]
	register := func(cookies, origin string) servertest.Response {
		return s.Do(t, "POST", sdk("/deviceRegistration"),
			http.Header{"Cookie": {cookies}, "Origin": {origin}, "X-Dynamic-Device-Registration-Token": {link}}, nil)
	}
	session := sessionName + "=" + waits[sessionName].Value
	register(session, origin).Want(t, 422, "invalid_device_registration")
	register(session+"; "+deviceName+"="+theirs[deviceName].Value, origin).Want(t, 422, "invalid_device_registration")
	both := session + "; " + deviceName + "=" + waits[deviceName].Value
	register(both, "https://evil.example").Want(t, 403, "origin_not_allowed")
	done := register(both, origin).Want(t, 200, "")
	if scope(done) != "user:basic" || cookiesOf(done)[sessionName] == nil || done.Member("minifiedJwt") != "" {
		t.Errorf("registered: %s", done.Body)
	}
	if r, _ := in("h8@example.com", deviceName+"="+waits[deviceName].Value); scope(r) != "user:basic" {
		t.Error("the registered browser is not known")
	}
	// A second tab that was too late takes the cookie of the session that follows from no
	// browser; that of a session that nothing follows goes.
	if late := register(both, origin).Want(t, 401, "invalid_session"); cookiesOf(late)[sessionName] != nil {
		t.Errorf("the loser's answer sets %v", cookiesOf(late)[sessionName])
	}
	now := http.Header{"Cookie": {sessionName + "=" + cookiesOf(done)[sessionName].Value}, "Origin": {origin}}
	s.Do(t, "GET", sdk("/users"), now, nil).Want(t, 200, "")
	s.Do(t, "POST", sdk("/revoke"), now, nil).Want(t, 204, "")
	if over := s.Do(t, "GET", sdk("/users"), now, nil).Want(t, 401, "invalid_session"); cookiesOf(over)[sessionName] == nil {
		t.Error("the cookie of a session that was ended stays")
	}
}

func cookiesOf(r servertest.Response) map[string]*http.Cookie {
	found := map[string]*http.Cookie{}
	for _, cookie := range (&http.Response{Header: r.Header}).Cookies() {
		found[cookie.Name] = cookie
	}
	return found
}
