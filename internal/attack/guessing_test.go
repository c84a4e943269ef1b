package attack_test

import (
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/config"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

const wrongCode = "422 wrong_email_verification_token" // the only answer of a code that was compared

// anyAddress lets a test come from any client address.
func anyAddress() servertest.Option {
	return servertest.WithConfig(func(c *config.Production) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
}

func from(address string, header http.Header) http.Header {
	h := header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("X-Forwarded-For", address)
	return h
}

// limited replaces the limits of environment A.
func (s scene) limited(t *testing.T, limits string) {
	t.Helper()
	head, rest, _ := strings.Cut(servertest.Document(servertest.A, ""), "limits:\n")
	s.Apply(t, head+"limits:\n"+limits+rest[strings.Index(rest, "scopes:"):])
}

// B1: an hour of guessing with ever new codes, from anywhere, at the sign-in
// and in a stolen session.
func TestB1AnHourOfGuessing(t *testing.T) {
	t.Parallel()
	guesses := 10 // in two minutes
	if long() {
		guesses = 334 // 10,000 in all
	}
	s := start(t, anyAddress())
	for _, stolen := range []bool{false, true} {
		victim := s.SignIn(t, servertest.A, fmt.Sprintf("victim-%v@example.com", stolen))
		path, session := sdk("/emailVerifications/signin"), http.Header(nil)
		if stolen {
			path, session = sdk("/emailVerifications/verify"), victim.Header()
		}
		compared, chance := 0, 0.0
		for minute := 0; minute < 60; minute += 2 {
			id, code := s.SendCode(t, servertest.A, victim.Email, from(fmt.Sprintf("192.0.2.%d", minute), session))
			var answers tally
			together(guesses, func(i int) {
				header := from(fmt.Sprintf("198.51.%d.%d", minute+i/250, i%250), session)
				answers.addAnswer(s.Try(t, "POST", path, header, typed(id, wrong(code, i))))
			})
			compared += answers.of(wrongCode)
			chance += float64(answers.of(wrongCode)) / math.Pow10(len(code))
			s.Clock.Advance(2 * time.Minute)
			if minute == 30 && stolen { // what keeps a session alive gives no guess back
				session = servertest.Bearer(s.Do(t, "POST", sdk("/refresh"), session, nil).Want(t, 200, "").Member("minifiedJwt"))
			}
		}
		if chance >= 1e-4 || compared < 5 {
			t.Errorf("stolen session %v: %d guesses of %d were compared, a chance of %g in an hour", stolen, compared, guesses*30, chance)
		}
	}
}

// B3: hundreds of guesses in one burst.
func TestB3Burst(t *testing.T) {
	burst := 400
	if long() {
		burst = 1_000
	}
	onBothEngines(t, func(t *testing.T, s scene) {
		id, code := s.SendCode(t, servertest.A, "burst@example.com", nil)
		var answers tally
		together(burst, func(i int) {
			answers.addAnswer(s.Try(t, "POST", sdk("/emailVerifications/signin"), nil, typed(id, wrong(code, i))))
		})
		// On a busy machine some give up waiting for the one counter they all share:
		// uncertainty means no, and nothing of theirs was compared.
		unsure := answers.of("503 temporarily_unavailable")
		refused := unsure + answers.of("422 too_many_email_verification_attempts") + answers.of("429 too_many_verification_attempts") +
			answers.of("422 invalid_email_verification")
		if compared := answers.of(wrongCode); compared > 5 || compared < 5 && unsure == 0 || compared+refused != burst {
			t.Errorf("%s, want 5 compared and all others refused", &answers)
		}
		if r := s.Do(t, "POST", sdk("/emailVerifications/signin"), nil, typed(id, code)); r.Status/100 == 2 {
			t.Error("the code works after all its tries are gone")
		}
	})
}

// B4: a new code, a new session and a new address give no new budget.
func TestB4NewCodeGivesNoNewBudget(t *testing.T) {
	t.Parallel()
	s := start(t, anyAddress())
	victim := s.SignIn(t, servertest.A, "victim@example.com")
	guess := func(path, id, code string, header http.Header) servertest.Response {
		return s.Do(t, "POST", sdk(path), header, typed(id, code))
	}

	// Tries stand when the same challenge is sent again.
	id, code := s.SendCode(t, servertest.A, "resend@example.com", nil)
	for i := range 5 {
		guess("/emailVerifications/signin", id, wrong(code, i), nil).Want(t, 422, "wrong_email_verification_token")
	}
	before := len(s.Inbox.To("resend@example.com"))
	s.Do(t, "POST", sdk("/emailVerifications/retry"), nil, m{"email": "resend@example.com", "verificationUUID": id})
	if sent := len(s.Inbox.To("resend@example.com")); sent > before {
		code = s.Inbox.WaitCode(t, "resend@example.com", before)
	}
	guess("/emailVerifications/signin", id, code, nil).Want(t, 422, "too_many_email_verification_attempts")

	// Ever new codes from ever new addresses: one budget for the account.
	chance, last := 0.0, servertest.Response{}
	for i := range 420 {
		header := from(fmt.Sprintf("203.0.%d.%d", i/100, i%100), nil)
		if i%4 == 0 {
			id, code = s.SendCode(t, servertest.A, victim.Email, header)
		}
		last = guess("/emailVerifications/signin", id, wrong(code, i), header)
		if last.Code == "wrong_email_verification_token" {
			chance += math.Pow10(-len(code))
		}
	}
	if last.Want(t, 429, "too_many_verification_attempts"); chance > 40e-6 {
		t.Errorf("from everywhere together a chance of %g, want that of 40 guesses of a million at most", chance)
	}

	// A stolen session has a budget of its own, which no new token renews.
	compared := 0
	for range 3 {
		other := s.stolen(t, victim)
		for i := range 8 {
			if i%4 == 0 {
				id, code = s.SendCode(t, servertest.A, victim.Email, other)
			}
			r := guess("/emailVerifications/verify", id, wrong(code, i), other)
			if r.Code == "wrong_email_verification_token" {
				compared++
			}
		}
	}
	if compared != 10 {
		t.Errorf("with three tokens %d guesses were compared, want 10", compared)
	}
}

// stolen is another token of the session, as whoever has stolen it gets it.
func (s scene) stolen(t *testing.T, user *servertest.Session) http.Header {
	t.Helper()
	return servertest.Bearer(s.Do(t, "POST", sdk("/refresh"), user.Header(), nil).Want(t, 200, "").Member("minifiedJwt"))
}

// B5: another spelling of an address is no other address.
func TestB5SpellingGivesNoNewBudget(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.limited(t, "  codesPerAddress: {count: 3, per: 10m}\n  codesPerIP: {count: 10000, per: 10m}\n")
	before := 0
	for _, spellings := range [][]string{
		{"victim@example.com", "Victim@example.com", "VICTIM@EXAMPLE.COM", " victim@example.com ", "vIcTiM@Example.Com"},
		{"jo@bücher.example", "jo@BÜCHER.example", "jo@xn--bcher-kva.example", "JO@XN--BCHER-KVA.EXAMPLE", "jo@bu\u0308cher.example"},
	} {
		for _, address := range spellings { // past the limit a stranger gets an id and no mail
			r := s.Do(t, "POST", sdk("/emailVerifications/create"), nil, m{"email": address})
			if r.Status != 200 && r.Code != "invalid_email" {
				t.Errorf("%q: %d %s", address, r.Status, r.Body)
			}
		}
		var sent int
		err := s.DB.Read(t.Context(), func(tx *store.Tx) error {
			return tx.Row(`SELECT COUNT(*) FROM audit_events WHERE action = 'code.sent'`).Scan(&sent)
		})
		if before += 3; sent != before || err != nil {
			t.Errorf("%q: %d codes were sent, want %d, %v", spellings, sent, before, err)
		}
	}
	for name, address := range map[string]string{
		"full-width": "ｖictim@example.com", "kelvin sign": "\u212aate@example.com", "zero width": "vic\u200btim@example.com",
		"comment": "victim(x)@example.com", "quoted": `"victim"@example.com`,
	} {
		if r := s.Do(t, "POST", sdk("/emailVerifications/create"), nil, m{"email": address}); r.Code != "invalid_email" {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
}
