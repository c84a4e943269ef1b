package enforce

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// legacy asks whether the request's legacy token opens the gate: any gate under
// the old version, and under the newest only those that a compatibility entry
// names. reason says why one that was sent does not.
func legacy(c who.Caller, tx *store.Tx, demand Demand, d policy.Decision) (reason stepup.Reason, opens bool, err error) {
	if c.Legacy == nil || d.Rule.Audience != "" {
		return "", false, nil
	}
	old := c.Tenant.MinAPIVersion.Before(environment.Version20260401)
	if !old && (demand.LegacyEntry == "" || !c.Tenant.Allows(demand.LegacyEntry)) {
		return "", false, nil
	}
	reason, err = c.Legacy.Judge(c, tx)
	return reason, err == nil && reason == "", err
}
