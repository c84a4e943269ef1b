package door

import (
	"net/http"
	"strings"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

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
	if t != nil && listed(t, originOf(req)) {
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
	"x-dyn-client-session-signature, x-idempotency-key, x-stepup-session-id"
