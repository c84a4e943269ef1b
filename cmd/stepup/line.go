package main

import (
	"fmt"
	"strings"
	"unicode"
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
