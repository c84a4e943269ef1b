package door

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/session"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// Cookie mode (wire reference 1.5): the session token travels in a cookie that
// no script can read, and never in a body. Elevated tokens go on travelling in
// body and header only, so a cookie alone never authorises anything that
// matters.

// cookieName is one per environment: several are served under one host. The
// prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis).
func cookieName(t *tenant.Tenant) string { return "__Host-stepup-" + t.ID }

// sessionToken is the session token of the request: the bearer token or, in
// cookie mode, the cookie. Two cookies of the name are taken as none.
func sessionToken(c *Call) string {
	if text := c.Bearer(); text != "" || c.Tenant == nil || !c.Tenant.Auth.Cookies() {
		return text
	}
	if found := c.arrival.request.CookiesNamed(cookieName(c.Tenant)); len(found) == 1 {
		c.byCookie = true
		return found[0].Value
	}
	return ""
}

// checkCookie refuses a cookie that a page of somebody else made the browser
// send. Browsers say where a request comes from: Origin on all cross-origin
// requests but the simple GETs of tags and navigations, and Sec-Fetch-Site on
// those. GETs are checked too, because some of them change state.
func checkCookie(c *Call) error {
	if !c.byCookie || c.Origin != "" || c.Header("Sec-Fetch-Site") == "same-origin" {
		return nil
	}
	return fault.New(fault.OriginNotAllowed,
		"A session cookie counts only with an Origin that this environment lists. Call with fetch and credentials from your app.")
}

// sessionHeader names the session that the caller means. A browser has one cookie
// for all its tabs: a tab that does not know of a sign-in in another one would act
// as somebody else.
const sessionHeader = "X-Stepup-Session-Id"

// namesSession reports whether the caller says which session it means.
func namesSession(c *Call) bool { return len(c.arrival.request.Header.Values(sessionHeader)) > 0 }

// checkMeant refuses a call that was meant for another session than came with it.
func checkMeant(c *Call, sessionID string) error {
	for _, meant := range c.arrival.request.Header.Values(sessionHeader) {
		if meant != sessionID {
			return fault.New(fault.AnotherSession,
				"The browser's session is not the one that this call is for: somebody signed in meanwhile, perhaps in another tab.")
		}
	}
	return nil
}

// Keep lets the browser keep the session token in its cookie, for so long. It
// reports false where clients are to find the token in the answer instead.
func (c *Call) Keep(token string, life time.Duration) bool {
	if !c.Tenant.Auth.Cookies() {
		return false
	}
	c.cookie = sessionCookie(c.Tenant, token, int(life/time.Second))
	return true
}

// Forget makes a browser that sent the session in a cookie forget it, if the
// call succeeds.
func (c *Call) Forget() {
	if c.byCookie {
		c.cookie = noCookie(c.Tenant)
	}
}

// setCookie sends the cookie that the call came to. A session that is over takes
// its cookie along, unless another one follows it: the browser may have that one's by now.
func setCookie(c *Call, err error) {
	if c.byCookie && fault.Has(err, fault.InvalidSession) && !continued(c) {
		c.cookie = noCookie(c.Tenant)
	}
	if c.deviceCookie != nil && err == nil {
		http.SetCookie(c.arrival.w, c.deviceCookie)
	}
	if c.cookie != nil && (err == nil || c.cookie.MaxAge < 0) {
		http.SetCookie(c.arrival.w, c.cookie)
	}
}

// continued reports whether another session follows the one in the cookie, or may.
func continued(c *Call) bool {
	if c.claimed == "" || !c.Tenant.RegistersDevices() {
		return false
	}
	follows := false
	err := c.Glance(func(tx *store.Tx) (err error) {
		follows, err = session.Continued(tx, c.Tenant.ID, c.claimed)
		return err
	})
	return follows || err != nil
}

func noCookie(t *tenant.Tenant) *http.Cookie { return sessionCookie(t, "", -1) }

func sessionCookie(t *tenant.Tenant, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName(t), Value: value, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: sameSite(t),
	}
}

// deviceLife is how long a browser is known again, which is as long as browsers keep a
// cookie (RFC 6265bis section 5.5).
const deviceLife = 400 * 24 * time.Hour

func deviceCookieName(t *tenant.Tenant) string { return "__Host-stepup-device-" + t.ID }

func deviceCookie(t *tenant.Tenant, value string) *http.Cookie {
	cookie := sessionCookie(t, value, int(deviceLife/time.Second))
	cookie.Name = deviceCookieName(t)
	return cookie
}

// newDeviceSecret is what a device cookie holds: 26 random characters, and a code by
// which we know that we made them.
func newDeviceSecret(hasher *seal.Hasher, environmentID string) string {
	text := rand.Text()
	return text + "." + deviceCode(hasher, environmentID, text)
}

// ourCookie reports whether the value of a device cookie is one that we made for the
// environment, so that nobody chooses what they are known by.
func ourCookie(hasher *seal.Hasher, environmentID, value string) bool {
	text, code, ok := strings.Cut(value, ".")
	return ok && seal.Equal([]byte(code), []byte(deviceCode(hasher, environmentID, text)))
}

func deviceCode(hasher *seal.Hasher, environmentID, text string) string {
	return hex.EncodeToString(hasher.Sum("device-cookie", environmentID, text)[:16])
}

// sameSite is Lax when every app of the environment lives on this server's own
// site, and None otherwise: a stricter cookie would then never arrive.
func sameSite(t *tenant.Tenant) http.SameSite {
	own := site(t.Issuer)
	for _, origin := range t.Origins {
		if site(origin) != own {
			return http.SameSiteNoneMode
		}
	}
	return http.SameSiteLaxMode
}

// site is scheme and registrable domain of an address.
func site(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(u.Hostname())
	if err != nil { // an IP address or localhost
		domain = u.Hostname()
	}
	return u.Scheme + "://" + domain
}
