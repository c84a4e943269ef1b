// Package enforce is the gate in front of what a scope protects. [Judge] reads: it
// answers before the request's body is read, and changes nothing. [Spend] consumes:
// in the transaction of the action it pins the rules, locks the user, judges again by
// what it reads then, and burns the token as the last thing that may be refused, alone
// or with the record of an operation. [Introspect] tells a guard elsewhere whether a
// token is good for anything. All three ask policy, the same that stepUp/check asks.
//
// Its invariants: nothing but Spend consumes; a refusal consumes nothing; the same
// operation again is told so, which is not a permission; and an operation's id that is
// taken for something else is a conflict, which consumes nothing either.
package enforce

import (
	"errors"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
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
	// Within reports whether the request stays within the amounts for which a rule asks for
	// no binding. nil: nobody can say, and it counts as above them.
	Within func(policy.Binding) bool

	// OperationID is the id under which the action is remembered, so that the same request
	// again is not a second one; empty: it is not remembered.
	OperationID string
	// Finishes is what let the change begin that the request finishes; nil: it finishes none.
	Finishes *Beginning
	// Foresee asks what the newest rules would say of the request, see [Foresight].
	Foresee bool
}

// Beginning is what let a change begin that a later request finishes.
type Beginning struct {
	TokenID string // the elevated token that was spent then; empty: none was needed
}

// Judgement is what judging a demand found besides a refusal.
type Judgement struct {
	Token store.ElevatedTokenRow // the elevated token that opens the gate, or let the change begin; zero: none is needed

	// Again: the gate was opened for just this operation before, in the same session and
	// for the same scope. Its token is spent or over by now, and that is no refusal: what
	// the body asks for is compared when it is spent for again.
	Again    bool
	Foreseen Foresight // with Demand.Foresee
}

// Foresight is what the newest rules would say of a request, of its elevated token alone.
type Foresight struct {
	Required bool
	Reason   stepup.Reason // why the token that was sent, or none, would not do; empty: it would
}

// Judge decides whether the caller, of whom this is known, may do what the demand is
// about. Authorised by nothing, because nothing is required, is also yes.
//
// A change that was begun earlier is judged by what let it begin: the token that was
// used then must be as good as it was, by the rules in force now, and what began
// without one must be free still. So a change that weaker proofs began ends with the
// first factor, with the credential behind them, or with a stricter policy.
func Judge(c who.Caller, tx *store.Tx, known account.Known, d Demand) (j Judgement, err error) {
	if d.OperationID != "" {
		if j.Again, err = again(c, tx, d); err != nil || j.Again || d.Scope == "" {
			return j, err
		}
	}
	if d.Foresee {
		if j.Foreseen, err = foresee(c, tx, known, d); err != nil {
			return j, err
		}
	}
	decision, err := decide(c, known, d)
	if err != nil {
		return j, err
	}
	if d.Finishes != nil {
		j.Token, err = stands(c, tx, d, decision)
		return j, err
	}
	k, err := fit(c, tx, d, decision)
	j.Token = k.token
	return j, err
}

// foresee asks the newest rules, which know no token of action-based MFA.
func foresee(c who.Caller, tx *store.Tx, known account.Known, d Demand) (Foresight, error) {
	c.Tenant, c.Legacy = c.Tenant.AtNewest(), nil
	decision, err := decide(c, known, d)
	if err != nil {
		return Foresight{}, err
	}
	_, reason, err := worth(c, tx, d, decision)
	if reason != "" && !c.Elevated.Given() && decision.NoMethod() {
		reason = withoutMethod(decision)
	}
	return Foresight{Required: decision.Required, Reason: reason}, err
}

func decide(c who.Caller, known account.Known, d Demand) (policy.Decision, error) {
	person, err := known.Person(c.Tenant.Environment)
	if err != nil {
		return policy.Decision{}, err
	}
	decision, err := policy.Decide(c.Tenant.Environment, person, d.Scope)
	return decision.For(d.Use), err
}

