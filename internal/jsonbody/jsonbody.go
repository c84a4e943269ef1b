// Package jsonbody reads JSON bodies that decide something so that no two readers
// can read it differently. What [Decode] accepts has no member twice and none in
// another case than the struct's; refusals are faults that say what is wrong.
package jsonbody

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/stepup-auth/stepup/internal/fault"
)

// Rules are what callers choose.
type Rules struct {
	Depth     int  // how deep a body may nest
	KnownOnly bool // refuse members that the struct does not have
}

// Decode reads a JSON body into a struct pointer. Unknown members are ignored
// unless the rules say otherwise; duplicates, members that differ from a known
// one in case only, depth over the limit and NUL characters are always refused.
// What a json.RawMessage holds is checked for duplicates, depth and NUL too.
func Decode(body []byte, into any, rules Rules) error {
	if !utf8.Valid(body) {
		return fault.New(fault.InvalidJSON, "The body is not UTF-8.")
	}
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		return fault.New(fault.InvalidJSON, "The body is not a JSON object.")
	}
	scanner := json.NewDecoder(bytes.NewReader(body))
	scanner.UseNumber()
	if err := scan(scanner, reflect.TypeOf(into).Elem(), 0, rules); err != nil {
		return invalidJSON(err)
	}
	if _, err := scanner.Token(); err != io.EOF {
		return fault.New(fault.InvalidJSON, "The body holds more than one JSON value.")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return invalidJSON(err)
	}
	return nil
}

func invalidJSON(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		field := wrong.Field
		if field == "" {
			field = "the body"
		}
		return fault.New(fault.InvalidRequest, "The type of %.80s is wrong: a JSON %s does not fit.", field, wrong.Value).Because(err)
	}
	return fault.New(fault.InvalidJSON, "The body is not valid JSON.").Because(err)
}

func scan(d *json.Decoder, t reflect.Type, depth int, rules Rules) error {
	if depth > rules.Depth {
		return fault.New(fault.InvalidJSON, "The body nests deeper than %d levels.", rules.Depth)
	}
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch v := token.(type) {
	case string:
		return checkText(v)
	case json.Delim:
		if v == '[' {
			return scanArray(d, t, depth, rules)
		}
		return scanObject(d, t, depth, rules)
	}
	return nil
}

func scanArray(d *json.Decoder, t reflect.Type, depth int, rules Rules) error {
	var element reflect.Type
	if t = pointed(t); t != nil && t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 {
		element = t.Elem()
	}
	for d.More() {
		if err := scan(d, element, depth+1, rules); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func scanObject(d *json.Decoder, t reflect.Type, depth int, rules Rules) error {
	known := members(t)
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if err := checkText(name); err != nil {
			return err
		}
		if seen[name] {
			return fault.New(fault.InvalidJSON, "The member %.80q stands twice.", name)
		}
		seen[name] = true
		member, ok := known[name]
		if !ok && known != nil {
			if err := unknownMember(known, name, rules.KnownOnly); err != nil {
				return err
			}
		}
		if err := scan(d, member, depth+1, rules); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func unknownMember(known map[string]reflect.Type, name string, refuse bool) error {
	for right := range known {
		if strings.EqualFold(right, name) {
			return fault.New(fault.InvalidJSON, "The member %.80q must be written %q.", name, right)
		}
	}
	if refuse {
		return fault.New(fault.InvalidRequest, "There is no member %.80q here.", name)
	}
	return nil
}

// members maps the JSON names of a struct to their types; nil for anything else.
func members(t reflect.Type) map[string]reflect.Type {
	t = pointed(t)
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	known := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" || !field.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = field.Name
		}
		known[name] = field.Type
	}
	return known
}

func pointed(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func checkText(s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return fault.New(fault.InvalidJSON, "The body holds a NUL character.")
	}
	return nil
}
