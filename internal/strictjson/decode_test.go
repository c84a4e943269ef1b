package strictjson_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/strictjson"
)

type inner struct {
	Name string `json:"name"`
}

type base struct {
	ID string `json:"id,omitempty"`
}

type sample struct {
	base
	Text   string           `json:"text"`
	Flag   *bool            `json:"flag,omitempty"`
	Count  int              `json:"count"`
	Inner  *inner           `json:"inner,omitempty"`
	List   []inner          `json:"list,omitempty"`
	Map    map[string]inner `json:"map,omitempty"`
	Raw    json.RawMessage  `json:"raw,omitempty"`
	Any    any              `json:"any,omitempty"`
	Hidden string           `json:"-"`
}

func decode(text string, unknown strictjson.Unknown) (s sample, err error) {
	v, err := strictjson.Parse([]byte(text), depth)
	if err == nil {
		err = v.Decode(&s, unknown)
	}
	return s, err
}

func TestDecode(t *testing.T) {
	t.Parallel()
	got, err := decode(`{"id":"i","text":"t","flag":true,"count":3,"inner":{"name":"n"},"list":[{"name":"m"}],`+
		`"map":{"X":{"name":"x"}},"raw":{"A":[1],"a":2},"any":[1.50,{"B":1,"b":null}]}`, strictjson.Refuse)
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	want := sample{base: base{"i"}, Text: "t", Flag: &yes, Count: 3, Inner: &inner{"n"}, List: []inner{{"m"}},
		Map: map[string]inner{"X": {"x"}}, Raw: json.RawMessage(`{"A":[1],"a":2}`),
		Any: []any{json.Number("1.50"), map[string]any{"B": json.Number("1"), "b": nil}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("decoded %+v", got)
	}
	for _, test := range []struct {
		name, text string
		want       error // with unknown members ignored
		strict     error // with unknown members refused
	}{
		{name: "empty", text: `{}`},
		{name: "null for none", text: `{"flag":null,"inner":null,"list":null}`},
		{name: "unknown", text: `{"more":1}`, strict: strictjson.ErrUnknown},
		{name: "unknown below", text: `{"inner":{"more":1}}`, strict: strictjson.ErrUnknown},
		{name: "unknown in a list", text: `{"list":[{},{"more":1}]}`, strict: strictjson.ErrUnknown},
		{name: "unknown in a map", text: `{"map":{"x":{"more":1}}}`, strict: strictjson.ErrUnknown},
		{name: "not in JSON", text: `{"Hidden":"x"}`, strict: strictjson.ErrUnknown},
		{name: "case", text: `{"Text":"t"}`, want: strictjson.ErrCase, strict: strictjson.ErrCase},
		{name: "case of an embedded member", text: `{"ID":"i"}`, want: strictjson.ErrCase, strict: strictjson.ErrCase},
		{name: "case below", text: `{"list":[{"NAME":"n"}]}`, want: strictjson.ErrCase, strict: strictjson.ErrCase},
		{name: "case in a map", text: `{"map":{"x":{"Name":"n"}}}`, want: strictjson.ErrCase, strict: strictjson.ErrCase},
		{name: "case by folding", text: "{\"li\u017ft\":[]}", want: strictjson.ErrCase, strict: strictjson.ErrCase},
		{name: "half a character", text: `{"text":"\ud800"}`, want: strictjson.ErrText, strict: strictjson.ErrText},
		{name: "half a character in raw", text: `{"raw":["\udc00"]}`, want: strictjson.ErrText, strict: strictjson.ErrText},
		{name: "half a character in a name", text: `{"any":{"\ud800":1}}`, want: strictjson.ErrText, strict: strictjson.ErrText},
		{name: "half a character, unknown", text: `{"more":"\ud800"}`, want: strictjson.ErrText, strict: strictjson.ErrText},
	} {
		if _, err := decode(test.text, strictjson.Ignore); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		if _, err := decode(test.text, strictjson.Refuse); !errors.Is(err, test.strict) {
			t.Errorf("%s, strictly: %v, want %v", test.name, err, test.strict)
		}
	}
	for _, text := range []string{`{"text":1}`, `{"count":1.5}`, `{"count":1e999}`, `{"list":{}}`, `{"inner":[]}`, `[]`, `"text"`} {
		var wrong *json.UnmarshalTypeError
		if _, err := decode(text, strictjson.Ignore); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := (strictjson.Value{}).Decode(&sample{}, strictjson.Ignore); !errors.Is(err, strictjson.ErrType) {
		t.Errorf("nothing: %v", err)
	}
}

// What the error says of a member is what is wrong with it.
func TestMemberError(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"text":1,"text":2}`: `member "text" appears twice`,
		`{"Text":1}`:          `member "Text" must be written "text"`,
		`{"more":1}`:          `"more" is not known here; leave it out`,
	} {
		_, err := decode(text, strictjson.Refuse)
		var member *strictjson.MemberError
		if !errors.As(err, &member) || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	v, err := strictjson.Parse([]byte(` {"a\u0062":["c", {"\"":"\\"}, 1, null, ""]} `), depth)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for text, err := range v.Texts() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, text)
	}
	if want := []string{"ab", "c", `"`, `\`, ""}; !slices.Equal(got, want) {
		t.Errorf("texts %q", got)
	}
	if v.CheckTexts() != nil {
		t.Error("they are refused")
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	const text = `{"s":"a","empty":"","b":true,"list":["a","b"],"none":null,"n":1,"mixed":["a",1]}`
	read := func() *strictjson.Reader {
		r, err := strictjson.Read([]byte(text), []string{"s", "b"})
		if err != nil {
			t.Fatal(err)
		}
		return &r
	}
	r := read()
	if r.Text("s") != "a" || r.Optional("s") != "a" || r.Optional("x") != "" || r.Optional("empty") != "" || !r.Boolean("b") ||
		!slices.Equal(r.Texts("list"), []string{"a", "b"}) || r.Texts("x") != nil || r.Texts("none") != nil || r.Err() != nil {
		t.Errorf("what is there: %v", r.Err())
	}
	for name, fault := range map[string]func(*strictjson.Reader){
		"x is missing":                   func(r *strictjson.Reader) { r.Text("x") },
		"empty is empty":                 func(r *strictjson.Reader) { r.Text("empty") },
		"n is not a string":              func(r *strictjson.Reader) { r.Text("n") },
		"none is not a string":           func(r *strictjson.Reader) { r.Optional("none") },
		"s is not a boolean":             func(r *strictjson.Reader) { r.Boolean("s") },
		"mixed is not a list of strings": func(r *strictjson.Reader) { r.Texts("mixed") },
		"b is not a list of strings":     func(r *strictjson.Reader) { r.Texts("b") },
	} {
		r := read()
		fault(r)
		r.Fail("later", "is of no matter")
		if r.Err() == nil || r.Err().Error() != name {
			t.Errorf("%v, want %s", r.Err(), name)
		}
	}
	if _, err := strictjson.Read([]byte(text), []string{"S"}); !errors.Is(err, strictjson.ErrCase) {
		t.Errorf("a name in another case: %v", err)
	}
}

// What is decoded is what encoding/json decodes, and strictly is the same or nothing.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"text":"t","inner":{"name":"n"},"raw":[[{"a":1e999}]],"any":1.0}`, `{"text":"a","Text":"b"}`,
		`{"\u0074ext":"\ud800"}`, strings.Repeat(`{"inner":`, 20), "{\"text\":\"\xff\"}", `{"a":1,"a":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		loose, err := decode(string(data), strictjson.Ignore)
		strict, strictErr := decode(string(data), strictjson.Refuse)
		if strictErr == nil && (err != nil || !reflect.DeepEqual(loose, strict)) {
			t.Fatalf("%q is %+v strictly, else %+v, %v", data, strict, loose, err)
		}
		if err != nil {
			return
		}
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.UseNumber()
		var again sample
		if err := d.Decode(&again); err != nil || !reflect.DeepEqual(loose, again) {
			t.Fatalf("%q is %+v, to encoding/json %+v, %v", data, loose, again, err)
		}
		var exact map[string]json.RawMessage
		if err := json.Unmarshal(data, &exact); err != nil {
			t.Fatal(err)
		}
		if _, there := exact["text"]; !there && loose.Text != "" {
			t.Fatalf("text is %q without such a member", loose.Text)
		}
	})
}

// Names that differ in case are no matter where nobody reads them, and decide
// where somebody does.
func TestSpelledOnce(t *testing.T) {
	t.Parallel()
	read := []string{"sub", "data.id", "data.email"}
	for text, good := range map[string]bool{
		`{"sub":"a","Roles":[],"roles":[]}`: true, `{"sub":"a","data":{"Sub":1,"sub":2}}`: true, `{"SUB":"a"}`: true,
		`{"list":[{"a":1,"A":2}]}`: true, `{"id":1,"ID":2}`: true, `{"data":{"id":1,"email":2,"x":{"id":1,"ID":2}}}`: true,
		`{"data":[{"id":1},{"ID":2}]}`: true, `{"sub":"a","Sub":"b"}`: false, `{"SUB":"a","Sub":"b"}`: false,
		`{"ſub":"a","sub":"b"}`: false, `{"sub":"a","sub":"a"}`: false, `{"roles":1,"roles":1}`: false,
		`{"data":{"id":1,"ID":2}}`: false, `{"Data":{},"data":{"id":1}}`: false, `{"data":[{"id":1,"ID":2}]}`: false,
		`{"a":{"b":1,"b":1}}`: false, `{"data":{"Email":1,"email":2}}`: false,
	} {
		if err := once(text, read...); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
		if err := once("["+text+"]", read...); (err == nil) != good {
			t.Errorf("a list of %s: %v", text, err)
		}
	}
}

func once(text string, read ...string) error {
	v, err := strictjson.Parse([]byte(text), depth)
	if err != nil {
		return err
	}
	return v.SpelledOnce(read...)
}

func FuzzSpelledOnce(f *testing.F) {
	for _, text := range []string{`{}`, `{"sub":1,"A":2,"a":2}`, `{"sub":{"b":[1,2,{"c":null}]}}`, `[]`, `{"a":1}{}`, `{"a":`, "\xff",
		`{"a":1,"a":1}`, `{"sub":1,"ſub":2}`, `{"key":1,"\u212aey":2}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := strictjson.ParseObject(data, depth); err != nil || once(string(data), "sub", "key") != nil {
			return
		}
		// What passes reads alike: exactly, and without regard to case.
		var exact map[string]json.RawMessage
		if err := json.Unmarshal(data, &exact); err != nil {
			t.Fatalf("%q is an object, and does not read: %v", data, err)
		}
		var loose struct {
			Sub json.RawMessage `json:"sub"`
			Key json.RawMessage `json:"key"`
		}
		if err := json.Unmarshal(data, &loose); err != nil {
			t.Fatal(err)
		}
		for name, read := range map[string]json.RawMessage{"sub": loose.Sub, "key": loose.Key} {
			if value, there := exact[name]; there && string(value) != string(read) {
				t.Errorf("%q has the %s %q and %q", data, name, value, read)
			}
		}
	})
}
