// Package figures counts what the audit log tells, by environment, minute and hour, so
// that a page of it costs the same however long the log is. [Count] walks the log behind
// a mark, on one node at a time, and moves the mark in the transaction that adds: each
// entry is counted once, whatever crashes. What is younger than a minute may still be
// committed by others and is not counted yet; [Read] counts it on the fly.
package figures

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
)

// Names of what is counted. One that ends in a space is followed by the method, the
// reason or the time.
const (
	Proven  = "proven "  // proofs in a session, by method
	Refused = "refused " // refused proofs in a session, by method
	Reason  = "reason "  // refused proofs, by reason
	Took    = "took "    // proofs in a session, by how long after the code was sent, see [Times]
	Minted  = "minted"   // elevated tokens
	Spent   = "spent"    // single-use ones that were spent
	Expired = "expired"  // single-use ones that nobody spent
	SignIn  = "sign-in " // sessions, by method
	Mail    = "failed mail"
	Text    = "failed text"
)

// Times are how long a proof took, in seconds: up to the first, up to the second, … and
// longer than the last.
var Times = []string{"10", "20", "30", "60", "120", "300", "more"}

var bounds = []int64{10_000, 20_000, 30_000, 60_000, 120_000, 300_000}

// Spans and how long their figures are kept.
const (
	minutes = "minute"
	hours   = "hour"

	keepMinutes = 3 * time.Hour
	keepHours   = 32 * 24 * time.Hour

	settled = time.Minute // transactions end before they are this old
	batch   = 1000
	tail    = 2000 // how much of what is not counted yet a page reads
)

// one is something that happened at a time.
type one struct {
	name string
	at   time.Time
	n    int64
}

// of is what an entry counts as.
func of(row store.AuditRow) (all []one) {
	var d struct {
		Method    string           `json:"method"`
		Purpose   string           `json:"purpose"`
		Code      string           `json:"code"`
		TookMS    *int64           `json:"took_ms"`
		SingleUse bool             `json:"single_use"`
		ExpiresAt time.Time        `json:"expires_at"`
		Refused   map[string]int64 `json:"refused"`
	}
	switch row.Action {
	case "proof.given", "proof.refused", "token.minted", "token.consumed", "session.started":
		_ = json.Unmarshal([]byte(row.Detail), &d)
	}
	add := func(name string, at time.Time, n int64) { all = append(all, one{name, at, n}) }
	switch row.Action {
	case "proof.given":
		if d.Purpose != "session" {
			break // a sign-in is counted as one, and how long it took says nothing of step-ups
		}
		add(Proven+d.Method, row.At, 1)
		if d.TookMS != nil {
			i := 0
			for i < len(bounds) && *d.TookMS > bounds[i] {
				i++
			}
			add(Took+Times[i], row.At, 1)
		}
	case "proof.refused":
		if d.Code != "" {
			add(Refused+d.Method, row.At, 1)
			add(Reason+d.Code, row.At, 1)
		}
		for what, n := range d.Refused {
			_, code, _ := strings.Cut(what, " ")
			add(Reason+code, row.At, n)
		}
	case "token.minted":
		add(Minted, row.At, 1)
		if d.SingleUse {
			add(Expired, d.ExpiresAt, 1)
		}
	case "token.consumed":
		if d.SingleUse {
			add(Spent, row.At, 1)
			add(Expired, d.ExpiresAt, -1)
		}
	case "session.started":
		add(SignIn+d.Method, row.At, 1)
	}
	return all
}

// Counted are the tokens of what one call of [Count] counted: each is in one of them.
type Counted struct{ Minted, Spent, Expired int64 }

// Count counts some of what is not counted yet, and reports whether there may be more.
func Count(tx *store.Tx, environmentID string) (counted Counted, more bool, err error) {
	now := tx.Now()
	mark, err := tx.LockFigureMark(environmentID, store.AuditKey{At: now.Add(-keepHours)})
	if err != nil {
		return counted, false, err
	}
	page, err := audit.Find(tx, audit.Query{EnvironmentIDs: []string{environmentID}, After: mark, Until: now.Add(-settled), Limit: batch})
	if err != nil || len(page.Rows) == 0 {
		return counted, false, err
	}
	sums := map[store.Figure]int64{}
	for _, row := range page.Rows {
		for _, o := range of(row) {
			switch {
			case o.at.Before(now.Add(-keepMinutes)): // of before anybody counted
			case o.name == Minted:
				counted.Minted += o.n
			case o.name == Spent:
				counted.Spent += o.n
			}
			sums[store.Figure{Span: minutes, At: o.at.Truncate(time.Minute), Name: o.name}] += o.n
			sums[store.Figure{Span: hours, At: o.at.Truncate(time.Hour), Name: o.name}] += o.n
		}
	}
	for f, n := range sums {
		if f.Span == minutes && f.At.Before(now.Add(-keepMinutes)) {
			continue
		}
		f.Count = n
		if err := tx.AddFigure(environmentID, f); err != nil {
			return counted, false, err
		}
	}
	if err := tx.DropFigures(environmentID, minutes, now.Add(-keepMinutes)); err != nil {
		return counted, false, err
	}
	if err := tx.DropFigures(environmentID, hours, now.Add(-keepHours)); err != nil {
		return counted, false, err
	}
	last := page.Rows[len(page.Rows)-1].Key()
	if counted.Expired, err = expired(tx, environmentID, mark.At, last.At); err != nil {
		return counted, false, err
	}
	return counted, page.More, tx.MoveFigureMark(environmentID, last)
}

