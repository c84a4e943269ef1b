// Package enforce is the gate in front of what a scope protects. [Judge]
// answers before the request's body is read, [Spend] in the transaction of the
// action; both ask policy, the same that stepUp/check asks. A refusal costs
// the user nothing: only Spend consumes, and only together with the action.
package enforce

import (
	"context"
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
	"github.com/stepup-auth/stepup/internal/tenant"
)

// Presented is the elevated access token of a request after the checks that
// need no store. The zero value is a request without one.
type Presented struct {
	claims  stepup.Claims
	text    string
	invalid stepup.Reason // why the text is no good; empty: claims hold
	given   bool
	request string // hash of the authorization_details that the request amounts to; empty: none
	unread  bool   // the request has not been read yet, so nobody knows what it amounts to
	within  bool   // and it stays within the amounts for which the policy asks for no binding
}

// Present checks the text of a token offline: signature, kind, issuer, time.
func Present(ctx context.Context, t *tenant.Tenant, text string) Presented {
	if text == "" {
		return Presented{}
	}
	claims, err := t.Verifier.Elevated(ctx, text)
	if err != nil {
		reason := stepup.ReasonOf(err)
		if reason == "" {
			reason = stepup.ReasonMissing
		}
		return Presented{given: true, text: text, invalid: reason}
	}
	return Presented{given: true, text: text, claims: claims}
}

// BeforeBody lets a bound token pass that is good for anything: what it is bound
// to is compared when the body has been read.
func (p Presented) BeforeBody() Presented {
	p.unread = true
	return p
}

// For says which authorization_details (RFC 9396) the request amounts to, by
// their [stepup.HashDetails]. A token that is bound must be bound to just these;
// without them, no bound token opens a gate.
func (p Presented) For(hash string) Presented {
	p.request, p.unread = hash, false
	return p
}

// Within says whether the request is known to stay within the amounts for which
// the policy asks for no binding (policy.Binding.Spends, policy.Binding.Details).
// Where nobody says so it counts as above them.
func (p Presented) Within(limits bool) Presented {
	p.within = limits
	return p
}

// Claims is what the token says; ok is false for one whose signature does not hold.
func (p Presented) Claims() (c stepup.Claims, ok bool) {
	return p.claims, p.TokenID() != ""
}

// Text is the token as it was sent, for those who check it again.
func (p Presented) Text() string { return p.text }

// mustBind reports whether the policy lets only a bound token do what the request
// is about. Before that has been read, only what it asks for in any case counts.
func (p Presented) mustBind(rule policy.Binding) bool {
	return rule.Always() || rule.Ever() && !p.within && !p.unread
}

// wrongBinding reports whether the token is good for something else only, or for
// anything where the policy asks for one that was confirmed for just this.
func (p Presented) wrongBinding(rule policy.Binding) bool {
	switch {
	case p.claims.KeyThumbprint != "":
		return true
	case !p.claims.Bound():
		return p.mustBind(rule)
	case p.unread:
		return false
	case p.request == "" || p.request != p.claims.AuthorizationDetailsHash:
		return true
	}
	return rule.Displayed && !p.claims.Displayed && p.mustBind(rule)
}

// TokenID is the jti of a token whose signature holds, else empty.
func (p Presented) TokenID() string {
	if !p.given || p.invalid != "" {
		return ""
	}
	return p.claims.ID
}

// Refusal is the payload that teaches the client what to do (403).
type Refusal struct {
	Scope     stepup.Scope  `json:"scope"`
	Reason    stepup.Reason `json:"reason"`
	SingleUse bool          `json:"singleUse"`
	Methods   []string      `json:"methods,omitzero"` // nil: nobody knows here; an empty list: the user has none
	RequestID string        `json:"requestId"`
}

// Subject is whose request is judged, and what it carries.
type Subject struct {
	Tenant    *tenant.Tenant
	Session   store.SessionRow
	Presented Presented
	RequestID string

	Legacy Legacy     // token of action-based MFA; nil: none was sent
	Use    policy.Use // which call of the scope it is
	// the compatibility entry that lets it count for this call under the newest version; empty:
	// none does
	LegacyEntry environment.Compatible
}

// Judge decides whether the request may do what scope protects. It changes
// nothing. Authorised by nothing, because nothing is required, is also yes.
func Judge(tx *store.Tx, s Subject, scope stepup.Scope) error {
	_, _, err := judge(tx, s, scope)
	return err
}

