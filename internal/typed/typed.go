// Package typed reads what people type and paste. Phones, mail programs and
// contact lists put characters into a text that nobody typed and nobody sees;
// what is left of it without them is what was meant. It never guesses: no
// digit of another script becomes one of a code, no letter becomes another.
package typed

import (
	"strings"
	"unicode"
)

// Code is a code without what parts its groups and what nobody sees: white
// space, hyphens and dashes of every kind, and invisible characters. Whoever
// calls it compares all of what remains.
func Code(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || dash(r) || unseen(r) {
			return -1
		}
		return r
	}, s)
}

// Line is a text without the white space and the invisible characters around it.
func Line(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unseen(r) })
}

// Number is a telephone number as a keyboard of ASCII would have it: digits of
// other scripts by their value, white space and dashes as the plain ones,
// full-width signs as those they stand for, and nothing invisible.
func Number(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unseen(r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		case dash(r):
			return '-'
		case unicode.Is(unicode.Nd, r):
			return '0' + digit(r)
		case '！' <= r && r <= '～': // the full-width forms of ! to ~
			return r - '！' + '!'
		}
		return r
	}, Line(s))
}

// HasUnseen reports whether a text holds a character that nobody sees.
func HasUnseen(s string) bool { return strings.ContainsFunc(s, unseen) }

// dash is any hyphen, dash or minus sign. Phones and word processors put one in
// place of another.
func dash(r rune) bool { return unicode.In(r, unicode.Dash, unicode.Hyphen) }

// unseen is a character without a shape of its own: marks of direction, joiners,
// spaces of no width, byte order marks, variation selectors. Signs that Unicode
// calls format characters but that are drawn, such as the Arabic number sign,
// are seen.
func unseen(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// digit is the value of a decimal digit. In every script the ten stand in a row
// that begins at a zero, and no two rows are parts of one range of another length.
func digit(r rune) rune {
	for _, rows := range unicode.Nd.R16 {
		if rune(rows.Lo) <= r && r <= rune(rows.Hi) {
			return (r - rune(rows.Lo)) % 10
		}
	}
	for _, rows := range unicode.Nd.R32 {
		if rune(rows.Lo) <= r && r <= rune(rows.Hi) {
			return (r - rune(rows.Lo)) % 10
		}
	}
	return r
}
