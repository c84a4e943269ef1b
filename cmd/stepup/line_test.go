package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

// What others wrote speaks to no terminal, however it is cut, and JSON stays what it was.
func TestHarmless(t *testing.T) {
	const text = "a\x1b[2J\tb\r\u009b31m\u202eevil\u2028é世🎉\u200d\x7f\n"
	const want = `a\u001b[2J` + "\t" + `b\u000d\u009b31m\u202eevil\u2028é世🎉` + "\u200d" + `\u007f` + "\n"
	for size := 1; size < len(text); size++ {
		var out bytes.Buffer
		h := &harmless{out: &out}
		for rest := []byte(text); len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if n, err := h.Write(rest[:min(size, len(rest))]); n != min(size, len(rest)) || err != nil {
				t.Fatal(n, err)
			}
		}
		if out.String() != want {
			t.Errorf("in pieces of %d: %q", size, out.String())
		}
	}
	quoted, err := json.Marshal("\u009b\u202e\x7f🎉")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := (&harmless{out: &out}).Write(quoted); err != nil {
		t.Fatal(err)
	}
	var back string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back != "\u009b\u202e\x7f🎉" {
		t.Errorf("%q, %v", out.String(), err)
	}
}
