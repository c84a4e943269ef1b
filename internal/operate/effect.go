package operate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/policytext"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
)

// Limits of what is looked at to foresee a change. They are documented in docs/limits.md.
const (
	TrafficDays    = 30  // how far back
	TrafficEntries = 500 // of each kind, the newest
	TrafficUsers   = 500 // whose entries are judged
)

// Effect is what a document would decide otherwise than the one in force.
type Effect struct {
	Decisions []policytext.Difference `json:"decisions"` // by scope and kind of user
	Traffic   Traffic                 `json:"traffic"`
}

// Traffic says what a change would have meant for what users did lately. Each entry of the
// audit log that is looked at is judged twice, by the document in force and by the new
// one, for the user as they are today. What users did not do, or were refused, is not
// counted, nor is what services elsewhere let through without asking for a token.
type Traffic struct {
	Days      int             `json:"days"`
	StepUps   int             `json:"stepUps"` // proofs that minted a token
	Calls     int             `json:"calls"`   // calls of this server's own that a scope guards
	Oldest    time.Time       `json:"oldest,omitzero"`
	Bounded   bool            `json:"bounded"` // there was more than was looked at
	Otherwise []TrafficChange `json:"otherwise"`
}

// TrafficChange is one way in which recent calls would have gone otherwise.
type TrafficChange struct {
	Scope string `json:"scope"`
	What  What   `json:"what"`
	Count int    `json:"count"`
	Users int    `json:"users"`
}

// What would have been otherwise.
type What string

// The ways. A call is asked or no longer asked; a step-up is refused where the proof that
// was given would not do any more.
const (
	AskedNow      What = "asked"     // went through without a step-up, and would be asked for one
	AskedNoLonger What = "not_asked" // was asked, and would go through without
	ProofRefused  What = "refused"   // another proof would be asked for
	NothingLeft   What = "no_method" // the proof would not do, and the user has no other that would
	NoScope       What = "no_scope"  // there is no such scope any more
)

// Words say it of step-ups and calls.
func (w What) Words() string {
	switch w {
	case AskedNow:
		return "went through without a step-up and would be asked for one"
	case AskedNoLonger:
		return "were asked and would go through without a step-up"
	case ProofRefused:
		return "would have to prove it otherwise"
	case NothingLeft:
		return "would have nothing to prove it with"
	}
	return "were about a scope that is no longer there"
}

// Foresee says what a document of an environment would decide otherwise than the one in
// force. It reads, and takes no lock: what applying would change and weaken is the
// business of [Apply] with DryRun.
func Foresee(tx *store.Tx, environmentID string, document []byte) (Effect, error) {
	e := Effect{Decisions: []policytext.Difference{}, Traffic: Traffic{Days: TrafficDays, Otherwise: []TrafficChange{}}}
	old, err := parsed(tx, environmentID)
	if err != nil {
		return e, err
	}
	next, err := ReadDocument(document)
	if err != nil {
		return e, err
	}
	environment.KeepVersions(document, old, next)
	calls, err := countedCalls(tx, environmentID)
	if err != nil {
		return e, err
	}
	decisions, err := policytext.Diff(old, next, calls)
	if err != nil {
		return e, err
	}
	e.Decisions = append(e.Decisions, decisions...)
	j := judge{tx: tx, old: old, next: next, scopes: map[stepup.Scope]bool{}, people: map[string]person{},
		users: map[TrafficChange]map[string]bool{}, counts: map[TrafficChange]int{}}
	for _, change := range decisions {
		j.scopes[stepup.Scope(change.Scope)] = true
	}
	if len(decisions) > 0 { // where nobody is decided about otherwise, no call was
		e.Traffic, err = j.traffic()
	}
	return e, err
}

// countedCalls are the protected calls that shadow mode counted lately, by scope.
func countedCalls(tx *store.Tx, environmentID string) (map[string]int64, error) {
	counts, err := tx.ShadowCounts(environmentID, shadow.Day(tx.Now().Add(-ReadinessDays*24*time.Hour)))
	calls := map[string]int64{}
	for _, count := range counts {
		if count.Verdict != string(shadow.Seen) {
			calls[count.Scope] += count.Count
		}
	}
	return calls, err
}

// guarded are the entries of the audit log that this server's own calls leave, with the
// scopes that guard them. Those of wallets name their scope themselves.
var guarded = []struct {
	action string
	scope  stepup.Scope
}{
	{"wallet.export.finished", ""}, {"wallet.sign.finished", ""}, {"wallet.refresh.finished", ""}, {"wallet.reshare.finished", ""},
	{"user.updated", stepup.UserUpdate},
}

// judge judges users by two documents.
type judge struct {
	tx        *store.Tx
	old, next *environment.Environment
	scopes    map[stepup.Scope]bool // that are decided about otherwise; others are not looked at
	people    map[string]person     // by user id
	users     map[TrafficChange]map[string]bool
	counts    map[TrafficChange]int
	bounded   bool
}

