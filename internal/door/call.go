package door

import (
	"context"
	"net/http"
	"net/url"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
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
	Known   account.Known      // the session's user when the door let them in; what decides reads them again
	Owes    bool               // the session still owes a second factor

	OperationID string // of a route that does something to a wallet
	Claimed     bool   // the gate was opened for this very operation before
	Repeatable  bool   // the caller named the operation: the same request again is not a second one

	door      *Door
	route     Route
	arrival   *arrival
	confirmed bool         // the environment is as it stands, not only as this node saw it last
	byCookie  bool         // the session token came in a cookie
	cookie    *http.Cookie // to set with the answer; nil: none
	device    string       // public key whose signature over a fresh nonce holds; empty: none was sent
	foreseen  *foreseen    // what the newest rules make of the call; nil: it is not protected
}

func (d *Door) call(a *arrival, r Route) *Call {
	by := audit.By{Actor: "anonymous", RequestID: d.RequestID(a.request), Refusals: d.Refusals}
	return &Call{Caller: who.Caller{By: by, Source: d.ClientAddr(a.request)}, door: d, route: r, arrival: a}
}

// Context is that of the request; it ends when the request has taken too long.
func (c *Call) Context() context.Context { return c.arrival.request.Context() }

// Read runs fn in a transaction that changes nothing.
func (c *Call) Read(fn func(*store.Tx) error) error { return c.door.DB.Read(c.Context(), fn) }

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

// Demand is what the call asks of the gate of a scope.
func (c *Call) Demand(scope stepup.Scope) enforce.Demand {
	return enforce.Demand{Scope: scope, Use: c.route.Gate.Use, LegacyEntry: c.route.Gate.Legacy}
}

// Judge asks the gate without spending, for work that cannot be taken back when
// the token turns out to be missing.
func (c *Call) Judge(scope stepup.Scope) error {
	return c.Read(func(tx *store.Tx) error {
		known, err := account.Know(tx, *c.Session)
		if err == nil {
			_, err = enforce.Judge(c.Caller, tx, known, c.Demand(scope))
		}
		return err
	})
}

// Spend consumes the elevated token for the scope in the action's transaction,
// unless the compatibility entry waives it. Without a token id nothing opened
// the gate that the change could claim as its provenance.
func (c *Call) Spend(tx *store.Tx, scope stepup.Scope, entry environment.Compatible) (tokenID string, err error) {
	return c.SpendFor(tx, c.route.Gate.Use, scope, entry)
}

// SpendFor is Spend for a call whose use of the scope only its body tells.
func (c *Call) SpendFor(
	tx *store.Tx, use policy.Use, scope stepup.Scope, entry environment.Compatible,
) (tokenID string, err error) {
	d := c.Demand(scope)
	d.Use = use
	d.Foresee = c.foreseen == nil && c.route.Gate.Kind == BodyGate && foresees(c)
	opened, err := enforce.Spend(c.Caller, tx, d, nil)
	refused := fault.Has(err, fault.ElevatedTokenRequired)
	if d.Foresee && (err == nil || refused) {
		foresaw(c, scope, opened.Foreseen)
	}
	if refused && enforce.Waives(c.Caller, opened.Known, entry) {
		c.Waived(scope, entry)
		return "", nil
	}
	if opened.MFATokenID != "" {
		c.UsedMFAToken(scope)
	}
	return opened.Token.ID, err
}

// Spending is Spend to be done later, by whoever finds that it is needed.
func (c *Call) Spending(scope stepup.Scope, entry environment.Compatible) func(*store.Tx) (tokenID string, err error) {
	return func(tx *store.Tx) (string, error) { return c.Spend(tx, scope, entry) }
}

// KnownAs says what published clients know the call as, where only its body tells.
func (c *Call) KnownAs(call shadow.Call) {
	if c.foreseen != nil {
		c.foreseen.call = call
	}
}
