package phone_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/phone"
)

// B5: however a number is written, it is one number.
func TestOneNumber(t *testing.T) {
	want := phone.Number{E164: "+14155550123", CallingCode: "1", National: "4155550123", Country: "US", Type: "fixed_line_or_mobile"}
	for _, typed := range [][3]string{
		{"1", "4155550123", "US"}, {"", "4155550123", "US"}, {"1", "4155550123", ""}, {"", "+14155550123", ""},
		{"1", "+1 415 555 0123", "US"}, {"1", "(415) 555-0123", "us"}, {"+1", "415.555.0123", "US"}, {"1", " 415 555 0123 ", "US"},
		{"1", "1 415 555 0123", "US"}, {"", "\u202a+1 (415) 555-0123\u202c", ""}, {"1", "415\u00a0555\u20110123", "US"},
		{"1", "４１５５５５０１２３", "US"}, {"1", "٤١٥٥٥٥٠١٢٣", "US"}, {"", "＋１ ４１５ ５５５ ０１２３", ""},
		{"", "+1415555\n0123", ""}, {"١", "۴۱۵۵۵۵۰۱۲۳", "US\n"}, {"1\u200e", "\u2068415 555 0123\u2069", "\u200eUS"},
		{"1", "415–555–0123", "US"}, {"1", "（415）555−0123", "US"},
		{"1", "4155550123", "CA"}, // what somebody says of the country does not move the number
	} {
		if got, err := phone.Parse(typed[0], typed[1], typed[2]); err != nil || got != want {
			t.Errorf("%q: %+v, %v", typed, got, err)
		}
	}
	if got := want.Prefix(); got != "+1415555" {
		t.Errorf("prefix %q", got)
	}
	if got := want.Masked(); got != "+1 ***23" {
		t.Errorf("masked %q", got)
	}
}

func TestCountriesAndTypes(t *testing.T) {
	for text, want := range map[string]phone.Number{
		"+447400123456": {CallingCode: "44", National: "7400123456", Country: "GB", Type: "mobile"},
		"+442079460000": {CallingCode: "44", National: "2079460000", Country: "GB", Type: "fixed_line"},
		"+447700900123": {CallingCode: "44", National: "7700900123", Country: "", Type: ""}, // kept for films: no such number
		"+390612345678": {CallingCode: "39", National: "0612345678", Country: "IT", Type: "fixed_line"},
		"+18095550123":  {CallingCode: "1", National: "8095550123", Country: "DO", Type: "fixed_line_or_mobile"}, // not US, though +1
		"+19005550123":  {CallingCode: "1", National: "9005550123", Country: "US", Type: "other"},                // premium rate
	} {
		want.E164 = text
		got, err := phone.ParseE164(text)
		switch {
		case want.Country == "" && err == nil, want.Country != "" && err != nil:
			t.Errorf("%s: %+v, %v", text, got, err)
		case want.Country != "" && got != want:
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
	if got := phone.CallingCode("DE"); got != "49" {
		t.Errorf("calling code of DE %q", got)
	}
	if got := phone.CallingCode("XX"); got != "" {
		t.Errorf("calling code of XX %q", got)
	}
}

func TestRefused(t *testing.T) {
	for _, typed := range [][3]string{
		{"1", "", "US"}, {"", "4155550123", ""}, {"44", "+14155550123", "US"}, {"44", "4155550123", "US"}, {"1", "4155550123", "GB"},
		{"", "4155550123", "USA"}, {"", "4155550123", "XX"},
		{"1", "415555012", "US"}, {"1", "0155550123", "US"}, {"1", "415555CALL", "US"}, {"1", "4155550123 ext 5", "US"},
		{"1", "4155550123;ext=5", "US"}, {"1", "٤١٥٥٥٥٠١٢", "US"}, {"1", "四一五五五五〇一二三", "US"}, {"1", "④①⑤5550123", "US"},
		{"1", "+1+4155550123", "US"}, {"1", "415+5550123", "US"}, {"1", strings.Repeat("4", 41), "US"}, {"123456", "4155550123", "US"},
		{"", "+870772001234", ""}, {"", "911", "US"}, {"", "+1415555\x00123", ""}, {"", "+1415555\x1b0123", ""},
		{"", "+1415555\ufffd0123", ""}, {"1", strings.Repeat("\u200b", 200) + "4155550123", "US"}, {"", "tel:+14155550123", ""},
		{"", "+80012345678", ""},
	} {
		if got, err := phone.Parse(typed[0], typed[1], typed[2]); !errors.Is(err, phone.ErrNumber) {
			t.Errorf("%q: %+v, %v", typed, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1", "4155550123", "US")
	f.Add("", "+44 7911 123456", "")
	f.Add("39", "06 1234 5678", "IT")
	f.Add("+", "+", "++")
	f.Fuzz(func(t *testing.T, callingCode, number, country string) {
		n, err := phone.Parse(callingCode, number, country)
		if err != nil {
			if !errors.Is(err, phone.ErrNumber) || n != (phone.Number{}) {
				t.Fatalf("%+v, %v", n, err)
			}
			return
		}
		if len(n.E164) < 5 || len(n.E164) > 16 || strings.Trim(n.E164[1:], "0123456789") != "" || n.E164 != "+"+n.CallingCode+n.National ||
			len(n.Country) != 2 {
			t.Fatalf("%+v", n)
		}
		if again, err := phone.ParseE164(n.E164); err != nil || again != n {
			t.Fatalf("%+v came back as %+v, %v", n, again, err)
		}
		if !strings.HasPrefix(n.E164, n.Prefix()) || len(n.Prefix()) < 2 {
			t.Fatalf("prefix %q", n.Prefix())
		}
	})
}
