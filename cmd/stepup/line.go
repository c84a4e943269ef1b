package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// onOneLine writes what nobody sees, ends the line, turns its direction or speaks to
// the terminal as an escape: names that strangers chose are among what is printed.
func onOneLine(text string) string {
	var out strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// harmless writes text that others wrote in part, so that nothing of it speaks to the
// terminal or turns its direction: line ends and tabs pass, and what JSON would have as
// an escape is one, so that JSON stays what it was.
type harmless struct {
	out  io.Writer
	rest []byte // the beginning of a character whose end is still to come
}

// Write implements [io.Writer].
func (h *harmless) Write(text []byte) (int, error) {
	all := append(h.rest, text...)
	safe := make([]byte, 0, len(all))
	for len(all) > 0 {
		r, size := utf8.DecodeRune(all)
		if r == utf8.RuneError && size == 1 && !utf8.FullRune(all) {
			break
		}
		if r == '\n' || r == '\t' || !unicode.IsControl(r) && !unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			safe = utf8.AppendRune(safe, r)
		} else {
			safe = fmt.Appendf(safe, `\u%04x`, r)
		}
		all = all[size:]
	}
	h.rest = bytes.Clone(all)
	if _, err := h.out.Write(safe); err != nil {
		return 0, err
	}
	return len(text), nil
}