// Opened is what opened a gate, spent. With neither token nothing was needed.
type Opened struct {
	Token      store.ElevatedTokenRow // the elevated token, as it was before
	MFATokenID string                 // of the token of action-based MFA

	Known    account.Known            // the user, read after it was locked; also beside a refusal of the gate
	Foreseen Foresight                // with Demand.Foresee; also beside a refusal
	Replayed bool                     // the same operation was let through before, and nothing was spent
	Record   store.WalletOperationRow // the record of an operation on a wallet
}

// Operation is what a token is spent for under an id, and how that is remembered.
type Operation interface {
	spend(c who.Caller, tx *store.Tx, d Demand) (Opened, error)
}

// Spend judges in the transaction of the action and consumes there what opens the gate.
// A nil operation is an action that leaves no record but the token's.
func Spend(c who.Caller, tx *store.Tx, d Demand, o Operation) (Opened, error) {
	if o != nil {
		return o.spend(c, tx, d)
	}
	known, err := account.Hold(c, tx)
	if err != nil {
		return Opened{}, err
	}
	return open(c, tx, known, d)
}

// open consumes what opens the gate for a user who is locked under rules that are pinned.
func open(c who.Caller, tx *store.Tx, known account.Known, d Demand) (Opened, error) {
	opened := Opened{Known: known}
	if d.Foresee {
		var err error
		if opened.Foreseen, err = foresee(c, tx, known, d); err != nil {
			return opened, err
		}
	}
	decision, err := decide(c, known, d)
	if err != nil {
		return opened, err
	}
	k, err := fit(c, tx, d, decision)
	if err != nil {
		return opened, err
	}
	switch {
	case k.token.ID != "":
		if err := consume(c, tx, decision, nil); err != nil {
			return opened, err
		}
		opened.Token = k.token
	case k.legacy:
		opened.MFATokenID, err = c.Legacy.Spend(c, tx, decision.Rule.Scope)
		if errors.Is(err, store.ErrNotFound) {
			err = refusal(c, decision, stepup.ReasonSpent)
		}
	}
	return opened, err
}

// consume burns the caller's elevated token and records that, with more to tell of it.
func consume(c who.Caller, tx *store.Tx, d policy.Decision, more audit.Detail) error {
	id := c.Elevated.ID()
	err := tx.ConsumeElevatedToken(c.Tenant.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		return refusal(c, d, stepup.ReasonSpent)
	}
	if err != nil {
		return err
	}
	detail := audit.Detail{"token_id": id, "scope": d.Rule.Scope}
	if claims, ok := c.Elevated.Claims(); ok {
		detail["single_use"], detail["expires_at"] = claims.SingleUse, claims.Expires.UTC()
	}
	for name, value := range more {
		detail[name] = value
	}
	return audit.Record(tx, c.By, "token.consumed", detail)
}

// Introspect reports whether the caller's token is good for anything right now
// (RFC 7662): its session lives, and it is neither spent nor superseded.
func Introspect(c who.Caller, tx *store.Tx) (stepup.Claims, bool, error) {
	claims, holds := c.Elevated.Claims()
	if !holds {
		return stepup.Claims{}, false, nil
	}
	known, inForce, err := account.SignedIn(tx, c.Tenant, claims.Session)
	if errors.Is(err, store.ErrNotFound) {
		return stepup.Claims{}, false, nil
	}
	if err != nil {
		return stepup.Claims{}, false, err
	}
	c = c.In(inForce, known.Session())
	person, err := known.Person(inForce.Environment)
	if err != nil {
		return stepup.Claims{}, false, err
	}
	for _, scope := range claims.Scopes {
		decision, err := policy.Decide(inForce.Environment, person, scope)
		if err != nil {
			return stepup.Claims{}, false, nil
		}
		// Good for something: what that is, the guard says when it consumes.
		if _, reason, err := worth(c, tx, Demand{Scope: scope, Unread: true}, decision); err != nil || reason != "" {
			return stepup.Claims{}, false, err
		}
	}
	return claims, true, nil
}
