package api

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// GateKind is who may pass.
type GateKind string

// The gates. Each route declares one.
const (
	PublicGate   GateKind = "public"   // anybody; a session, if sent, must be live
	SessionGate  GateKind = "session"  // a live session
	ElevatedGate GateKind = "elevated" // and an elevated token, judged before the body is read
	MarkedGate   GateKind = "marked"   // as elevated, but a second factor given in the session moments ago will do
	BodyGate     GateKind = "body"     // a live session; which scopes depends on the body
	ServiceGate  GateKind = "service"  // a service token with a scope
)

// Gate is what a route asks of its caller.
type Gate struct {
	Kind       GateKind
	Use        policy.Use             // which call of the scope it is
	Scopes     []stepup.Scope         // ElevatedGate, MarkedGate: the one it needs; BodyGate: those it may need
	Compatible environment.Compatible // the entry that waives the token; empty: none does
	Legacy     environment.Compatible // the entry that lets an MFA token open it under the newest version; empty: none does
	Call       shadow.Call            // what published clients know it as; empty: another call
	Service    string                 // ServiceGate: the service token scope
}

func (g Gate) call() shadow.Call { return cmp.Or(g.Call, shadow.OtherCall) }

func (g Gate) open(c *Call, r Route) error {
	switch g.Kind {
	case ServiceGate:
		return nil // the door has opened it
	case PublicGate:
		if c.sessionToken() == "" || !r.OptionalSession {
			return c.verifyDevice(r)
		}
	}
	err := c.identify()
	if g.Kind == PublicGate && c.byCookie && fault.Has(err, fault.InvalidSession) {
		// Nobody can take a cookie back from an app that forgot it: the session
		// behind it is over, so the caller is signed out.
		c.byCookie, c.cookie = false, c.noCookie()
		return c.verifyDevice(r)
	}
	if err != nil {
		return err
	}
	if c.owes && !r.Owing {
		return owing()
	}
	if err := c.verifyDevice(r); err != nil {
		return err
	}
	text, err := elevatedHeader(c.request)
	if err != nil {
		return err
	}
	c.Elevated = who.Present(c.ctx, c.Tenant, text)
	if err := c.presentLegacy(); err != nil {
		return err
	}
	if r.Operation {
		return g.openOperation(c)
	}
	if g.Kind != ElevatedGate && g.Kind != MarkedGate {
		return nil
	}
	return c.Read(func(tx *store.Tx) error {
		if !c.Tenant.MinAPIVersion.Before(environment.Newest) {
			waives, err := c.waives(tx, g.Compatible)
			if err != nil {
				return err
			}
			if waives {
				c.waived(g.Scopes[0], g.Compatible)
				return nil
			}
		}
		if g.Kind == MarkedGate && account.Marked(tx, *c.Session) {
			return nil
		}
		if g.Kind == MarkedGate && account.Given(tx, *c.Session) {
			// Under the newest version a proof has let that factor in, so that
			// nothing would be asked there: this is not to be counted as a refusal.
			return enforce.Judge(c.Caller, tx, c.demand(g.Scopes[0]))
		}
		return c.judgeGate(tx, c.demand(g.Scopes[0]))
	})
}

// openOperation lets a request pass whose token was spent by this very operation
// before: it is the same request again, or will be refused as a conflict.
func (g Gate) openOperation(c *Call) (err error) {
	if c.operationID, err = c.operationIDOf(c.request); err != nil {
		return err
	}
	c.repeatable = c.request.Header.Get(idempotencyHeader) != ""
	var scope stepup.Scope
	if g.Kind == ElevatedGate {
		scope = g.Scopes[0]
	}
	return c.Read(func(tx *store.Tx) error {
		if c.claimed, err = enforce.Known(c.Caller, tx, c.operationID, scope); err != nil || c.claimed || scope == "" {
			return err
		}
		before := c.demand(scope)
		before.Unread = true
		return c.judgeGate(tx, before)
	})
}

// identify finds the live session of the bearer token. A 401 means just one
// thing: there is no such session any more.
func (c *Call) identify() error {
	text := c.sessionToken()
	if text == "" {
		return fault.New(fault.SignInRequired, "Sign in first: send the session token as Authorization: Bearer.")
	}
	if err := c.checkCookie(); err != nil {
		return err
	}
	dead := fault.New(fault.InvalidSession, "This session is over or the token is not a session token. Sign in again.")
	claims, err := c.Tenant.Verifier.Session(c.ctx, text)
	if errors.Is(err, stepup.ErrUnavailable) {
		return err
	}
	if err != nil {
		return dead.Because(err)
	}
	if claims.EnvironmentID != c.Tenant.ID {
		return dead.Because(errors.New("token of another environment"))
	}
	err = c.Read(func(tx *store.Tx) error {
		row, inForce, err := account.LiveSession(tx, c.Tenant, claims.Session)
		if errors.Is(err, store.ErrNotFound) || err == nil && row.UserID != claims.Subject {
			return dead
		}
		if err != nil {
			return err
		}
		c.Session, c.Tenant = &row, inForce
		c.owes, err = account.Owes(tx, c.Tenant.Environment, row)
		return err
	})
	if err != nil {
		return err
	}
	c.By.Actor, c.By.UserID, c.By.SessionID = "user:"+c.Session.UserID, c.Session.UserID, c.Session.ID
	return nil
}

