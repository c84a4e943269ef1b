package enforce

import (
	"errors"
	"slices"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// key is what would open a decided gate. The zero value: nothing is needed, and nothing
// good was sent.
type key struct {
	token  store.ElevatedTokenRow // the elevated token, as the store knows it
	legacy bool                   // the token of action-based MFA
}

// fit finds the key to a decided gate. The elevated token comes first and leaves a
// legacy one untouched; without need neither is asked for, but a good elevated
// token that was sent is used.
func fit(c who.Caller, tx *store.Tx, d Demand, decision policy.Decision) (key, error) {
	row, reason, err := worth(c, tx, d, decision)
	switch {
	case err != nil:
		return key{}, err
	case reason == "":
		return key{token: row}, nil
	case !decision.Required:
		return key{}, nil
	case d.mustBind(decision.Rule.Binding): // a token of action-based MFA is bound to nothing
		return key{}, refusal(c, decision, reason)
	}
	legacy, opens, err := legacy(c, tx, d, decision)
	switch {
	case err != nil:
		return key{}, err
	case opens:
		return key{legacy: true}, nil
	case c.Elevated.Given():
	case decision.NoMethod():
		reason = withoutMethod(decision)
	case legacy != "":
		reason = legacy
	}
	return key{}, refusal(c, decision, reason)
}

// worth says why the elevated token does not open the decided scope for the caller
// right now; an empty reason means it does. It reads the store, because what was
// signed may have been spent, revoked or superseded since, also by a policy that asks
// for more.
func worth(c who.Caller, tx *store.Tx, d Demand, decision policy.Decision) (row store.ElevatedTokenRow, _ stepup.Reason, err error) {
	claims, holds := c.Elevated.Claims()
	rule := decision.Rule
	switch {
	case !c.Elevated.Given():
		return row, stepup.ReasonMissing, nil
	case !holds:
		return row, c.Elevated.Invalid(), nil
	case claims.EnvironmentID != c.Tenant.ID || claims.Subject != c.Session.UserID || claims.Session != c.Session.ID:
		return row, stepup.ReasonWrongSubject, nil
	case !opens(claims, rule.Scope) || !slices.Contains(claims.Audience, c.Tenant.Audience(rule.Audience)):
		return row, stepup.ReasonWrongScope, nil
	case d.wrongBinding(claims, rule.Binding):
		return row, stepup.ReasonWrongBinding, nil
	case rule.SingleUse && !claims.SingleUse:
		return row, stepup.ReasonSuperseded, nil
	}
	row, err = tx.ElevatedToken(c.Tenant.ID, claims.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return row, stepup.ReasonMissing, nil
	case err != nil:
		return row, "", err
	case row.UserID != claims.Subject || row.SessionID != claims.Session:
		return row, stepup.ReasonWrongSubject, nil
	case row.SingleUse && !row.ConsumedAt.IsZero():
		return row, stepup.ReasonSpent, nil
	}
	return row, worn(tx, row, decision), nil
}

// opens compares whole words. wallet:delegate opens refresh and reshare too,
// because published clients ask for that one.
func opens(claims stepup.Claims, scope stepup.Scope) bool {
	if claims.Has(scope) {
		return true
	}
	return (scope == stepup.WalletRefresh || scope == stepup.WalletReshare) && claims.Has(stepup.WalletDelegate)
}

// mustBind reports whether the policy lets only a bound token do what the request
// is about. Before that has been read, only what it asks for in any case counts.
func (d Demand) mustBind(rule policy.Binding) bool {
	within := d.Within != nil && d.Within(rule)
	return rule.Always() || rule.Ever() && !within && !d.Unread
}

// wrongBinding reports whether the token is good for something else only, or for
// anything where the policy asks for one that was confirmed for just this.
func (d Demand) wrongBinding(claims stepup.Claims, rule policy.Binding) bool {
	switch {
	case claims.KeyThumbprint != "":
		return true
	case !claims.Bound():
		return d.mustBind(rule)
	case d.Unread:
		return false
	case d.DetailsHash == "" || d.DetailsHash != claims.AuthorizationDetailsHash:
		return true
	}
	return rule.Displayed && !claims.Displayed && d.mustBind(rule)
}

// worn says why a token opens nothing any more, spent or not: it was revoked, the
// credential it came from does not count (any more), the policy asks for more by
// now, or its time is up. Empty: it is as good as on the first day.
func worn(tx *store.Tx, row store.ElevatedTokenRow, d policy.Decision) stepup.Reason {
	switch {
	case d.Withholds(row.CredentialID):
		return stepup.ReasonDisputed
	case !row.RevokedAt.IsZero(), row.Superseded, !d.Vouches(row.CredentialID),
		!d.Admits(assurance.Kind(row.Method), assurance.ACR(row.ACR)):
		return stepup.ReasonSuperseded
	case !tx.Now().Before(row.ExpiresAt):
		return stepup.ReasonExpired
	}
	return ""
}

// stands judges anew what let a change begin.
func stands(c who.Caller, tx *store.Tx, d Demand, decision policy.Decision) (row store.ElevatedTokenRow, err error) {
	if d.Finishes.TokenID == "" {
		if decision.Required {
			return row, refusal(c, decision, stepup.ReasonMissing)
		}
		return row, nil
	}
	row, err = tx.ElevatedToken(c.Tenant.ID, d.Finishes.TokenID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return row, refusal(c, decision, stepup.ReasonExpired) // it was purged
	case err != nil:
		return row, err
	case row.UserID != c.Session.UserID || row.SessionID != c.Session.ID:
		return row, refusal(c, decision, stepup.ReasonWrongSubject)
	}
	if reason := worn(tx, row, decision); reason != "" {
		return row, refusal(c, decision, reason)
	}
	return row, nil
}

// legacy asks whether the request's legacy token opens the gate: any gate under
// the old version, and under the newest only those that a compatibility entry
// names. reason says why one that was sent does not.
func legacy(c who.Caller, tx *store.Tx, d Demand, decision policy.Decision) (reason stepup.Reason, opens bool, err error) {
	if c.Legacy == nil || decision.Rule.Audience != "" {
		return "", false, nil
	}
	old := c.Tenant.MinAPIVersion.Before(environment.Version20260401)
	if !old && (d.LegacyEntry == "" || !c.Tenant.Allows(d.LegacyEntry)) {
		return "", false, nil
	}
	reason, err = c.Legacy.Judge(c, tx)
	return reason, err == nil && reason == "", err
}
