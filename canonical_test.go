package stepup_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"

	"github.com/stepup-auth/stepup"
)

// The document of RFC 8785 section 3.2.2, and its form after 3.2.3.
const (
	rfc8785Document = `{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}`
	rfc8785Canonical = `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
		`"string":"€$\u000f\nA'B\"\\\\\"/"}`
)

func TestCanonicalRFC8785(t *testing.T) {
	for name, test := range map[string]struct{ document, want string }{
		"section 3.2.2": {rfc8785Document, rfc8785Canonical},
		"section 3.2.3, order of UTF-16 units": {
			`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: ` +
				`Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
			"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With " +
				"Diaeresis\",\"€\":\"Euro " +
				"Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}",
		},
		"values alone": {" \t\r\n\"x\" ", `"x"`},
		"number alone": {"1.0", "1"},
		"empty":        {`[ { } , [ ] , "" ]`, `[{},[],""]`},
		"nested order": {`{"b":[{"z":1,"a":2}],"a":{}}`, `{"a":{},"b":[{"a":2,"z":1}]}`},
		"all escapes": {`"\"\\\/\b\f\n\r\t\u0000\u001f\u007f\u2028<>&"`,
			"\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u007f\u2028<>&\""},
		"U+FFFD is a character": {`["\ufffd","` + "\ufffd" + `\n"]`, "[\"\ufffd\",\"\ufffd\\n\"]"},
		"no normalisation":      {`["A\u030a","\u212b"]`, "[\"A\u030a\",\"\u212b\"]"},
	} {
		got, err := stepup.Canonical([]byte(test.document))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: Canonical = %s, %v, want %s", name, got, err, test.want)
		}
	}
}

// Appendix B of RFC 8785: bits of a double and how it is printed.
func TestCanonicalNumbers(t *testing.T) {
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0",
		0x8000000000000000: "0",
		0x0000000000000001: "5e-324",
		0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308",
		0xffefffffffffffff: "-1.7976931348623157e+308",
		0x4340000000000000: "9007199254740992",
		0xc340000000000000: "-9007199254740992",
		0x4430000000000000: "295147905179352830000",
		0x44b52d02c7e14af5: "9.999999999999997e+22",
		0x44b52d02c7e14af6: "1e+23",
		0x44b52d02c7e14af7: "1.0000000000000001e+23",
		0x444b1ae4d6e2ef4e: "999999999999999700000",
		0x444b1ae4d6e2ef4f: "999999999999999900000",
		0x444b1ae4d6e2ef50: "1e+21",
		0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7",
		0x3eb0c6f7a0b5ed8d: "0.000001",
		0x41b3de4355555553: "333333333.3333332",
		0x41b3de4355555554: "333333333.33333325",
		0x41b3de4355555555: "333333333.3333333",
		0x41b3de4355555556: "333333333.3333334",
		0x41b3de4355555557: "333333333.33333343",
		0xbecbf647612f3696: "-0.0000033333333333333333",
		0x43143ff3c1cb0959: "1424953923781206.2",
	} {
		literal := strconv.FormatFloat(math.Float64frombits(bits), 'e', -1, 64)
		if got, err := stepup.Canonical([]byte(literal)); err != nil || string(got) != want {
			t.Errorf("Canonical(%s, %x) = %s, %v, want %s", literal, bits, got, err, want)
		}
	}
}

func TestCanonicalRefuses(t *testing.T) {
	for name, document := range map[string]string{
		"nothing":                   ``,
		"two values":                `1 2`,
		"a member twice":            `{"a":1,"a":1}`,
		"twice by an escape":        `{"a":1,"\u0061":1}`,
		"twice deep":                `[{"x":[{"a":1,"b":2,"a":3}]}]`,
		"invalid UTF-8":             "\"\xff\"",
		"invalid UTF-8 in a name":   "{\"\xc3\x28\":1}",
		"a surrogate in UTF-8":      "\"\xed\xa0\x80\"",
		"half a pair":               `"\ud83d"`,
		"half a pair, then text":    `"\ud83dx"`,
		"half a pair, then another": `"\ud83d\ud83d"`,
		"the wrong half":            `"\ude00"`,
		"half a pair in a name":     `{"\ud83d":1}`,
		"NaN":                       `NaN`,
		"Infinity":                  `-Infinity`,
		"too large":                 `1e309`,
		"leading zero":              `01`,
		"trailing comma":            `[1,]`,
		"single quotes":             `{'a':1}`,
		"comment":                   `[1] // one`,
		"byte order mark":           "\ufeff{}",
		"17 deep":                   strings.Repeat("[", 17) + strings.Repeat("]", 17),
	} {
		if got, err := stepup.Canonical([]byte(document)); err == nil {
			t.Errorf("%s: Canonical(%q) = %s, want an error", name, document, got)
		}
	}
	if _, err := stepup.Canonical([]byte(strings.Repeat("[", 16) + strings.Repeat("]", 16))); err != nil {
		t.Errorf("16 deep: %v", err)
	}
}

