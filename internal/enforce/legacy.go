package enforce

import (
	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// Legacy is a presented token of action-based MFA, which only its own package can
// judge.
type Legacy interface {
	// Judge says why the token opens nothing; an empty reason means it does.
	Judge(tx *store.Tx, t *tenant.Tenant, session store.SessionRow) (stepup.Reason, error)
	// Spend uses it once and returns its id, or store.ErrNotFound.
	Spend(tx *store.Tx, by audit.By, t *tenant.Tenant, session store.SessionRow, scope stepup.Scope) (tokenID string, err error)
}

// legacy asks whether the request's legacy token opens the gate: any gate under
// the old version, and under the newest only those that a compatibility entry
// names. reason says why one that was sent does not.
func (s Subject) legacy(tx *store.Tx, d policy.Decision) (reason stepup.Reason, opens bool, err error) {
	if s.Legacy == nil || d.Rule.Audience != "" {
		return "", false, nil
	}
	old := s.Tenant.MinAPIVersion.Before(environment.Version20260401)
	if !old && (s.LegacyEntry == "" || !s.Tenant.Allows(s.LegacyEntry)) {
		return "", false, nil
	}
	reason, err = s.Legacy.Judge(tx, s.Tenant, s.Session)
	return reason, err == nil && reason == "", err
}
