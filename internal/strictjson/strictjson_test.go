package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/strictjson"
)

const depth = 16

func TestParse(t *testing.T) {
	t.Parallel()
	o, err := strictjson.ParseObject([]byte(` {"b": [1.50, {"x":null}] , "a" : "\ud83d\ude00\ufffd" , "c":{} ,"n": -12e+4,"t":true} `),
		depth)
	if err != nil {
		t.Fatal(err)
	}
	if got := o.Names(); !slices.Equal(got, []string{"b", "a", "c", "n", "t"}) {
		t.Errorf("names %v", got)
	}
	for name, want := range map[string]string{"b": `[1.50, {"x":null}]`, "c": `{}`, "n": `-12e+4`, "t": `true`} {
		if got := string(o.Get(name).Raw()); got != want {
			t.Errorf("%s is %s, not %s", name, got, want)
		}
	}
	list, err := o.Get("b").List()
	if err != nil || len(list) != 2 {
		t.Fatalf("list %v, %v", list, err)
	}
	if n, err := list[0].Number(); n != "1.50" || err != nil {
		t.Errorf("number %v, %v", n, err)
	}
	inner, err := list[1].Object()
	if err != nil || !inner.Has("x") || inner.Get("x").Kind() != strictjson.Null {
		t.Errorf("inner %v, %v", inner.Names(), err)
	}
	if s, err := o.Get("a").Text(); s != "😀\ufffd" || err != nil {
		t.Errorf("string %q, %v", s, err)
	}
	if b, err := o.Get("t").Boolean(); !b || err != nil {
		t.Errorf("boolean %v, %v", b, err)
	}
	if o.Get("d").Exists() || o.Has("d") || o.Get("d").Kind() != 0 {
		t.Error("a member that is not there")
	}
	if err := o.Only("a", "b", "n", "t"); err == nil || !strings.Contains(err.Error(), `"c"`) {
		t.Errorf("only: %v", err)
	}
	if err := o.Only("a", "b", "c", "n", "t"); err != nil {
		t.Errorf("only: %v", err)
	}
}

// A value is read as its own type and as no other.
func TestTypes(t *testing.T) {
	t.Parallel()
	o, err := strictjson.ParseObject([]byte(`{"null":null,"boolean":false,"number":0,"text":"","list":[],"object":{}}`), depth)
	if err != nil {
		t.Fatal(err)
	}
	readers := map[string]func(strictjson.Value) error{
		"boolean": func(v strictjson.Value) error { _, err := v.Boolean(); return err },
		"number":  func(v strictjson.Value) error { _, err := v.Number(); return err },
		"text":    func(v strictjson.Value) error { _, err := v.Text(); return err },
		"list":    func(v strictjson.Value) error { _, err := v.List(); return err },
		"object":  func(v strictjson.Value) error { _, err := v.Object(); return err },
	}
	for _, name := range append(o.Names(), "nothing") {
		for reader, read := range readers {
			if err := read(o.Get(name)); (err == nil) != (name == reader) || err != nil && !errors.Is(err, strictjson.ErrType) {
				t.Errorf("%s read as %s: %v", name, reader, err)
			}
		}
	}
}

