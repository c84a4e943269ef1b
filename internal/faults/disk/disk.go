// Package disk stands between SQLite and its files, in tests: it writes down what goes to
// the disk, says what a power cut at any moment would have left of it, and lets the disk
// fail.
//
// Its invariant: of a watched file every write, truncation and sync goes through here, in
// the order in which the disk was asked.
package disk

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Step is what SQLite asks of a file.
type Step string

// The steps.
const (
	Write    Step = "write"
	Truncate Step = "truncate"
	Sync     Step = "sync"
)

// Op is one step, as it was asked for.
type Op struct {
	Step   Step
	Suffix string // of the file: "" is the database, "-wal" its log
	Offset int64  // of a write; of a truncation the size
	Data   []byte
	Began  time.Time
	Mark   []byte // what lay in the side file of the database then, which is never synced
}

// Disk is what lies under one database.
type Disk struct {
	path string
	base []byte // the database file, when the watch began

	mu   sync.Mutex
	keep bool
	ops  []Op
	fail func(Op) Failure
}

// Watch looks after the database at path from now on. Nobody may have opened it yet.
func Watch(path string) (*Disk, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	base, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d := &Disk{path: path, base: base, keep: true}
	return d, d.stand()
}

// Fail lets steps fail as judge says; nil: none does.
func (d *Disk) Fail(judge func(Op) Failure) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = judge
}

// Forget writes nothing down from now on, and forgets what was.
func (d *Disk) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keep, d.ops = false, nil
}

// Ops is what was written down.
func (d *Disk) Ops() []Op {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ops[:len(d.ops):len(d.ops)]
}

// step writes one down and lets it happen, one after the other.
func (d *Disk) step(op Op, do func() int32) int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		switch failure := d.fail(op); failure {
		case None:
		case Lie:
			return 0
		default:
			return int32(failure)
		}
	}
	if d.keep {
		op.Mark, _ = os.ReadFile(d.path + ".epoch") // none: as if it were lost
		d.ops = append(d.ops, op)
	}
	return do()
}

// suffix is what a file's name adds to that of the database.
func (d *Disk) suffix(name string) (string, bool) {
	suffix, ok := strings.CutPrefix(name, d.path)
	return suffix, ok && (suffix == "" || suffix == "-wal")
}

// Remains says what power cuts leave of a database, one after the other.
type Remains struct {
	ops    []Op
	next   int
	synced map[string][]byte // by suffix
	open   map[string][]Op   // since its last sync
}

// Remains begins before the first op.
func (d *Disk) Remains() *Remains {
	return &Remains{ops: d.Ops(), synced: map[string][]byte{"": append([]byte(nil), d.base...)}, open: map[string][]Op{}}
}

// Luck is which of the writes that were not synced reach the disk all the same.
type Luck string

// The lucks.
const (
	Nothing Luck = "nothing"
	All     Luck = "all"
	Some    Luck = "some" // each or not, and of some only the first sectors
)

const sector = 512

// Cut writes what a power cut before op number n leaves to files at path. Cuts come in
// the order of the ops.
func (r *Remains) Cut(n int, luck Luck, random *rand.Rand, path string) error {
	for ; r.next < n; r.next++ {
		op := r.ops[r.next]
		if op.Step != Sync {
			r.open[op.Suffix] = append(r.open[op.Suffix], op)
			continue
		}
		for _, op := range r.open[op.Suffix] {
			r.synced[op.Suffix] = op.apply(r.synced[op.Suffix])
		}
		r.open[op.Suffix] = nil
	}
	for _, suffix := range []string{"", "-wal"} {
		content := append([]byte(nil), r.synced[suffix]...)
		for _, op := range r.open[suffix] {
			switch {
			case luck == Nothing, luck == Some && random.IntN(2) == 0:
				continue
			case luck == Some && op.Step == Write && random.IntN(4) == 0:
				op.Data = op.Data[:random.IntN(len(op.Data)/sector+1)*sector]
			}
			content = op.apply(content)
		}
		if err := os.WriteFile(path+suffix, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (op Op) apply(content []byte) []byte {
	end := op.Offset + int64(len(op.Data))
	if op.Step == Truncate {
		end = op.Offset
	}
	if missing := end - int64(len(content)); missing > 0 {
		content = append(content, make([]byte, missing)...)
	}
	if op.Step == Truncate {
		return content[:end]
	}
	copy(content[op.Offset:], op.Data)
	return content
}