func owing() *fault.Error {
	return fault.New(fault.AdditionalAuthRequired, "This session still owes a second factor: give one, or enrol one, and try again.")
}

func (g Gate) openService(c *Call) error {
	text := bearer(c.request)
	var token *serviceauth.Token
	err := c.Read(func(tx *store.Tx) error {
		var err error
		token, err = serviceauth.Check(tx, secret.Text(text))
		return err
	})
	if errors.Is(err, serviceauth.ErrInvalid) {
		return fault.New(fault.InvalidServiceToken,
			"Send a live service token as Authorization: Bearer stp_…; make one with `stepup token create`.")
	}
	if err != nil {
		return err
	}
	environmentID := c.request.PathValue("environmentId")
	if environmentID == "" {
		environmentID = token.EnvironmentID()
	}
	if !token.May(g.Service, environmentID) {
		return fault.New(fault.InsufficientServiceScope, "This service token does not carry %s for this environment.", g.Service)
	}
	c.Service = token
	c.By.Actor, c.By.EnvironmentID = "service:"+token.ID(), environmentID
	return nil
}

func bearer(r *http.Request) string {
	text, err := stepup.BearerToken(r)
	if err != nil {
		return ""
	}
	return text
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
			return "", fault.New(fault.InvalidRequest, "Send the elevated access token alone in its header, without \"Bearer \" before it.")
		}
		return values[0], nil
	}
	return "", fault.New(fault.AmbiguousElevatedToken, "Send one elevated access token, in one header.")
}

// judge asks the gate without spending, for work that cannot be taken back
// when the token turns out to be missing.
func (c *Call) judge(scope stepup.Scope) error {
	return c.Read(func(tx *store.Tx) error { return enforce.Judge(c.Caller, tx, c.demand(scope)) })
}

// Spend consumes the elevated token for the scope in the action's transaction,
// unless the compatibility entry waives it; elevated reports whether a token
// opened the gate, which decides what the action may claim as its provenance.
func (c *Call) Spend(tx *store.Tx, scope stepup.Scope, compatible environment.Compatible) (tokenID string, err error) {
	return c.spend(tx, c.demand(scope), compatible)
}

func (c *Call) spend(tx *store.Tx, d enforce.Demand, compatible environment.Compatible) (tokenID string, err error) {
	if c.foreseen == nil && c.gate.Kind == BodyGate && c.Tenant.MinAPIVersion.Before(environment.Newest) {
		if err := c.judgeGate(tx, d); err != nil && !fault.Has(err, fault.ElevatedTokenRequired) {
			return "", err
		}
	}
	opened, err := enforce.Open(c.Caller, tx, d)
	if fault.Has(err, fault.ElevatedTokenRequired) {
		waives, unknown := c.waives(tx, compatible)
		if unknown != nil {
			return "", unknown
		}
		if waives {
			c.waived(d.Scope, compatible)
			return "", nil
		}
	}
	c.usedEntry(opened.MFATokenID != "", d.Scope)
	return opened.TokenID, err
}

// waives reports whether the compatibility entry lets the call through without a
// token: none does while something of the user's is disputed.
func (c *Call) waives(tx *store.Tx, entry environment.Compatible) (bool, error) {
	if !c.Tenant.Allows(entry) {
		return false, nil
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	return !slices.ContainsFunc(rows, store.CredentialRow.Disputed), err
}

// allowLink spends the token for credential:link and says what a change that it
// let through was allowed by.
func (c *Call) allowLink(tx *store.Tx, compatible environment.Compatible) (account.Authority, error) {
	tokenID, err := c.Spend(tx, stepup.CredentialLink, compatible)
	if err != nil {
		return account.Nothing, err
	}
	return c.authority(tx, tokenID)
}

// stands judges anew what let a change begin, and says what the change was allowed
// by. The compatibility entry waives a token at the end as at the beginning.
func (c *Call) stands(tx *store.Tx, scope stepup.Scope, compatible environment.Compatible, tokenID string) (account.Authority, error) {
	if _, err := tx.LockUser(c.Tenant.ID, c.Session.UserID); err != nil { // whoever ends it meanwhile comes first, or after
		return account.Nothing, err
	}
	err := enforce.Stands(c.Caller, tx, c.demand(scope), tokenID)
	if tokenID == "" && fault.Has(err, fault.ElevatedTokenRequired) {
		waives, unknown := c.waives(tx, compatible)
		if unknown != nil {
			return account.Nothing, unknown
		}
		if waives {
			err = nil
		}
	}
	if err != nil {
		return account.Nothing, err
	}
	return c.authority(tx, tokenID)
}

// authority says what a change that Spend let through was allowed by. A token
// that came from a credential which was itself linked with nothing is worth
// nothing here: it must not make more of its like, or of itself, than they are.
func (c *Call) authority(tx *store.Tx, tokenID string) (account.Authority, error) {
	if tokenID == "" {
		return account.Nothing, nil
	}
	token, err := tx.ElevatedToken(c.Tenant.ID, tokenID)
	if errors.Is(err, store.ErrNotFound) {
		return account.Nothing, nil
	}
	if err != nil {
		return account.Nothing, err
	}
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	for _, row := range rows {
		if row.ID == token.CredentialID && row.Confirmed() {
			return account.Authority{Provenance: store.ProvenanceElevatedToken, Credential: row.ID,
				Method: assurance.Kind(token.Method)}, err
		}
	}
	return account.Nothing, err
}
