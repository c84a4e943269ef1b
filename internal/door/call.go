package door

import (
	"context"
	"net/http"
	"net/url"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Call is one try at serving a request, after the door's checks. A request whose
// environment changed meanwhile is served again, by a new Call.
type Call struct {
	who.Caller

	Service *serviceauth.Token // of routes for guards and operators; nil: another route
	Origin  string             // already matched against the environment; empty: none was sent
	Known   account.Known      // the session's user when the door let them in, or as Spend read them once it had locked them
	Owes    bool               // the session still owes a second factor

	OperationID string // of a route that does something to a wallet
	Again       bool   // the gate was opened for this very operation before
	Repeatable  bool   // the caller named the operation: the same request again is not a second one

	Prompt *store.PromptRow // of routes of the hosted prompt, by whoever guards them; nil: another route

	door      *Door
	route     Route
	arrival   *arrival
	confirmed bool         // the environment is as it stands, not only as this node saw it last
	claimed   string       // the session that a genuine token names, be it over; empty: none did
	byCookie  bool         // the session token came in a cookie
	cookie    *http.Cookie // to set with the answer; nil: none

	deviceCookie *http.Cookie // by which the browser is known again; nil: none is set

	device   string    // public key whose signature over a fresh nonce holds; empty: none was sent
	foreseen *foreseen // what the newest rules make of the call; nil: it is not protected
}

func (d *Door) call(a *arrival, r Route) *Call {
	if d.host != nil {
		return &Call{Caller: *d.host, door: d, route: r, arrival: a}
	}
	source := d.ClientAddr(a.request)
	by := audit.By{Actor: "anonymous", RequestID: d.RequestID(a.request), Refusals: d.Refusals,
		From: audit.From(source, a.request.Header.Get("User-Agent"))}
	return &Call{Caller: who.Caller{By: by, Source: source,
		AcceptLanguage: a.request.Header.Get("Accept-Language")}, door: d, route: r, arrival: a}
}

// Context is that of the request; it ends when the request has taken too long.
func (c *Call) Context() context.Context { return c.arrival.request.Context() }

// Read runs fn in a transaction that changes nothing.
func (c *Call) Read(fn func(*store.Tx) error) error { return c.door.DB.Read(c.Context(), fn) }

// Glance runs fn outside of any transaction, see [store.DB.Glance].
func (c *Call) Glance(fn func(*store.Tx) error) error { return c.door.DB.Glance(c.Context(), fn) }

// Write runs fn in a transaction that commits if fn returns nil. It may run fn
// more than once.
func (c *Call) Write(fn func(*store.Tx) error) error { return c.door.DB.Write(c.Context(), fn) }

// WriteCounting is Write that commits a refusal (*fault.Error) too, so that what
// was counted on the way to it stays counted.
func (c *Call) WriteCounting(fn func(*store.Tx) error) error {
	return c.door.DB.WriteCounting(c.Context(), fn)
}

// Path is what stands in the address where the route's path has {name}.
func (c *Call) Path(name string) string { return c.arrival.request.PathValue(name) }

// Query holds the query parameters.
func (c *Call) Query() url.Values { return c.arrival.request.URL.Query() }

// Header is the first value of a header; empty: it was not sent.
func (c *Call) Header(name string) string { return c.arrival.request.Header.Get(name) }

// Bearer is the bearer token; empty: none was sent.
func (c *Call) Bearer() string { return bearer(c.arrival.request) }

// Cookie is the value of the one cookie of the name; empty: none was sent, or more.
func (c *Call) Cookie(name string) string {
	if found := c.arrival.request.CookiesNamed(name); len(found) == 1 {
		return found[0].Value
	}
	return ""
}

// SetCookie has the answer set a cookie, if the call succeeds.
func (c *Call) SetCookie(cookie *http.Cookie) { c.cookie = cookie }

// Demand is what the call asks of the gate of a scope.
func (c *Call) Demand(scope stepup.Scope) enforce.Demand {
	return enforce.Demand{Scope: scope, Use: c.route.Gate.Use, LegacyEntry: c.route.Gate.Legacy}
}

func bearer(r *http.Request) string {
	text, err := stepup.BearerToken(r)
	if err != nil {
		return ""
	}
	return text
}

// foreseen is what the newest rules made of the call, counted when it is over.
type foreseen struct {
	scope   stepup.Scope
	call    shadow.Call
	verdict shadow.Verdict
	reason  string // why it is refused; of a call that was waived, the compatibility entry
}
