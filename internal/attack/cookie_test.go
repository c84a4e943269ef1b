package attack_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

const inCookies = "auth: {storage: [cookie]}\n"

// cookieSignIn signs in as a browser app of the environment does and returns
// the cookie that came with the answer.
func (s scene) cookieSignIn(t *testing.T, email string) *http.Cookie {
	t.Helper()
	browser := http.Header{"Origin": {servertest.Origin(servertest.A)}}
	id, code := s.SendCode(t, servertest.A, email, browser)
	answer := s.Do(t, "POST", sdk("/emailVerifications/signin"), browser, typed(id, code)).Want(t, 200, "")
	if answer.Member("minifiedJwt") != "" || answer.Member("jwt") != "" {
		t.Error("the session token stands in the body")
	}
	return theCookie(t, answer)
}

func theCookie(t *testing.T, answer servertest.Response) *http.Cookie {
	t.Helper()
	set := (&http.Response{Header: answer.Header}).Cookies()
	if len(set) != 1 {
		t.Fatalf("cookies %v, want one", set)
	}
	return set[0]
}

func withCookie(c *http.Cookie, more ...string) http.Header {
	h := http.Header{"Cookie": {c.Name + "=" + c.Value}}
	for i := 0; i < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return h
}

// In cookie mode scripts never see the session, and only apps of the
// environment may use the cookie.
func TestCookieMode(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, inCookies))
	origin := servertest.Origin(servertest.A)
	cookie := s.cookieSignIn(t, "cookie@example.com")
	if !strings.HasPrefix(cookie.Name, "__Host-") || !cookie.HttpOnly || !cookie.Secure || cookie.Path != "/" || cookie.Domain != "" ||
		cookie.SameSite != http.SameSiteNoneMode || cookie.MaxAge <= 0 || cookie.MaxAge > 3600 {
		t.Errorf("cookie %v", cookie)
	}
	answer := s.Do(t, "GET", sdk("/users"), withCookie(cookie, "Origin", origin), nil).Want(t, 200, "")
	if answer.Header.Get("Access-Control-Allow-Origin") != origin || answer.Header.Get("Access-Control-Allow-Credentials") != "true" ||
		!strings.HasSuffix(answer.Header.Get("Access-Control-Expose-Headers"), ", Date") {
		t.Errorf("CORS headers %v", answer.Header)
	}
	s.Do(t, "GET", sdk("/users"), withCookie(cookie, "Sec-Fetch-Site", "same-origin"), nil).Want(t, 200, "")

	// The elevated token goes by body and header.
	id, code := s.SendCode(t, servertest.A, "cookie@example.com", withCookie(cookie, "Origin", origin))
	answer = s.Do(t, "POST", sdk("/emailVerifications/verify"), withCookie(cookie, "Origin", origin), typed(id, code, "user:delete")).
		Want(t, 200, "")
	token := answer.Member("elevatedAccessToken")
	if token == "" || strings.Contains(strings.Join(answer.Header.Values("Set-Cookie"), " "), token) {
		t.Error("the elevated token is not where it belongs")
	}
	wantRefused(t, s.Do(t, "DELETE", sdk("/users"), http.Header{"Origin": {origin},
		"Cookie": {cookie.Name + "=" + cookie.Value + "; x-dyn-elevated-access-token=" + token}}, nil), "missing")

	// Signing out and a dead session take the cookie away, and a forgotten cookie does not keep anybody from signing in.
	gone := theCookie(t, s.Do(t, "POST", sdk("/revoke"), withCookie(cookie, "Origin", origin), nil).Want(t, 204, ""))
	if gone.MaxAge >= 0 || gone.Value != "" {
		t.Errorf("after signing out: %v", gone)
	}
	gone = theCookie(t, s.Do(t, "GET", sdk("/users"), withCookie(cookie, "Origin", origin), nil).Want(t, 401, "invalid_session"))
	if gone.MaxAge >= 0 {
		t.Errorf("after a dead session: %v", gone)
	}
	s.Do(t, "POST", sdk("/emailVerifications/create"), withCookie(cookie, "Origin", origin), m{"email": "cookie@example.com"}).
		Want(t, 200, "")
}

// F5: a page elsewhere makes the browser send the cookie, by fetch, form, tag
// or navigation.
func TestF5CookieOfAnotherPage(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, inCookies))
	cookie := s.cookieSignIn(t, "f5@example.com")
	for name, header := range map[string]http.Header{
		"fetch from elsewhere":        withCookie(cookie, "Origin", "https://evil.example"),
		"an origin that looks alike":  withCookie(cookie, "Origin", servertest.Origin(servertest.A)+".evil.example"),
		"sandboxed frame":             withCookie(cookie, "Origin", "null"),
		"tag":                         withCookie(cookie, "Sec-Fetch-Site", "cross-site"),
		"sibling domain":              withCookie(cookie, "Sec-Fetch-Site", "same-site"),
		"navigation":                  withCookie(cookie, "Sec-Fetch-Site", "none"),
		"a browser that says nothing": withCookie(cookie),
	} {
		for _, call := range []struct{ method, path string }{{"GET", "/users"}, {"POST", "/refresh"}, {"POST", "/revoke"},
			{"DELETE", "/users"}} {
			answer := s.Do(t, call.method, sdk(call.path), header, nil)
			if answer.Status != 403 || answer.Code != "origin_not_allowed" {
				t.Errorf("%s: %s %s: %d %s", name, call.method, call.path, answer.Status, answer.Body)
			}
			if answer.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s may read the answer", name)
			}
		}
	}
	s.Do(t, "GET", sdk("/users"), withCookie(cookie, "Origin", servertest.Origin(servertest.A)), nil).Want(t, 200, "")
}

