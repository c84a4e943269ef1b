package history

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rule is what a history must not show.
type Rule string

// The rules.
const (
	Twice     Rule = "used more often than it may be"
	Revived   Rule = "let through after somebody had heard that it was used"
	Outlived  Rule = "let through although it was void since a move"
	Overdue   Rule = "let through after its time was up"
	Forgotten Rule = "its operation was let through, and does not hear so any more"
	Invented  Rule = "said to be used, and nobody can have used it"
	Lost      Rule = "acknowledged, and over before its time without a move"
	Alive     Rule = "good in the eyes of the server after somebody had heard that it was used"
	Unaudited Rule = "used, and the audit log has no entry or more than one"
	Silent    Rule = "could not be found out in the end, although everything was mended"
	Broken    Rule = "an answer that a server must never give"
)

// Finding is a rule that was broken, and what shows it.
type Finding struct {
	Thing  Thing
	Rule   Rule
	Events []Event // of the thing, all of them
	At     Event   // by which the rule was broken
}

func (f Finding) String() string {
	lines := []string{fmt.Sprintf("%s: %s: %s", f.Thing, f.Rule, f.At)}
	for _, e := range f.Events {
		lines = append(lines, "    "+e.String())
	}
	return strings.Join(lines, "\n")
}

// Judge finds what a history shows that must not be.
func Judge(events []Event, moves []Move) (findings []Finding) {
	things := map[Thing][]Event{}
	var order []Thing
	for _, e := range events {
		if _, known := things[e.Thing]; !known {
			order = append(order, e.Thing)
		}
		things[e.Thing] = append(things[e.Thing], e)
	}
	moves = slices.SortedFunc(slices.Values(moves), func(a, b Move) int { return int(a.From - b.From) })
	for _, thing := range order {
		found := newLife(thing, things[thing], moves).judge()
		findings = append(findings, found...)
	}
	return findings
}

// life is all that happened to one thing.
type life struct {
	thing  Thing
	events []Event
	moves  []Move // that came after it was there, or while it was made
	born   Event  // the first event; its From and To bound the birth
	due    time.Duration

	findings []Finding
}

func newLife(thing Thing, events []Event, moves []Move) *life {
	slices.SortStableFunc(events, func(a, b Event) int { return int(a.From - b.From) })
	l := &life{thing: thing, events: events, born: events[0]}
	for _, e := range events {
		if e.Act == Made && e.Due > 0 {
			l.due = e.Due
		}
	}
	for _, m := range moves {
		if l.born.From < m.To {
			l.moves = append(l.moves, m)
		}
	}
	return l
}

func (l *life) find(rule Rule, at Event) {
	for _, f := range l.findings {
		if f.Rule == rule {
			return // one of each sort says enough
		}
	}
	l.findings = append(l.findings, Finding{Thing: l.thing, Rule: rule, Events: l.events, At: at})
}

func (l *life) judge() []Finding {
	for _, e := range l.events {
		if e.Answer == Foreign {
			l.find(Broken, e)
		}
	}
	// What a move may have forgotten proves nothing afterwards, and everything before. So
	// the rules are asked of what was seen up to each move, without what the ones before
	// it forgot.
	kept := l.events
	for _, m := range l.moves {
		l.rules(before(kept, m.To))
		if l.voided(m) {
			return l.findings
		}
		if m.Loses {
			kept = slices.DeleteFunc(slices.Clone(kept), func(e Event) bool { return e.From < m.To && e.To > m.Since })
		}
	}
	l.rules(kept)
	return l.findings
}

func before(events []Event, end time.Duration) (some []Event) {
	for _, e := range events {
		if e.From < end {
			some = append(some, e)
		}
	}
	return some
}

// voided reports whether the move ended the thing, and finds what was let through after.
func (l *life) voided(m Move) bool {
	if !slices.Contains(m.Voids, l.thing.Kind) || l.born.To > m.From {
		return false
	}
	for _, e := range l.events {
		if e.From > m.To && e.Answer == Yes && (e.Act == Used || e.Act == Looked) {
			l.find(Outlived, e)
		}
	}
	return true
}

