package attack_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

const usualLimits = "  codesPerAddress: {count: 5, per: 10m}\n  codesPerSession: {count: 10, per: 10m}\n" +
	"  codesPerIP: {count: 30, per: 10m}\n"

func (s scene) askCode(t testing.TB, email, source string) servertest.Response {
	t.Helper()
	return s.Do(t, "POST", sdk("/emailVerifications/create"), from(source, nil), m{"email": email})
}

func (s scene) askIn(t testing.TB, user *servertest.Session, email string) servertest.Response {
	t.Helper()
	return s.Do(t, "POST", sdk("/emailVerifications/create"), user.Header(), m{"email": email})
}

// aged signs somebody in whose account is older than a day.
func (s scene) aged(t testing.TB, email string) *servertest.Session {
	t.Helper()
	s.SignIn(t, servertest.A, email)
	s.Clock.Advance(25 * time.Hour)
	user := s.SignIn(t, servertest.A, email)
	s.Clock.Advance(10 * time.Minute) // nothing of before counts
	return user
}

// count reads one number of the database.
func (s scene) count(t testing.TB, query string, args ...any) (n int) {
	t.Helper()
	err := s.DB.Read(t.Context(), func(tx *store.Tx) error { return tx.Row(query, args...).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// L4: one network address asks for very many codes. No more go out than its own
// limit allows, and nobody else notices.
func TestL4OneSourceUsesUpItsOwn(t *testing.T) {
	requests := 300
	if long() {
		requests = 10_050
	}
	onBothEngines(t, func(t *testing.T, s scene) {
		s.limited(t, usualLimits+"  codesPerHour: 60\n")
		owner := s.aged(t, "owner@example.com")
		before := s.count(t, `SELECT COUNT(*) FROM audit_events WHERE action = 'code.sent'`)
		refused := 0
		for i := range requests {
			if r := s.askCode(t, fmt.Sprintf("nobody-%d@example.com", i), "198.51.100.1"); r.Status == 429 {
				refused++
			}
		}
		sent := s.count(t, `SELECT COUNT(*) FROM audit_events WHERE action = 'code.sent'`) - before
		if sent != 30 || refused != requests-30 {
			t.Errorf("%d codes were sent and %d requests refused, want 30 and the rest", sent, refused)
		}
		if used := s.count(t, `SELECT COALESCE(MAX(count), 0) FROM counters WHERE name LIKE 'send-environment:%'`); used != 31 {
			t.Errorf("%d of the environment's codes are used up, want the 30 that were sent, and the owner's", used)
		}
		s.askCode(t, "somebody@example.com", "198.51.100.2").Want(t, 200, "")
		s.askIn(t, owner, owner.Email).Want(t, 200, "")
	}, anyAddress())
}

// L4: strangers from many addresses, and accounts they have just made, use up the
// environment's codes. Settled accounts step up as ever; the alarm names the limit.
func TestL4StrangersDoNotCloseStepUp(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.limited(t, usualLimits+"  codesPerHour: 40\n")
		owner, other := s.aged(t, "owner@example.com"), s.SignIn(t, servertest.A, "fresh@example.com")
		last := servertest.Response{}
		for i := range 90 {
			last = s.askCode(t, fmt.Sprintf("nobody-%d@example.com", i), fmt.Sprintf("198.51.%d.%d", i, i))
		}
		last.Want(t, 429, "rate_limited")
		s.askIn(t, other, other.Email).Want(t, 429, "rate_limited") // made on the way: a stranger
		for range 5 {
			s.StepUp(t, owner, transfer)
		}
	}, anyAddress())
}

// L4: settled accounts use their own pot up. Each still gets its first two codes
// in ten minutes, and a proven code does not make a later one a first one.
func TestL4FirstTwoCodesAreNeverRefused(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.limited(t, usualLimits+"  codesPerHour: 12\n")
		for i := range 4 {
			s.SignIn(t, servertest.A, fmt.Sprintf("user-%d@example.com", i))
		}
		s.Clock.Advance(25 * time.Hour)
		var users []*servertest.Session
		for i := range 4 {
			users = append(users, s.SignIn(t, servertest.A, fmt.Sprintf("user-%d@example.com", i)))
		}
		for i := range 12 {
			s.askIn(t, users[i%3], fmt.Sprintf("user-%d@example.com", i%3)).Want(t, 200, "")
		}
		s.askIn(t, users[0], users[0].Email).Want(t, 429, "rate_limited")
		s.StepUp(t, users[3], transfer)
		s.StepUp(t, users[3], transfer)
		s.askIn(t, users[3], users[3].Email).Want(t, 429, "rate_limited")
		s.Clock.Advance(10 * time.Minute)
		s.StepUp(t, users[3], transfer)
		s.SignIn(t, servertest.A, "stranger@example.com") // whose pot is another
	}, anyAddress())
}

