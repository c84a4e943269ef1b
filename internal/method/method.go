// Package method turns a verification into a [Proof]. It is the only place
// that can: [Check] alone fills a Proof in, after the attempt was counted in a
// committed step of its own, compared outside any transaction, and its
// evidence spent in the very transaction that acts on the proof. A proof that has to
// wait is sealed by [Proof.Keep] in that transaction and taken up by [TakeUp] in another.
package method

import (
	"context"
	"errors"
	"time"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// Attempt is one try of a caller at proving something. Without a session it is to sign
// in.
type Attempt struct {
	who.Caller
	ChallengeID string
	Response    secret.Text // what was typed or signed
	BindingID   string      // the transaction that it is to confirm; empty: whatever the challenge is about
}

// About refuses an attempt that names another transaction than its challenge is
// about ("" for none). Methods that can tell before anything is counted do so.
func (a Attempt) About(bindingID string) error {
	if a.BindingID == "" || a.BindingID == bindingID {
		return nil
	}
	return fault.New(fault.InvalidBinding,
		"This was asked for without that transaction, or for another one. Start the step-up again with its bindingId.")
}

// Method is one way to prove.
type Method interface {
	Kind() assurance.Kind
	// Count finds what the attempt answers to and counts it against every limit.
	// It runs in a transaction of its own. A *fault.Error it returns is committed
	// all the same, so a refusal never gives a try back.
	Count(tx *store.Tx, a Attempt) (Candidate, error)
}

// Foreseer is a method that can tell without a write that an attempt of somebody
// signed out comes to nothing, so that a flood of them is cheap. What it lets
// pass is judged by Count.
type Foreseer interface {
	Foresee(tx *store.Tx, a Attempt) error
}

// Candidate is an attempt that was counted.
type Candidate interface {
	// Compare judges the response, holding no database connection. A
	// *fault.Error means no; any other error means it could not be judged.
	Compare(ctx context.Context) error
	// Spend takes the evidence, once, by a single conditional statement.
	Spend(tx *store.Tx) (Evidence, error)
	// Forgive gives back what Count took, for a response that was right but was
	// refused for another reason: such a refusal costs the user nothing.
	Forgive(tx *store.Tx) error
}

// Witness is a candidate that has found out something about a refused attempt that is
// worth an audit entry of its own, such as a passkey whose counter went back.
type Witness interface {
	Refused(tx *store.Tx) error
}

// Evidence is what a method found proven.
type Evidence struct {
	Format       string        // credential format
	Identifier   string        // whose control was proven
	Recipient    string        // the identifier as the person wrote it
	CredentialID string        // that a credential made from this is to have; empty: a new one
	Detail       string        // what a credential made from this would show of itself (JSON object); empty: nothing
	ACR          assurance.ACR // empty: the method's own
	Purpose      Purpose
	AuthorizedBy string    // elevated token that allowed the change this finishes; empty: none
	EndsBy       time.Time // no session that this opens outlives it; zero: the environment decides alone
	Scopes       string    // all that the challenge was asked for, with spaces between them; empty: it was not said
	BindingID    string    // the one transaction that was confirmed; empty: none
	Displayed    bool      // and the method showed it
	ChallengeID  string    // the challenge that this answers; empty: the method has none
	BegunAt      time.Time // when that was made
}

// Purpose is what a challenge was asked for; it is good for nothing else.
type Purpose string

// The purposes. A challenge asked for without a session signs in; one asked
// for inside a session works in that session only; one opened by a profile
// change finishes that change; one that enrols a factor proves nothing but
// that the new factor works, and mints nothing.
const (
	SignIn    Purpose = "sign_in"
	InSession Purpose = "session"
	Update    Purpose = "update"
	Enrol     Purpose = "enrol"
)

// Proof says who proved what, when, how and in which session. Its fields are
// unexported: the zero value is all that other packages can make, and every
// taker refuses it.
type Proof struct {
	valid         bool
	environmentID string
	sessionID     string
	kind          assurance.Kind
	evidence      Evidence
	credential    *store.CredentialRow
	at            time.Time
	kept          bool
}

// Valid reports whether the proof came from Check.
func (p Proof) Valid() bool { return p.valid }

// EnvironmentID is the tenant it was given in.
func (p Proof) EnvironmentID() string { return p.environmentID }

// SessionID is the session it was given in; empty at sign-in.
func (p Proof) SessionID() string { return p.sessionID }

// Kind is the method.
func (p Proof) Kind() assurance.Kind { return p.kind }

// ACR is what the proof is worth.
func (p Proof) ACR() assurance.ACR {
	if p.evidence.ACR != "" {
		return p.evidence.ACR
	}
	return p.kind.ACR()
}

// Evidence is what was proven.
func (p Proof) Evidence() Evidence { return p.evidence }

// Credential is the credential whose control was proven, as it stands in the
// transaction; ok is false when nobody holds the identifier.
func (p Proof) Credential() (c store.CredentialRow, ok bool) {
	if p.credential == nil {
		return store.CredentialRow{}, false
	}
	return *p.credential, true
}

// Rebind looks the credential up again, for a proof that has just created it.
func (p Proof) Rebind(tx *store.Tx) (Proof, error) {
	if !p.valid {
		return Proof{}, errors.New("rebinding: no proof")
	}
	credential, err := tx.CredentialByIdentifier(p.environmentID, p.evidence.Format, p.evidence.Identifier)
	p.credential = &credential
	return p, err
}

// At is when it was given, by the store's clock.
func (p Proof) At() time.Time { return p.at }

// Check runs one attempt in three steps. The first counts it, in a transaction that
// commits even if the attempt is refused. The second compares the response, and holds
// no database connection. The third spends the evidence and calls then inside the same
// transaction: what then does commits with it, and if then refuses, nothing is spent.
func Check(ctx context.Context, db *store.DB, m Method, a Attempt, then func(*store.Tx, Proof) error) error {
	c := check{db: db, method: m, attempt: a}
	if err := c.foresee(ctx); err != nil {
		return err
	}
	if err := c.count(ctx); err != nil {
		return err
	}
	if err := c.compare(ctx); err != nil {
		return err
	}
	return c.spend(ctx, then)
}

// check is one attempt on its way.
type check struct {
	db        *store.DB
	method    Method
	attempt   Attempt
	candidate Candidate // nil until the attempt was counted
}

// foresee asks the method whether it can tell without a write that an attempt of
// somebody who is signed out comes to nothing, and refuses it then.
func (c *check) foresee(ctx context.Context) error {
	f, ok := c.method.(Foreseer)
	if !ok || c.attempt.Session != nil {
		return nil
	}
	err := c.db.Glance(ctx, func(tx *store.Tx) error { return f.Foresee(tx, c.attempt) })
	return c.refuse(ctx, err)
}

// count counts the attempt and puts a refusal on record in the same transaction.
func (c *check) count(ctx context.Context) error {
	return c.db.WriteCounting(ctx, func(tx *store.Tx) error {
		c.candidate = nil
		candidate, err := c.method.Count(tx, c.attempt)
		var refused *fault.Error
		if errors.As(err, &refused) {
			if noting := c.note(tx, refused); noting != nil {
				return noting
			}
		}
		c.candidate = candidate
		return err
	})
}

// compare judges the response. Where a login provider or a chain has to be asked and is
// away, the try does not count as a failed one.
func (c *check) compare(ctx context.Context) error {
	err := c.candidate.Compare(ctx)
	if !fault.Has(err, fault.Unavailable) {
		return c.refuse(ctx, err)
	}
	if forgiving := c.db.Write(ctx, c.candidate.Forgive); forgiving != nil {
		return forgiving
	}
	return err
}

// spend takes the evidence and acts on it. If then refuses, the evidence is there as
// before, and the try is forgiven: the response was right.
func (c *check) spend(ctx context.Context, then func(*store.Tx, Proof) error) error {
	spent := false
	err := c.db.Write(ctx, func(tx *store.Tx) error {
		spent = false
		if err := c.pin(tx); err != nil {
			return err
		}
		evidence, err := c.candidate.Spend(tx)
		if err != nil {
			return err
		}
		spent = true
		if err := c.attempt.About(evidence.BindingID); err != nil {
			return err
		}
		proof, err := c.proof(tx, evidence)
		if err != nil {
			return err
		}
		if err := audit.Record(tx, c.attempt.By, "proof.given", provenBy(c.method, evidence, tx.Now())); err != nil {
			return err
		}
		return then(tx, proof)
	})
	var refused *fault.Error
	revised := errors.Is(err, tenant.ErrRevised) // the rules changed meanwhile, and the request is made again
	if !revised && !errors.As(err, &refused) {
		return err
	}
	settle := c.candidate.Forgive
	if !spent && !revised {
		settle = func(tx *store.Tx) error { return c.note(tx, refused) }
	}
	if settling := c.db.Write(ctx, settle); settling != nil {
		return settling
	}
	return err
}

// pin pins the rules and, of somebody who is signed in, locks the user: what then does
// would do so anyway, and finds it done.
func (c *check) pin(tx *store.Tx) error {
	if c.attempt.Session == nil {
		return c.attempt.Tenant.Pin(tx)
	}
	_, err := c.attempt.Tenant.PinUser(tx, c.attempt.Session.UserID)
	return err
}

// proof is made of the evidence as things stand in the transaction.
func (c *check) proof(tx *store.Tx, evidence Evidence) (Proof, error) {
	environmentID := c.attempt.Tenant.ID
	p := Proof{valid: true, environmentID: environmentID, kind: c.method.Kind(), evidence: evidence, at: tx.Now()}
	if c.attempt.Session != nil {
		p.sessionID = c.attempt.Session.ID
	}
	credential, err := tx.CredentialByIdentifier(environmentID, evidence.Format, evidence.Identifier)
	if errors.Is(err, store.ErrNotFound) {
		return p, nil
	}
	if err != nil {
		return Proof{}, err
	}
	p.credential = &credential
	return p, nil
}

func provenBy(m Method, e Evidence, at time.Time) audit.Detail {
	detail := audit.Detail{"method": m.Kind(), "purpose": e.Purpose}
	if e.ChallengeID != "" {
		detail["challenge_id"], detail["took_ms"] = e.ChallengeID, at.Sub(e.BegunAt).Milliseconds()
	}
	if e.BindingID != "" {
		detail["binding_id"], detail["displayed"] = e.BindingID, e.Displayed
	}
	return detail
}

// refuse puts err on record if it is a refusal, in a transaction of its own where
// that needs one, and returns it.
func (c *check) refuse(ctx context.Context, err error) error {
	var refused *fault.Error
	if !errors.As(err, &refused) {
		return err
	}
	if _, ok := c.candidate.(Witness); !ok && c.tallied(refused) {
		return err
	}
	if noting := c.db.Write(ctx, func(tx *store.Tx) error { return c.note(tx, refused) }); noting != nil {
		return noting
	}
	return err
}

// note puts a refusal on record. One of somebody signed out is only tallied: it cost
// its sender nothing, and must cost us no more than that.
func (c *check) note(tx *store.Tx, refused *fault.Error) error {
	if witness, ok := c.candidate.(Witness); ok {
		if err := witness.Refused(tx); err != nil {
			return err
		}
	}
	if c.tallied(refused) {
		return nil
	}
	return audit.Record(tx, c.attempt.By, "proof.refused", audit.Detail{"method": c.method.Kind(), "code": refused.Code})
}

// tallied counts a refusal in memory, if that is all there is to do about it.
func (c *check) tallied(refused *fault.Error) bool {
	if c.attempt.Session != nil || c.attempt.By.Refusals == nil {
		return false
	}
	from := limit.From(c.attempt.Source, c.attempt.Tenant.Limits)
	c.attempt.By.Refusals.Count(c.attempt.Tenant.ID, from.Network(), string(c.method.Kind())+" "+string(refused.Code))
	return true
}
