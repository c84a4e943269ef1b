package enforce

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/who"
)

// Refusal is the payload that teaches the client what to do (403).
type Refusal struct {
	Scope     stepup.Scope  `json:"scope"`
	Reason    stepup.Reason `json:"reason"`
	SingleUse bool          `json:"singleUse"`
	Methods   []string      `json:"methods,omitzero"` // nil: nobody knows here; an empty list: the user has none
	RequestID string        `json:"requestId"`
}

func refusal(c who.Caller, d policy.Decision, reason stepup.Reason) *fault.Error {
	why := sentence[reason]
	if reason == stepup.ReasonMissing && c.Legacy != nil && !c.Tenant.MinAPIVersion.Before(environment.Version20260401) {
		why = "tokens of action-based MFA have ended here; prove it is you with requestedScopes and send the elevated access token"
	}
	return refused(d.Rule, reason, why, d.Methods(), c.By.RequestID)
}

// unlooked refuses before the user was looked at, so that their methods are not known.
func unlooked(c who.Caller, rule policy.Rule, reason stepup.Reason) *fault.Error {
	return refused(rule, reason, sentence[reason], nil, c.By.RequestID)
}

// Disputed refuses to mint for the decided scope, or at all if that has none: the
// credential is withheld by an open dispute.
func Disputed(d policy.Decision, requestID string) *fault.Error {
	return refused(d.Rule, stepup.ReasonDisputed, sentence[stepup.ReasonDisputed], d.Methods(), requestID)
}

func refused(rule policy.Rule, reason stepup.Reason, why string, methods []string, requestID string) *fault.Error {
	payload := Refusal{Scope: rule.Scope, Reason: reason, SingleUse: rule.SingleUse, Methods: methods, RequestID: requestID}
	return fault.New(fault.ElevatedTokenRequired, "Elevated access token with scope %s required: %s.", rule.Scope, why).With(payload)
}

// withoutMethod is why a user who has nothing to prove it with is refused.
func withoutMethod(d policy.Decision) stepup.Reason {
	if d.Disputed {
		return stepup.ReasonDisputed
	}
	return stepup.ReasonNoMethod
}

var sentence = map[stepup.Reason]string{
	stepup.ReasonMissing:      "none was sent that counts here; prove it is you and try again",
	stepup.ReasonExpired:      "the one sent has expired; prove it is you again",
	stepup.ReasonSpent:        "the one sent was used already; prove it is you again",
	stepup.ReasonWrongScope:   "the one sent is for something else; ask for this scope",
	stepup.ReasonWrongSubject: "the one sent belongs to another user or session; prove it is you in this session",
	stepup.ReasonWrongBinding: "the one sent is not bound to exactly this transaction; register it at " +
		"stepUp/bindings (one of a wallet at " +
		"its intents) and prove it is you with its bindingId",
	stepup.ReasonSuperseded: "the one sent no longer counts because something changed; prove it is you again",
	stepup.ReasonDisputed: "somebody said that a change to your account was not you; decide with a factor confirmed " +
		"earlier, or ask the operator",
	stepup.ReasonNoMethod: "you have no method that may confirm this; add one or ask the operator",
}
