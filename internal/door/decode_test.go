package door_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/door"
)

type inner struct {
	Name string `json:"name"`
}

type base struct {
	ID string `json:"id,omitempty"`
}

type sample struct {
	base
	Text  string          `json:"text"`
	Flag  *bool           `json:"flag,omitempty"`
	Count int             `json:"count"`
	Words []string        `json:"words"`
	Inner *inner          `json:"inner,omitempty"`
	List  []inner         `json:"list,omitempty"`
	Raw   json.RawMessage `json:"raw,omitempty"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return `{"raw":` + strings.Repeat(`[`, n-1) + strings.Repeat(`]`, n-1) + `}` }
	for _, test := range []struct {
		name, body    string
		ok, strictToo bool
	}{
		{"empty object", `{}`, true, true},
		{"all members",
			`{"id":"i","text":"t","flag":true,"count":3,"words":["a"],"inner":{"name":"n"},"list":[{"name":"n"}],"raw":{"a":[1]}}`,
			true, true},
		{"white space around", " \n{\"text\":\"t\"}\t", true, true},
		{"unknown member", `{"more":1}`, true, false},
		{"unknown member below", `{"inner":{"more":1}}`, true, false},
		{"any member in raw", `{"raw":{"Text":1,"text":2}}`, true, true},
		{"deepest", nested(16), true, true},
		{"too deep", nested(18), false, false},
		{"null", `null`, false, false},
		{"list", `[]`, false, false},
		{"text", `"text"`, false, false},
		{"nothing", ``, false, false},
		{"two values", `{} {}`, false, false},
		{"cut off", `{"text":"t"`, false, false},
		{"trailing comma", `{"text":"t",}`, false, false},
		{"comment", `{"text":"t"} // x`, false, false},
		{"twice", `{"text":"a","text":"b"}`, false, false},
		{"twice, once escaped", `{"text":"a","\u0074ext":"b"}`, false, false},
		{"unknown twice", `{"more":1,"more":2}`, false, false},
		{"twice in raw", `{"raw":{"a":1,"a":2}}`, false, false},
		{"case", `{"Text":"t"}`, false, false},
		{"case of an embedded member", `{"ID":"i"}`, false, false},
		{"case by Unicode folding", `{"word` + "\u017f" + `":[]}`, false, false},
		{"case below", `{"list":[{"NAME":"n"}]}`, false, false},
		{"wrong type", `{"text":1}`, false, false},
		{"wrong type below", `{"list":[{"name":{}}]}`, false, false},
		{"number too large", `{"count":1e999}`, false, false},
		{"fraction", `{"count":1.5}`, false, false},
		{"NUL", `{"text":"a\u0000"}`, false, false},
		{"NUL in a name", `{"a\u0000":1}`, false, false},
		{"NUL in raw", `{"raw":{"a":"\u0000"}}`, false, false},
		{"not UTF-8", "{\"text\":\"\xff\"}", false, false},
		{"byte order mark", "\ufeff{}", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := door.Decode([]byte(test.body), &sample{}, false); (err == nil) != test.ok {
				t.Errorf("decode: %v", err)
			}
			if err := door.Decode([]byte(test.body), &sample{}, true); (err == nil) != test.strictToo {
				t.Errorf("strict: %v", err)
			}
		})
	}
}

// FuzzDecode: whatever comes, decode neither panics nor lets through what two
// parsers could read in two ways.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"text":"t","words":["a","b"],"inner":{"name":"n"},"raw":[[{"a":1e999}]]}`, `{"text":"a","Text":"b"}`,
		`{"\u0074ext":"\ud800"}`, strings.Repeat("[", 40), strings.Repeat(`{"inner":`, 20), "{\"text\":\"\xff\"}", `{"a":1,"a":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var loose, strict sample
		err, strictErr := door.Decode(body, &loose, false), door.Decode(body, &strict, true)
		if strictErr == nil && (err != nil || !reflect.DeepEqual(loose, strict)) {
			t.Fatalf("strict reads %+v, loose %+v, %v", strict, loose, err)
		}
		if err != nil {
			return
		}
		if !utf8.Valid(body) || !json.Valid(body) || strings.TrimLeft(string(body), " \t\r\n")[0] != '{' {
			t.Fatal("not a JSON object in UTF-8")
		}
		if depth(body) > door.MaxDepth+1 {
			t.Fatalf("depth %d", depth(body))
		}
		var again sample
		if err := json.Unmarshal(body, &again); err != nil || !reflect.DeepEqual(loose, again) {
			t.Fatalf("encoding/json reads %+v, %v", again, err)
		}
		// No member name may be matched by encoding/json other than exactly: a
		// parser that compares bytes would see other values.
		var exact map[string]json.RawMessage
		if err := json.Unmarshal(body, &exact); err != nil {
			t.Fatal(err)
		}
		if _, ok := exact["text"]; !ok && loose.Text != "" {
			t.Fatalf("text is %q without such a member", loose.Text)
		}
		if _, ok := exact["id"]; !ok && loose.ID != "" {
			t.Fatalf("id is %q without such a member", loose.ID)
		}
	})
}

func depth(body []byte) int {
	deepest, now, quoted := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}
