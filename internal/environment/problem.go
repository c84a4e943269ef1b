package environment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing wrong in a document: where, what, and what to do.
type Problem struct {
	Line    int    `json:"line"` // from 1
	Path    string `json:"path"` // mfa.methods[0].type; empty when it is the document as a whole
	Message string `json:"message"`
}

func (p Problem) String() string {
	if p.Path == "" {
		return fmt.Sprintf("line %d: %s", p.Line, p.Message)
	}
	return fmt.Sprintf("line %d: %s: %s", p.Line, p.Path, p.Message)
}

// Problems is the error of [Parse]: everything wrong with a document, by line.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// maxProblems keeps the answer to a hopeless document readable.
const maxProblems = 50

// report collects problems while a document is read and judged. It remembers
// where each value stood and which paths are already reported, so that a value
// that could not be read is not judged as well.
type report struct {
	problems Problems
	lines    map[string]int
	bad      map[string]bool
}

func newReport() *report {
	return &report{lines: map[string]int{}, bad: map[string]bool{}}
}

func (r *report) add(line int, path, format string, args ...any) {
	r.bad[path] = true
	r.problems = append(r.problems, Problem{Line: max(line, 1), Path: path, Message: fmt.Sprintf(format, args...)})
}

// at reports a problem of a value that was read, unless it or what contains it
// is reported already.
func (r *report) at(path, format string, args ...any) {
	for p := path; ; p = parent(p) {
		if r.bad[p] {
			return
		}
		if p == "" {
			break
		}
	}
	r.add(r.line(path), path, format, args...)
}

// given reports whether the document spells the path out.
func (r *report) given(path string) bool { return r.lines[path] > 0 }

// readable reports whether nothing at or under the path is reported.
func (r *report) readable(path string) bool {
	for p := range r.bad {
		if p == path || strings.HasPrefix(p, path+".") || strings.HasPrefix(p, path+"[") {
			return false
		}
	}
	return true
}

// line finds the line of the path or of the nearest thing around it.
func (r *report) line(path string) int {
	for p := path; ; p = parent(p) {
		if line := r.lines[p]; line > 0 || p == "" {
			return max(line, 1)
		}
	}
}

// err is nil when nothing was reported.
func (r *report) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(a.Line-b.Line, strings.Compare(a.Path, b.Path))
	})
	if more := len(r.problems) - maxProblems; more > 0 {
		last := r.problems[maxProblems-1].Line
		r.problems = append(r.problems[:maxProblems:maxProblems],
			Problem{Line: last, Message: fmt.Sprintf("and %d more problems from here on", more)})
	}
	return r.problems
}

// parent cuts the last key or index off a path.
func parent(path string) string {
	if i := strings.LastIndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return ""
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// quoted shows a value of the document in a message, cut to a readable length.
func quoted(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
