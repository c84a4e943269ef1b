package door

import (
	"net/http"
	"slices"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// checkOrigin refuses browsers of origins the environment does not list. It
// runs in header mode too, where it only makes the cause visible.
func checkOrigin(c *Call) error {
	if len(c.arrival.request.Header.Values("Origin")) > 1 { // two parsers might pick different ones
		return fault.New(fault.InvalidRequest, "Send one Origin, as browsers do.")
	}
	origin := originOf(c.arrival.request)
	if c.route.PromptPage {
		return checkPage(c, origin)
	}
	if origin == "" || c.Tenant == nil || c.route.AnyOrigin {
		return nil
	}
	if listed(c.Tenant, origin) {
		c.Origin = origin
		return nil
	}
	return fault.New(fault.OriginNotAllowed, "The origin %.200q is not listed by this environment. Add it to origins.", origin)
}

// checkPage refuses whatever does not come from the page of the hosted prompt. Browsers
// send Origin with every POST, and with a GET where it comes from; one that leaves it out
// says by Sec-Fetch-Site that the page is of this origin.
func checkPage(c *Call, origin string) error {
	own := origin == c.Tenant.PromptOrigin
	if site := c.Header("Sec-Fetch-Site"); origin == "" && c.route.Method == http.MethodGet {
		own = site == "" || site == "same-origin"
	}
	if !own {
		return fault.New(fault.OriginNotAllowed,
			"Only the page of the hosted prompt may call this: POST with the Origin that the environment has as prompt.origin.")
	}
	c.Origin = origin
	return nil
}

// originOf is the origin that the request names; empty: none, or more than one.
func originOf(req *http.Request) string {
	if named := req.Header.Values("Origin"); len(named) == 1 {
		return named[0]
	}
	return ""
}

func listed(t *tenant.Tenant, origin string) bool { return slices.Contains(t.Origins, origin) }

// setHeaders sets what all answers carry, and lets pages of listed origins, or of
// any, read this one.
func setHeaders(w http.ResponseWriter, req *http.Request, t *tenant.Tenant, anyOrigin bool) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Origin")
	origin := originOf(req)
	switch {
	case origin == "":
	case anyOrigin:
		h.Set("Access-Control-Allow-Origin", "*")
	case t != nil && listed(t, origin):
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After")
		if t.Auth.Cookies() { // without the token, pages know from the date alone how long the session lives
			h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, Date")
			h.Set("Access-Control-Allow-Credentials", "true")
		}
	}
}
