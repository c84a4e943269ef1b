package door

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
)

// clientOf is the SDK of the request, as it is counted.
func clientOf(c *Call) (shadow.Client, string) {
	client, ok := shadow.ParseClient(c.Header("x-dyn-version"))
	if !ok {
		return client, shadow.Other
	}
	return client, client.String()
}

// judgeGate asks the gate by the rules in force. Below the newest version it asks
// by the newest rules too, which decides nothing and is counted when the call is
// over.
func judgeGate(c *Call, tx *store.Tx, d enforce.Demand) error {
	d.Foresee = foresees(c)
	judgement, err := enforce.Judge(c.Caller, tx, c.Known, d)
	if c.Again = judgement.Again; d.Foresee && d.Scope != "" && !c.Again {
		foresaw(c, d.Scope, judgement.Foreseen)
	}
	return err
}

// foresees reports whether what the newest rules would say of the call is counted.
func foresees(c *Call) bool {
	return c.door.Shadow != nil && c.Tenant.MinAPIVersion.Before(environment.Newest)
}

// foresaw notes what the newest rules would say of the call.
func foresaw(c *Call, scope stepup.Scope, later enforce.Foresight) {
	f := foreseen{scope: scope, call: c.route.Gate.call(), verdict: shadow.Pass}
	if later.Required && later.Reason != "" {
		client, _ := clientOf(c)
		f.verdict, f.reason = shadow.Refuse, string(later.Reason)
		if client.Attaches(f.call) && later.Reason != stepup.ReasonNoMethod && later.Reason != stepup.ReasonDisputed {
			f.verdict, f.reason = shadow.Prompt, ""
		}
	}
	c.foreseen = &f
}

// NoteWaived notes that a compatibility entry let the call through.
func (c *Call) NoteWaived(scope stepup.Scope, entry environment.Compatible) {
	c.foreseen = &foreseen{scope: scope, call: c.route.Gate.call(), verdict: shadow.Waived, reason: string(entry)}
}

// NoteMFAToken notes that an MFA token opened the gate, which under the newest
// version a compatibility entry allowed.
func (c *Call) NoteMFAToken(scope stepup.Scope) {
	if !c.Tenant.MinAPIVersion.Before(environment.Newest) {
		c.NoteWaived(scope, c.route.Gate.Legacy)
	}
}

// countForeseen counts what was foreseen, after the answer is known.
func countForeseen(c *Call) {
	if c.door.Shadow == nil || c.Tenant == nil || c.Session == nil {
		return
	}
	_, client := clientOf(c)
	c.door.Shadow.See(c.Tenant.ID, client)
	if f := c.foreseen; f != nil {
		c.door.Shadow.Add(shadow.Observation{
			EnvironmentID: c.Tenant.ID, Client: client, Scope: string(f.scope), Call: f.call, Verdict: f.verdict, Reason: f.reason,
		})
	}
}

// KnownAs says what published clients know the call as, where only its body tells.
func (c *Call) KnownAs(call shadow.Call) {
	if c.foreseen != nil {
		c.foreseen.call = call
	}
}
