package stepup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/stepup-auth/stepup/internal/strictjson"
)

var (
	errCanonicalText = errors.New(
		"making JSON canonical: it must be one JSON value in valid UTF-8, and its strings may not hold half of a surrogate pair")
	errCanonicalDepth  = fmt.Errorf("making JSON canonical: it is nested more than %d deep", strictjson.Depth)
	errCanonicalNumber = errors.New("making JSON canonical: a number is too large for a double; write it as a string")
)

// Canonical returns the one way RFC 8785 (JSON Canonicalization Scheme) writes
// a JSON document: no white space, members in the order of their UTF-16 code
// units, numbers as ECMAScript prints them, the shortest escapes. Two documents
// mean the same exactly if their canonical forms are equal bytes.
//
// It refuses what readers may understand differently: a member that appears
// twice at any depth, invalid UTF-8, half of a surrogate pair, numbers beyond a
// double; and nesting of more than 16. Numbers are doubles, as RFC 8785 has it,
// so digits that a double cannot hold are lost; see [HashDetails].
func Canonical(document []byte) ([]byte, error) {
	return canonical(document, false)
}

// HashDetails returns the hash that stands for authorization_details (RFC 9396):
// lower-case hexadecimal SHA-256 over their [Canonical] form. They must be a list
// of at least one object, each with a "type". A number that a double cannot hold
// exactly is refused, because two amounts with one hash would be a hole: write
// amounts as strings.
func HashDetails(details []byte) (string, error) {
	text, err := canonical(details, true)
	if err != nil {
		return "", err
	}
	// What was made canonical is a JSON value without duplicates.
	v, err := strictjson.Parse(text, strictjson.Depth)
	if err != nil {
		return "", errDetails
	}
	list, err := v.List()
	if err != nil || len(list) == 0 {
		return "", errDetails
	}
	for _, detail := range list {
		members, err := detail.Object()
		if err != nil {
			return "", errDetails
		}
		if r := (&strictjson.Reader{Members: members}); r.Text("type") == "" {
			return "", errDetails
		}
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

var errDetails = errors.New(`authorization_details must be a list of at least one object, each with a "type"`)

func canonical(document []byte, exact bool) ([]byte, error) {
	v, err := strictjson.Parse(document, strictjson.Depth)
	switch {
	case errors.Is(err, strictjson.ErrSyntax), errors.Is(err, strictjson.ErrText):
		return nil, errCanonicalText
	case errors.Is(err, strictjson.ErrDepth):
		return nil, errCanonicalDepth
	case err != nil:
		return nil, fmt.Errorf("making JSON canonical: %w", err)
	}
	w := canonicalWriter{exact: exact}
	return w.value(make([]byte, 0, len(document)), v)
}

// canonicalWriter appends values in canonical form.
type canonicalWriter struct {
	exact bool // refuse numbers that lose digits
}

func (w canonicalWriter) value(out []byte, v strictjson.Value) ([]byte, error) {
	switch v.Kind() {
	case strictjson.Object:
		return w.object(out, v)
	case strictjson.List:
		return w.list(out, v)
	case strictjson.Text:
		s, err := v.Text()
		if err != nil {
			return nil, errCanonicalText
		}
		return appendText(out, s), nil
	case strictjson.Number:
		return w.number(out, string(v.Raw()))
	}
	return append(out, v.Raw()...), nil // true, false, null
}

func (w canonicalWriter) list(out []byte, v strictjson.Value) ([]byte, error) {
	list, err := v.List()
	if err != nil {
		return nil, err
	}
	out = append(out, '[')
	for i, element := range list {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = w.value(out, element); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

func (w canonicalWriter) object(out []byte, v strictjson.Value) ([]byte, error) {
	members, err := v.Object()
	if err != nil {
		return nil, err
	}
	type entry struct {
		name  string
		order []uint16
		value strictjson.Value
	}
	entries := make([]entry, 0, members.Len())
	for name, value := range members.All() {
		entries = append(entries, entry{name, utf16.Encode([]rune(name)), value})
	}
	slices.SortFunc(entries, func(a, b entry) int { return slices.Compare(a.order, b.order) })
	out = append(out, '{')
	for i, e := range entries {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, e.name), ':')
		if out, err = w.value(out, e.value); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// number writes a number as ECMAScript's Number::toString does: the shortest
// digits that mean the same double, with an exponent from 1e21 and below 1e-6.
func (w canonicalWriter) number(out []byte, literal string) ([]byte, error) {
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return nil, errCanonicalNumber
	}
	start := len(out)
	out = appendNumber(out, f)
	if w.exact && !sameNumber(literal, string(out[start:])) {
		return nil, fmt.Errorf("making JSON canonical: %.40s has more digits than a double keeps; write it as a string", literal)
	}
	return out, nil
}

// sameNumber compares two JSON numbers as what they say, not as doubles. The
// literal may carry any exponent that rounds to a double, so zero is told apart
// without computing it.
func sameNumber(literal, printed string) bool {
	if len(literal) > 64 {
		return false
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(literal), "e")
	if strings.Trim(mantissa, "-0.") == "" || printed == "0" {
		return printed == "0" && strings.Trim(mantissa, "-0.") == ""
	}
	a, ok := new(big.Rat).SetString(literal)
	b, alsoOK := new(big.Rat).SetString(printed)
	return ok && alsoOK && a.Cmp(b) == 0
}

func appendNumber(out []byte, f float64) []byte {
	if f == 0 {
		return append(out, '0') // minus zero too
	}
	if f < 0 {
		out, f = append(out, '-'), -f
	}
	// d.ddde±xx with the fewest digits
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	digits := strings.Replace(mantissa, ".", "", 1)
	power, _ := strconv.Atoi(exponent)
	point := power + 1 // where the decimal point stands among the digits
	switch k := len(digits); {
	case k <= point && point <= 21:
		out = append(out, digits...)
		return append(out, strings.Repeat("0", point-k)...)
	case 0 < point && point <= 21:
		out = append(out, digits[:point]...)
		out = append(out, '.')
		return append(out, digits[point:]...)
	case -6 < point && point <= 0:
		out = append(out, "0."...)
		out = append(out, strings.Repeat("0", -point)...)
		return append(out, digits...)
	default:
		out = append(out, digits[0])
		if k > 1 {
			out = append(append(out, '.'), digits[1:]...)
		}
		out = append(out, 'e')
		if power > 0 {
			out = append(out, '+')
		}
		return strconv.AppendInt(out, int64(power), 10)
	}
}

func appendText(out []byte, s string) []byte {
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\b':
			out = append(out, `\b`...)
		case '\f':
			out = append(out, `\f`...)
		case '\n':
			out = append(out, `\n`...)
		case '\r':
			out = append(out, `\r`...)
		case '\t':
			out = append(out, `\t`...)
		default:
			if c < 0x20 {
				out = fmt.Appendf(out, `\u%04x`, c)
			} else {
				out = append(out, c)
			}
		}
	}
	return append(out, '"')
}
