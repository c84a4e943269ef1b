// Package api speaks the wire: the SDK routes, the guards' routes and the
// administration. One table lists every route with its gate ([Routes]); one
// door takes every request in and lets every answer out. A handler never sees
// a request whose session, service token or elevated token was not judged as
// its route declares.
package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/jws"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// Limits of every request. They are documented in docs/limits.md.
const (
	maxBody     = 64 << 10
	maxDocument = 256 << 10
	handlerTime = 30 * time.Second
)

// Config is what the API is built from.
type Config struct {
	DB          *store.DB
	Tenants     *tenant.Registry
	Outbox      *outbox.Worker
	HTTP        *http.Client        // what fetches tenant-set addresses, see package outbound
	Secrets     environment.Secrets // what documents point at
	Senders     deliver.Senders     // what their mail may come from
	PublicURL   string              // without trailing slash
	Now         func() time.Time
	Log         *slog.Logger
	ClientAddr  func(*http.Request) string                         // true client address
	Observe     func(route string, status int, took time.Duration) // metrics; nil is allowed
	Codes       func(method, event string)                         // metrics: codes sent, proofs given; nil is allowed
	Full        func(environmentID, setting string)                // a limit of a whole environment is used up; nil is allowed
	Refusals    *audit.Tally                                       // counts refusals of anonymous requests; nil: each is recorded
	Development bool                                               // development mode: refusals say more
	Texts       bool                                               // the server can send text messages
	RequestID   func(*http.Request) string                         // set by the server's outermost layer
	Operators   func() []string                                    // who is mailed when rules are weakened
	LegacyMFA   LegacyMFA                                          // action-based MFA; nil: none
	Shadow      *shadow.Counter                                    // counts what the newest rules would do; nil: nobody does
	Wallets     Coordinator                                        // the wallet service; nil: there is none
}

// API is the handler of all routes.
type API struct {
	Config
	mux       *http.ServeMux
	keys      *jws.Keys
	social    *social.Client
	contracts *walletsig.Contracts
}

// New builds the API from the table of routes.
func New(c Config) *API {
	a := &API{Config: c, mux: http.NewServeMux(), keys: &jws.Keys{HTTP: c.HTTP, Now: c.Now}}
	a.social = social.NewClient(c.HTTP, a.keys, c.Secrets, c.Now)
	a.contracts = walletsig.NewContracts(c.HTTP)
	for _, r := range Routes() {
		a.mux.Handle(r.Method+" "+r.Path, a.door(r))
	}
	a.mux.HandleFunc("/", a.noRoute)
	return a
}

// ServeHTTP implements [http.Handler].
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, lowerPath(r)) }

// Call is one request after the door's checks.
type Call struct {
	api     *API
	ctx     context.Context
	request *http.Request
	who.Caller
	Origin   string       // already matched against the environment
	owes     bool         // the session still owes a second factor
	byCookie bool         // the session token came in a cookie
	cookie   *http.Cookie // to set with the answer; nil: none
	Service  *serviceauth.Token
	gate     Gate      // of the route
	foreseen *foreseen // what the newest rules make of the call; nil: it is not protected

	operationID string // of a route that does something to a wallet
	claimed     bool   // the gate was opened for this very operation before
	repeatable  bool   // the caller named the operation: the same request again is not a second one

	createMFAToken *MFATokenOptions // what the body asks for; nil: no MFA token
	Device         device
	body           *[]byte
	strict         bool // administration: an unknown member is an error
}

// Read runs fn on one snapshot of the database, for as long as the request lasts.
func (c *Call) Read(fn func(*store.Tx) error) error { return c.api.DB.Read(c.ctx, fn) }

// Write runs fn in one transaction, for as long as the request lasts.
func (c *Call) Write(fn func(*store.Tx) error) error { return c.api.DB.Write(c.ctx, fn) }

// WriteCounting is Write that keeps what fn counted when fn refuses.
func (c *Call) WriteCounting(fn func(*store.Tx) error) error {
	return c.api.DB.WriteCounting(c.ctx, fn)
}

// demand is what the call asks of the gate of a scope.
func (c *Call) demand(scope stepup.Scope) enforce.Demand {
	return enforce.Demand{Scope: scope, Use: c.gate.Use, LegacyEntry: c.gate.Legacy}
}

func (a *API) door(r Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		started := a.Now()
		ctx, cancel := context.WithTimeout(req.Context(), handlerTime)
		defer cancel()
		status := a.enter(w, req.WithContext(ctx), r)
		if a.Observe != nil {
			a.Observe(r.Method+" "+r.Path, status, a.Now().Sub(started))
		}
	})
}

