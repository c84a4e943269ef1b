package attack_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// closedSignUp says who has an account, if anything does: nothing is mailed to a stranger.
func closedSignUp() string {
	return strings.Replace(servertest.Document(servertest.A, ""), "limits:\n", "signUp: {enabled: false}\nlimits:\n", 1)
}

// shape is what an answer says besides its ids, its time and the address sent in.
func shape(t *testing.T, r servertest.Response, email string) string {
	t.Helper()
	var body m
	if err := json.Unmarshal(r.Body, &body); err != nil {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	for _, name := range []string{"verificationUUID", "requestId"} {
		if _, ok := body[name]; ok {
			body[name] = "…"
		}
	}
	header := r.Header.Clone()
	header.Del("Date")
	header.Del("X-Request-Id")
	names := slices.Sorted(maps.Keys(header))
	said := fmt.Sprint(r.Status, body, names, header)
	return strings.NewReplacer(email, "ADDRESS", r.Header.Get("X-Request-Id"), "ID").Replace(said)
}

// F10: an answer tells whether an address has an account.
func TestF10SameAnswerForKnownAndUnknown(t *testing.T) {
	t.Parallel()
	for name, document := range map[string]string{"sign-up open": servertest.Document(servertest.A, ""), "sign-up closed": closedSignUp()} {
		s := start(t)
		const known, unknown, disabled = "aaaaa@example.com", "bbbbb@example.com", "ccccc@example.com"
		s.SignIn(t, servertest.A, known)
		gone := s.SignIn(t, servertest.A, disabled)
		admin := s.ServiceToken(t, servertest.A, []string{"users.write"})
		s.Do(t, "POST", servertest.Admin(servertest.A)+"/users/"+gone.UserID+"/disable", servertest.Bearer(admin), nil).Want(t, 204, "")
		session := s.SignIn(t, servertest.A, "attacker@example.com")
		token := s.StepUp(t, session, "credential:update")
		s.Apply(t, document)

		ask := func(email string) []string {
			created := s.Do(t, "POST", sdk("/emailVerifications/create"), nil, m{"email": email}).Want(t, 200, "")
			id := created.Member("verificationUUID")
			inside := s.Do(t, "POST", sdk("/emailVerifications/create"), session.Header(), m{"email": email})
			return []string{
				shape(t, created, email),
				shape(t, s.Do(t, "POST", sdk("/emailVerifications/retry"), nil, m{"email": email, "verificationUUID": id}), email),
				shape(t, s.Do(t, "POST", sdk("/emailVerifications/signin"), nil, typed(id, "x")), email),
				shape(t, inside, email),
				shape(t, s.Do(t, "POST", sdk("/emailVerifications/verify"), session.Header(),
					typed(inside.Member("verificationUUID"), "x", transfer)), email),
				shape(t, s.Do(t, "PUT", sdk("/users"), session.Header(), m{"email": email}), email),
				shape(t, s.Do(t, "POST", sdk("/emailVerifications/signin"), nil, typed("unknown", "123456")), email),
				fmt.Sprint(s.Do(t, "PUT", sdk("/users"), session.Header(token), m{"email": email}).Status),
			}
		}
		want := ask(unknown)
		for _, email := range []string{known, disabled} {
			for i, got := range ask(email) {
				if got != want[i] {
					t.Errorf("%s: answer %d tells %s from a stranger:\n%s\n%s", name, i, email, got, want[i])
				}
			}
		}
		if name == "sign-up closed" && len(s.Inbox.To(unknown)) > 2 { // the two asked for inside a session
			t.Errorf("a stranger was mailed: %d", len(s.Inbox.To(unknown)))
		}
	}
}

// F10: the time of an answer tells it. Not parallel, so that it measures the
// server and not the other tests. It runs where the difference would be
// greatest: with sign-up closed only known addresses are mailed.
func TestF10SameTimeForKnownAndUnknown(t *testing.T) {
	const bound = 0.10
	samples, enough := 500, time.After(8*time.Second)
	if long() {
		samples, enough = 5_000, nil
	}
	s := start(t)
	const people = 20
	for i := range people {
		s.SignIn(t, servertest.A, fmt.Sprintf("known-%02d@example.com", i))
	}
	document := strings.NewReplacer("count: 10000,", "count: 1000000,", "count: 1000,", "count: 1000000,", "limits:\n",
		"limits:\n  codesPerHour: 1000000\n").Replace(closedSignUp())
	s.Apply(t, document)
	ask := func(address string) float64 {
		began := time.Now()
		s.Do(t, "POST", sdk("/emailVerifications/create"), nil, m{"email": address}).Want(t, 200, "")
		return float64(time.Since(began))
	}
	// Each sample is of either kind by chance, whatever the one before it was.
	kinds := make([]int, 2*samples)
	for i := range kinds {
		kinds[i] = i % 2
	}
	rand.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	var times [2][]float64
sampling:
	for i, kind := range append(make([]int, people), kinds...) { // the first ones warm up
		took := ask(fmt.Sprintf("%s-%02d@example.com", []string{"known", "never"}[kind], i%people))
		if i >= people {
			times[kind] = append(times[kind], took)
		}
		select {
		case <-enough: // a slow disk gives fewer samples
			if len(times[0]) >= 150 && len(times[1]) >= 150 {
				break sampling
			}
			enough = time.After(time.Second)
		default:
		}
	}
	// How often one answer for a known address takes longer than one for an
	// unknown: by chance 0.5, give or take 0.02 with 500 samples.
	longer := superiority(times[0], times[1])
	t.Logf("known %v, unknown %v (medians); the known one takes longer in %.3f of pairs", median(times[0]), median(times[1]), longer)
	if math.Abs(longer-0.5) > bound {
		t.Errorf("the time of an answer tells who has an account: medians %v and %v, the known one takes longer in %.3f of pairs",
			median(times[0]), median(times[1]), longer)
	}
}

func median(times []float64) time.Duration {
	slices.Sort(times)
	return time.Duration(times[len(times)/2])
}

// superiority is the share of pairs in which a is greater (Mann-Whitney U / nm).
func superiority(a, b []float64) float64 {
	b = slices.Sorted(slices.Values(b))
	var greater int
	for _, x := range a {
		n, _ := slices.BinarySearch(b, x)
		greater += n
	}
	return float64(greater) / float64(len(a)*len(b))
}

// F11: an address that two parsers read in two ways, over the whole way from
// the request to the mail.
func TestF11AddressParsing(t *testing.T) {
	t.Parallel()
	s := start(t)
	user := s.SignIn(t, servertest.A, "f11@example.com")
	token := s.StepUp(t, user, "credential:update")
	for name, address := range map[string]string{
		"empty": "", "no at": "example.com", "two ats": "a@evil.example@example.com", "quoted at": `"a@evil.example"@example.com`,
		"quoted space": `"a b"@example.com`, "quoted injection": `"a@evil.example> ORCPT=x"@example.com`,
		"display name": "A <a@example.com>", "angle brackets": "<a@example.com>", "comment": "a(x)@example.com",
		"comma": "a@example.com,b@evil.example", "semicolon": "a@example.com;b@evil.example",
		"header injection": "a@example.com\r\nBcc: b@evil.example", "line feed": "a@example.com\n.",
		"line separator": "a@exam\u2028ple.com", "percent route": "a%evil.example@example.com",
		"bang route":   "evil.example!a@example.com",
		"source route": "@evil.example:a@example.com", "option": "-oQ/tmp@example.com", "leading dot": ".a@example.com",
		"double dot": "a..b@example.com", "non-ascii local": "ä@example.com", "full-width at": "a＠example.com",
		"full-width dot": "a@example．com", "literal": "a@[127.0.0.1]", "ip": "a@127.0.0.1", "single label": "a@localhost",
		"underscore": "a@ex_ample.com", "empty label": "a@example..com", "punycode of ascii": "a@xn--example-.com",
		"zero width": "a@exam\u200bple.com", "soft hyphen": "a@exam\u00adple.com", "right to left": "a@\u202emoc.elpmaxe",
		"parameter": "a@example.com NOTIFY=NEVER", "port": "a@example.com:25",
		"long local": strings.Repeat("a", 65) + "@example.com", "long": "a@" + strings.Repeat("abcdefghi.", 26) + "com",
		"list": "a@example.com b@example.com", "mailto": "mailto:a@example.com",
	} {
		for door, send := range map[string]func() servertest.Response{
			"create": func() servertest.Response {
				return s.Do(t, "POST", sdk("/emailVerifications/create"), nil, m{"email": address})
			},
			"update": func() servertest.Response {
				return s.Do(t, "PUT", sdk("/users"), user.Header(token), m{"email": address})
			},
		} {
			if r := send(); r.Status/100 != 4 || r.Code != "invalid_email" && r.Code != "invalid_request" {
				t.Errorf("%s at %s: %d %s", name, door, r.Status, r.Body)
			}
		}
	}
	for name, body := range map[string]string{
		"nul": `{"email":"a@example.com\u0000.evil.example"}`, "list": `{"email":["a@example.com","b@evil.example"]}`,
		"object": `{"email":{"$ne":""}}`, "twice": `{"email":"a@example.com","email":"b@evil.example"}`,
		"other case too": `{"email":"a@example.com","Email":"b@evil.example"}`, "lone surrogate": `{"email":"\ud800@example.com"}`,
	} {
		if r := s.Do(t, "POST", sdk("/emailVerifications/create"), http.Header{}, body); r.Status/100 != 4 {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
	for _, mail := range s.Inbox.List() {
		if strings.Contains(mail.To, "evil") {
			t.Errorf("a mail went to %q", mail.To)
		}
	}
}