// An honest user steps up by code as often as the account's hour allows; who
// proves nothing is stopped at the account's limit, over all sessions.
func TestHonestUserIsNotStopped(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.limited(t, usualLimits)
		owner := s.aged(t, "owner@example.com")
		for range 10 {
			s.StepUp(t, owner, transfer)
		}
		s.askIn(t, owner, owner.Email).Want(t, 429, "rate_limited") // the session's ten
		for range 2 {
			again := s.SignIn(t, servertest.A, owner.Email)
			for range 10 {
				s.StepUp(t, again, transfer)
			}
		}
		again := s.SignIn(t, servertest.A, owner.Email)
		s.askIn(t, again, owner.Email).Want(t, 429, "rate_limited") // thirty in an hour, proven or not
		s.Clock.Advance(time.Hour)
		idle := s.SignIn(t, servertest.A, owner.Email)
		for range 5 {
			s.askIn(t, idle, owner.Email).Want(t, 200, "")
		}
		s.askIn(t, idle, owner.Email).Want(t, 429, "rate_limited") // five to one address that come to nothing
		for i := range 5 {
			s.askIn(t, idle, fmt.Sprintf("new-%d@example.com", i)).Want(t, 200, "")
		}
		another := s.SignIn(t, servertest.A, owner.Email)
		s.askIn(t, another, "new-5@example.com").Want(t, 429, "rate_limited")

		// The operator lifts it.
		admin := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{"users.write"}))
		s.Do(t, "POST", servertest.Admin(servertest.A)+"/users/"+owner.UserID+"/unlock", admin, nil).Want(t, 204, "")
		s.StepUp(t, another, transfer)
		if n := s.count(t, `SELECT COUNT(*) FROM audit_events WHERE action = 'user.unlocked' AND user_id = $1`, owner.UserID); n != 1 {
			t.Errorf("%d entries say so, want 1", n)
		}
	}, anyAddress())
}

// L5: a stranger asks for codes to an address all the time, from many addresses.
// Its owner gets an id for the code that the newest mail carries, and the answer
// is the same as ever.
func TestL5OwnerStillSignsIn(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.limited(t, usualLimits)
		for _, known := range []bool{true, false} {
			email := fmt.Sprintf("victim-%v@example.com", known)
			if known {
				s.SignIn(t, servertest.A, email)
				s.Clock.Advance(10 * time.Minute)
			}
			mails := len(s.Inbox.To(email))
			for i := range 20 {
				s.askCode(t, email, fmt.Sprintf("203.0.113.%d", i)).Want(t, 200, "")
				s.Inbox.WaitCode(t, email, mails+min(i, 4)) // one behind the other, so that the last one is the newest
			}
			mine := s.askCode(t, email, "198.51.100.7").Want(t, 200, "")
			code := s.Inbox.WaitCode(t, email, mails+4)
			if n := len(s.Inbox.To(email)) - mails; n != 5 {
				t.Errorf("%d mails went out, want 5", n)
			}
			other := s.askCode(t, strings.Replace(email, "victim", "nobody", 1), "198.51.100.8").Want(t, 200, "") // nobody has asked before
			if len(mine.Body) != len(other.Body) || mine.Member("email") != email {
				t.Errorf("the answer tells that no mail went: %s, else %s", mine.Body, other.Body)
			}
			s.Do(t, "POST", sdk("/emailVerifications/signin"), from("198.51.100.7", nil), typed(mine.Member("verificationUUID"), code)).
				Want(t, 200, "")

			// When the codes are over, and the window is not, the next request is answered with a mail.
			for i := range 20 {
				s.askCode(t, email, fmt.Sprintf("203.0.113.%d", i)).Want(t, 200, "")
			}
			s.settleMail(t) // one under way would be taken for the one that follows
			s.Clock.Advance(6 * time.Minute)
			mails = len(s.Inbox.To(email))
			mine = s.askCode(t, email, "198.51.100.7").Want(t, 200, "")
			code = s.Inbox.WaitCode(t, email, mails)
			s.Do(t, "POST", sdk("/emailVerifications/signin"), from("198.51.100.7", nil), typed(mine.Member("verificationUUID"), code)).
				Want(t, 200, "")
			s.Clock.Advance(time.Hour)
		}
	}, anyAddress())
}

