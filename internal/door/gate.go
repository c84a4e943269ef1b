package door

import (
	"cmp"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/shadow"
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
	PromptGate   GateKind = "prompt"
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
	All        bool                   // ServiceGate: a token for one environment alone does not open it
	Enter      func(*Call) error      // PromptGate: finds who asks, or refuses
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

// OfAll asks for a service token that is for all environments.
func (g Gate) OfAll() Gate {
	g.All = true
	return g
}

// Held asks for the cookie of the prompt that the path names, in a request of the
// prompt's own page. Whoever gave the cookie out says by enter whose it is.
func Held(enter func(*Call) error) Gate { return Gate{Kind: PromptGate, Enter: enter} }

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
