package api

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
)

// foreseen is what the newest rules made of the call, counted when it is over.
type foreseen struct {
	scope   stepup.Scope
	call    shadow.Call
	verdict shadow.Verdict
	reason  stepup.Reason
}

// client is the SDK of the request, as it is counted.
func (c *Call) client() (shadow.Client, string) {
	client, ok := shadow.ParseClient(c.request.Header.Get("x-dyn-version"))
	if !ok {
		return client, shadow.Other
	}
	return client, client.String()
}

// judgeGate asks the gate by the rules in force. Below the newest version it asks
// by the newest rules too, which decides nothing and is counted when the call is
// over.
func (c *Call) judgeGate(tx *store.Tx, s enforce.Subject, scope stepup.Scope) error {
	if c.api.Shadow == nil || !c.Tenant.MinAPIVersion.Before(environment.Newest) {
		return enforce.Judge(tx, s, scope)
	}
	later, err := enforce.JudgeBoth(tx, s, scope)
	f := foreseen{scope: scope, call: c.gate.call(), verdict: shadow.Pass}
	if later.Required && later.Reason != "" {
		client, _ := c.client()
		f.verdict, f.reason = shadow.Refuse, later.Reason
		if client.Attaches(f.call) && later.Reason != stepup.ReasonNoMethod && later.Reason != stepup.ReasonDisputed {
			f.verdict, f.reason = shadow.Prompt, ""
		}
	}
	c.foreseen = &f
	return err
}

// waived notes that a compatibility entry let the call through.
func (c *Call) waived(scope stepup.Scope, call shadow.Call) {
	c.foreseen = &foreseen{scope: scope, call: call, verdict: shadow.Waived}
}

// usedEntry notes that an MFA token opened a gate under the newest version, which
// a compatibility entry allowed.
func (c *Call) usedEntry(byMFAToken bool, scope stepup.Scope) {
	if byMFAToken && !c.Tenant.MinAPIVersion.Before(environment.Newest) {
		c.waived(scope, c.gate.call())
	}
}

// countForeseen counts what was foreseen, after the answer is known.
func (c *Call) countForeseen() {
	if c.api.Shadow == nil || c.Tenant == nil || c.Session == nil {
		return
	}
	_, client := c.client()
	c.api.Shadow.See(c.Tenant.ID, client)
	if f := c.foreseen; f != nil {
		c.api.Shadow.Add(shadow.Observation{EnvironmentID: c.Tenant.ID, Client: client, Scope: string(f.scope), Call: f.call, Verdict: f.verdict, Reason: string(f.reason)})
	}
}
