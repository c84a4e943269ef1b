// Package enforce is the gate in front of what a scope protects. [Judge]
// answers before the request's body is read, [Spend] in the transaction of the
// action; both ask policy, the same that stepUp/check asks. A refusal costs
// the user nothing: only Spend consumes, and only together with the action.
package enforce

import (
	"errors"
	"slices"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// Demand is what a request asks of the gate.
type Demand struct {
	Scope       stepup.Scope
	Use         policy.Use             // which call of the scope it is
	LegacyEntry environment.Compatible // lets a token of action-based MFA count here under the newest version; empty: none does

	// Unread: the request's body has not been read yet, so nobody knows what it amounts
	// to. A bound token that is good for anything passes; it is compared later.
	Unread bool
	// DetailsHash says which authorization_details (RFC 9396) the request amounts to, by
	// their [stepup.HashDetails]. A token that is bound must be bound to just these; where
	// it is empty, no bound token opens the gate.
	DetailsHash string
	// Within: the request is known to stay within the amounts for which the policy asks
	// for no binding (policy.Binding.Spends, policy.Binding.Details). Where nobody says so
	// it counts as above them.
	Within bool
}

// mustBind reports whether the policy lets only a bound token do what the request
// is about. Before that has been read, only what it asks for in any case counts.
func (d Demand) mustBind(rule policy.Binding) bool {
	return rule.Always() || rule.Ever() && !d.Within && !d.Unread
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

// Refusal is the payload that teaches the client what to do (403).
type Refusal struct {
	Scope     stepup.Scope  `json:"scope"`
	Reason    stepup.Reason `json:"reason"`
	SingleUse bool          `json:"singleUse"`
	Methods   []string      `json:"methods,omitzero"` // nil: nobody knows here; an empty list: the user has none
	RequestID string        `json:"requestId"`
}

// Judge decides whether the request may do what scope protects. It changes
// nothing. Authorised by nothing, because nothing is required, is also yes.
func Judge(c who.Caller, tx *store.Tx, d Demand) error {
	_, _, err := judge(c, tx, d)
	return err
}

// Spend judges again in the transaction of the action and consumes the token
// there. It returns the elevated token's id, or "" when the scope required none and
// no good one was sent, or when a legacy token opened the gate.
func Spend(c who.Caller, tx *store.Tx, d Demand) (tokenID string, err error) {
	opened, err := Open(c, tx, d)
	return opened.TokenID, err
}

// Opened is what opened a gate, spent. The zero value: nothing was needed.
type Opened struct {
	TokenID    string // of the elevated token
	MFATokenID string // of the token of action-based MFA
}

// Foresight is what other rules than those in force would say.
type Foresight struct {
	Required bool
	Reason   stepup.Reason // why the token that was sent, or none, would not do; empty: it would
}

// JudgeBoth is Judge, and what the rules of the newest version would say of the
// same request, with its elevated token alone.
func JudgeBoth(c who.Caller, tx *store.Tx, d Demand) (Foresight, error) {
	known, err := account.Know(tx, *c.Session)
	if err != nil {
		return Foresight{}, err
	}
	then := c
	then.Tenant, then.Legacy = c.Tenant.AtNewest(), nil
	later, err := decide(then, known, d)
	if err != nil {
		return Foresight{}, err
	}
	reason, err := worth(then, tx, d, later)
	if err != nil {
		return Foresight{}, err
	}
	if reason != "" && !c.Elevated.Given() && later.NoMethod() {
		reason = stepup.ReasonNoMethod
		if later.Disputed {
			reason = stepup.ReasonDisputed
		}
	}
	foresight := Foresight{Required: later.Required, Reason: reason}
	decision, err := decide(c, known, d)
	if err != nil {
		return foresight, err
	}
	_, err = fit(c, tx, d, decision)
	return foresight, err
}

// Open is Spend that tells what it spent.
func Open(c who.Caller, tx *store.Tx, d Demand) (Opened, error) {
	if err := c.Tenant.Pin(tx); err != nil {
		return Opened{}, err
	}
	if _, err := tx.LockUser(c.Tenant.ID, c.Session.UserID); err != nil {
		return Opened{}, err
	}
	decision, key, err := judge(c, tx, d)
	if err != nil {
		return Opened{}, err
	}
	return turn(c, tx, decision, key)
}

// key is what would open a decided gate.
type key int

const (
	noKey       key = iota // nothing is needed, and nothing good was sent
	elevatedKey            // the elevated token
	legacyKey              // the token of action-based MFA
)

func judge(c who.Caller, tx *store.Tx, d Demand) (policy.Decision, key, error) {
	known, err := account.Know(tx, *c.Session)
	if err != nil {
		return policy.Decision{}, noKey, err
	}
	decision, err := decide(c, known, d)
	if err != nil {
		return decision, noKey, err
	}
	k, err := fit(c, tx, d, decision)
	return decision, k, err
}

func decide(c who.Caller, known account.Known, d Demand) (policy.Decision, error) {
	person, err := known.Person(c.Tenant.Environment)
	if err != nil {
		return policy.Decision{}, err
	}
	decision, err := policy.Decide(c.Tenant.Environment, person, d.Scope)
	return decision.For(d.Use), err
}

// fit finds the key to the gate. The elevated token comes first and leaves a
// legacy one untouched; without need neither is asked for, but a good elevated
// token that was sent is used.
func fit(c who.Caller, tx *store.Tx, d Demand, decision policy.Decision) (key, error) {
	reason, err := worth(c, tx, d, decision)
	switch {
	case err != nil:
		return noKey, err
	case reason == "":
		return elevatedKey, nil
	case !decision.Required:
		return noKey, nil
	case d.mustBind(decision.Rule.Binding): // a token of action-based MFA is bound to nothing
		return noKey, refusal(c, decision, reason)
	}
	legacy, opens, err := legacy(c, tx, d, decision)
	switch {
	case err != nil:
		return noKey, err
	case opens:
		return legacyKey, nil
	case c.Elevated.Given():
	case decision.NoMethod() && decision.Disputed:
		reason = stepup.ReasonDisputed
	case decision.NoMethod():
		reason = stepup.ReasonNoMethod
	case legacy != "":
		reason = legacy
	}
	return noKey, refusal(c, decision, reason)
}

// turn spends what the key stands for.
func turn(c who.Caller, tx *store.Tx, d policy.Decision, k key) (opened Opened, err error) {
	switch k {
	case elevatedKey:
		opened.TokenID = c.Elevated.ID()
		err = tx.ConsumeElevatedToken(c.Tenant.ID, opened.TokenID)
		if err == nil {
			return opened, audit.Record(tx, c.By, "token.consumed", audit.Detail{"token_id": opened.TokenID, "scope": d.Rule.Scope})
		}
	case legacyKey:
		if opened.MFATokenID, err = c.Legacy.Spend(c, tx, d.Rule.Scope); err == nil {
			return opened, nil
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		err = refusal(c, d, stepup.ReasonSpent)
	}
	return Opened{}, err
}

// worth says why the elevated token does not open the decided scope for the caller
// right now; empty means it does. It reads the store, because what was signed may have
// been spent, revoked or superseded since, also by a policy that asks for more. Who
// has no session is a guard elsewhere, which compares user and session itself.
func worth(c who.Caller, tx *store.Tx, demand Demand, d policy.Decision) (stepup.Reason, error) {
	claims, holds := c.Elevated.Claims()
	switch {
	case !c.Elevated.Given():
		return stepup.ReasonMissing, nil
	case !holds:
		return c.Elevated.Invalid(), nil
	case claims.EnvironmentID != c.Tenant.ID,
		c.Session != nil && (claims.Subject != c.Session.UserID || claims.Session != c.Session.ID):
		return stepup.ReasonWrongSubject, nil
	case !opens(claims, d.Rule.Scope):
		return stepup.ReasonWrongScope, nil
	case !slices.Contains(claims.Audience, c.Tenant.Audience(d.Rule.Audience)):
		return stepup.ReasonWrongScope, nil
	case demand.wrongBinding(claims, d.Rule.Binding):
		return stepup.ReasonWrongBinding, nil
	case d.Rule.SingleUse && !claims.SingleUse:
		return stepup.ReasonSuperseded, nil
	}
	row, err := tx.ElevatedToken(c.Tenant.ID, claims.ID)
	if errors.Is(err, store.ErrNotFound) {
		return stepup.ReasonMissing, nil
	}
	if err != nil {
		return "", err
	}
	switch {
	case row.UserID != claims.Subject || row.SessionID != claims.Session:
		return stepup.ReasonWrongSubject, nil
	case row.SingleUse && !row.ConsumedAt.IsZero():
		return stepup.ReasonSpent, nil
	}
	return worn(tx, row, d), nil
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

// Stands judges anew what let a change begin, in the transaction that finishes it:
// the token that was used then must be as good as it was, by the rules in force now,
// and what began without one must be free still. A change that weaker proofs began
// ends so with the first factor, with the credential behind them, or with a stricter
// policy.
func Stands(c who.Caller, tx *store.Tx, d Demand, tokenID string) error {
	known, err := account.Know(tx, *c.Session)
	if err != nil {
		return err
	}
	decision, err := decide(c, known, d)
	if err != nil {
		return err
	}
	if tokenID == "" {
		if decision.Required {
			return refusal(c, decision, stepup.ReasonMissing)
		}
		return nil
	}
	row, err := tx.ElevatedToken(c.Tenant.ID, tokenID)
	if errors.Is(err, store.ErrNotFound) {
		return refusal(c, decision, stepup.ReasonExpired) // it was purged
	}
	if err != nil {
		return err
	}
	if row.UserID != c.Session.UserID || row.SessionID != c.Session.ID {
		return refusal(c, decision, stepup.ReasonWrongSubject)
	}
	if reason := worn(tx, row, decision); reason != "" {
		return refusal(c, decision, reason)
	}
	return nil
}

// opens compares whole words. wallet:delegate opens refresh and reshare too,
// because published clients ask for that one.
func opens(claims stepup.Claims, scope stepup.Scope) bool {
	if claims.Has(scope) {
		return true
	}
	return (scope == stepup.WalletRefresh || scope == stepup.WalletReshare) && claims.Has(stepup.WalletDelegate)
}

func refusal(c who.Caller, d policy.Decision, reason stepup.Reason) *fault.Error {
	why := sentence[reason]
	if reason == stepup.ReasonMissing && c.Legacy != nil && !c.Tenant.MinAPIVersion.Before(environment.Version20260401) {
		why = "tokens of action-based MFA have ended here; prove it is you with requestedScopes and send the elevated access token"
	}
	return refused(d, reason, why, c.By.RequestID)
}

func refused(d policy.Decision, reason stepup.Reason, why, requestID string) *fault.Error {
	payload := Refusal{Scope: d.Rule.Scope, Reason: reason, SingleUse: d.Rule.SingleUse, Methods: d.Methods(), RequestID: requestID}
	return fault.New(fault.ElevatedTokenRequired, "Elevated access token with scope %s required: %s.", d.Rule.Scope, why).With(payload)
}

// Disputed refuses to mint for the decided scope, or at all if that has none: the
// credential is withheld by an open dispute.
func Disputed(d policy.Decision, requestID string) *fault.Error {
	return refused(d, stepup.ReasonDisputed, sentence[stepup.ReasonDisputed], requestID)
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
