package recovery

import (
	"crypto/rand"
	"encoding/base32"
	"strings"

	"github.com/stepup-auth/stepup/internal/typed"
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

// Normalize reads a code as people type it: in either case, however its groups
// are parted (see [typed.Code]), O for 0, I and L for 1. ok is false for what cannot be one.
func Normalize(text string) (code string, ok bool) {
	text = typed.Code(text)
	if len(text) != codeChars {
		return "", false
	}
	code = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		switch r {
		case 'O':
			return '0'
		case 'I', 'L':
			return '1'
		}
		return r
	}, text)
	if strings.Trim(code, alphabet) != "" {
		return "", false
	}
	return code, true
}