// person is a user as both documents see them.
type person struct {
	before, after policy.Person
	gone          bool
}

func (j *judge) traffic() (Traffic, error) {
	t := Traffic{Days: TrafficDays, Otherwise: []TrafficChange{}}
	since := j.tx.Now().Add(-TrafficDays * 24 * time.Hour)
	look := func(action string, judge func(store.AuditRow) error) (int, error) {
		rows, err := j.tx.AuditOf(j.old.ID, action, since, TrafficEntries)
		for _, row := range rows {
			if err == nil {
				err = judge(row)
			}
			if t.Oldest.IsZero() || row.At.Before(t.Oldest) {
				t.Oldest = row.At
			}
		}
		j.bounded = j.bounded || len(rows) == TrafficEntries
		return len(rows), err
	}
	var err error
	if t.StepUps, err = look("token.minted", j.stepUp); err != nil {
		return t, err
	}
	for _, of := range guarded {
		n, err := look(of.action, func(row store.AuditRow) error { return j.call(row, of.scope) })
		if err != nil {
			return t, err
		}
		t.Calls += n
	}
	t.Bounded = j.bounded
	for change, n := range j.counts {
		users := len(j.users[change])
		change.Count, change.Users = n, users
		t.Otherwise = append(t.Otherwise, change)
	}
	slices.SortFunc(t.Otherwise, func(a, b TrafficChange) int {
		return strings.Compare(a.Scope+string(a.What), b.Scope+string(b.What))
	})
	return t, nil
}

// both are the decisions of the two documents about a scope for a user.
type both struct {
	before, after policy.Decision
	declared      bool // by the new document
}

// decide judges a scope for a user. ok is false where nothing is to be said: the scope is
// decided alike, was not there, or the user is gone.
func (j *judge) decide(userID string, scope stepup.Scope) (d both, ok bool, err error) {
	if !j.scopes[scope] {
		return d, false, nil
	}
	p, seen := j.people[userID]
	if !seen {
		if len(j.people) == TrafficUsers {
			j.bounded = true
			return d, false, nil
		}
		if p, err = j.read(userID); err != nil {
			return d, false, err
		}
		j.people[userID] = p
	}
	if p.gone {
		return d, false, nil
	}
	if d.before, err = policy.Decide(j.old, p.before, scope); err != nil {
		return d, false, nil //nolint:nilerr // the scope is a new one
	}
	d.after, err = policy.Decide(j.next, p.after, scope)
	d.declared = err == nil
	return d, true, nil
}

func (j *judge) read(userID string) (p person, err error) {
	known, err := account.Know(j.tx, store.SessionRow{EnvironmentID: j.old.ID, UserID: userID})
	if errors.Is(err, store.ErrNotFound) {
		return person{gone: true}, nil
	}
	if err == nil {
		p.before, err = known.Person(j.old)
	}
	if err == nil {
		p.after, err = known.Person(j.next)
	}
	return p, err
}

func (j *judge) note(userID string, scope stepup.Scope, what What) {
	change := TrafficChange{Scope: string(scope), What: what}
	j.counts[change]++
	if j.users[change] == nil {
		j.users[change] = map[string]bool{}
	}
	j.users[change][userID] = true
}

// stepUp judges a proof that minted a token.
func (j *judge) stepUp(row store.AuditRow) error {
	var detail struct {
		Scopes []stepup.Scope
		Method assurance.Kind
		ACR    assurance.ACR
	}
	if err := json.Unmarshal([]byte(row.Detail), &detail); err != nil {
		return fmt.Errorf("reading entry %s: %w", row.ID, err)
	}
	for _, scope := range detail.Scopes {
		d, ok, err := j.decide(row.UserID, scope)
		if err != nil {
			return err
		}
		did := d.before.Admits(detail.Method, detail.ACR)
		switch {
		case !ok:
		case !d.declared:
			j.note(row.UserID, scope, NoScope)
		case d.before.Required && !d.after.Required:
			j.note(row.UserID, scope, AskedNoLonger)
		case did && d.after.NoMethod():
			j.note(row.UserID, scope, NothingLeft)
		case did && !d.after.Admits(detail.Method, detail.ACR):
			j.note(row.UserID, scope, ProofRefused)
		}
	}
	return nil
}

// call judges a call of this server's own. One that a token let through was counted as a
// step-up.
func (j *judge) call(row store.AuditRow, scope stepup.Scope) error {
	var detail struct {
		Scope   stepup.Scope
		TokenID string `json:"token_id"`
	}
	if err := json.Unmarshal([]byte(row.Detail), &detail); err != nil {
		return fmt.Errorf("reading entry %s: %w", row.ID, err)
	}
	if scope == "" {
		scope = detail.Scope
	}
	if detail.TokenID != "" {
		return nil
	}
	d, ok, err := j.decide(row.UserID, scope)
	if err == nil && ok && d.declared && !d.before.Required && d.after.Required {
		j.note(row.UserID, scope, AskedNow)
	}
	return err
}
