package api

import (
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/session"
)

// Cookie mode (wire reference 1.5): the session token travels in a cookie that
// no script can read, and never in a body. Elevated tokens go on travelling in
// body and header only, so a cookie alone never authorises anything that
// matters.

// cookieName is one per environment: several are served under one host. The
// prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis).
func (c *Call) cookieName() string { return "__Host-stepup-" + c.Tenant.ID }

// sessionToken is the session token of the request: the bearer token or, in
// cookie mode, the cookie. Two cookies of the name are taken as none.
func (c *Call) sessionToken() string {
	if text := bearer(c.request); text != "" || c.Tenant == nil || !c.Tenant.Auth.Cookies() {
		return text
	}
	if found := c.request.CookiesNamed(c.cookieName()); len(found) == 1 {
		c.byCookie = true
		return found[0].Value
	}
	return ""
}

// checkCookie refuses a cookie that a page of somebody else made the browser
// send. Browsers say where a request comes from: Origin on all cross-origin
// requests but the simple GETs of tags and navigations, and Sec-Fetch-Site on
// those. GETs are checked too, because some of them change state.
func (c *Call) checkCookie() error {
	if !c.byCookie || c.Origin != "" || c.request.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return nil
	}
	return fault.New(fault.OriginNotAllowed,
		"A session cookie counts only with an Origin that this environment lists. Call with fetch and credentials from your app.")
}

// keep puts the session's token where clients of the environment find it.
func (c *Call) keep(tokens session.Tokens, response *VerifyResponse, now time.Time) {
	if !c.Tenant.Auth.Cookies() {
		response.MinifiedJWT, response.JWT = tokens.Minified, tokens.Full
		return
	}
	c.cookie = c.newCookie(tokens.Minified)
	c.cookie.MaxAge = int(tokens.Expires.Sub(now) / time.Second)
}

func (c *Call) newCookie(value string) *http.Cookie {
	return &http.Cookie{Name: c.cookieName(), Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: c.sameSite()}
}

// noCookie makes the browser forget the session.
func (c *Call) noCookie() *http.Cookie {
	cookie := c.newCookie("")
	cookie.MaxAge = -1
	return cookie
}

// sameSite is Lax when every app of the environment lives on this server's own
// site, and None otherwise: a stricter cookie would then never arrive.
func (c *Call) sameSite() http.SameSite {
	own := site(c.Tenant.Issuer)
	for _, origin := range c.Tenant.Origins {
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
