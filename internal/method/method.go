// Package method turns a verification into a [Proof]. It is the only place
// that can: [Check] alone fills a Proof in, after the attempt was counted in a
// committed step of its own, compared outside any transaction, and its
// evidence spent in the very transaction that acts on the proof.
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
)

// Attempt is one try at proving something.
type Attempt struct {
	Tenant      *tenant.Tenant
	Session     *store.SessionRow // nil: signed out
	ChallengeID string
	Response    secret.Text // what was typed or signed
	Source      string      // client address, for limits
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

// Witness is a candidate with more to put on record about a refusal than its code.
type Witness interface {
	Refused(tx *store.Tx, by audit.By) error
}

// Evidence is what a method found proven.
type Evidence struct {
	Format       string        // credential format
	Identifier   string        // whose control was proven
	Recipient    string        // the identifier as the person wrote it
	Detail       string        // what a credential made from this would show of itself (JSON object); empty: nothing
	ACR          assurance.ACR // empty: the method's own
	Purpose      Purpose
	AuthorizedBy string    // elevated token that allowed the change this finishes; empty: none
	EndsBy       time.Time // no session that this opens outlives it; zero: the environment decides alone
	Scopes       string    // all that the challenge was asked for, with spaces between them; empty: it was not said
	BindingID    string    // the one transaction that was confirmed; empty: none
	Displayed    bool      // and the method showed it
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

// Check runs one attempt. When it succeeds, then is called inside the
// transaction that spends the evidence: what then does commits with it, and if
// then refuses, nothing is spent.
func Check(ctx context.Context, db *store.DB, m Method, a Attempt, by audit.By, then func(*store.Tx, Proof) error) error {
	var candidate Candidate
	var refused *fault.Error
	if f, ok := m.(Foreseer); ok && a.Session == nil {
		err := db.Read(ctx, func(tx *store.Tx) error { return f.Foresee(tx, a) })
		if errors.As(err, &refused) {
			if recording := record(ctx, db, by, refusal{m, a, nil, refused}); recording != nil {
				return recording
			}
		}
		if err != nil {
			return err
		}
	}
	err := db.Write(ctx, func(tx *store.Tx) error {
		candidate, refused = nil, nil
		c, err := m.Count(tx, a)
		if errors.As(err, &refused) {
			return refusal{m, a, nil, refused}.record(tx, by)
		}
		candidate = c
		return err
	})
	if err != nil {
		return err
	}
	if refused != nil {
		return refused
	}
	if err := candidate.Compare(ctx); err != nil {
		if fault.Has(err, fault.Unavailable) { // whoever was asked is away, which is nobody's failed try
			if giving := db.Write(ctx, candidate.Forgive); giving != nil {
				return giving
			}
			return err
		}
		if errors.As(err, &refused) {
			if recording := record(ctx, db, by, refusal{m, a, candidate, refused}); recording != nil {
				return recording
			}
		}
		return err
	}
	spent := false
	err = db.Write(ctx, func(tx *store.Tx) error {
		spent = false
		if err := a.Tenant.Pin(tx); err != nil {
			return err
		}
		evidence, err := candidate.Spend(tx)
		if err != nil {
			return err
		}
		spent = true
		if err := a.About(evidence.BindingID); err != nil {
			return err
		}
		proof := Proof{valid: true, environmentID: a.Tenant.ID, kind: m.Kind(), evidence: evidence, at: tx.Now()}
		if a.Session != nil {
			proof.sessionID = a.Session.ID
		}
		credential, err := tx.CredentialByIdentifier(a.Tenant.ID, evidence.Format, evidence.Identifier)
		switch {
		case err == nil:
			proof.credential = &credential
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		if err := audit.Record(tx, by, "proof.given", provenBy(m, evidence)); err != nil {
			return err
		}
		return then(tx, proof)
	})
	if errors.As(err, &refused) {
		settle := candidate.Forgive
		if !spent {
			settle = func(tx *store.Tx) error { return refusal{m, a, candidate, refused}.record(tx, by) }
		}
		if settling := db.Write(ctx, settle); settling != nil {
			return settling
		}
	}
	return err
}

func provenBy(m Method, e Evidence) audit.Detail {
	detail := audit.Detail{"method": m.Kind(), "purpose": e.Purpose}
	if e.BindingID != "" {
		detail["binding_id"], detail["displayed"] = e.BindingID, e.Displayed
	}
	return detail
}

// refusal is an attempt that came to nothing.
type refusal struct {
	method    Method
	attempt   Attempt
	candidate Candidate // nil: it was refused before it was counted
	refused   *fault.Error
}

// record puts it on record. An anonymous one is only counted: it cost its sender
// nothing, and must cost us no more than that.
func (r refusal) record(tx *store.Tx, by audit.By) error {
	if witness, ok := r.candidate.(Witness); ok {
		if err := witness.Refused(tx, by); err != nil {
			return err
		}
	}
	if r.counted(by) {
		return nil
	}
	return audit.Record(tx, by, "proof.refused", audit.Detail{"method": r.method.Kind(), "code": r.refused.Code})
}

// counted counts the refusal in memory, if that is all there is to do about it.
func (r refusal) counted(by audit.By) bool {
	if r.attempt.Session != nil || by.Tally == nil {
		return false
	}
	from := limit.From(r.attempt.Source, r.attempt.Tenant.Limits)
	by.Tally.Count(r.attempt.Tenant.ID, from.Network(), string(r.method.Kind())+" "+string(r.refused.Code))
	return true
}

// record opens a transaction for the refusal if it needs one.
func record(ctx context.Context, db *store.DB, by audit.By, r refusal) error {
	if _, ok := r.candidate.(Witness); !ok && r.counted(by) {
		return nil
	}
	return db.Write(ctx, func(tx *store.Tx) error { return r.record(tx, by) })
}
