package attack_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/server"
	"github.com/stepup-auth/stepup/internal/server/servertest"
	"github.com/stepup-auth/stepup/internal/store"
)

const evil = "evil.example"

// poison is every header by which somebody may say what our address is.
func poison(to http.Header) http.Header {
	h := to.Clone()
	if h == nil {
		h = http.Header{}
	}
	for name, value := range map[string]string{
		"Host": evil, "X-Forwarded-Host": evil, "X-Host": evil, "X-Forwarded-Server": evil, "X-HTTP-Host-Override": evil,
		"Forwarded":         "for=1.2.3.4;host=" + evil + ";proto=https",
		"X-Forwarded-Proto": "https", "X-Forwarded-Port": "666", "X-Forwarded-Prefix": "/evil", "X-Original-URL": "https://" + evil + "/",
		"X-Rewrite-URL": "/evil", "X-Original-Host": evil, "Referer": "https://" + evil + "/", "X-Forwarded-Scheme": "https",
		"Via": "1.1 " + evil,
	} {
		h.Set(name, value)
	}
	return h
}

// F1: headers that name another host change where links lead, or who signs.
func TestF1HostPoisoning(t *testing.T) {
	t.Parallel()
	s := start(t, anyAddress())
	send := func(method, path string, header http.Header, body any) servertest.Response {
		t.Helper()
		r, err := call(t.Context(), http.DefaultClient, method+" "+s.URL+sdk(path), poison(header), body)
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprint(r.Header, string(r.Body)); strings.Contains(text, evil) ||
			strings.Contains(text, "666") && r.Header.Get("Location") != "" {
			t.Errorf("%s %s answers with the poison: %s", method, path, text)
		}
		return r
	}
	email := "f1@example.com"
	id := send("POST", "/emailVerifications/create", nil, m{"email": email}).Want(t, 200, "").Member("verificationUUID")
	token := send("POST", "/emailVerifications/signin", nil, typed(id, s.Inbox.WaitCode(t, email, 0))).
		Want(t, 200, "").Member("minifiedJwt")
	if claims := part(t, token, 1); claims["iss"] != s.Issuer(servertest.A) || claims["aud"] != s.Issuer(servertest.A) {
		t.Errorf("claims follow the headers: %v", claims)
	}
	user := servertest.Bearer(token)
	id = send("POST", "/emailVerifications/create", user, m{"email": email}).Want(t, 200, "").Member("verificationUUID")
	elevated := send("POST", "/emailVerifications/verify", user, typed(id, s.Inbox.WaitCode(t, email, 1), "credential:update")).
		Want(t, 200, "").Member("elevatedAccessToken")
	var changing struct {
		EmailVerification struct{ VerificationUUID string }
	}
	user.Set("Elevated-Access-Token", elevated)
	send("PUT", "/users", user, m{"email": "f1-new@example.com"}).Want(t, 200, "").JSON(t, &changing)
	user.Del("Elevated-Access-Token")
	send("POST", "/emailVerifications/verify", user,
		typed(changing.EmailVerification.VerificationUUID, s.Inbox.WaitCode(t, "f1-new@example.com", 0))).Want(t, 200, "")
	notice := s.Inbox.Wait(t, email, 2)
	if !strings.Contains(notice.Text, s.Issuer(servertest.A)+"/notMe#") {
		t.Errorf("the notice has no link of ours:\n%s", notice.Text)
	}
	for _, mail := range slices.Concat(s.Inbox.To(email), s.Inbox.To("f1-new@example.com")) {
		if strings.Contains(fmt.Sprint(mail), evil) {
			t.Errorf("a mail carries the poison:\n%v", mail)
		}
	}
	send("GET", "/settings", nil, nil).Want(t, 200, "")
	send("GET", "/nothing", nil, nil).Want(t, 404, "not_found")
}

