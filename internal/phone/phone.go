// Package phone reads telephone numbers that strangers typed. Its invariant:
// all spellings of one number give one [Number], whose country and type are
// those of the numbering plan and not what anybody says about it.
package phone

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/stepup-auth/stepup/internal/typed"
)

// ErrNumber is what every refusal of this package wraps.
var ErrNumber = errors.New("not a phone number we can use")

// Number is one telephone number.
type Number struct {
	E164        string // +14155551234
	CallingCode string // 1
	National    string // 4155551234
	Country     string // US, ISO 3166-1 alpha-2
	Type        string // mobile, fixed_line_or_mobile, fixed_line, voip, personal_number, or other
}

// maxTyped is the longest text looked at, in bytes; the longest number has 15 digits.
// What is pasted may have more around them that nobody sees.
const (
	maxTyped  = 40
	maxPasted = 400
)

// Parse reads a number written as its country writes it, or with + in front.
// callingCode (without +) and country say where it belongs; what is given must
// agree with the number, and one of the two is needed unless it starts with +.
// Contact lists and keyboards of other scripts may have written it, see [typed.Number].
func Parse(callingCode, number, country string) (Number, error) {
	if len(callingCode) > maxPasted || len(number) > maxPasted || len(country) > maxPasted {
		return Number{}, refuse("it is too long")
	}
	callingCode, number, country = typed.Number(callingCode), typed.Number(number), typed.Line(country)
	if !plain(number) || len(callingCode) > 5 || !plain(callingCode) {
		return Number{}, refuse("write digits only; spaces, dots, hyphens and brackets may stand between them")
	}
	callingCode = strings.TrimPrefix(strings.TrimSpace(callingCode), "+")
	text := strings.TrimSpace(number)
	country = strings.ToUpper(country)
	switch {
	case country != "" && CallingCode(country) == "":
		return Number{}, refuse("the country is none that has telephone numbers; write it like US")
	case strings.HasPrefix(text, "+"), country != "":
	case callingCode != "":
		text = "+" + callingCode + text
	default:
		return Number{}, refuse("start it with + and the country's code, as in +14155550123")
	}
	region := country
	if strings.HasPrefix(text, "+") {
		region = ""
	}
	n, err := read(text, region)
	if err != nil {
		return Number{}, err
	}
	if callingCode != "" && callingCode != n.CallingCode {
		return Number{}, refuse("the number and its country code do not belong together")
	}
	if country != "" && CallingCode(country) != n.CallingCode {
		return Number{}, refuse("the number and its country do not belong together")
	}
	return n, nil
}

// ParseE164 reads a number that this package wrote.
func ParseE164(text string) (Number, error) {
	if !strings.HasPrefix(text, "+") {
		return Number{}, refuse("start it with + and the country's code, as in +14155550123")
	}
	n, err := Parse("", text, "")
	if err == nil && n.E164 != text {
		err = refuse("write it without spaces, as in +14155550123")
	}
	return n, err
}

// CallingCode is the code of a country, without +; empty for none.
func CallingCode(country string) string {
	if code := phonenumbers.GetCountryCodeForRegion(country); code != 0 {
		return strconv.Itoa(code)
	}
	return ""
}

// Prefix is the range a number stands in: the 10,000 numbers that differ from
// it in the last four digits. Numbers are handed out, and rented, in ranges.
func (n Number) Prefix() string { return n.E164[:max(1+len(n.CallingCode), len(n.E164)-4)] }

// Masked shows of a number what its owner needs to recognise it.
func (n Number) Masked() string {
	return "+" + n.CallingCode + " ***" + n.E164[max(0, len(n.E164)-2):]
}

func read(text, region string) (Number, error) {
	if region == "" {
		region = "ZZ" // no country of its own: the text must name one
	}
	parsed, err := phonenumbers.Parse(text, region)
	if err != nil || !phonenumbers.IsValidNumber(parsed) || parsed.GetExtension() != "" {
		return Number{}, refuse("there is no such number; check the digits and the country" + formerly(parsed))
	}
	n := Number{
		E164:        phonenumbers.Format(parsed, phonenumbers.E164),
		CallingCode: strconv.Itoa(int(parsed.GetCountryCode())),
		National:    phonenumbers.GetNationalSignificantNumber(parsed),
		Country:     phonenumbers.GetRegionCodeForNumber(parsed),
		Type:        typeOf(phonenumbers.GetNumberType(parsed)),
	}
	if n.E164 != "+"+n.CallingCode+n.National || len(n.Country) != 2 {
		return Number{}, refuse("it belongs to no country") // satellites and other networks without one
	}
	return n, nil
}

// formerly tells people who write a number as their country did before it
// changed its plan what to change. Address books are full of such.
func formerly(n *phonenumbers.PhoneNumber) string {
	switch national := phonenumbers.GetNationalSignificantNumber(n); {
	case n.GetCountryCode() == 52 && len(national) == 11 && national[0] == '1':
		return ". Mexican numbers have no 1 after +52 any more"
	case n.GetCountryCode() == 55 && len(national) == 10:
		return ". A Brazilian mobile number has a 9 after its area code: +55 11 91234 5678"
	}
	return ""
}

// MobileForm says how the mobile numbers of a country are written, for the owner
// of one who wrote it as a fixed line; empty where the two do not look alike.
func (n Number) MobileForm() string {
	if n.Country == "AR" && n.Type == "fixed_line" {
		return "An Argentine mobile number has a 9 after +54: +54 9 " + n.National + "."
	}
	return ""
}

func typeOf(t phonenumbers.PhoneNumberType) string {
	switch t {
	case phonenumbers.MOBILE:
		return "mobile"
	case phonenumbers.FIXED_LINE_OR_MOBILE:
		return "fixed_line_or_mobile"
	case phonenumbers.FIXED_LINE:
		return "fixed_line"
	case phonenumbers.VOIP:
		return "voip"
	case phonenumbers.PERSONAL_NUMBER:
		return "personal_number"
	}
	return "other" // premium rate, shared cost, pagers, voice mail
}

// plain keeps the reader's generosity out: letters that stand for digits,
// digits of other scripts, extensions, anything with two readings.
func plain(s string) bool {
	if len(s) > maxTyped {
		return false
	}
	for i, c := range []byte(s) {
		if (c < '0' || c > '9') && !strings.ContainsRune(" -.()/", rune(c)) && (c != '+' || strings.TrimSpace(s[:i]) != "") {
			return false
		}
	}
	return true
}

func refuse(why string) error { return fmt.Errorf("%w: %s", ErrNumber, why) }
