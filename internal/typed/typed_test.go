package typed_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stepup-auth/stepup/internal/typed"
)

// Each is the code 114012 as somebody's phone, mail program or keyboard has
// written it.
var spellings = []string{
	"114012", "114 012", "114-012", " 114012 ", "114012\n", "114012\r\n", "\t114012", "114\u00a0012", "114\u200b012", "\u200e114012\u200e",
	"\u202a114012\u202c", "\u2066114012\u2069", "\ufeff114012", "114\u2009012", "114\u202f012", "114\u3000012", "114\u2011012", "114–012",
	"114—012", "114\u2212012", "114\u00ad012", "1 1 4 0 1 2", "114\u2060012", "114\u2028012", "114－012", "114\u180e012", "1\ufe0f14012",
	"\u061c114012",
}

// digits is a code of six ASCII digits; ok is false where something else remains.
func digits(s string) (code string, ok bool) {
	code = typed.Code(s)
	return code, len(code) == 6 && strings.Trim(code, "0123456789") == ""
}

func TestDigits(t *testing.T) {
	for _, text := range spellings {
		if code, ok := digits(text); !ok || code != "114012" {
			t.Errorf("%q: %q, %v", text, code, ok)
		}
	}
	for _, text := range []string{
		"", " ", "-", "11401", "1140122", "114O12", "+114012", "114.012", "114,012", "114_012", "114/012", "٠١٢٣٤٥", "１１４０１２", "114\x00012",
		"114\x1b012", "114012:", "#114012", "0x1140", "1e5000", "114\u0600012", "1\u20e314012", "①14012", "114\xff012", "11401²", "114'012",
	} {
		if code, ok := digits(text); ok {
			t.Errorf("%q passed as %q", text, code)
		}
	}
}

// FuzzDigits: what passes is N ASCII digits that stood in the text in this
// order, and everything else in the text is one of the three kinds.
func FuzzDigits(f *testing.F) {
	for _, text := range spellings {
		f.Add(text)
	}
	f.Add("114012 or 220011")
	f.Fuzz(func(t *testing.T, text string) {
		code, ok := digits(text)
		var kept strings.Builder
		others := false
		for _, r := range text {
			switch {
			case '0' <= r && r <= '9':
				kept.WriteRune(r)
			case unicode.IsSpace(r), unicode.In(r, unicode.Dash, unicode.Hyphen, unicode.Cf, unicode.Variation_Selector,
				unicode.Other_Default_Ignorable_Code_Point):
			default:
				others = true
			}
		}
		if ok && (kept.String() != code || len(code) != 6 || others) {
			t.Errorf("%q passed as %q", text, code)
		}
		if again, still := digits(code); again != code || still != ok {
			t.Errorf("%q became %q, and that %q", text, code, again)
		}
	})
}

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"ada@example.com\n": "ada@example.com", "\u200bada@example.com\u00a0": "ada@example.com",
		"\ufeff ada@example.com\u202c": "ada@example.com", "ada@exam\u200bple.com": "ada@exam\u200bple.com", "": "", " \u200b ": "",
	} {
		if got := typed.Line(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if !typed.HasUnseen("ada@exam\u200bple.com") || typed.HasUnseen("ada@example.com") || typed.HasUnseen("äda@exämple.com é 日本") {
		t.Error("what nobody sees is told from what everybody sees wrongly")
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]string{
		"\u202a+1 415-555-0132\u202c": "+1 415-555-0132", "+1\u00a0415\u2011555\u20110132": "+1 415-555-0132",
		"＋１（４１５）５５５－０１３２": "+1(415)555-0132", "+٢٠ ١٠٠ ١٢٣ ٤٥٦٧": "+20 100 123 4567", "+۹۸ ۹۱۲ ۳۴۵ ۶۷۸۹": "+98 912 345 6789",
		"+९१ ९८७६५ ४३२१०": "+91 98765 43210", "\n+14155550132\u200e": "+14155550132",
	} {
		if got := typed.Number(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Every decimal digit has its value: the rows of ten are counted off from the
// first character of each of Unicode's ranges, which holds only as long as they are whole.
func TestNumberOfEveryScript(t *testing.T) {
	rows := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.Is(unicode.Nd, r) {
			continue
		}
		if rows++; typed.Number(string(r)) != string('0'+rune((rows-1)%10)) {
			t.Fatalf("%U: %q", r, typed.Number(string(r)))
		}
	}
	if rows%10 != 0 || rows < 600 {
		t.Errorf("%d digits", rows)
	}
}
