package audit

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/store"
)

// Query says which entries are looked for. Empty fields match all.
type Query struct {
	EnvironmentIDs []string // where; an empty id is the installation itself
	UserID         string
	SessionID      string
	TokenID        string
	Action         string // a whole one, or the start of some that ends in a dot
	Outcome        Outcome
	Since, Until   time.Time // from, and before

	Newest bool           // newest first
	After  store.AuditKey // behind this entry in that order
	Limit  int            // at most so many; 0: 1,000
}

// Page is what a [Query] found.
type Page struct {
	Rows []store.AuditRow
	More bool           // there may be others behind Next
	Next store.AuditKey // where the search stopped
}

// Outcome is what came of what an entry tells.
type Outcome string

// The outcomes.
const (
	Done    Outcome = "done"
	Refused Outcome = "refused" // somebody was told no
	Failed  Outcome = "failed"  // something went wrong, or looks like an attack
)

// Outcomes are all of them.
var Outcomes = []Outcome{Done, Refused, Failed}

// OutcomeOf is what came of what the entry tells.
func OutcomeOf(row store.AuditRow) Outcome {
	all := outcomes(row.Action)
	if len(all) == 1 {
		return all[0]
	}
	var detail struct {
		Result string `json:"result"`
	}
	if err := json.Unmarshal([]byte(row.Detail), &detail); err != nil || detail.Result == string(Done) || detail.Result == "" {
		return Done
	}
	return Refused
}

// outcomes are those that entries of an action can have: that of an operation on a
// wallet which is finished stands in its detail.
func outcomes(action string) []Outcome {
	switch action[strings.LastIndexByte(action, '.')+1:] {
	case "refused":
		return []Outcome{Refused}
	case "failed", "counter_regressed", "disputed", "denied_change":
		return []Outcome{Failed}
	case "finished":
		return []Outcome{Done, Refused}
	}
	return []Outcome{Done}
}

// most bounds how many entries one call of [Find] looks at: a filter that matches few of
// many gets a page that is not full, and goes on from there.
const (
	mostSeen  = 20_000
	mostFound = 1_000
)

// Find looks for a page of entries, along the index that narrows the query most.
func Find(tx *store.Tx, q Query) (Page, error) {
	if q.Limit <= 0 || q.Limit > mostFound {
		q.Limit = mostFound
	}
	walks, err := q.walks(tx)
	if err != nil {
		return Page{}, err
	}
	page := Page{}
	for seen := 0; ; seen++ {
		next, err := foremost(tx, walks, q)
		if err != nil || next == nil {
			return page, err
		}
		if len(page.Rows) == q.Limit || seen == mostSeen {
			page.More = true
			return page, nil
		}
		row := next.ahead[0]
		next.ahead, page.Next = next.ahead[1:], row.Key()
		if q.matches(row) {
			page.Rows = append(page.Rows, row)
		}
	}
}

func (q Query) matches(row store.AuditRow) bool {
	return (q.UserID == "" || row.UserID == q.UserID) && (q.SessionID == "" || row.SessionID == q.SessionID) &&
		(q.Outcome == "" || OutcomeOf(row) == q.Outcome) && q.isAbout(row.Action)
}

func (q Query) isAbout(action string) bool {
	return q.Action == "" || action == q.Action || strings.HasSuffix(q.Action, ".") && strings.HasPrefix(action, q.Action)
}

// walk is one run through the log, of which some entries are read ahead.
type walk struct {
	run   store.AuditRun
	ahead []store.AuditRow
	over  bool
}

// walks are the runs that hold all the query is about.
func (q Query) walks(tx *store.Tx) ([]*walk, error) {
	run := store.AuditRun{Newest: q.Newest, Behind: q.After}
	switch {
	case q.After != store.AuditKey{}:
	case q.Newest && !q.Until.IsZero():
		run.Behind.At = q.Until
	case !q.Newest && !q.Since.IsZero():
		run.Behind.At = q.Since
	}
	var all []*walk
	for _, id := range q.EnvironmentIDs {
		run.EnvironmentID = id
		switch {
		case q.TokenID != "":
			run.TokenID = q.TokenID
		case q.UserID != "":
			run.UserID = q.UserID
		case q.Action != "" || q.Outcome != "":
			actions, err := tx.AuditActions(id)
			if err != nil {
				return nil, err
			}
			for _, action := range actions {
				if q.isAbout(action) && (q.Outcome == "" || slices.Contains(outcomes(action), q.Outcome)) {
					run.Action = action
					all = append(all, &walk{run: run})
				}
			}
			continue
		}
		all = append(all, &walk{run: run})
	}
	return all, nil
}

// foremost is the walk whose next entry comes first; nil: all are over.
func foremost(tx *store.Tx, walks []*walk, q Query) (first *walk, err error) {
	for _, w := range walks {
		if len(w.ahead) == 0 && !w.over {
			if err := w.read(tx, q); err != nil {
				return nil, err
			}
		}
		if len(w.ahead) > 0 && (first == nil || before(w.ahead[0], first.ahead[0]) != q.Newest) {
			first = w
		}
	}
	return first, nil
}

func before(a, b store.AuditRow) bool { return a.At.Before(b.At) || a.At.Equal(b.At) && a.ID < b.ID }

func (w *walk) read(tx *store.Tx, q Query) (err error) {
	w.ahead, err = tx.AuditRun(w.run)
	w.over = len(w.ahead) < store.AuditAhead
	if n := len(w.ahead); n > 0 {
		w.run.Behind = w.ahead[n-1].Key()
	}
	if past := slices.IndexFunc(w.ahead, q.isPast); past >= 0 {
		w.ahead, w.over = w.ahead[:past], true
	}
	return err
}

// isPast reports whether the entry, and so all that a walk would find behind it, lies
// beyond the time that is asked about.
func (q Query) isPast(row store.AuditRow) bool {
	if q.Newest {
		return row.At.Before(q.Since)
	}
	return !q.Until.IsZero() && !row.At.Before(q.Until)
}
