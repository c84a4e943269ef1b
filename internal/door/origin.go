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
	origin := c.Header("Origin")
	if origin == "" || c.Tenant == nil || c.route.AnyOrigin {
		return nil
	}
	if listed(c.Tenant, origin) {
		c.Origin = origin
		return nil
	}
	return fault.New(fault.OriginNotAllowed, "The origin %.200q is not listed by this environment. Add it to origins.", origin)
}

func listed(t *tenant.Tenant, origin string) bool { return slices.Contains(t.Origins, origin) }

// setHeaders sets what all answers carry, and lets pages of listed origins, or of
// any, read this one.
func setHeaders(w http.ResponseWriter, req *http.Request, t *tenant.Tenant, anyOrigin bool) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Add("Vary", "Origin")
	origin := req.Header.Get("Origin")
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