// F2: a client invents its address, to get a fresh limit or to use up somebody else's.
func TestF2ClientAddressSpoofed(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	s := startStill(t, store.SQLite, func(c *server.Config) { c.TrustedProxies = proxies })
	head, rest, _ := strings.Cut(servertest.Document(servertest.A, ""), "limits:\n")
	scene{Server: &servertest.Server{DB: s.db}}.Apply(t,
		head+"limits:\n  codesPerIP: {count: 1, per: 10m}\n"+rest[strings.Index(rest, "scopes:"):])

	n := 0
	send := func(remote string, header http.Header) int {
		n++
		r := httptest.NewRequestWithContext(t.Context(), "POST", sdk("/emailVerifications/create"),
			strings.NewReader(fmt.Sprintf(`{"email":"f2-%d@example.com"}`, n)))
		r.RemoteAddr, r.TLS = remote, &tls.ConnectionState{}
		r.Header = header.Clone()
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.server.Handler().ServeHTTP(w, r)
		return w.Code
	}
	forwarded := func(values ...string) http.Header { return http.Header{"X-Forwarded-For": values} }
	for i, c := range []struct {
		name, remote string
		header       http.Header
		want         string // the address it counts as
	}{
		{"direct", "192.0.2.1:1000", forwarded(), "192.0.2.1"},
		{"direct, other port", "192.0.2.1:2000", forwarded(), "192.0.2.1"},
		{"direct, mapped to IPv6", "[::ffff:192.0.2.1]:1000", forwarded(), "192.0.2.1"},
		{"stranger who claims to forward", "192.0.2.1:1000", forwarded("198.51.100.1"), "192.0.2.1"},
		{"stranger who claims to be a proxy", "192.0.2.1:1000", forwarded("198.51.100.2, 10.0.0.1"), "192.0.2.1"},
		{"other headers", "192.0.2.1:1000", http.Header{"X-Real-Ip": {"198.51.100.3"}, "True-Client-Ip": {"198.51.100.3"},
			"Forwarded": {"for=198.51.100.3"}, "Cf-Connecting-Ip": {"198.51.100.3"}}, "192.0.2.1"},
		{"proxy", "10.0.0.1:1000", forwarded("203.0.113.1"), "203.0.113.1"},
		{"proxy, client invents a first hop", "10.0.0.1:1000", forwarded("198.51.100.4, 203.0.113.1"), "203.0.113.1"},
		{"proxy, client invents two", "10.0.0.1:1000", forwarded("10.0.0.9, 198.51.100.5, 203.0.113.1"), "203.0.113.1"},
		{"two proxies", "10.0.0.1:1000", forwarded("198.51.100.6, 203.0.113.1, 10.0.0.2"), "203.0.113.1"},
		{"two headers", "10.0.0.1:1000", forwarded("198.51.100.7", "203.0.113.1"), "203.0.113.1"},
		{"proxy by IPv6", "[fd00::1]:1000", forwarded("203.0.113.1"), "203.0.113.1"},
		{"mapped hop", "10.0.0.1:1000", forwarded("::ffff:203.0.113.1"), "203.0.113.1"},
		{"spaces", "10.0.0.1:1000", forwarded(" 198.51.100.8 ,  203.0.113.1 "), "203.0.113.1"},
		{"proxy without a word", "10.0.0.1:1000", forwarded(), "10.0.0.1"},
		{"hop nobody can read", "10.0.0.1:1000", forwarded("198.51.100.9, 203.0.113.1:99999999"), "10.0.0.1"},
		{"hop that is no address", "10.0.0.1:1000", forwarded("198.51.100.9, unknown"), "10.0.0.1"},
		{"stray commas", "10.0.0.1:1000", forwarded(",198.51.100.10 ,, 203.0.113.1,", " , "), "203.0.113.1"},
		{"nothing but commas", "10.0.0.1:1000", forwarded(", ,"), "10.0.0.1"},
		{"port", "10.0.0.1:1000", forwarded("198.51.100.11, 203.0.113.1:1001"), "203.0.113.1"},
		{"another port", "10.0.0.1:1000", forwarded("203.0.113.1:2"), "203.0.113.1"},
		{"port of a proxy", "10.0.0.1:1000", forwarded("203.0.113.1, 10.0.0.2:443"), "203.0.113.1"},
		{"IPv6 with port", "10.0.0.1:1000", forwarded("[2001:db8::1]:443"), "[2001:db8::1]"},
		{"IPv6 in brackets", "10.0.0.1:1000", forwarded("[2001:db8::1]"), "[2001:db8::1]"},
		{"IPv6 bare, with a zone", "10.0.0.1:1000", forwarded("2001:db8::1%eth0"), "[2001:db8::1]"},
		{"RFC 7239", "10.0.0.1:1000", http.Header{"Forwarded": {`for=198.51.100.12, For="203.0.113.1:_hidden";proto=https;by=10.0.0.1`}},
			"203.0.113.1"},
		{"RFC 7239, IPv6", "10.0.0.1:1000", http.Header{"Forwarded": {`by=10.0.0.1;for="[2001:db8::1]:4711"`}}, "[2001:db8::1]"},
		{"RFC 7239, unknown", "10.0.0.1:1000", http.Header{"Forwarded": {`for=198.51.100.12, for=unknown`}}, "10.0.0.1"},
		{"RFC 7239, two in one", "10.0.0.1:1000", http.Header{"Forwarded": {`for=198.51.100.12;for=203.0.113.1`}}, "10.0.0.1"},
		{"RFC 7239, an open quote", "10.0.0.1:1000", http.Header{"Forwarded": {`for="198.51.100.13`, `for=203.0.113.1`}}, "203.0.113.1"},
		{"both headers, one word", "10.0.0.1:1000", http.Header{"X-Forwarded-For": {"203.0.113.1"}, "Forwarded": {"for=203.0.113.1"}},
			"203.0.113.1"},
		{"both headers, a client's lie in one", "10.0.0.1:1000",
			http.Header{"X-Forwarded-For": {"198.51.100.14"}, "Forwarded": {"for=203.0.113.1"}}, "10.0.0.1"},
		{"another address of the /64", "10.0.0.1:1000", forwarded("2001:db8::ffff:1"), "[2001:db8::1]"},
		{"NAT64", "10.0.0.1:1000", forwarded("64:ff9b::203.0.113.1"), "203.0.113.1"},
		{"6to4", "[2002:cb00:7101:5::9]:1000", forwarded(), "203.0.113.1"},
		{"6to4 of a proxy is none", "[2002:a00:1::1]:1000", forwarded("198.51.100.15"), "[2002:a00:1::1]"},
	} {
		err := s.db.Write(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(`DELETE FROM counters`); return err })
		if err != nil {
			t.Fatal(err)
		}
		first, second := send(c.remote, c.header), send(c.want+":1", forwarded())
		if strings.HasPrefix(c.want, "10.") {
			second = send("10.0.0.1:1", forwarded(c.want))
		}
		if first != 200 || second != 429 {
			t.Errorf("%d %s: it does not count as %s: %d, then %d", i, c.name, c.want, first, second)
		}
	}
}