// Two users share a browser, and with it the cookie: a tab of the first acts as
// nobody once the second has signed in, because it says which session it means.
func TestCookieOfAnotherTab(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, inCookies))
	origin := servertest.Origin(servertest.A)
	ann, bob := s.cookieSignIn(t, "ann@example.com"), s.cookieSignIn(t, "bob@example.com")
	id := func(c *http.Cookie) string {
		var answer struct{ User struct{ SessionID string } }
		body := s.Do(t, "POST", sdk("/refresh"), withCookie(c, "Origin", origin), nil).Want(t, 200, "").Body
		if err := json.Unmarshal(body, &answer); err != nil {
			t.Fatal(err)
		}
		return answer.User.SessionID
	}
	anns, bobs := id(ann), id(bob)
	if anns == "" || anns == bobs {
		t.Fatalf("sessions %q and %q", anns, bobs)
	}
	for _, call := range []struct {
		method, path string
		body         any
	}{{"GET", "/users", nil}, {"POST", "/refresh", nil}, {"POST", "/revoke", nil}, {"DELETE", "/users", nil},
		{"POST", "/stepUp/check", m{"scope": "user:delete"}}, {"POST", "/emailVerifications/create", m{"email": "ann@example.com"}}} {
		answer := s.Do(t, call.method, sdk(call.path), withCookie(bob, "Origin", origin, "X-Stepup-Session-Id", anns), call.body)
		answer.Want(t, 409, "another_session")
		if len(answer.Header.Values("Set-Cookie")) != 0 {
			t.Errorf("%s %s: Bob's cookie was touched", call.method, call.path)
		}
	}
	both := withCookie(bob, "Origin", origin)
	both["X-Stepup-Session-Id"] = []string{bobs, anns}
	s.Do(t, "GET", sdk("/users"), both, nil).Want(t, 409, "another_session")
	s.Do(t, "GET", sdk("/users"), withCookie(bob, "Origin", origin, "X-Stepup-Session-Id", bobs), nil).Want(t, 200, "")

	// Nobody is signed in any more: the code that Ann's tab asks for is no sign-in code.
	mail := m{"email": "ann@example.com"}
	meant := http.Header{"Origin": {origin}, "X-Stepup-Session-Id": {anns}}
	s.Do(t, "POST", sdk("/emailVerifications/create"), meant, mail).Want(t, 401, "sign_in_required")
	s.Do(t, "POST", sdk("/revoke"), withCookie(ann, "Origin", origin, "X-Stepup-Session-Id", anns), nil).Want(t, 204, "")
	s.Do(t, "POST", sdk("/emailVerifications/create"), withCookie(ann, "Origin", origin, "X-Stepup-Session-Id", anns), mail).
		Want(t, 401, "invalid_session")
}

// A cookie is a session only in cookie mode, only of its environment and only
// when there is one of it.
func TestCookieIsOfOneEnvironment(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Apply(t, servertest.Document(servertest.A, inCookies))
	s.Apply(t, servertest.Document(servertest.B, inCookies))
	cookie := s.cookieSignIn(t, "one@example.com")
	origin := servertest.Origin(servertest.A)
	renamed := *cookie
	renamed.Name = strings.Replace(cookie.Name, servertest.A, servertest.B, 1)
	s.Do(t, "GET", servertest.SDK(servertest.B)+"/users", withCookie(cookie, "Origin", servertest.Origin(servertest.B)), nil).
		Want(t, 401, "sign_in_required")
	s.Do(t, "GET", servertest.SDK(servertest.B)+"/users", withCookie(&renamed, "Origin", servertest.Origin(servertest.B)), nil).
		Want(t, 401, "invalid_session")
	twice := withCookie(cookie, "Origin", origin)
	twice["Cookie"] = []string{cookie.Name + "=" + cookie.Value + "; " + cookie.Name + "=" + cookie.Value}
	s.Do(t, "GET", sdk("/users"), twice, nil).Want(t, 401, "sign_in_required")
	s.Clock.Advance(30 * time.Minute)
	renewed := theCookie(t, s.Do(t, "POST", sdk("/refresh"), withCookie(cookie, "Origin", origin), nil).Want(t, 200, ""))
	if renewed.Value == cookie.Value {
		t.Error("a refresh did not renew the cookie")
	}
	s.Apply(t, servertest.Document(servertest.A, ""))
	s.Do(t, "GET", sdk("/users"), withCookie(cookie, "Origin", origin), nil).Want(t, 401, "sign_in_required")
}