// L5: the ids of one code share its tries. A source has as many as it always had,
// all sources together three times as many, and whoever asked for the code has
// its own.
func TestL5SharedTries(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.limited(t,
			"  codesPerAddress: {count: 1, per: 10m}\n  codesPerIP: {count: 100, per: 10m}\n  guessesPerAccount: {count: 100, per: 1h}\n")
		email := "victim@example.com"
		s.askCode(t, email, "198.51.100.1").Want(t, 200, "")
		code := s.Inbox.WaitCode(t, email, 0)
		compared := map[string]int{}
		all, longer := 0, 0
		for i := range 12 {
			source := fmt.Sprintf("203.0.113.%d", i%4)
			id := s.askCode(t, email, source).Want(t, 200, "").Member("verificationUUID")
			for try := range 4 {
				typing := wrong(code, 20*i+try)
				r := s.Do(t, "POST", sdk("/emailVerifications/signin"), from(source, nil), typed(id, typing))
				switch r.Code {
				case "wrong_email_verification_token":
					compared[source]++
					all++
				case "invalid_email_verification":
					longer++ // ten wrong ones: short codes stop
				case "too_many_email_verification_attempts":
				default:
					t.Fatalf("%d %s", r.Status, r.Body)
				}
			}
		}
		for source, n := range compared {
			if n > 5 {
				t.Errorf("%s had %d tries at one code, want 5", source, n)
			}
		}
		if all != 10 || longer == 0 {
			t.Errorf("%d tries before the alarm, want 10", all)
		}
		// With eight digits the whole of the shared tries can be seen.
		s.Clock.Advance(10 * time.Minute)
		sent := func() int { return s.count(t, `SELECT COUNT(*) FROM audit_events WHERE action = 'code.sent'`) }
		mails := len(s.Inbox.To(email))
		own := s.askCode(t, email, "198.51.100.1").Want(t, 200, "").Member("verificationUUID")
		code = s.Inbox.WaitCode(t, email, mails)
		if len(code) != 8 {
			t.Fatalf("a code of %d digits while somebody guesses", len(code))
		}
		all, compared = 0, map[string]int{}
		before := sent()
		for i := range 40 {
			source := fmt.Sprintf("203.0.114.%d", i%5)
			id := s.askCode(t, email, source).Want(t, 200, "").Member("verificationUUID")
			if sent() > before {
				break // its tries are over, so that a new mail went
			}
			for try := range 3 {
				r := s.Do(t, "POST", sdk("/emailVerifications/signin"), from(source, nil), typed(id, wrong(code, 20*i+try)))
				if r.Code == "wrong_email_verification_token" {
					compared[source]++
					all++
				}
			}
		}
		for source, n := range compared {
			if n > 5 {
				t.Errorf("%s had %d tries at one code, want 5", source, n)
			}
		}
		if all != 15 {
			t.Errorf("%d tries by shared ids, want 15", all)
		}
		s.Do(t, "POST", sdk("/emailVerifications/signin"), from("198.51.100.1", nil), typed(own, code)).Want(t, 200, "")
	}, anyAddress())
}

// L5: no id is handed out for a code that was asked for in a session, by anybody
// outside it.
func TestL5NoCodeOfASession(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.limited(t, "  codesPerAddress: {count: 1, per: 10m}\n  codeExpiry: 10m\n")
		owner := s.SignIn(t, servertest.A, "owner@example.com")
		s.Clock.Advance(10 * time.Minute)
		_, inside := s.SendCode(t, servertest.A, owner.Email, owner.Header())
		_, outside := s.SendCode(t, servertest.A, owner.Email, nil)
		s.Clock.Advance(time.Second)
		id := s.askCode(t, owner.Email, "203.0.113.1").Want(t, 200, "").Member("verificationUUID")
		if inside != outside {
			s.Do(t, "POST", sdk("/emailVerifications/signin"), from("203.0.113.1", nil), typed(id, inside)).
				Want(t, 422, "wrong_email_verification_token")
		}
		s.Do(t, "POST", sdk("/emailVerifications/verify"), owner.Header(), typed(id, outside, transfer)).
			Want(t, 422, "invalid_email_verification")
		s.Do(t, "POST", sdk("/emailVerifications/signin"), from("203.0.113.1", nil), typed(id, outside)).Want(t, 200, "")
		s.Do(t, "POST", sdk("/emailVerifications/signin"), from("203.0.113.1", nil), typed(id, outside)).
			Want(t, 422, "invalid_email_verification")
	}, anyAddress())
}