func TestHashDetails(t *testing.T) {
	sum := sha256.Sum256([]byte(`[{"amount":"100.00","payee":"Ann","type":"transfer"}]`))
	want := hex.EncodeToString(sum[:])
	for _, same := range []string{
		`[{"type":"transfer","amount":"100.00","payee":"Ann"}]`,
		" [ {\n\"payee\" : \"\\u0041nn\", \"amount\":\"100.00\",\t\"type\":\"transf\\u0065r\"} ] ",
	} {
		if got, err := stepup.HashDetails([]byte(same)); err != nil || got != want {
			t.Errorf("HashDetails(%s) = %s, %v, want %s", same, got, err, want)
		}
	}
	for name, other := range map[string]string{
		"a number is no string": `[{"type":"transfer","amount":100.00,"payee":"Ann"}]`,
		"digits of a string":    `[{"type":"transfer","amount":"100.0","payee":"Ann"}]`,
		"more":                  `[{"type":"transfer","amount":"100.00","payee":"Ann","x":null}]`,
		"twice": `[{"type":"transfer","amount":"100.00","payee":"Ann"},{"type":"transfer",` +
			`"amount":"100.00","payee":"Ann"}]`,
		"another case":           `[{"Type":"transfer","type":"transfer","amount":"100.00","payee":"Ann"}]`,
		"a letter that looks so": `[{"type":"transfer","amount":"100.00","payee":"Аnn"}]`,
	} {
		if got, err := stepup.HashDetails([]byte(other)); err != nil || got == want {
			t.Errorf("%s: HashDetails = %s, %v, want another hash", name, got, err)
		}
	}
	for name, refused := range map[string]string{
		"an object":         `{"type":"transfer"}`,
		"an empty list":     `[]`,
		"a list of strings": `["transfer"]`,
		"no type":           `[{"amount":"1"}]`,
		"an empty type":     `[{"type":""}]`,
		"type is a number":  `[{"type":1}]`,
		"the second bare":   `[{"type":"transfer"},{}]`,
		"a member twice":    `[{"type":"transfer","amount":"1","amount":"100"}]`,
		// Neighbours that are one double: approving one must not allow the other.
		"2^53+1":           `[{"type":"transfer","amount":9007199254740993}]`,
		"a fraction":       `[{"type":"transfer","amount":0.10000000000000000001}]`,
		"below any double": `[{"type":"transfer","amount":1e-400}]`,
		"a long number":    `[{"type":"transfer","amount":1.` + strings.Repeat("0", 64) + `}]`,
	} {
		if got, err := stepup.HashDetails([]byte(refused)); err == nil {
			t.Errorf("%s: HashDetails(%s) = %s, want an error", name, refused, got)
		}
	}
	for _, number := range []string{"9007199254740992", "0.1", "1.10", "1e3", "-0", "0e999999999", "100000000000000000000"} {
		if _, err := stepup.HashDetails([]byte(`[{"type":"transfer","amount":` + number + `}]`)); err != nil {
			t.Errorf("HashDetails of amount %s: %v", number, err)
		}
	}
}

// FuzzCanonical compares with another implementation, and holds what RFC 8785
// promises: the form is valid, means the same and is its own form.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{rfc8785Document, `{"a":1,"\u0061":1}`, `"\ud83d\ude00"`, `-0`, `1e21`, `[1e-7,123456789012345678]`,
		`{"😀":1,"` + "\ufb33" + `":2}`, `"\ud83d"`, strings.Repeat("[", 17), `{"type":"x","n":0.1e-5}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		got, err := stepup.Canonical(document)
		if err != nil {
			return
		}
		if again, err := stepup.Canonical(got); err != nil || !bytes.Equal(again, got) {
			t.Fatalf("Canonical(%q) = %q, canonical again %q, %v", document, got, again, err)
		}
		var before, after any
		if json.Unmarshal(document, &before) != nil || json.Unmarshal(got, &after) != nil {
			t.Fatalf("Canonical(%q) = %q: one of them does not decode", document, got)
		}
		if want, err := jcs.Transform(document); err == nil && !bytes.Equal(want, got) {
			t.Fatalf("Canonical(%q) = %q, another implementation writes %q", document, got, want)
		}
		if _, err := stepup.HashDetails(document); err == nil && (bytes.TrimSpace(document)[0] != '[') {
			t.Fatalf("HashDetails took %q", document)
		}
	})
}

// FuzzCanonicalNumber compares how doubles are printed.
func FuzzCanonicalNumber(f *testing.F) {
	f.Add(uint64(0x444b1ae4d6e2ef50))
	f.Add(uint64(0x3eb0c6f7a0b5ed8d))
	f.Fuzz(func(t *testing.T, bits uint64) {
		d := math.Float64frombits(bits)
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return
		}
		got, err := stepup.Canonical([]byte(strconv.FormatFloat(d, 'e', -1, 64)))
		want, oracle := jcs.NumberToJSON(d)
		if err != nil || oracle != nil || string(got) != want {
			t.Fatalf("Canonical(%g) = %s, %v, another implementation prints %s, %v", d, got, err, want, oracle)
		}
		if back, err := strconv.ParseFloat(string(got), 64); err != nil || back != d {
			t.Fatalf("Canonical(%g) = %s, which reads as %g", d, got, back)
		}
	})
}
