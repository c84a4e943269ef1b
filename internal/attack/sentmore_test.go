package attack_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

func (s scene) trySignIn(t testing.TB, id, code, source string) servertest.Response {
	t.Helper()
	return s.Do(t, "POST", sdk("/emailVerifications/signin"), from(source, nil), typed(id, code))
}

func (s scene) codesSent(t testing.TB) int {
	t.Helper()
	return s.count(t, `SELECT COUNT(*) FROM audit_events WHERE action = 'code.sent'`)
}

// L5: strangers use an address's mails up and then guess until short codes stop
// working. Its owner is not sent from id to id for a short code, but gets a long one.
func TestL5NoShortCodeIsShared(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.limited(t, usualLimits)
		const email = "victim@example.com"
		id := ""
		for i := range 5 {
			id = s.askCode(t, email, fmt.Sprintf("203.0.113.%d", i)).Want(t, 200, "").Member("verificationUUID")
			s.Inbox.WaitCode(t, email, i)
			s.Clock.Advance(time.Second)
		}
		code := servertest.Code(t, s.Inbox.To(email)[4])
		for i := range 10 {
			source := fmt.Sprintf("203.0.113.%d", i/5)
			if i == 5 {
				id = s.askCode(t, email, source).Want(t, 200, "").Member("verificationUUID")
			}
			s.trySignIn(t, id, wrong(code, i), source).Want(t, 422, "wrong_email_verification_token")
		}
		mine := s.askCode(t, email, "198.51.100.7").Want(t, 200, "").Member("verificationUUID")
		long := s.Inbox.WaitCode(t, email, 5)
		s.trySignIn(t, mine, long, "198.51.100.7").Want(t, 200, "")
	}, anyAddress())
}

// L5: past an address's limit a code whose shared tries are over is sent once more,
// however often it is asked for again.
func TestL5ResendIsNoWayAround(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.limited(t, "  codesPerAddress: {count: 1, per: 10m}\n  codeAttempts: 2\n")
		const email = "victim@example.com"
		newest := s.askCode(t, email, "203.0.113.0").Want(t, 200, "").Member("verificationUUID")
		code := s.Inbox.WaitCode(t, email, 0)
		for i := range 6 {
			source := fmt.Sprintf("203.0.113.%d", 10+i/2)
			id := s.askCode(t, email, source).Want(t, 200, "").Member("verificationUUID")
			s.trySignIn(t, id, wrong(code, i), source).Want(t, 422, "wrong_email_verification_token")
		}
		if n := s.codesSent(t); n != 1 {
			t.Fatalf("%d codes were sent before, want 1", n)
		}
		for i := range 20 {
			source := fmt.Sprintf("203.0.113.%d", 40+i)
			s.Do(t, "POST", sdk("/emailVerifications/retry"), from(source, nil), m{"email": email, "verificationUUID": newest}).
				Want(t, 200, "")
			s.Clock.Advance(time.Second)
		}
		if n := s.codesSent(t); n != 2 {
			t.Errorf("%d codes were sent after retries, want one more than before", n)
		}
		for i := range 20 { // nor do words that only codes of a session have
			body := m{"email": email, "requestedScopes": []string{transfer}, "scope": transfer}
			s.Do(t, "POST", sdk("/emailVerifications/create"), from(fmt.Sprintf("203.0.113.%d", 80+i), nil), body)
		}
		if n := s.codesSent(t); n != 2 {
			t.Errorf("%d codes were sent, want one more than before", n)
		}
		id := s.askCode(t, email, "198.51.100.7").Want(t, 200, "").Member("verificationUUID")
		s.trySignIn(t, id, s.Inbox.WaitCode(t, email, 1), "198.51.100.7").Want(t, 200, "")
	}, anyAddress())
}

// What limits.md computes: strangers who spray have at most 400 tries at an address
// for each 23 codes that are sent there.
func TestL5TriesPerCode(t *testing.T) {
	t.Parallel()
	s := start(t, anyAddress())
	s.limited(t, usualLimits)
	const email = "victim@example.com"
	compared := 0
	for i := range 120 {
		source := fmt.Sprintf("203.0.113.%d", i)
		id := s.askCode(t, email, source).Want(t, 200, "").Member("verificationUUID")
		for range 5 {
			if s.trySignIn(t, id, "00000001", source).Code == "wrong_email_verification_token" {
				compared++
			}
		}
	}
	if codes := s.codesSent(t); compared != 400 || codes < 23 || codes > 32 {
		t.Errorf("%d tries at %d codes, want 400 at 23 to 32", compared, codes)
	}
}