// L9: one IPv6 network is one client, for codes and for guesses: it neither uses
// up the environment nor locks an owner out.
func TestL9OneNetworkIsOneClient(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.limited(t, usualLimits)
		refused := 0
		for i := range 60 {
			if r := s.askCode(t, fmt.Sprintf("nobody-%d@example.com", i), fmt.Sprintf("2001:db8::%x:1", i)); r.Status == 429 {
				refused++
			}
		}
		if refused != 30 {
			t.Errorf("%d of 60 requests from one network refused, want 30", refused)
		}
		sent := 0
		for i := range 400 {
			if r := s.askCode(t, fmt.Sprintf("site-%d@example.com", i), fmt.Sprintf("2001:db8:7:%x::1", i)); r.Status == 200 {
				sent++
			}
		}
		if sent != 300 {
			t.Errorf("%d codes for one site, want 300", sent)
		}
		s.limited(t, "  codesPerAddress: {count: 1000, per: 10m}\n  codesPerIP: {count: 1000, per: 10m}\n")
		email, compared := "victim@example.com", 0
		s.SignIn(t, servertest.A, email)
		for i := range 40 {
			source := from(fmt.Sprintf("2001:db8:9::%x", i%4), nil)
			id, code := s.SendCode(t, servertest.A, email, source)
			if r := s.Do(t, "POST", sdk("/emailVerifications/signin"), source,
				typed(id, wrong(code, i))); r.Code == "wrong_email_verification_token" {
				compared++
			}
		}
		if compared != 10 {
			t.Errorf("four addresses of one network had %d guesses, want 10", compared)
		}
		s.SignIn(t, servertest.A, email)
	}, anyAddress())
}

// L8: sign-ins with ids of codes that do not exist cost us next to nothing: one
// entry says how many there were.
func TestL8RefusalsAreCounted(t *testing.T) {
	requests := 600
	if long() {
		requests = 6_000
	}
	onBothEngines(t, func(t *testing.T, s scene) {
		refusals := func() int { return s.count(t, `SELECT COUNT(*) FROM audit_events WHERE action = 'proof.refused'`) }
		id, code := s.SendCode(t, servertest.A, "known@example.com", nil)
		before := s.count(t, `SELECT COUNT(*) FROM counters`)
		for i := range requests {
			s.Do(t, "POST", sdk("/emailVerifications/signin"), from(fmt.Sprintf("2001:db8::%x", i), nil),
				typed(fmt.Sprintf("00000000-0000-4000-8000-%012d", i), "123456")).
				Want(t, 422, "invalid_email_verification")
		}
		if n := s.count(t, `SELECT COUNT(*) FROM counters`) - before; n != 0 {
			t.Errorf("%d counters were written", n)
		}
		s.Do(t, "POST", sdk("/emailVerifications/signin"), from("192.0.2.1", nil), typed(id, wrong(code, 1))).
			Want(t, 422, "wrong_email_verification_token")
		s.Clock.Advance(2 * time.Minute)
		entries := s.waitRefusals(t, 2)
		total := 0
		for _, e := range entries {
			total += e.Detail.Count
			if e.Source != "2001:db8::/64" && e.Source != "192.0.2.1" || len(e.SourceHash) != 64 {
				t.Errorf("%+v", e)
			}
		}
		if total != requests+1 || refusals() > 6 { // a minute may have passed meanwhile
			t.Errorf("%d refusals in %d entries, want %d in 2", total, refusals(), requests+1)
		}
	}, anyAddress())
}

type refusalEntry struct {
	Source     string
	SourceHash string
	Detail     struct{ Count int }
}

// waitRefusals waits until entries of so many sources are there.
func (s scene) waitRefusals(t *testing.T, sources int) (entries []refusalEntry) {
	t.Helper()
	admin := servertest.Bearer(s.ServiceToken(t, servertest.A, []string{"audit.read"}))
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		var answer struct{ Events []json.RawMessage }
		s.Do(t, "GET", servertest.Admin(servertest.A)+"/audit?action=proof.refused", admin, nil).Want(t, 200, "").JSON(t, &answer)
		entries = nil
		seen := map[string]bool{}
		for _, raw := range answer.Events {
			var e refusalEntry
			if err := json.Unmarshal(raw, &e); err != nil {
				t.Fatal(err)
			}
			seen[e.Source] = true
			entries = append(entries, e)
		}
		if len(seen) >= sources {
			return entries
		}
	}
	t.Fatalf("after half a minute there are entries of %d sources, want %d", len(entries), sources)
	return nil
}

// L4: whoever is signed in and refused another code is told by which limit.
func TestL4TheRefusalNamesItsLimit(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s scene) {
		s.limited(t, "  codesPerAddress: {count: 5, per: 10m}\n  codesPerSession: {count: 1, per: 10m}\n")
		user := s.aged(t, "told@example.com")
		s.askIn(t, user, user.Email).Want(t, 200, "")
		r := s.askIn(t, user, user.Email)
		r.Want(t, 429, "rate_limited")
		var told struct{ Payload struct{ Setting string } }
		r.JSON(t, &told)
		if told.Payload.Setting != "limits.codesPerSession" {
			t.Errorf("the refusal names %q", told.Payload.Setting)
		}
	})
}
