package enforce

import (
	"errors"
	"slices"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// Guarded is what a guard elsewhere asks to have consumed.
type Guarded struct {
	Scope         stepup.Scope
	Audience      string // who the guard is; empty: whoever the scope is for
	OperationID   string // made by the guard
	RequestDigest string
	Caller        string // service token id
	DetailsHash   string // stepup.HashDetails of what the operation does; empty: not named
	Details       []byte // the same in full, when the guard told; DetailsHash is of these
}

// Consume spends a token for a guard elsewhere, in the same transaction as the
// record of the operation. The same operation id again answers first=false: a
// replay, which is not a permission. The same id with another digest, scope or
// caller is a conflict.
func Consume(c who.Caller, tx *store.Tx, g Guarded) (_ stepup.Claims, first bool, err error) {
	if err := c.Tenant.Pin(tx); err != nil {
		return stepup.Claims{}, false, err
	}
	rule, err := policy.RuleFor(c.Tenant.Environment, g.Scope)
	if err != nil || rule.Operator {
		return stepup.Claims{}, false, fault.New(fault.InvalidScopes, "%s", policy.NoScope(c.Tenant.Environment, string(g.Scope)))
	}
	// unknown refuses before the person was looked at, so that their methods are not known.
	unknown := func(reason stepup.Reason) error {
		return fault.New(fault.ElevatedTokenRequired, "Elevated access token with scope %s required: %s.", rule.Scope, sentence[reason]).
			With(Refusal{Scope: rule.Scope, Reason: reason, SingleUse: rule.SingleUse, RequestID: c.By.RequestID})
	}
	claims, holds := c.Elevated.Claims()
	switch {
	case !c.Elevated.Given():
		return stepup.Claims{}, false, unknown(stepup.ReasonMissing)
	case !holds:
		return stepup.Claims{}, false, unknown(c.Elevated.Invalid())
	}
	if g.Audience != "" && !slices.Contains(claims.Audience, g.Audience) {
		return claims, false, unknown(stepup.ReasonWrongScope)
	}
	operation := store.OperationRow{
		EnvironmentID: c.Tenant.ID, ID: g.OperationID, Caller: g.Caller, TokenID: claims.ID, Subject: claims.Subject,
		Scope: string(g.Scope), Digest: g.RequestDigest,
	}
	earlier, first, err := tx.ClaimOperation(operation)
	if err != nil {
		return claims, false, err
	}
	if !first {
		// Another token does not make it another operation: an app that lost the
		// answer proves again and asks again. Another user's token does, whose
		// claims a guard must not take for those of the operation.
		mine := earlier.TokenID == operation.TokenID || earlier.Subject == operation.Subject
		if !mine || earlier.Digest != operation.Digest || earlier.Scope != operation.Scope || earlier.Caller != operation.Caller {
			return claims, false, fault.New(fault.OperationConflict,
				"This operation id was used for another request. Make a new id for each operation.")
		}
		return claims, false, nil
	}
	if _, err := tx.LockUser(c.Tenant.ID, claims.Subject); errors.Is(err, store.ErrNotFound) {
		return claims, false, unknown(stepup.ReasonSuperseded)
	} else if err != nil {
		return claims, false, err
	}
	session, inForce, err := account.LiveSession(tx, c.Tenant, claims.Session)
	if errors.Is(err, store.ErrNotFound) {
		reason, err := whyEnded(tx, c.Tenant, claims)
		if err != nil {
			return claims, false, err
		}
		return claims, false, unknown(reason)
	}
	if err != nil {
		return claims, false, err
	}
	person, err := account.Person(tx, inForce.Environment, session)
	if err != nil {
		return claims, false, err
	}
	decision, err := policy.Decide(inForce.Environment, person, g.Scope)
	if err != nil {
		return claims, false, err
	}
	d := Demand{
		Scope: g.Scope, DetailsHash: g.DetailsHash, Within: len(g.Details) > 0 && !decision.Rule.Binding.Details(g.Details),
	}
	guard := who.Caller{By: c.By, Tenant: inForce, Elevated: c.Elevated}
	reason, err := worth(guard, tx, d, decision)
	if err != nil {
		return claims, false, err
	}
	if reason != "" {
		return claims, false, refusal(guard, decision, reason)
	}
	err = tx.ConsumeElevatedToken(c.Tenant.ID, claims.ID)
	if errors.Is(err, store.ErrNotFound) {
		return claims, false, refusal(guard, decision, stepup.ReasonSpent)
	}
	if err != nil {
		return claims, false, err
	}
	return claims, true, audit.Record(tx, c.By.Concerning(claims.Subject).In(claims.Session), "token.consumed", audit.Detail{
		"token_id": claims.ID, "scope": g.Scope, "operation_id": g.OperationID, "request_digest": g.RequestDigest,
		"authorization_details_hash": g.DetailsHash,
	})
}

// whyEnded says what became of a token whose session is over: a dispute ends them
// all, and what it withholds proves nothing in a new one either.
func whyEnded(tx *store.Tx, t *tenant.Tenant, claims stepup.Claims) (stepup.Reason, error) {
	rows, err := tx.Credentials(t.ID, claims.Subject)
	if slices.Contains(account.Withheld(rows), claims.CredentialID) {
		return stepup.ReasonDisputed, err
	}
	return stepup.ReasonSuperseded, err
}

// Introspect reports whether the token is good for anything right now
// (RFC 7662): its session lives, and it is neither spent nor superseded.
func Introspect(c who.Caller, tx *store.Tx) (stepup.Claims, bool, error) {
	claims, holds := c.Elevated.Claims()
	if !holds {
		return stepup.Claims{}, false, nil
	}
	session, t, err := account.LiveSession(tx, c.Tenant, claims.Session)
	if err != nil {
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return stepup.Claims{}, false, err
	}
	c.Tenant = t
	person, err := account.Person(tx, t.Environment, session)
	if err != nil {
		return stepup.Claims{}, false, err
	}
	for _, scope := range claims.Scopes {
		decision, err := policy.Decide(t.Environment, person, scope)
		if err != nil {
			return stepup.Claims{}, false, nil
		}
		// Good for something: what that is, the guard says when it consumes.
		if reason, err := worth(c, tx, Demand{Scope: scope, Unread: true}, decision); err != nil || reason != "" {
			return stepup.Claims{}, false, err
		}
	}
	return claims, true, nil
}
