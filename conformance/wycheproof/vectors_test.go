package wycheproof_test

import (
	"encoding/json"
	"io/fs"
	"testing"

	vectors "github.com/c2sp/wycheproof"
)

// file is one file of vectors; G is its kind of group.
type file[G any] struct {
	NumberOfTests int `json:"numberOfTests"`
	TestGroups    []G `json:"testGroups"`
}

// verdict is what a correct implementation answers: valid, invalid, or
// acceptable when both are right.
type verdict string

const (
	valid      verdict = "valid"
	invalid    verdict = "invalid"
	acceptable verdict = "acceptable"
)

func load[G any](t *testing.T, name string) file[G] {
	t.Helper()
	raw, err := fs.ReadFile(vectors.TestVectors, name)
	if err != nil {
		t.Fatal(err)
	}
	var f file[G]
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// tally counts executed vectors, so that a renamed file or field cannot turn
// into a test of nothing.
type tally struct {
	accepted, refused int
}

// count records what happened to one vector and fails on the wrong verdict.
func (c *tally) count(t *testing.T, id int, comment string, want verdict, got error) {
	t.Helper()
	switch {
	case want == valid && got != nil:
		t.Errorf("vector %d (%s) is valid, got %v", id, comment, got)
	case want == invalid && got == nil:
		t.Errorf("vector %d (%s) is invalid, but was accepted", id, comment)
	case want != valid && want != invalid && want != acceptable:
		t.Errorf("vector %d (%s) has the unknown result %q", id, comment, want)
	}
	if got == nil {
		c.accepted++
	} else {
		c.refused++
	}
}

// done fails unless all vectors ran, and some of them were accepted.
func (c *tally) done(t *testing.T, all int) {
	t.Helper()
	t.Logf("%d vectors: %d accepted, %d refused", c.accepted+c.refused, c.accepted, c.refused)
	if c.accepted == 0 || c.refused == 0 || c.accepted+c.refused != all {
		t.Errorf("ran %d of %d vectors: %d accepted, %d refused", c.accepted+c.refused, all, c.accepted, c.refused)
	}
}
