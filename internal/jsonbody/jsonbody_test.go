package jsonbody_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/jsonbody"
)

type body struct {
	Text string          `json:"text"`
	Raw  json.RawMessage `json:"raw"`
}

const depth = 3

// Whoever sends a body that is refused is told what is wrong with it.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		body string
		code fault.Code
		want string
	}{
		{body: ``, code: fault.InvalidJSON, want: "The body is not a JSON object."},
		{body: ` [] `, code: fault.InvalidJSON, want: "The body is not a JSON object."},
		{body: `null`, code: fault.InvalidJSON, want: "The body is not a JSON object."},
		{body: "{\"text\":\"\xff\"}", code: fault.InvalidJSON, want: "The body is not UTF-8."},
		{body: `{"text":`, code: fault.InvalidJSON, want: "The body is not valid JSON."},
		{body: `{} {}`, code: fault.InvalidJSON, want: "The body is not valid JSON."},
		{body: `{"text":"a","text":"a"}`, code: fault.InvalidJSON, want: `The member "text" stands twice.`},
		{body: `{"raw":{"a":1,"a":1}}`, code: fault.InvalidJSON, want: `The member "a" stands twice.`},
		{body: `{"Text":"a"}`, code: fault.InvalidJSON, want: `The member "Text" must be written "text".`},
		{body: `{"more":1}`, code: fault.InvalidRequest, want: `There is no member "more" here.`},
		{body: `{"raw":[[[]]]}`, code: fault.InvalidJSON, want: "The body nests deeper than 3 levels."},
		{body: `{"raw":"\u0000"}`, code: fault.InvalidJSON, want: "The body holds a NUL character."},
		{body: `{"\u0000":1}`, code: fault.InvalidJSON, want: "The body holds a NUL character."},
		{body: `{"text":"\ud800"}`, code: fault.InvalidJSON, want: `The body holds half of a character: \ud800 to \udfff go in pairs.`},
		{body: `{"text":1}`, code: fault.InvalidRequest, want: "The type of text is wrong: a JSON number does not fit."},
	} {
		var refused *fault.Error
		err := jsonbody.Decode([]byte(test.body), &body{}, jsonbody.Rules{Depth: depth, KnownOnly: true})
		if !errors.As(err, &refused) || refused.Code != test.code || refused.Message != test.want {
			t.Errorf("%q: %v", test.body, err)
		}
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	var got body
	text := ` {"text":"a","raw":[{"Text":1,"text":2}],"more":{"A":1,"a":1}} `
	if err := jsonbody.Decode([]byte(text), &got, jsonbody.Rules{Depth: depth}); err != nil {
		t.Fatal(err)
	}
	if got.Text != "a" || string(got.Raw) != `[{"Text":1,"text":2}]` {
		t.Errorf("decoded %+v", got)
	}
}

// FuzzDecode: every refusal is a fault with a sentence, and what is taken is one
// object that encoding/json takes too.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{}`, `{"text":"a","raw":[1]}`, `{"Text":1}`, `{"text":"\u0000"}`, `[]`, "\xff",
		strings.Repeat(`{"raw":`, 5)} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, text []byte, known bool) {
		var got, again body
		if err := jsonbody.Decode(text, &got, jsonbody.Rules{Depth: depth, KnownOnly: known}); err != nil {
			var refused *fault.Error
			if !errors.As(err, &refused) || refused.Message == "" {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if err := json.Unmarshal(text, &again); err != nil || again.Text != got.Text || string(again.Raw) != string(got.Raw) {
			t.Errorf("%q is %+v, to encoding/json %+v (%v)", text, got, again, err)
		}
	})
}
