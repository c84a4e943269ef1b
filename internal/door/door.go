// Package door takes every request in and lets every answer out. What there is
// behind it is a table of [Route]: whoever builds a [Door] hands it in. Its
// invariant is that an endpoint never sees a request whose session, service
// token or elevated token was not judged as its route declares, and that no
// byte of a body is read before that. The door knows no endpoint, no sign-in
// and no wallet; those know the door.
package door

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// handlerTime is how long a request may take. It is documented in docs/limits.md.
const handlerTime = 30 * time.Second

// Config is what the door itself needs. Endpoints bring along what they need.
type Config struct {
	DB         *store.DB
	Tenants    *tenant.Registry
	Now        func() time.Time
	Log        *slog.Logger
	RequestID  func(*http.Request) string                         // set by the server's outermost layer
	ClientAddr func(*http.Request) string                         // true client address
	Observe    func(route string, status int, took time.Duration) // metrics; nil is allowed
	Refusals   *audit.Refusals                                    // counts refusals of anonymous requests; nil: each is recorded
	Shadow     *shadow.Counter                                    // counts what the newest rules would do; nil: nobody does
	MFAToken   func(text string) who.Legacy                       // reads a token of action-based MFA; nil: none is taken
}

// Door is the handler of all routes of a table.
type Door struct {
	Config
	mux *http.ServeMux
}

// New builds a door in front of the routes.
func New(c Config, routes []Route) *Door {
	d := &Door{Config: c, mux: http.NewServeMux()}
	for _, r := range routes {
		d.mux.Handle(r.Method+" "+r.Path, d.handler(r))
	}
	d.mux.HandleFunc("/", d.noRoute)
	return d
}

// ServeHTTP implements [http.Handler].
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.mux.ServeHTTP(w, lowerPath(r)) }

func (d *Door) handler(r Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		started := d.Now()
		ctx, cancel := context.WithTimeout(req.Context(), handlerTime)
		defer cancel()
		status := d.enter(&arrival{w: w, request: req.WithContext(ctx)}, r)
		if d.Observe != nil {
			d.Observe(r.Method+" "+r.Path, status, d.Now().Sub(started))
		}
	})
}

// arrival is a request as it came, with what can be taken from it only once.
type arrival struct {
	w       http.ResponseWriter
	request *http.Request
	body    *[]byte // nil: it was not read yet
	again   bool    // the request is run again: its environment had changed
	device  string  // the device key that a nonce was burnt for; empty: none was
}

// revisions is how often a request starts anew because its environment was not what
// it was taken for: this node had not heard of a change, or one came in between.
const revisions = 2

// enter serves a request, and anew if its environment changed under it.
func (d *Door) enter(a *arrival, r Route) int {
	c := d.call(a, r)
	answer, err := serve(c)
	for range revisions {
		if !errors.Is(err, tenant.ErrRevised) {
			break
		}
		a.again = true
		c = d.call(a, r)
		answer, err = serve(c)
	}
	countForeseen(c)
	err = uncertain(c, err)
	setCookie(c, err)
	if err != nil {
		t := c.Tenant
		if t == nil && fault.Has(err, fault.Unavailable) { // so that pages of listed origins may read why
			t = d.Tenants.Last(a.request.PathValue("environmentId"))
		}
		return d.refuse(a.w, a.request, t, err)
	}
	return d.answer(c, answer)
}

// serve runs the checks in their order: address, service token, environment,
// origin, session, device signature, elevated token (403 before the body is
// read), body, endpoint.
func serve(c *Call) (any, error) {
	answer, err := tryOnce(c)
	if err != nil {
		err = confirmEnvironment(c, err)
	}
	return answer, err
}

func tryOnce(c *Call) (any, error) {
	if err := checkAddress(c.arrival.request.URL); err != nil {
		return nil, err
	}
	if c.route.Gate.Kind == ServiceGate { // who asks comes before what there is
		if err := identifyService(c); err != nil {
			return nil, err
		}
	}
	if id := c.Path("environmentId"); id != "" && !c.route.Document {
		if err := findEnvironment(c, id); err != nil {
			return nil, err
		}
	}
	if err := checkOrigin(c); err != nil {
		return nil, err
	}
	if err := openGate(c); err != nil {
		return nil, gone(c, err)
	}
	if c.arrival.body == nil { // a request that is run again has been read already
		body, err := readBody(c.arrival.w, c.arrival.request, c.route)
		if err != nil {
			return nil, err
		}
		c.arrival.body = &body
	}
	answer, err := c.route.Handler.run(c, *c.arrival.body)
	if err == nil && c.route.Event != "" && wantsEvents(c.arrival.request) {
		answer, err = event(c.route.Event, answer)
	}
	return answer, gone(c, err)
}

// findEnvironment takes the environment as this node saw it last where the
// transaction that finds the session compares revisions, and else as it stands.
func findEnvironment(c *Call, id string) (err error) {
	gate := c.route.Gate.Kind
	if gate != ServiceGate && !c.arrival.again && (gate != PublicGate || optionallySignedIn(c)) {
		c.Tenant = c.door.Tenants.Last(id)
	}
	if c.Tenant == nil {
		if c.Tenant, err = c.door.Tenants.Load(c.Context(), id); err != nil {
			return err
		}
		c.confirmed = true
	}
	c.By.EnvironmentID = id
	return nil
}

// confirmEnvironment returns err if it came of the environment as it stands; else it
// came of what this node saw last, and the request starts anew.
func confirmEnvironment(c *Call, err error) error {
	if c.Tenant == nil || c.confirmed || errors.Is(err, tenant.ErrRevised) {
		return err
	}
	t, unknown := c.door.Tenants.Load(c.Context(), c.Tenant.ID)
	switch {
	case unknown != nil:
		return unknown
	case t.Revision != c.Tenant.Revision:
		return tenant.ErrRevised
	}
	c.confirmed = true
	return err
}

// gone explains what is not there any more: the session may have ended, or its
// user gone, after it was let in.
func gone(c *Call, err error) error {
	if !errors.Is(err, store.ErrNotFound) || c.Session == nil {
		return err
	}
	if ended := identify(c, func(*store.Tx) {}); fault.Has(ended, fault.InvalidSession) || store.IsUnavailable(ended) {
		return ended
	}
	return fault.New(fault.Conflict, "What this request needs is gone by now. Look again and retry.").Because(err)
}

// uncertain names what could not be found out, before anything is made of it: such an
// error is never a verdict, whatever it was taken for on its way here.
func uncertain(c *Call, err error) error {
	f := store.RefusalOf(err)
	switch {
	case errors.Is(err, tenant.ErrRevised), errors.Is(err, stepup.ErrUnavailable):
		return fault.New(fault.Unavailable, "We cannot tell right now, so the answer is no. Try again in a moment.").Because(err)
	case f == nil:
		return err
	case f.Code == fault.OutcomeUnknown && c.Repeatable:
		again := *f
		again.Message = "Nobody can tell yet whether this was done. " +
			"Send the very same request again, under the same operation id."
		return again.After(time.Second)
	}
	return f
}
