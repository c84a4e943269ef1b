package recovery

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
)

// A code is 80 random bits (NIST SP 800-63B-4 section 4.2 wants 64) in four
// groups of four: XXXX-XXXX-XXXX-XXXX, in an alphabet without letters that
// look like digits.
const (
	codeBytes = 10
	codeChars = 16
	groupSize = 4
	alphabet  = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

var encoding = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

// newCode makes one code, as people read it.
func newCode() string {
	raw := make([]byte, codeBytes)
	rand.Read(raw)
	text := encoding.EncodeToString(raw)
	groups := make([]string, 0, codeChars/groupSize)
	for ; text != ""; text = text[groupSize:] {
		groups = append(groups, text[:groupSize])
	}
	return strings.Join(groups, "-")
}

// Normalize reads a code as people type it: in either case, with or without
// dashes and spaces, O for 0, I and L for 1. ok is false for what cannot be one.
func Normalize(typed string) (code string, ok bool) {
	if len(typed) > 4*codeChars || strings.IndexFunc(typed, func(r rune) bool { return r > 'z' }) >= 0 {
		return "", false
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(typed) {
		switch {
		case r == '-' || r == ' ':
			continue
		case r == 'O':
			r = '0'
		case r == 'I' || r == 'L':
			r = '1'
		}
		if r > 'Z' || !strings.ContainsRune(alphabet, r) {
			return "", false
		}
		b.WriteRune(r)
	}
	return b.String(), b.Len() == codeChars
}
