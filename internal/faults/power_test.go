package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/faults/disk"
	"github.com/stepup-auth/stepup/internal/faults/history"
	"github.com/stepup-auth/stepup/internal/faults/load"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// recording is what a load wrote to a disk.
type recording struct {
	load *load.Load
	disk *disk.Disk
	from int // the first op with the clients at work
	end  int
}

func record(t *testing.T, answers int, fail func(disk.Op) disk.Failure) *recording {
	t.Helper()
	url := storetest.URL(t, store.SQLite)
	under, err := disk.Watch(strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	s := inside(t, url, &storetest.Clock{})
	r := &recording{disk: under, load: loadOf(t, s)}
	r.load.Hear(20)
	under.Fail(fail)
	r.from = len(under.Ops())
	r.load.Hear(answers)
	r.load.End()
	r.end = len(under.Ops())
	return r
}

// cut starts a server on what a power cut left before op n, and judges.
func (r *recording) cut(t *testing.T, remains *disk.Remains, n int, luck disk.Luck, keepMark bool) (history.Tally, []history.Finding) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stepup.db")
	random := rand.New(rand.NewPCG(uint64(n), 1))
	if err := remains.Cut(n, luck, random, path); err != nil {
		t.Fatal(err)
	}
	op := r.disk.Ops()[n]
	if keepMark {
		if err := os.WriteFile(path+".epoch", op.Mark, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	clock := &storetest.Clock{}
	clock.Advance(time.Until(op.Began))
	const shortly = 300 * time.Millisecond
	var tally history.Tally
	var findings []history.Finding
	t.Run(fmt.Sprint(n), func(t *testing.T) { // so that the server ends here
		s := inside(t, "sqlite:"+path, clock)
		tally, findings = r.load.Cut(op.Began, shortly, s.URL).Verdict()
	})
	return tally, findings
}

// A1: the power goes at any moment, and of what was not synced to the disk anything or
// nothing reaches it. What was acknowledged is there.
func TestA1PowerCut(t *testing.T) {
	if *wantEngine == store.Postgres {
		t.Skip("PostgreSQL's own tests cut its power")
	}
	n := rounds(12)
	r := record(t, 400, nil)
	remains, sum := r.disk.Remains(), history.Tally{}
	for i := range n {
		at := r.from + (r.end-r.from)*i/n
		luck := []disk.Luck{disk.Nothing, disk.All, disk.Some}[i%3]
		tally, findings := r.cut(t, remains, at, luck, i%2 == 0)
		for _, f := range findings {
			t.Errorf("power cut before op %d of %d, with %s of what was not synced: %v", at, r.end, luck, f)
		}
		sum.Add(tally)
	}
	report(t, n, sum)
}

// SQLite with synchronous=NORMAL is found out: it leaves out the sync of the log at the end
// of a commit, and goes on syncing before it takes the log into the database.
func TestPowerCutWithoutSync(t *testing.T) {
	written := false // since SQLite asked for the last sync
	r := record(t, 200, func(op disk.Op) disk.Failure {
		switch {
		case op.Suffix != "-wal":
		case op.Step == disk.Write:
			written = true
		case op.Step == disk.Sync && written:
			written = false
			return disk.Lie
		}
		return disk.None
	})
	remains, rules := r.disk.Remains(), map[history.Rule]int{}
	const cuts = 30
	for i := range cuts {
		_, findings := r.cut(t, remains, r.from+(r.end-r.from)*(cuts+i)/(2*cuts), disk.Nothing, false)
		for _, f := range findings {
			rules[f.Rule]++
		}
		if rules[history.Revived]+rules[history.Twice] > 0 && rules[history.Lost] > 0 {
			return
		}
	}
	t.Errorf("nothing came alive again, or nothing was lost: %v", rules)
}
