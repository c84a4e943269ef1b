package sdk

import (
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
)

// checkRoutes tell what a step-up would take.
func checkRoutes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/stepUp/check", Section: "wire 11.1",
			Summary: "Is a step-up required, and with what",
			Gate:    door.SignedIn(), Owing: true,
			Handler: door.Handle(checkStepUp),
		},
	}
}

// CheckRequest asks about exactly one scope.
type CheckRequest struct {
	Scope string `json:"scope"`
}

// CheckResponse says whether a step-up is required and what would do (wire
// reference 11.1). Reason, singleUse and the rest are ours.
type CheckResponse struct {
	IsRequired          bool              `json:"isRequired"`
	Credentials         []CheckCredential `json:"credentials"`
	DefaultCredentialID string            `json:"defaultCredentialId,omitempty"`
	// not_required, step_up_required, no_method, disputed or cooling_down
	Reason          string        `json:"reason"`
	CoolDownSeconds int           `json:"coolDownSeconds,omitempty"` // how long nothing can mint the scope yet
	Disputed        bool          `json:"disputed,omitempty"`        // a change to the account is denied, and nobody has decided
	SingleUse       bool          `json:"singleUse"`
	ExpirySeconds   int           `json:"expirySeconds"` // life of a token for the scope
	Binding         *CheckBinding `json:"binding,omitempty"`
	Allows          string        `json:"allows,omitempty"` // what a custom scope lets its holder do, in the operator's words
}

// CheckBinding is there when tokens of the scope must be bound to a
// transaction: register it first.
type CheckBinding struct {
	Require   string `json:"require"`   // always, or above some amount
	Displayed bool   `json:"displayed"` // by a method that shows the person what they confirm
}

// CheckCredential is one thing the user could prove it with.
type CheckCredential struct {
	ID     string `json:"id"`
	Format string `json:"format"`
	Type   string `json:"type,omitempty"`
	Alias  string `json:"alias,omitempty"`
}

func checkStepUp(c *door.Call, r CheckRequest) (CheckResponse, error) {
	if err := door.Need("scope", r.Scope); err != nil {
		return CheckResponse{}, err
	}
	person, err := c.Known.Person(c.Tenant.Environment)
	if err != nil {
		return CheckResponse{}, err
	}
	decision, err := policy.Decide(c.Tenant.Environment, person, stepup.Scope(r.Scope))
	if err != nil {
		return CheckResponse{}, fault.New(fault.InvalidScopes, "%s", policy.NoScope(c.Tenant.Environment, r.Scope)).Because(err)
	}
	answer := answerCheck(decision)
	if declared, ok := c.Tenant.Environment.Scope(r.Scope); ok {
		answer.Allows = declared.Allows
	}
	return answer, nil
}

func answerCheck(d policy.Decision) CheckResponse {
	response := CheckResponse{
		IsRequired: d.Required, Credentials: []CheckCredential{}, Reason: "not_required", Disputed: d.Disputed,
		SingleUse: d.Rule.SingleUse, ExpirySeconds: int(d.Rule.Life.Seconds()),
	}
	if !d.Required {
		return response
	}
	response.Reason, response.DefaultCredentialID = "step_up_required", d.DefaultID
	if d.Rule.Binding.Ever() {
		response.Binding = &CheckBinding{Require: d.Rule.Binding.Require, Displayed: d.Rule.Binding.Displayed}
	}
	switch {
	case d.NoMethod() && d.Disputed:
		response.Reason = string(stepup.ReasonDisputed)
	case d.NoMethod():
		response.Reason = string(stepup.ReasonNoMethod)
	case d.CoolDown > 0:
		response.Reason, response.DefaultCredentialID, response.CoolDownSeconds = "cooling_down", "",
			int((d.CoolDown+time.Second-1)/time.Second)
		return response
	}
	for _, offer := range d.Offers {
		if offer.Kind == assurance.RecoveryCode {
			continue // published clients know no such credential; they offer it beside any MFA method
		}
		response.Credentials = append(response.Credentials,
			CheckCredential{ID: offer.ID, Format: offer.Format, Type: offer.Type, Alias: offer.Alias})
	}
	return response
}