// ASVS 3.5: a page of another origin reads answers, on any route.
func TestCORSExactOriginOnly(t *testing.T) {
	t.Parallel()
	s := start(t)
	good := servertest.Origin(servertest.A)
	strangers := []string{
		"null", "https://evil.example", good + ".evil.example", "https://evil" + strings.TrimPrefix(good, "https://"),
		strings.Replace(good, "https", "http", 1), good + ":8443", good + "/",
		strings.ToUpper(good), strings.Replace(good, "app.", "sub.app.", 1), strings.Replace(good, ".", "-", 1), "*", "file://", "https://",
		good + "," + good, good + "%00.evil.example",
		servertest.Origin(servertest.B), "https://user@" + strings.TrimPrefix(good, "https://"), good + "#", "chrome-extension://abc",
	}
	for _, r := range api.Routes() {
		path := r.Path
		for name, value := range map[string]string{"environmentId": servertest.A, "userId": "u", "credentialId": "c", "provider": "p"} {
			path = strings.ReplaceAll(path, "{"+name+"}", value)
		}
		origins := append([]string{good}, strangers...)
		if r.Path != api.Routes()[0].Path { // all of them at one route, the likeliest at each
			origins = origins[:6]
		}
		for _, origin := range origins {
			header := http.Header{"Origin": {origin}, "Access-Control-Request-Method": {r.Method},
				"Access-Control-Request-Headers": {"authorization"}}
			for _, method := range []string{"OPTIONS", r.Method} {
				answer := s.Do(t, method, path, header, nil)
				allow := answer.Header.Get("Access-Control-Allow-Origin")
				what := fmt.Sprintf("%s %s from %q: %d, allowed %q", method, path, origin, answer.Status, allow)
				inTenant := strings.HasPrefix(path, "/api/v0/sdk/") || strings.Contains(path, servertest.A)
				switch {
				case answer.Header.Get("Access-Control-Allow-Credentials") != "":
					t.Errorf("%s, with credentials", what)
				case r.AnyOrigin && method != "OPTIONS" && answer.Status == 200:
					if allow != "*" {
						t.Errorf("%s, want any", what)
					}
				case allow != "" && (allow != origin || origin != good):
					t.Error(what)
				case origin == good && strings.HasPrefix(path, "/api/v0/sdk/") &&
					(r.Gate.Kind != door.ServiceGate || method == "OPTIONS") && allow != good:
					t.Error(what)
				case origin != good && method != "OPTIONS" && inTenant && !r.Document && !r.AnyOrigin &&
					r.Gate.Kind != door.ServiceGate &&
					(answer.Status != 403 || answer.Code != "origin_not_allowed"):
					t.Errorf("%s %s, want origin_not_allowed", what, answer.Body)
				}
				if vary := strings.Join(answer.Header.Values("Vary"), ","); !strings.Contains(vary, "Origin") {
					t.Errorf("%s, without Vary: Origin", what)
				}
			}
		}
	}
	// Preflights carry what published clients need, no origin at all is no browser, and two origins are none.
	preflight := s.Do(t, "OPTIONS", sdk("/users"), http.Header{"Origin": {good}}, nil).Want(t, 204, "")
	if allowed := preflight.Header.Get("Access-Control-Allow-Headers"); !strings.Contains(allowed, "x-dyn-elevated-access-token") ||
		strings.Contains(allowed, "*") {
		t.Errorf("allowed headers: %q", allowed)
	}
	s.Do(t, "GET", sdk("/settings"), nil, nil).Want(t, 200, "")
	for _, two := range [][]string{{good, "https://evil.example"}, {"https://evil.example", good}, {good, good}, {"", good}} {
		header := http.Header{"Origin": two}
		for _, answer := range []servertest.Response{
			s.Do(t, "GET", sdk("/nonces"), header, nil).Want(t, 400, "invalid_request"),
			s.Do(t, "GET", sdk("/settings"), header, nil).Want(t, 400, "invalid_request"),
			s.Do(t, "POST", sdk(promptsPath+"/x/open"), http.Header{"Origin": {promptOrigin, promptOrigin}}, m{"secret": "x"}).
				Want(t, 400, "invalid_request"),
			s.Do(t, "OPTIONS", sdk("/users"), header, nil).Want(t, 204, ""),
		} {
			if allow := answer.Header.Get("Access-Control-Allow-Origin"); allow != "" {
				t.Errorf("two origins %q: %q may read the answer", two, allow)
			}
		}
	}
	s.Apply(t, strings.Replace(servertest.Document(servertest.A, ""), `origins: ["`+good+`"]`, "origins: []", 1))
	s.Do(t, "GET", sdk("/nonces"), http.Header{"Origin": {good}}, nil).Want(t, 403, "origin_not_allowed")
}