// rules asks each of them of some events in a row.
func (l *life) rules(events []Event) {
	used := 0
	for _, e := range events {
		if e.Act == Used && e.Answer == Yes {
			if used++; l.thing.Kind.uses() > 0 && used > l.thing.Kind.uses() {
				l.find(Twice, e)
			}
		}
	}
	for _, e := range events {
		switch {
		case e.Act == Used && e.Answer == Yes:
			if l.exhausted(events, e.From) {
				l.find(Revived, e)
			}
			if l.due > 0 && e.From > l.due+rounding && !l.moved(e) {
				l.find(Overdue, e)
			}
		case e.Act == Looked && e.Answer == Yes:
			if l.exhausted(events, e.From) {
				l.find(Alive, e)
			}
		case e.Answer == Replayed:
			if !any(events, func(c Event) bool {
				return c.Act == Used && c.Operation == e.Operation && c.From < e.To && (c.Answer == Yes || c.Answer == Unknown)
			}) {
				l.find(Invented, e)
			}
		case e.Answer == Void:
			if !l.excused(e) {
				l.find(Lost, e)
			}
		case e.Answer == Spent:
			l.spent(events, e)
		case e.Act == Audited:
			l.audited(events, e)
		}
	}
}

// spent judges an answer that says so.
func (l *life) spent(events []Event, e Event) {
	if e.Operation != "" && any(events, func(c Event) bool {
		return c.Act == Used && c.Operation == e.Operation && c.To < e.From && (c.Answer == Yes || c.Answer == Replayed)
	}) && !l.excused(e) {
		l.find(Forgotten, e)
	}
	causes := 0
	for _, c := range events {
		if c.Act == Used && c.From < e.To && (c.Answer == Yes || c.Answer == Unknown || c.Answer == Replayed) {
			causes++
		}
	}
	if causes < max(1, l.thing.Kind.uses()) && !l.excused(e) {
		l.find(Invented, e)
	}
}

// audited judges what the log has of uses: Yes is exactly one, Unused none, Foreign more.
func (l *life) audited(events []Event, e Event) {
	switch e.Answer {
	case Unused:
		if any(events, func(c Event) bool { return c.To < e.From && l.shows(c) }) {
			l.find(Unaudited, e)
		}
	case Yes:
		if !any(events, func(c Event) bool {
			return c.Act == Used && c.From < e.To && (c.Answer == Yes || c.Answer == Unknown || c.Answer == Replayed)
		}) {
			l.find(Invented, e)
		}
	}
}

// exhausted reports whether somebody had heard, before that moment, that it was used up.
func (l *life) exhausted(events []Event, at time.Duration) bool {
	return any(events, func(e Event) bool { return e.To < at && l.shows(e) })
}

// shows reports whether the thing is used up if this was heard of it.
func (l *life) shows(e Event) bool {
	switch {
	case e.Act == Looked: // which does not tell used from over
		return e.Answer == Spent && !l.excused(e)
	case e.Answer == Spent, e.Answer == Replayed:
		return true
	}
	return (e.Act == Used || e.Act == Audited) && e.Answer == Yes && l.thing.Kind.uses() == 1
}

// excused reports whether it may be over by then: its time is up, or a move came.
func (l *life) excused(e Event) bool {
	return l.due > 0 && e.To > l.due-rounding || l.moved(e)
}

// rounding is how exactly a thing ends at its time: tokens end at whole seconds.
const rounding = 5 * time.Second

// moved reports whether a move came that may have ended it.
func (l *life) moved(e Event) bool {
	for _, m := range l.moves {
		if m.From < e.To && (slices.Contains(m.Voids, l.thing.Kind) || slices.Contains(m.May, l.thing.Kind)) {
			return true
		}
	}
	return false
}

func any(events []Event, is func(Event) bool) bool { return slices.ContainsFunc(events, is) }
