package door

import (
	"net/http"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
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
		if t.Auth.Cookies() {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
	}
}

// noRoute answers preflights, methods that a path does not have, and paths that
// are not there.
func (d *Door) noRoute(w http.ResponseWriter, req *http.Request) {
	var t *tenant.Tenant // whose pages may read the answer
	var err error
	if below, ok := strings.CutPrefix(req.URL.Path, sdkPrefix); ok {
		id, _, _ := strings.Cut(below, "/")
		t, err = d.Tenants.Load(req.Context(), id)
	}
	allowed := d.methods(req)
	if len(allowed) == 0 {
		d.refuse(w, req, t, fault.New(fault.NotFound, "There is nothing at this path. See /api/v0/openapi.json for what there is."))
		return
	}
	if req.Method != http.MethodOptions {
		allow := strings.Join(append(allowed, http.MethodOptions), ", ")
		w.Header().Set("Allow", allow)
		d.refuse(w, req, t, fault.New(fault.MethodNotAllowed, "This path takes %s.", allow))
		return
	}
	if store.IsUnavailable(err) { // which origins are listed is not known
		d.refuse(w, req, nil, err)
		return
	}
	setHeaders(w, req, t, false)
	if origin := req.Header.Get("Origin"); t != nil && listed(t, origin) {
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
		w.Header().Set("Access-Control-Allow-Headers", corsHeaders)
		w.Header().Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}

// methods are those that the request's path has.
func (d *Door) methods(req *http.Request) (found []string) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		probe := *req
		probe.Method = method
		if _, pattern := d.mux.Handler(&probe); pattern != "/" && pattern != "" {
			found = append(found, method)
		}
	}
	return found
}

const corsHeaders = "authorization, content-type, elevated-access-token, x-dyn-api-version, x-dyn-version, x-dyn-request-id, " +
	"x-dyn-session-id, x-dyn-session-public-key, x-dyn-logout-reason, x-dyn-elevated-access-token, x-mfa-auth-token, " +
	"x-dynamic-platform, x-dynamic-device-nonce, x-dynamic-device-publickey, x-dynamic-device-signed-nonce, " +
	"x-dynamic-device-registration-token, x-dyn-device-fingerprint, x-dyn-is-global-wallet-popup, " +
	"x-dyn-client-session-signature, x-idempotency-key"