func TestTwoMeaningsAreRefused(t *testing.T) {
	t.Parallel()
	many := "{"
	for i := range 40 {
		many += fmt.Sprintf(`"m%d":0,`, i)
	}
	tests := []struct {
		text string
		want error
	}{
		{text: "", want: strictjson.ErrSyntax},
		{text: "{", want: strictjson.ErrSyntax},
		{text: `{} {}`, want: strictjson.ErrSyntax},
		{text: `{"a":1,}`, want: strictjson.ErrSyntax},
		{text: "{\"a\":\"\xff\"}", want: strictjson.ErrSyntax},
		{text: "\ufeff{}", want: strictjson.ErrSyntax},
		{text: `[]`, want: strictjson.ErrType},
		{text: `"x"`, want: strictjson.ErrType},
		{text: `{"a":1,"a":1}`, want: strictjson.ErrDuplicate},
		{text: `{"a":1,"\u0061":1}`, want: strictjson.ErrDuplicate},
		{text: `{"x":{"a":1,"a":2}}`, want: strictjson.ErrDuplicate},
		{text: `{"x":[{"a":1,"a":2}]}`, want: strictjson.ErrDuplicate},
		{text: `{"":1,"":2}`, want: strictjson.ErrDuplicate},
		{text: many + `"m0":0}`, want: strictjson.ErrDuplicate},
		{text: many + `"m39":0}`, want: strictjson.ErrDuplicate},
		{text: many + `"m16":0}`, want: strictjson.ErrDuplicate},
		{text: `{"\udfff":1}`, want: strictjson.ErrText},
		{text: `{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`, want: strictjson.ErrDepth},
		{text: strings.Repeat(`{"a":`, depth+1) + "1" + strings.Repeat("}", depth+1), want: strictjson.ErrDepth},
	}
	for _, test := range tests {
		if o, err := strictjson.ParseObject([]byte(test.text), depth); !errors.Is(err, test.want) {
			t.Errorf("%.60s is read as %v, %v", test.text, o.Names(), err)
		}
	}
	for _, text := range []string{
		many + `"m40":0}`, `{"A":1,"a":1}`,
		`{"a":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`,
	} {
		if _, err := strictjson.ParseObject([]byte(text), depth); err != nil {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

// A string is refused when it is read, so that one in a member nobody reads
// harms nobody.
func TestHalfOfASurrogatePair(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`\ud800`, `\udc00`, `\ud800\ud800`, `\ud800x`, `\ud800\n0000`, `\\\ud800`, `\ufffd\udc00`,
		`\ud83d\ude00\ud83d`} {
		o, err := strictjson.ParseObject([]byte(`{"a":"`+text+`","b":1}`), depth)
		if err != nil || !o.Has("b") {
			t.Fatalf("%s: %v", text, err)
		}
		if s, err := o.Get("a").Text(); !errors.Is(err, strictjson.ErrText) {
			t.Errorf("%s is read as %q, %v", text, s, err)
		}
	}
	for text, want := range map[string]string{
		`\\ud800`: `\ud800`, `\\\\udc00`: `\\udc00`, `\ud800\udc00`: "\U00010000", `\"\\`: `"\`, `\ufffd`: "\ufffd",
		"\ufffd\\n": "\ufffd\n",
	} {
		o, err := strictjson.ParseObject([]byte(`{"a":"`+text+`"}`), depth)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := o.Get("a").Text(); s != want || err != nil {
			t.Errorf("%s is read as %q, %v", text, s, err)
		}
	}
}

func TestExactly(t *testing.T) {
	t.Parallel()
	o, err := strictjson.ParseObject([]byte(`{"Roles":1,"roles":2,"ISS":3,"\u017fub":4}`), depth)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Exactly("aud", "exp"); err != nil {
		t.Errorf("names that nobody reads: %v", err)
	}
	for _, name := range []string{"iss", "sub", "roles"} {
		if err := o.Exactly("aud", name); !errors.Is(err, strictjson.ErrCase) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is read means to encoding/json what it means here, and every value can
// be read again from its own text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,"x",null,true,{"b":1e9}]}`, `{"a":"\ud83d\ude00"}`, `{"a":"\\ud800"}`, `[]`, ` [ ] `, `{"a":[ ] , "b" : { } }`,
		`{"a":1,"\u0061":2}`, `[[[]],{"":{"":""}}]`, `"\udc00"`, `-0.0e-1`, "\t null\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := strictjson.Parse(data, depth)
		if err != nil {
			if errors.Is(err, strictjson.ErrSyntax) && json.Valid(data) && bytes.Equal(data, bytes.ToValidUTF8(data, nil)) {
				t.Errorf("%q is refused", data)
			}
			return
		}
		again, err := strictjson.Parse(v.Raw(), depth)
		if err != nil || !bytes.Equal(again.Raw(), v.Raw()) || !bytes.Equal(bytes.Trim(data, " \t\r\n"), v.Raw()) {
			t.Fatalf("%q has the value %q, which reads %q, %v", data, v.Raw(), again.Raw(), err)
		}
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		var want any
		if err := d.Decode(&want); err != nil {
			t.Fatal(err)
		}
		compare(t, v, want)
	})
}

func compare(t *testing.T, v strictjson.Value, want any) {
	t.Helper()
	switch want := want.(type) {
	case nil:
		if v.Kind() != strictjson.Null {
			t.Errorf("%q is not null", v.Raw())
		}
	case bool:
		if b, err := v.Boolean(); b != want || err != nil {
			t.Errorf("%q is %v, %v", v.Raw(), b, err)
		}
	case json.Number:
		if n, err := v.Number(); n != want || err != nil {
			t.Errorf("%q is %v, %v", v.Raw(), n, err)
		}
	case string:
		if s, err := v.Text(); err == nil && s != want || err != nil && !errors.Is(err, strictjson.ErrText) {
			t.Errorf("%q is %q, %v", v.Raw(), s, err)
		}
	case []any:
		list, err := v.List()
		if err != nil || len(list) != len(want) {
			t.Fatalf("%q has %d elements, %v", v.Raw(), len(list), err)
		}
		for i := range list {
			compare(t, list[i], want[i])
		}
	case map[string]any:
		o, err := v.Object()
		if err != nil || o.Len() != len(want) {
			t.Fatalf("%q has %d members, %v", v.Raw(), o.Len(), err)
		}
		for name, value := range want {
			if !o.Has(name) {
				t.Fatalf("%q has no %q", v.Raw(), name)
			}
			compare(t, o.Get(name), value)
		}
	}
}
