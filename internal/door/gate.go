package door

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// GateKind is who may pass.
type GateKind string

// The gates. Each route declares one.
const (
	PublicGate   GateKind = "public"
	SessionGate  GateKind = "session"
	ElevatedGate GateKind = "elevated"
	MarkedGate   GateKind = "marked"
	BodyGate     GateKind = "body"
	ServiceGate  GateKind = "service"
)

// Gate is what a route asks of its caller. The zero value lets nobody pass.
type Gate struct {
	Kind       GateKind
	Use        policy.Use             // which call of the scope it is
	Scopes     []stepup.Scope         // ElevatedGate, MarkedGate: the one it needs; BodyGate: those it may need
	Compatible environment.Compatible // the entry that waives the token; empty: none does
	Legacy     environment.Compatible // the entry that lets an MFA token open it under the newest version; empty: none does
	Call       shadow.Call            // what published clients know it as; empty: another call
	Service    string                 // ServiceGate: the service token scope
}

// Public lets anybody pass.
func Public() Gate { return Gate{Kind: PublicGate} }

// SignedIn asks for a live session.
func SignedIn() Gate { return Gate{Kind: SessionGate} }

// Elevated asks for a live session and an elevated token, which is judged before
// the body is read and spent by the endpoint.
func Elevated(scope stepup.Scope) Gate {
	return Gate{Kind: ElevatedGate, Scopes: []stepup.Scope{scope}}
}

// Marked is [Elevated], but a second factor given in the session moments ago will do.
func Marked(scope stepup.Scope) Gate {
	return Gate{Kind: MarkedGate, Scopes: []stepup.Scope{scope}}
}

// ByBody asks for a live session; which of the scopes is needed depends on the
// body, and the endpoint asks for it.
func ByBody(scopes ...stepup.Scope) Gate { return Gate{Kind: BodyGate, Scopes: scopes} }

// Service asks for a service token with the scope.
func Service(scope string) Gate { return Gate{Kind: ServiceGate, Service: scope} }

// Waived lets calls without a token pass where the environment has the
// compatibility entry.
func (g Gate) Waived(entry environment.Compatible) Gate {
	g.Compatible = entry
	return g
}

// OrMFAToken lets a token of action-based MFA open the gate under the newest
// version, where the environment has the compatibility entry.
func (g Gate) OrMFAToken(entry environment.Compatible) Gate {
	g.Legacy = entry
	return g
}

// For says which call of the scope it is.
func (g Gate) For(use policy.Use) Gate {
	g.Use = use
	return g
}

// As says what published clients know the call as.
func (g Gate) As(call shadow.Call) Gate {
	g.Call = call
	return g
}

func (g Gate) call() shadow.Call { return cmp.Or(g.Call, shadow.OtherCall) }

// openGate judges the caller as the gate of the route asks, and the device that
// signs for the session. One transaction reads who that is and asks the gate; what
// the gate says is heard after whatever comes before it.
func openGate(c *Call) error {
	switch c.route.Gate.Kind {
	case ServiceGate:
		return nil // it was opened before anything else
	case PublicGate:
		if !optionallySignedIn(c) {
			return verifyDevice(c)
		}
	}
	presented := readTokens(c)
	var judged error
	err := identify(c, func(tx *store.Tx) {
		if presented == nil {
			judged = judgeRoute(c, tx)
		}
	})
	if c.route.Gate.Kind == PublicGate && c.byCookie && fault.Has(err, fault.InvalidSession) {
		// Nobody can take a cookie back from an app that forgot it: the session
		// behind it is over, so the caller is signed out.
		if err := confirmEnvironment(c, nil); err != nil {
			return err
		}
		c.byCookie, c.cookie = false, noCookie(c.Tenant)
		c.Elevated, c.Legacy = who.Token{}, nil
		return verifyDevice(c)
	}
	if err == nil && c.Owes && !c.route.Owing {
		err = account.Owing()
	}
	if err == nil {
		err = verifyDevice(c)
	}
	if err != nil {
		c.foreseen = nil // the gate was not reached
		return err
	}
	if presented != nil {
		return presented
	}
	return judged
}

// optionallySignedIn reports whether a session came to a public route that takes one.
func optionallySignedIn(c *Call) bool { return c.route.OptionalSession && sessionToken(c) != "" }

// judgeRoute asks the gate before the body is read.
func judgeRoute(c *Call, tx *store.Tx) error {
	switch {
	case c.route.Operation:
		return judgeOperation(c, tx)
	case c.route.Gate.Kind == ElevatedGate || c.route.Gate.Kind == MarkedGate:
		return judgeElevated(c, tx)
	}
	return nil
}

// judgeElevated judges the elevated token.
func judgeElevated(c *Call, tx *store.Tx) error {
	g := c.route.Gate
	if !c.Tenant.MinAPIVersion.Before(environment.Newest) && enforce.Waives(c.Caller, c.Known, g.Compatible) {
		c.Waived(g.Scopes[0], g.Compatible)
		return nil
	}
	if g.Kind == MarkedGate && account.Marked(tx, *c.Session) {
		return nil
	}
	if g.Kind == MarkedGate && account.Given(tx, *c.Session) {
		// Under the newest version a proof has let that factor in, so that
		// nothing would be asked there: this is not to be counted as a refusal.
		_, err := enforce.Judge(c.Caller, tx, c.Known, c.Demand(g.Scopes[0]))
		return err
	}
	return judgeGate(c, tx, c.Demand(g.Scopes[0]))
}

// judgeOperation lets a request pass whose token was spent by this very operation
// before: it is the same request again, or will be refused as a conflict.
func judgeOperation(c *Call, tx *store.Tx) (err error) {
	if c.OperationID, err = nameOperation(c); err != nil {
		return err
	}
	c.Repeatable = c.Header(idempotencyHeader) != ""
	var scope stepup.Scope
	if c.route.Gate.Kind == ElevatedGate {
		scope = c.route.Gate.Scopes[0]
	}
	before := c.Demand(scope)
	before.Operation, before.Unread = c.OperationID, true
	return judgeGate(c, tx, before)
}

// mfaTokenHeader carries a token of action-based MFA. Published clients also send
// it empty, which means without.
const mfaTokenHeader = "x-mfa-auth-token"

// readTokens reads the tokens that the request carries beside its session.
func readTokens(c *Call) error {
	text, err := elevatedHeader(c.arrival.request)
	if err != nil {
		return err
	}
	c.Elevated = who.Present(c.Context(), c.Tenant, text)
	if c.door.MFAToken == nil {
		return nil
	}
	values := c.arrival.request.Header.Values(mfaTokenHeader)
	if len(values) > 1 {
		return fault.New(fault.InvalidRequest, "Send one MFA token, in one header %s.", mfaTokenHeader)
	}
	if len(values) == 1 {
		c.Legacy = c.door.MFAToken(values[0])
	}
	return nil
}

// elevatedHeader reads the token from either header name; two are refused,
// because two parsers might pick different ones.
func elevatedHeader(r *http.Request) (string, error) {
	values := append(r.Header.Values("x-dyn-elevated-access-token"), r.Header.Values("Elevated-Access-Token")...)
	switch len(values) {
	case 0:
		return "", nil
	case 1:
		if len(values[0]) > len("Bearer ") && strings.EqualFold(values[0][:len("Bearer ")], "Bearer ") {
			return "", fault.New(fault.InvalidRequest,
				"Send the elevated access token alone in its header, without \"Bearer \" before it.")
		}
		return values[0], nil
	}
	return "", fault.New(fault.AmbiguousElevatedToken, "Send one elevated access token, in one header.")
}