func (a *API) enter(w http.ResponseWriter, req *http.Request, r Route) int {
	c := &Call{api: a, ctx: req.Context(), request: req, strict: strings.HasPrefix(r.Path, admin)}
	c.By.RequestID, c.Source = a.RequestID(req), a.ClientAddr(req)
	answer, err := a.serve(c, r, w)
	if errors.Is(err, tenant.ErrRevised) {
		answer, err = a.serve(c, r, w)
	}
	c.countForeseen()
	err = c.uncertain(err)
	if fault.Has(err, fault.InvalidSession) && c.byCookie {
		c.cookie = c.noCookie()
	}
	if c.cookie != nil && (err == nil || c.cookie.MaxAge < 0) {
		http.SetCookie(w, c.cookie)
	}
	if err != nil {
		t := c.Tenant
		if t == nil && fault.Has(err, fault.Unavailable) { // so that pages of listed origins may read why
			t = a.Tenants.Last(req.PathValue("environmentId"))
		}
		return a.refuse(w, req, t, err)
	}
	return a.answer(w, req, c.Tenant, r, answer)
}

// serve runs the checks in their order: address, service token, environment, origin,
// session, device signature, elevated token (403 before the body is read),
// body, handler.
func (a *API) serve(c *Call, r Route, w http.ResponseWriter) (any, error) {
	c.Tenant, c.Session, c.owes, c.byCookie, c.cookie, c.gate, c.foreseen = nil, nil, false, false, nil, r.Gate, nil
	c.operationID, c.claimed, c.repeatable = "", false, false
	c.By = audit.By{Actor: "anonymous", RequestID: c.By.RequestID, Tally: a.Refusals}
	if err := checkAddress(c.request.URL); err != nil {
		return nil, err
	}
	if r.Gate.Kind == ServiceGate { // who asks comes before what there is
		if err := r.Gate.openService(c); err != nil {
			return nil, err
		}
	}
	if id := c.request.PathValue("environmentId"); id != "" && !r.Document {
		t, err := a.Tenants.Load(c.ctx, id)
		if err != nil {
			return nil, err
		}
		c.Tenant, c.By.EnvironmentID = t, t.ID
	}
	if err := a.checkOrigin(c, r); err != nil {
		return nil, err
	}
	if err := r.Gate.open(c, r); err != nil {
		return nil, c.gone(err)
	}
	if c.body == nil { // a request that is run again has been read already
		body, err := a.body(c.request, r, w)
		if err != nil {
			return nil, err
		}
		c.body = &body
	}
	answer, err := r.handler.run(c, *c.body)
	return answer, c.gone(err)
}

// gone explains what is not there any more: the session may have ended, or its
// user gone, after it was let in.
func (c *Call) gone(err error) error {
	if !errors.Is(err, store.ErrNotFound) || c.Session == nil {
		return err
	}
	if ended := c.identify(); fault.Has(ended, fault.InvalidSession) || store.IsUnavailable(ended) {
		return ended
	}
	return fault.New(fault.Conflict, "What this request needs is gone by now. Look again and retry.").Because(err)
}

// uncertain names what could not be found out, before anything is made of it: such an
// error is never a verdict, whatever it was taken for on its way here.
func (c *Call) uncertain(err error) error {
	f := store.RefusalOf(err)
	switch {
	case errors.Is(err, tenant.ErrRevised), errors.Is(err, stepup.ErrUnavailable):
		return fault.New(fault.Unavailable, "We cannot tell right now, so the answer is no. Try again in a moment.").Because(err)
	case f == nil:
		return err
	case f.Code == fault.OutcomeUnknown && c.repeatable:
		again := *f
		again.Message = "Nobody can tell yet whether this was done. Send the very same request again, under the same operation id."
		return again.After(time.Second)
	}
	return f
}

// checkOrigin refuses browsers of origins the environment does not list. It
// runs in header mode too, where it only makes the cause visible.
func (a *API) checkOrigin(c *Call, r Route) error {
	origin := c.request.Header.Get("Origin")
	if origin == "" || c.Tenant == nil || r.AnyOrigin {
		return nil
	}
	if listed(c.Tenant, origin) {
		c.Origin = origin
		return nil
	}
	return fault.New(fault.OriginNotAllowed, "The origin %.200q is not listed by this environment. Add it to origins.", origin)
}

func listed(t *tenant.Tenant, origin string) bool {
	for _, o := range t.Origins {
		if o == origin {
			return true
		}
	}
	return false
}

