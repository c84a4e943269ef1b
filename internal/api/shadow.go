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

// foresee judges a protected call by the newest rules, in the transaction in which
// the rules in force judge it. It decides nothing.
func (c *Call) foresee(tx *store.Tx, scope stepup.Scope, call shadow.Call) error {
	if c.api.Shadow == nil || !c.Tenant.MinAPIVersion.Before(environment.Newest) {
		return nil
	}
	subject := c.Subject()
	subject.Tenant, subject.Legacy = c.Tenant.AtNewest(), nil
	reason, required, err := enforce.Foresee(tx, subject, scope)
	if err != nil {
		return err
	}
	f := foreseen{scope: scope, call: call, verdict: shadow.Pass}
	if required && reason != "" {
		client, _ := c.client()
		f.verdict, f.reason = shadow.Refuse, reason
		if client.Attaches(call) && reason != stepup.ReasonNoMethod {
			f.verdict, f.reason = shadow.Prompt, ""
		}
	}
	c.foreseen = &f
	return nil
}

// waived notes that a compatibility entry let the call through.
func (c *Call) waived(scope stepup.Scope, call shadow.Call) {
	c.foreseen = &foreseen{scope: scope, call: call, verdict: shadow.Waived}
}

// usedEntry notes that an MFA token opened a gate under the newest version, which
// a compatibility entry allowed.
func (c *Call) usedEntry(opened enforce.Opened, scope stepup.Scope) {
	if opened.MFATokenID != "" && !c.Tenant.MinAPIVersion.Before(environment.Newest) {
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
