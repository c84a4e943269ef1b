package history_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/faults/history"
)

// story reads events of one thing, one a line: from, to, act, answer, and the operation.
func story(t *testing.T, kind history.Kind, text string) (events []history.Event) {
	t.Helper()
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		e := history.Event{Thing: history.Thing{Kind: kind, ID: "x"}}
		var from, to int
		n, _ := fmt.Sscan(line, &from, &to, &e.Act, &e.Answer, &e.Operation)
		if n < 4 {
			t.Fatalf("not an event: %q", line)
		}
		e.From, e.To = time.Duration(from)*time.Second, time.Duration(to)*time.Second
		if e.Act == history.Made && kind == history.Token {
			e.Due = e.To + 300*time.Second
		}
		events = append(events, e)
	}
	return events
}

// Each fault that somebody may plant is found, and what honest servers say is not.
func TestJudge(t *testing.T) {
	failover := []history.Move{history.Epoch(50*time.Second, 60*time.Second)}
	restored := history.Epoch(50*time.Second, 60*time.Second)
	restored.Loses, restored.Since = true, 30*time.Second
	restore := []history.Move{restored}
	for name, c := range map[string]struct {
		kind  history.Kind
		moves []history.Move
		story string
		want  history.Rule // empty: there is nothing to find
	}{
		"spent once, and never again": {history.Token, nil, `1 2 made yes
			3 4 used yes a
			5 6 used replayed a
			5 6 used spent b
			7 8 looked spent
			7 8 audited yes`, ""},
		"two races and one wins": {history.Token, nil, `1 2 made yes
			3 6 used spent a
			4 5 used yes b`, ""},
		"the race is lost to somebody who never heard": {history.Token, nil, `1 2 made yes
			3 6 used unknown a
			4 5 used spent b
			9 10 used replayed a`, ""},
		"nobody knows, and it was not done": {history.Token, nil, `1 2 made yes
			3 4 used unknown a
			5 6 audited unused
			7 8 used yes b`, ""},
		"made, and left until it ends": {history.Token, nil, `1 2 made yes
			301 302 used void a`, ""},
		"no good while the clock was ahead": {history.Token, []history.Move{{From: 3 * time.Second, To: 4 * time.Second,
			May: []history.Kind{history.Token}}}, "1 2 made yes\n 5 6 looked spent\n 5 6 audited unused\n 9 10 used yes a", ""},
		"a nonce": {history.Nonce, nil, "1 2 made yes\n 3 4 used yes\n 5 6 used spent", ""},
		"five guesses": {history.Guesses, nil, `1 2 used yes
			3 4 used yes
			3 4 used yes
			5 6 used yes
			5 6 used unknown
			7 8 used spent`, ""},
		"void after a failover":           {history.Token, failover, "1 2 made yes\n 70 71 used void a", ""},
		"made while it failed over":       {history.Token, failover, "51 52 made yes\n 70 71 used yes a", ""},
		"void, which looks as if spent":   {history.Token, failover, "51 52 made yes\n 70 71 looked spent\n 72 73 audited unused", ""},
		"made after":                      {history.Token, failover, "61 62 made yes\n 70 71 used yes a\n 72 73 used spent b", ""},
		"a recovery code after":           {history.Recovery, failover, "1 2 used yes\n 70 71 used spent", ""},
		"a renewed recovery code":         {history.Recovery, failover, "1 2 made yes\n 70 71 used spent", ""},
		"its use was lost with a restore": {history.Recovery, restore, "40 41 used yes\n 70 71 used yes\n 72 73 used spent", ""},

		"two permissions":           {history.Token, nil, "3 4 used yes a\n 3 5 used yes b", history.Twice},
		"two for one operation":     {history.Token, nil, "3 4 used yes a\n 5 6 used yes a", history.Twice},
		"six guesses":               {history.Guesses, nil, strings.Repeat("1 2 used yes\n", 6), history.Twice},
		"spent is taken back":       {history.Token, nil, "1 4 used unknown a\n 3 5 used spent b\n 6 7 used yes c", history.Revived},
		"replayed is taken back":    {history.Token, nil, "1 4 used unknown a\n 5 6 used replayed a\n 7 8 used yes b", history.Revived},
		"on record, and taken back": {history.Token, nil, "1 4 used unknown a\n 5 6 audited yes\n 7 8 used yes b", history.Revived},
		"a guess is forgotten": {history.Guesses, nil,
			strings.Repeat("1 2 used yes\n", 5) + "3 4 used spent\n 5 6 used yes", history.Twice},
		"good although it was spent": {history.Token, nil, "1 2 used yes a\n 3 4 looked yes", history.Alive},
		"the operation is forgotten": {history.Token, nil, "1 2 used yes a\n 3 4 used spent a", history.Forgotten},
		"spent by nobody":            {history.Token, nil, "1 2 made yes\n 3 4 used spent a", history.Invented},
		"spent by what was not done": {history.Token, nil, "1 2 made yes\n 3 4 used not a\n 5 6 used spent b", history.Invented},
		"replayed out of nothing": {history.Token, nil,
			"1 2 made yes\n 1 2 used yes a\n 3 4 used replayed b", history.Invented},
		"stopped after four guesses": {history.Guesses, nil,
			strings.Repeat("1 2 used yes\n", 4) + "3 4 used spent", history.Invented},
		"a token is lost":                      {history.Token, nil, "1 2 made yes\n 3 4 used void a", history.Lost},
		"a session is lost":                    {history.Session, failover, "1 2 made yes\n 70 71 looked void", history.Lost},
		"used after its time":                  {history.Token, nil, "1 2 made yes\n 400 401 used yes a", history.Overdue},
		"used and not on record":               {history.Token, nil, "1 2 used yes a\n 3 4 audited unused", history.Unaudited},
		"on record and used by nobody":         {history.Token, nil, "1 2 made yes\n 3 4 audited yes", history.Invented},
		"an internal error":                    {history.Token, nil, "1 2 used foreign a", history.Broken},
		"alive after a failover":               {history.Token, failover, "1 2 made yes\n 70 71 used yes a", history.Outlived},
		"good after a failover":                {history.Token, failover, "1 2 made yes\n 70 71 looked yes", history.Outlived},
		"a nonce after a failover":             {history.Nonce, failover, "1 2 made yes\n 70 71 used yes", history.Outlived},
		"a code twice, a failover between":     {history.Recovery, failover, "1 2 used yes\n 70 71 used yes", history.Twice},
		"a code twice, used before the backup": {history.Recovery, restore, "1 2 used yes\n 70 71 used yes", history.Twice},
		"a code twice after the restore": {history.Recovery, restore,
			"40 41 used yes\n 70 71 used yes\n 72 73 used yes", history.Twice},
		"a code twice before the restore": {history.Recovery, restore, "40 41 used yes\n 42 43 used yes", history.Twice},
	} {
		t.Run(name, func(t *testing.T) {
			findings := history.Judge(story(t, c.kind, c.story), c.moves)
			for _, f := range findings {
				if f.Rule == c.want {
					return
				}
			}
			if c.want != "" || len(findings) > 0 {
				t.Errorf("found %v, want %q", findings, c.want)
			}
		})
	}
}

// A log counts what was heard, and judges each thing by itself.
func TestLog(t *testing.T) {
	log := history.New()
	events := story(t, history.Token, "1 2 made yes\n 3 4 used yes a\n 5 6 used not b")
	for _, e := range append(events, story(t, history.Nonce, "3 4 used yes")...) {
		log.Add(e)
	}
	if n := log.Heard(); n != 3 {
		t.Errorf("heard %d answers that decide", n)
	}
	if n := log.Tally().Of(history.Used, history.Yes); n != 2 {
		t.Errorf("%d uses:\n%s", n, log.Tally())
	}
	if findings := log.Judge(); len(findings) > 0 {
		t.Error(findings)
	}
	log.Moved(history.Epoch(2*time.Second, 2500*time.Millisecond))
	if findings := log.Judge(); len(findings) != 1 || findings[0].Rule != history.Outlived {
		t.Errorf("a token from before was used after the move: %v", findings)
	}
}