// expired are the tokens that nobody spent and whose minute is over by the log, now that
// all of it up to a time is counted: what spends a token is in the log before the token
// expires.
func expired(tx *store.Tx, environmentID string, from, to time.Time) (n int64, err error) {
	found, err := tx.Figures(environmentID, minutes, from.Truncate(time.Minute))
	for _, f := range found {
		if f.Name == Expired && f.At.Before(to.Truncate(time.Minute)) {
			n += f.Count
		}
	}
	return n, err
}

// Waiting reports whether [Count] would find anything.
func Waiting(tx *store.Tx, environmentID string) (bool, error) {
	mark, err := tx.FigureMark(environmentID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	page, err := audit.Find(tx, audit.Query{EnvironmentIDs: []string{environmentID}, After: mark, Until: tx.Now().Add(-settled), Limit: 1})
	return len(page.Rows) > 0, err
}

// Failed counts a message that could not be handed over, in the transaction that says
// when it is tried again.
func Failed(tx *store.Tx, environmentID, name string) error {
	for span, of := range map[string]time.Duration{minutes: time.Minute, hours: time.Hour} {
		if err := tx.AddFigure(environmentID, store.Figure{Span: span, At: tx.Now().Truncate(of), Name: name, Count: 1}); err != nil {
			return err
		}
	}
	return nil
}

// Failure is an hour in which messages could not be handed over, and how often that was
// tried.
type Failure struct {
	At           time.Time // its beginning
	Mails, Texts int64
}

// Failures are the hours of the last 30 days in which messages could not be handed over,
// newest first: at most limit.
func Failures(tx *store.Tx, environmentID string, limit int) (failures []Failure, err error) {
	found, err := tx.Figures(environmentID, hours, tx.Now().Add(-30*24*time.Hour))
	for i := len(found) - 1; i >= 0; i-- {
		f := found[i]
		if f.Name != Mail && f.Name != Text {
			continue
		}
		if n := len(failures); n == 0 || !failures[n-1].At.Equal(f.At) {
			if n == limit {
				break
			}
			failures = append(failures, Failure{At: f.At})
		}
		if last := &failures[len(failures)-1]; f.Name == Mail {
			last.Mails += f.Count
		} else {
			last.Texts += f.Count
		}
	}
	return failures, err
}

// Period is what a report looks back on.
type Period string

// The periods.
const (
	Hour  Period = "hour"
	Day   Period = "day"
	Month Period = "month" // 30 days
)

// Report is how often things happened in a period, step by step.
type Report struct {
	Times  []time.Time // when steps begin, oldest first
	Step   time.Duration
	Counts map[string][]int64 // by name, one for each step
	UpTo   time.Time          // what came later is not counted yet; zero: all is
}

// Read makes the report of a period that ends now.
func Read(tx *store.Tx, environmentID string, p Period) (Report, error) {
	now := tx.Now()
	span, step, n := minutes, time.Minute, 60
	switch p {
	case Day:
		span, step, n = hours, time.Hour, 24
	case Month:
		span, step, n = hours, 24*time.Hour, 30
	}
	r := Report{Step: step, Counts: map[string][]int64{}}
	first := now.Truncate(step).Add(-time.Duration(n-1) * step)
	for i := range n {
		r.Times = append(r.Times, first.Add(time.Duration(i)*step))
	}
	figures, err := tx.Figures(environmentID, span, first)
	if err != nil {
		return r, err
	}
	for _, f := range figures {
		if !f.At.After(now) {
			r.add(f.Name, f.At, f.Count)
		}
	}
	mark, err := tx.FigureMark(environmentID)
	if errors.Is(err, store.ErrNotFound) {
		mark, err = store.AuditKey{At: now.Add(-keepHours)}, nil
	}
	for seen := 0; err == nil; {
		var page audit.Page
		page, err = audit.Find(tx, audit.Query{EnvironmentIDs: []string{environmentID}, After: mark, Limit: batch})
		for _, row := range page.Rows {
			for _, o := range of(row) {
				if !o.at.After(now) {
					r.add(o.name, o.at, o.n)
				}
			}
		}
		seen, mark = seen+len(page.Rows), page.Next
		if !page.More {
			break
		}
		if seen >= tail {
			r.UpTo = mark.At
			break
		}
	}
	return r, err
}

func (r *Report) add(name string, at time.Time, n int64) {
	i := int(at.Sub(r.Times[0]) / r.Step)
	if at.Before(r.Times[0]) || i >= len(r.Times) {
		return
	}
	if r.Counts[name] == nil {
		r.Counts[name] = make([]int64, len(r.Times))
	}
	r.Counts[name][i] += n
}

// Sum is how often it happened in the whole period.
func (r Report) Sum(name string) (sum int64) {
	for _, n := range r.Counts[name] {
		sum += n
	}
	return sum
}

// Of are the sums of all names that begin with the prefix, without it.
func (r Report) Of(prefix string) map[string]int64 {
	sums := map[string]int64{}
	for name := range r.Counts {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			sums[rest] = r.Sum(name)
		}
	}
	return sums
}