func (a *API) answer(w http.ResponseWriter, req *http.Request, t *tenant.Tenant, r Route, answer any) int {
	a.headers(w, req, t, r.AnyOrigin)
	if page, ok := answer.(rawAnswer); ok {
		if page.contentType != "" {
			w.Header().Set("Content-Type", page.contentType)
		}
		for name, value := range page.header {
			w.Header().Set(name, value)
		}
		status := cmp.Or(page.status, http.StatusOK)
		w.WriteHeader(status)
		_, _ = w.Write(page.body)
		return status
	}
	if _, empty := answer.(none); empty || answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return http.StatusNoContent
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return a.refuse(w, req, t, err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(append(text, '\n'))
	return http.StatusOK
}

type rawAnswer struct {
	status      int // 0: 200
	contentType string
	header      map[string]string
	body        []byte
}

// Problem is the body of every refusal.
type Problem struct {
	Error     string `json:"error"`
	Code      string `json:"code"`
	Payload   any    `json:"payload,omitempty"`
	RequestID string `json:"requestId"`
}

// refuse is the only place that writes a refusal, and the only one that logs
// what really happened.
func (a *API) refuse(w http.ResponseWriter, req *http.Request, t *tenant.Tenant, err error) int {
	id := a.RequestID(req)
	f := store.RefusalOf(err)
	switch {
	case f == nil:
		f = fault.New(fault.Internal, "Something broke on our side. Tell the operator this request id.").Because(err)
	case f.Code == fault.Unavailable && f.RetryAfter == 0:
		f = f.After(time.Second)
	}
	status := f.Code.Status()
	level := slog.LevelInfo
	if status >= 500 && !errors.Is(err, context.Canceled) {
		level = slog.LevelError
	}
	environment := ""
	if t != nil {
		environment = t.ID
	}
	a.Log.Log(req.Context(), level, "refused", "request_id", id, "method", req.Method, "route", req.Pattern, "status", status, "code",
		f.Code, "environment_id", environment, "cause", f.Cause)
	a.headers(w, req, t, false)
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)+1))
	}
	text, err := json.Marshal(Problem{Error: f.Message, Code: string(f.Code), Payload: f.Payload, RequestID: id})
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"Something broke on our side.","code":"internal_error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
	return status
}

func (a *API) headers(w http.ResponseWriter, req *http.Request, t *tenant.Tenant, anyOrigin bool) {
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
func (a *API) noRoute(w http.ResponseWriter, req *http.Request) {
	var t *tenant.Tenant // whose pages may read the answer
	var err error
	if below, ok := strings.CutPrefix(req.URL.Path, sdkPrefix); ok {
		id, _, _ := strings.Cut(below, "/")
		t, err = a.Tenants.Load(req.Context(), id)
	}
	allowed := a.methods(req)
	if len(allowed) == 0 {
		a.refuse(w, req, t, fault.New(fault.NotFound, "There is nothing at this path. See /api/v0/openapi.json for what there is."))
		return
	}
	if req.Method != http.MethodOptions {
		allow := strings.Join(append(allowed, http.MethodOptions), ", ")
		w.Header().Set("Allow", allow)
		a.refuse(w, req, t, fault.New(fault.MethodNotAllowed, "This path takes %s.", allow))
		return
	}
	if store.IsUnavailable(err) { // which origins are listed is not known
		a.refuse(w, req, nil, err)
		return
	}
	a.headers(w, req, t, false)
	if origin := req.Header.Get("Origin"); t != nil && listed(t, origin) {
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
		w.Header().Set("Access-Control-Allow-Headers", corsHeaders)
		w.Header().Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}

// methods are those that the request's path has.
func (a *API) methods(req *http.Request) (found []string) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		probe := *req
		probe.Method = method
		if _, pattern := a.mux.Handler(&probe); pattern != "/" && pattern != "" {
			found = append(found, method)
		}
	}
	return found
}

const corsHeaders = "authorization, content-type, elevated-access-token, x-dyn-api-version, x-dyn-version, " +
	"x-dyn-request-id, x-dyn-session-id, " +
	"x-dyn-session-public-key, x-dyn-logout-reason, x-dyn-elevated-access-token, x-mfa-auth-token, x-dynamic-platform, " +
	"x-dynamic-device-nonce, " +
	"x-dynamic-device-publickey, x-dynamic-device-signed-nonce, x-dynamic-device-registration-token, x-dyn-device-fingerprint, " +
	"x-dyn-is-global-wallet-popup, x-dyn-client-session-signature, x-idempotency-key"
