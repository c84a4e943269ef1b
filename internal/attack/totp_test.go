package attack_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/method/totp"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// A2, N5: a code is dead once it was used: at other doors, in other spellings,
// in its neighbours' window, at another node, after a restart, and if it
// confirmed the enrolment too.
func TestA2TOTPReplay(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{store.SQLite, store.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url := storetest.URL(t, engine)
			s := start(t, servertest.WithDatabase(url, &storetest.Clock{}))
			s.Apply(t, servertest.Document(servertest.A, bothFactors))
			user := s.SignIn(t, servertest.A, "ada@example.com")
			a := s.EnrolApp(t, user)
			code := a.First
			post := func(at scene, body m) {
				at.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), body).Want(t, 422, "mfa_invalid_code")
			}
			post(s, m{"id": a.ID, "code": code}) // what confirmed the enrolment
			post(s, m{"code": code, "requestedScopes": []string{"wallet:export"}})

			code = a.Next()
			previous := a.At(-1)
			s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": code}).Want(t, 200, "")
			for _, spelling := range []string{code, " " + code, code + " ", "0" + code, code[:3] + " " + code[3:],
				code[:3] + "-" + code[3:], "+" + code, code + "\n"} {
				post(s, m{"code": spelling})
			}
			s.Do(t, "POST", sdk("/users/mfa/register/totp"), user.Header(), m{"type": "totp", "code": code}).
				Want(t, 422, "mfa_device_not_found")

			sameAddress := func(c *config.Production) { c.PublicURL = s.URL }
			restarted := scene{Server: servertest.Start(t, servertest.WithDatabase(url, s.Clock), servertest.WithConfig(sameAddress))}
			s.Clock.Advance(time.Minute) // the tries above are counted, and this one comes late
			post(restarted, m{"code": code})
			s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": a.Next()}).Want(t, 200, "")
			post(restarted, m{"code": previous}) // of a step before the one that was used
		})
	}
}

// K6: when the clock jumps back, what was used stays used; when it jumps ahead,
// old codes are not good again.
func TestK6ClockJumps(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, bothFactors))
		user := s.SignIn(t, servertest.A, "ada@example.com")
		a := s.EnrolApp(t, user)
		post := func(code string) servertest.Response {
			return s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": code})
		}
		code := a.Next()
		post(code).Want(t, 200, "")
		s.Clock.Advance(-10 * totp.Period)
		user = s.SignIn(t, servertest.A, user.Email) // a session token from the future is none
		post(code).Want(t, 422, "mfa_invalid_code")
		post(a.Code()).Want(t, 422, "mfa_invalid_code") // before the newest that was used
		s.Clock.Advance(30 * totp.Period)
		for steps := int64(-4); steps <= 4; steps++ {
			if steps < -1 || steps > 1 {
				post(a.At(steps)).Want(t, 422, "mfa_invalid_code")
			}
		}
		post(a.At(-1)).Want(t, 200, "")
	})
}

// B1: whoever holds a session and guesses without end is stopped for good at
// fifty tries, waits or not; the owner's other factor still works.
func TestB1FactorStops(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, bothFactors+"\nsessions: {lifetime: 30d, idle: 30d}\n"))
	user := s.SignIn(t, servertest.A, "ada@example.com")
	a := s.EnrolApp(t, user)
	codes := s.recoveryCodes(t, user)
	compared := 0
	var last servertest.Response
	for range 200 {
		last = s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": wrong(a.Code(), 7)})
		if last.Code == "mfa_invalid_code" {
			compared++
		}
		s.Clock.Advance(time.Hour)
	}
	if compared != 50 || last.Code != "mfa_rate_limited" {
		t.Errorf("%d guesses were compared in 200 hours, want 50; then %d %s", compared, last.Status, last.Code)
	}
	s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": a.Next()}).Want(t, 429, "mfa_rate_limited")
	s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), user.Header(), m{"code": codes[0]}).Want(t, 200, "")
	s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": a.Next()}).Want(t, 200, "")
}

// B8: who has no session has no try at a factor, so nobody is locked out by strangers.
func TestB8StrangerCannotLockAFactor(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, bothFactors))
	user := s.SignIn(t, servertest.A, "ada@example.com")
	a := s.EnrolApp(t, user)
	stranger := s.SignIn(t, servertest.A, "stranger@example.com")
	for range 60 {
		s.Do(t, "POST", sdk("/users/mfa/auth/totp"), nil, m{"id": a.ID, "code": "000000"}).Want(t, 401, "")
		s.Do(t, "POST", sdk("/users/mfa/auth/totp"), stranger.Header(), m{"id": a.ID, "code": "000000"}).
			Want(t, 422, "mfa_device_not_found")
		s.Do(t, "POST", sdk("/users/mfa/auth/recovery"), http.Header{"Authorization": {"Bearer " + a.ID}}, m{"code": "000000"}).
			Want(t, 401, "")
	}
	s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"code": a.Next()}).Want(t, 200, "")
}

// C3: an enrolment that a thief of the mailbox began dies with the owner's, and
// so does every token that came from the mailbox.
func TestC3PlantedEnrolment(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.Apply(t, servertest.Document(servertest.A, bothFactors))
		user := s.SignIn(t, servertest.A, "ada@example.com")
		stolen := s.SignIn(t, servertest.A, user.Email)
		link, unlink := s.StepUp(t, stolen, "credential:link"), s.StepUp(t, stolen, "credential:unlink")
		planted := s.BeginApp(t, stolen, link)
		own := s.BeginApp(t, user, s.StepUp(t, user, "credential:link")) // takes the planted one's place
		s.Do(t, "POST", sdk("/users/mfa/auth/totp"), stolen.Header(), m{"id": planted.ID, "code": planted.Code()}).
			Want(t, 422, "mfa_device_not_found")
		s.Do(t, "POST", sdk("/users/mfa/auth/totp"), user.Header(), m{"id": own.ID, "code": own.Code()}).Want(t, 200, "")
		wantRefused(t, s.Do(t, "GET", sdk("/users/mfa/register/totp"), stolen.Header(link), nil), "superseded")
		wantRefused(t, s.Do(t, "DELETE", sdk("/users/mfa/"+own.ID), stolen.Header(unlink), nil), "superseded")
		for _, legacy := range []string{"", "nonsense"} { // what published clients send counts as absent
			header := stolen.Header()
			header["x-mfa-auth-token"] = []string{legacy}
			wantRefused(t, s.Do(t, "DELETE", sdk("/users/mfa/"+own.ID), header, nil), "missing")
		}
	})
}
