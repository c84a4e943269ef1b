package strictjson

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	o, err := ParseObject([]byte(` {"b": [1.50, {"x":null}], "a" : "\ud83d\ude00\ufffd" , "c":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := o.Names(); !reflect.DeepEqual(got, []string{"b", "a", "c"}) {
		t.Errorf("names %v", got)
	}
	if got := string(o.Raw("b")); got != `[1.50, {"x":null}]` {
		t.Errorf("raw %s", got)
	}
	if got := string(o.Raw("c")); got != `{}` {
		t.Errorf("raw %s", got)
	}
	list, _ := o.Get("b")
	if n := list.([]any)[0]; n != json.Number("1.50") {
		t.Errorf("number %v", n)
	}
	if s, ok := o.Get("a"); !ok || s != "😀\ufffd" {
		t.Errorf("string %q", s)
	}
	if _, ok := o.Get("d"); ok {
		t.Error("a member that is not there")
	}
	if err := o.Only("a", "b"); err == nil || !strings.Contains(err.Error(), `"c"`) {
		t.Errorf("only: %v", err)
	}
	if err := o.Only("a", "b", "c"); err != nil {
		t.Errorf("only: %v", err)
	}
}

func TestTwoMeaningsAreRefused(t *testing.T) {
	for _, text := range []string{
		``, `{`, `[]`, `"x"`, `{} {}`, `{"a":1,}`,
		`{"a":1,"a":1}`, `{"a":1,"\u0061":1}`, `{"x":{"a":1,"a":2}}`, `{"x":[{"a":1,"a":2}]}`,
		"{\"a\":\"\xff\"}", `{"a":"\ud800"}`, `{"a":"\udc00"}`, `{"a":"\ud800\ud800"}`, `{"a":"\ud800x"}`, `{"a":"\ud800\n0000"}`,
		`{"\udfff":1}`, `{"a":` + strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1) + `}`,
	} {
		if o, err := ParseObject([]byte(text)); err == nil {
			t.Errorf("%s is read as %v", text, o.Names())
		}
	}
	for _, text := range []string{`{"a":"\\ud800"}`, `{"a":"\\\\udc00"}`, `{"a":"\ud800\udc00"}`, `{"a":"\"\\"}`} {
		if _, err := ParseObject([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What is read means to encoding/json what it means here.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x",null,true,{"b":1e9}]}`, `{"a":"\ud83d\ude00"}`, `{"a":"\\ud800"}`, `[]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data)
		if err != nil {
			return
		}
		var want any
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		if got := plain(v); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is read as %v", data, got)
		}
	})
}

func plain(v any) any {
	switch v := v.(type) {
	case *Object:
		m := map[string]any{}
		for _, name := range v.Names() {
			child, _ := v.Get(name)
			m[name] = plain(child)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	}
	return v
}
