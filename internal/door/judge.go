package door

import (
	"net/http"
	"strings"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// openGate judges the caller as the gate of the route asks, and the device that
// signs for the session. One transaction reads who that is and asks the gate; what
// the gate says is heard after whatever comes before it.
func openGate(c *Call) error {
	switch c.route.Gate.Kind {
	case ServiceGate:
		return nil // it was opened before anything else
	case PromptGate:
		return c.route.Gate.Enter(c) // no session and no token is looked at
	case PublicGate:
		if !optionallySignedIn(c) {
			return verifyDevice(c)
		}
	}
	presented := readTokens(c)
	var judged error
	var judge func(*store.Tx)
	if presented == nil && judgesRoute(c) {
		judge = func(tx *store.Tx) { judged = judgeRoute(c, tx) }
	}
	err := identify(c, judge)
	if c.route.Gate.Kind == PublicGate && c.byCookie && !namesSession(c) && fault.Has(err, fault.InvalidSession) {
		// Nobody can take a cookie back from an app that forgot it: the session
		// behind it is over, so the caller is signed out.
		if err := confirmEnvironment(c, nil); err != nil {
			return err
		}
		if c.byCookie = false; !continued(c) {
			c.cookie = noCookie(c.Tenant)
		}
		c.Elevated, c.Legacy = who.Token{}, nil
		return verifyDevice(c)
	}
	switch {
	case err != nil:
	case c.Known.Unregistered() && !c.route.Unregistered:
		err = account.Registering()
	case c.Owes && !c.route.Owing:
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

// optionallySignedIn reports whether a session came to a public route that takes
// one, or should have come.
func optionallySignedIn(c *Call) bool {
	return c.route.OptionalSession && (sessionToken(c) != "" || namesSession(c))
}

// judgesRoute reports whether [judgeRoute] has something to ask.
func judgesRoute(c *Call) bool {
	return c.route.Operation || c.route.Gate.Kind == ElevatedGate || c.route.Gate.Kind == MarkedGate
}

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
		c.NoteWaived(g.Scopes[0], g.Compatible)
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
	before.OperationID, before.Unread = c.OperationID, true
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
