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
	"net/http"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// handlerTime is how long a request may take. It is documented in docs/limits.md.
const handlerTime = 30 * time.Second

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

// revisions is how often a request starts anew because its environment was not what
// it was taken for: this node had not heard of a change, or one came in between.
const revisions = 2

// enter serves a request of the network.
func (d *Door) enter(a *arrival, r Route) int {
	c, answer, err := d.run(a, r)
	countForeseen(c)
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

// run serves a request, and anew if its environment changed under it.
func (d *Door) run(a *arrival, r Route) (c *Call, answer any, err error) {
	c = d.call(a, r)
	answer, err = serve(c)
	for range revisions {
		if !errors.Is(err, tenant.ErrRevised) {
			break
		}
		a.again = true
		c = d.call(a, r)
		answer, err = serve(c)
	}
	return c, answer, uncertain(c, err)
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

// gone explains what is not there any more: the session may have ended, or its
// user gone, after it was let in.
func gone(c *Call, err error) error {
	if !errors.Is(err, store.ErrNotFound) || c.Session == nil {
		return err
	}
	if ended := identify(c, nil); fault.Has(ended, fault.InvalidSession) || store.IsUnavailable(ended) {
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
