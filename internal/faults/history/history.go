// Package history writes down what clients of a server asked and heard while it was
// being broken, and judges it: whether anything was let through twice, whether anything
// that was acknowledged is forgotten, and whether what nobody could know stayed as it
// turned out to be.
//
// Its invariant: [Judge] is a pure function of what was written down. It knows nothing of
// servers, databases and faults, only when which answer was asked for and heard.
package history

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind is what sort of thing something happened to.
type Kind string

// The kinds.
const (
	Token    Kind = "elevated token" // single-use; used by consuming it for an operation
	Nonce    Kind = "nonce"          // used by signing in or stepping up with a wallet
	Recovery Kind = "recovery code"  // used by stepping up; survives a moved epoch
	MFAToken Kind = "MFA token"      // of action-based MFA, single-use; used by an action
	Guesses  Kind = "guessed factor" // a second factor that bears [GuessLimit] wrong answers in a row
	Session  Kind = "session"        // never used up
)

// GuessLimit is how many guesses a factor bears; the servers' environments must say so too.
const GuessLimit = 5

// uses is how often a thing of the kind may be used; 0: always.
func (k Kind) uses() int {
	switch k {
	case Session:
		return 0
	case Guesses:
		return GuessLimit
	}
	return 1
}

// Thing is one of them.
type Thing struct {
	Kind Kind
	ID   string
}

func (t Thing) String() string { return string(t.Kind) + " " + t.ID }

// Act is what a client wanted with a thing.
type Act string

// The acts.
const (
	Made    Act = "made"    // to be given it
	Used    Act = "used"    // to use it up
	Looked  Act = "looked"  // to know whether it is good
	Audited Act = "audited" // to find its use in the audit log
)

// Answer is what the client heard.
type Answer string

// The answers.
const (
	Yes      Answer = "yes"      // made; let through; good; exactly one use is on record
	Replayed Answer = "replayed" // used under this operation before, which is no permission
	Spent    Answer = "spent"    // no, it was used
	Void     Answer = "void"     // no, it is over or unknown, which nothing but a move or its time explains
	Not      Answer = "not"      // nothing was done, for sure: it could not be found out
	Unknown  Answer = "unknown"  // nobody can tell: no answer, or outcome_unknown
	Unused   Answer = "unused"   // the audit log has no use of it
	Foreign  Answer = "foreign"  // an answer that a server must never give
)

// Event is one request and its answer. Times count from the beginning of the log.
type Event struct {
	Thing     Thing
	Act       Act
	Operation string // the use was for; empty: for none
	Answer    Answer
	From, To  time.Duration
	Due       time.Duration // with Made: when the thing ends by itself; 0: never
	Detail    string        // what to tell of it to whoever reads a finding
}

func (e Event) String() string {
	text := fmt.Sprintf("%v…%v %s %s", e.From.Round(time.Microsecond), e.To.Round(time.Microsecond), e.Act, e.Answer)
	if e.Operation != "" {
		text += " for " + e.Operation
	}
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	return text
}

// Move is something done to the server on purpose, by which things may end before their
// time: a restore, a failover, a leaked key, a clock set forward.
type Move struct {
	From, To time.Duration
	Voids    []Kind // of these, what was there before opens nothing afterwards
	May      []Kind // of these, what was there before may be over afterwards

	Loses bool          // what was acknowledged since Since may be forgotten
	Since time.Duration // such as the moment the backup was made
}

// Epoch is the move of a failover epoch: all single-use artefacts from before are void.
// Recovery codes are not, but those left in a set are renewed at its next use.
func Epoch(from, to time.Duration) Move {
	return Move{From: from, To: to, Voids: []Kind{Token, Nonce, MFAToken}, May: []Kind{Recovery}}
}

// Log collects events. It is safe for concurrent use.
type Log struct {
	began time.Time

	mu     sync.Mutex
	events []Event
	moves  []Move
	heard  int
}

// New begins a log.
func New() *Log { return &Log{began: time.Now()} }

// Now is the time in the log.
func (l *Log) Now() time.Duration { return time.Since(l.began) }

// Add writes an event down.
func (l *Log) Add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
	if e.Answer != Not && e.Answer != Unknown {
		l.heard++
	}
}

// Moved writes a move down.
func (l *Log) Moved(m Move) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moves = append(l.moves, m)
}

// At is the time in the log of a moment.
func (l *Log) At(moment time.Time) time.Duration { return moment.Sub(l.began) }

// Until is the log as it would be if everything had gone at that time, and as if that
// were now: of what was under way nobody heard an answer, and the rest never was.
func (l *Log) Until(end time.Duration) *Log {
	l.mu.Lock()
	defer l.mu.Unlock()
	cut := &Log{began: time.Now().Add(-end)}
	for _, e := range l.events {
		switch {
		case e.From >= end, e.To >= end && e.Act == Made:
			continue
		case e.To >= end:
			e.To, e.Answer, e.Detail = end, Unknown, "cut off"
		}
		cut.events = append(cut.events, e)
	}
	for _, m := range l.moves {
		if m.From < end {
			cut.moves = append(cut.moves, m)
		}
	}
	return cut
}

// Since is which things something happened to from then on.
func (l *Log) Since(begin time.Duration) map[Thing]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	things := map[Thing]bool{}
	for _, e := range l.events {
		if e.To >= begin {
			things[e.Thing] = true
		}
	}
	return things
}

// Len counts all events.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.events)
}

// Heard counts the answers that decided something.
func (l *Log) Heard() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard
}

// Judge judges what was written down so far.
func (l *Log) Judge() []Finding {
	l.mu.Lock()
	events, moves := slices.Clone(l.events), slices.Clone(l.moves)
	l.mu.Unlock()
	return Judge(events, moves)
}

// Tally counts the events by thing, act and answer.
func (l *Log) Tally() Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := Tally{}
	for _, e := range l.events {
		counts[Heard{e.Thing.Kind, e.Act, e.Answer}]++
	}
	return counts
}

// Heard is one line of a [Tally].
type Heard struct {
	Kind   Kind
	Act    Act
	Answer Answer
}

// Tally is how often what was heard.
type Tally map[Heard]int

// Of sums up what was heard of an act with an answer, of things of any kind.
func (t Tally) Of(act Act, answers ...Answer) (n int) {
	for heard, count := range t {
		if heard.Act == act && slices.Contains(answers, heard.Answer) {
			n += count
		}
	}
	return n
}

// Add adds what was heard elsewhere.
func (t Tally) Add(other Tally) {
	for heard, count := range other {
		t[heard] += count
	}
}

func (t Tally) String() string {
	lines := make([]string, 0, len(t))
	for heard, count := range t {
		lines = append(lines, fmt.Sprintf("%s %s %s: %d", heard.Kind, heard.Act, heard.Answer, count))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