// Spend judges again in the transaction of the action and consumes the token
// there. It returns the elevated token's id, or "" when the scope required none and
// no good one was sent, or when a legacy token opened the gate.
func Spend(tx *store.Tx, by audit.By, s Subject, scope stepup.Scope) (tokenID string, err error) {
	opened, err := Open(tx, by, s, scope)
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
func JudgeBoth(tx *store.Tx, s Subject, scope stepup.Scope) (Foresight, error) {
	known, err := account.Know(tx, s.Session)
	if err != nil {
		return Foresight{}, err
	}
	then := s
	then.Tenant, then.Legacy = s.Tenant.AtNewest(), nil
	later, err := then.decide(known, scope)
	if err != nil {
		return Foresight{}, err
	}
	reason, err := Reason(tx, then.Tenant, then.Presented, then.caller(), later)
	if err != nil {
		return Foresight{}, err
	}
	if reason != "" && !s.Presented.given && later.NoMethod() {
		reason = stepup.ReasonNoMethod
		if later.Disputed {
			reason = stepup.ReasonDisputed
		}
	}
	foresight := Foresight{Required: later.Required, Reason: reason}
	decision, err := s.decide(known, scope)
	if err != nil {
		return foresight, err
	}
	_, err = s.key(tx, decision)
	return foresight, err
}

// Open is Spend that tells what it spent.
func Open(tx *store.Tx, by audit.By, s Subject, scope stepup.Scope) (Opened, error) {
	if err := s.Tenant.Pin(tx); err != nil {
		return Opened{}, err
	}
	if _, err := tx.LockUser(s.Tenant.ID, s.Session.UserID); err != nil {
		return Opened{}, err
	}
	decision, key, err := judge(tx, s, scope)
	if err != nil {
		return Opened{}, err
	}
	return s.turn(tx, by, decision, key)
}

// key is what would open a decided gate.
type key int

const (
	noKey       key = iota // nothing is needed, and nothing good was sent
	elevatedKey            // the elevated token
	legacyKey              // the token of action-based MFA
)

func judge(tx *store.Tx, s Subject, scope stepup.Scope) (policy.Decision, key, error) {
	decision, err := decide(tx, s, scope)
	if err != nil {
		return decision, noKey, err
	}
	k, err := s.key(tx, decision)
	return decision, k, err
}

func decide(tx *store.Tx, s Subject, scope stepup.Scope) (policy.Decision, error) {
	known, err := account.Know(tx, s.Session)
	if err != nil {
		return policy.Decision{}, err
	}
	return s.decide(known, scope)
}

func (s Subject) decide(known account.Known, scope stepup.Scope) (policy.Decision, error) {
	person, err := known.Person(s.Tenant.Environment)
	if err != nil {
		return policy.Decision{}, err
	}
	decision, err := policy.Decide(s.Tenant.Environment, person, scope)
	return decision.For(s.Use), err
}

// key finds what opens the gate. The elevated token comes first and leaves a
// legacy one untouched; without need neither is asked for, but a good elevated
// token that was sent is used.
func (s Subject) key(tx *store.Tx, d policy.Decision) (key, error) {
	reason, err := Reason(tx, s.Tenant, s.Presented, s.caller(), d)
	switch {
	case err != nil:
		return noKey, err
	case reason == "":
		return elevatedKey, nil
	case !d.Required:
		return noKey, nil
	case s.Presented.mustBind(d.Rule.Binding): // a token of action-based MFA is bound to nothing
		return noKey, refusal(s, d, reason)
	}
	legacy, opens, err := s.legacy(tx, d)
	switch {
	case err != nil:
		return noKey, err
	case opens:
		return legacyKey, nil
	case s.Presented.given:
	case d.NoMethod() && d.Disputed:
		reason = stepup.ReasonDisputed
	case d.NoMethod():
		reason = stepup.ReasonNoMethod
	case legacy != "":
		reason = legacy
	}
	return noKey, refusal(s, d, reason)
}

// turn spends what the key stands for.
func (s Subject) turn(tx *store.Tx, by audit.By, d policy.Decision, k key) (opened Opened, err error) {
	switch k {
	case elevatedKey:
		opened.TokenID = s.Presented.claims.ID
		err = tx.ConsumeElevatedToken(s.Tenant.ID, opened.TokenID)
		if err == nil {
			return opened, audit.Record(tx, by, "token.consumed", audit.Detail{"token_id": opened.TokenID, "scope": d.Rule.Scope})
		}
	case legacyKey:
		if opened.MFATokenID, err = s.Legacy.Spend(tx, by, s.Tenant, s.Session, d.Rule.Scope); err == nil {
			return opened, nil
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		err = refusal(s, d, stepup.ReasonSpent)
	}
	return Opened{}, err
}

func (s Subject) caller() Caller { return Caller{UserID: s.Session.UserID, SessionID: s.Session.ID} }

// Caller is who must own the token; empty fields at a guard elsewhere, which
// compares them itself.
type Caller struct{ UserID, SessionID string }

// Reason says why a presented token does not open the decided scope right now;
// empty means it does. It reads the store, because what was signed may have
// been spent, revoked or superseded since, also by a policy that asks for more.
func Reason(tx *store.Tx, t *tenant.Tenant, p Presented, caller Caller, d policy.Decision) (stepup.Reason, error) {
	switch {
	case !p.given:
		return stepup.ReasonMissing, nil
	case p.invalid != "":
		return p.invalid, nil
	case p.claims.EnvironmentID != t.ID,
		caller.UserID != "" && p.claims.Subject != caller.UserID,
		caller.SessionID != "" && p.claims.Session != caller.SessionID:
		return stepup.ReasonWrongSubject, nil
	case !opens(p.claims, d.Rule.Scope):
		return stepup.ReasonWrongScope, nil
	case !slices.Contains(p.claims.Audience, t.Audience(d.Rule.Audience)):
		return stepup.ReasonWrongScope, nil
	case p.wrongBinding(d.Rule.Binding):
		return stepup.ReasonWrongBinding, nil
	case d.Rule.SingleUse && !p.claims.SingleUse:
		return stepup.ReasonSuperseded, nil
	}
	row, err := tx.ElevatedToken(t.ID, p.claims.ID)
	if errors.Is(err, store.ErrNotFound) {
		return stepup.ReasonMissing, nil
	}
	if err != nil {
		return "", err
	}
	switch {
	case row.UserID != p.claims.Subject || row.SessionID != p.claims.Session:
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
func Stands(tx *store.Tx, s Subject, scope stepup.Scope, tokenID string) error {
	decision, err := decide(tx, s, scope)
	if err != nil {
		return err
	}
	if tokenID == "" {
		if decision.Required {
			return refusal(s, decision, stepup.ReasonMissing)
		}
		return nil
	}
	row, err := tx.ElevatedToken(s.Tenant.ID, tokenID)
	if errors.Is(err, store.ErrNotFound) {
		return refusal(s, decision, stepup.ReasonExpired) // it was purged
	}
	if err != nil {
		return err
	}
	if row.UserID != s.Session.UserID || row.SessionID != s.Session.ID {
		return refusal(s, decision, stepup.ReasonWrongSubject)
	}
	if reason := worn(tx, row, decision); reason != "" {
		return refusal(s, decision, reason)
	}
	return nil
}

// opens compares whole words. wallet:delegate opens refresh and reshare too,
// because published clients ask for that one.
func opens(c stepup.Claims, scope stepup.Scope) bool {
	if c.Has(scope) {
		return true
	}
	return (scope == stepup.WalletRefresh || scope == stepup.WalletReshare) && c.Has(stepup.WalletDelegate)
}

func refusal(s Subject, d policy.Decision, reason stepup.Reason) *fault.Error {
	why := sentence[reason]
	if reason == stepup.ReasonMissing && s.Legacy != nil && !s.Tenant.MinAPIVersion.Before(environment.Version20260401) {
		why = "tokens of action-based MFA have ended here; prove it is you with requestedScopes and send the elevated access token"
	}
	payload := Refusal{Scope: d.Rule.Scope, Reason: reason, SingleUse: d.Rule.SingleUse, Methods: d.Methods(), RequestID: s.RequestID}
	return fault.New(fault.ElevatedTokenRequired, "Elevated access token with scope %s required: %s.", d.Rule.Scope, why).With(payload)
}

// Disputed refuses to mint for the decided scope, or at all if that has none: the
// credential is withheld by an open dispute.
func Disputed(d policy.Decision, requestID string) *fault.Error {
	return refusal(Subject{RequestID: requestID}, d, stepup.ReasonDisputed)
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
