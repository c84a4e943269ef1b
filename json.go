package stepup

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// JSON that decides something is read strictly, because two readers that
// disagree about a document are a hole (RFC 8725 section 3.7): no member twice,
// at any depth; no known member in another case; no invalid UTF-8; bounded.
const (
	maxJSONDepth   = 16
	maxJSONMembers = 64 // per object; the search for duplicates is quadratic
)

var (
	errJSON      = errors.New("not a JSON object")
	errDuplicate = errors.New("member appears twice")
	errCase      = errors.New("member is written in another case")
	errTooDeep   = errors.New("JSON is nested too deeply or has too many members")
)

type member struct {
	name  string
	value []byte // one valid JSON value, without space around it
}

// object is the members of a JSON object in document order.
type object []member

// parseObject reads data, which must be one JSON object. The names in known
// must be written exactly so; other names are kept and ignored.
func parseObject(data []byte, known []string) (object, error) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, errJSON
	}
	s := scanner{data: data}
	s.space()
	if s.data[s.pos] != '{' {
		return nil, errJSON
	}
	o, err := s.object(1)
	if err != nil {
		return nil, err
	}
	for _, m := range o {
		for _, name := range known {
			if m.name != name && strings.EqualFold(m.name, name) {
				return nil, errCase
			}
		}
	}
	return o, nil
}

// elements returns the values of a JSON array that came out of parseObject.
func elements(array []byte) ([][]byte, bool) {
	if len(array) == 0 || array[0] != '[' {
		return nil, false
	}
	s := scanner{data: array}
	list, err := s.array(1)
	return list, err == nil
}

func (o object) get(name string) ([]byte, bool) {
	for _, m := range o {
		if m.name == name {
			return m.value, true
		}
	}
	return nil, false
}

// scanner walks over JSON that json.Valid has approved, so it need not look
// for syntax errors.
type scanner struct {
	data []byte
	pos  int
}

func (s *scanner) space() {
	for s.pos < len(s.data) && bytes.IndexByte([]byte(" \t\r\n"), s.data[s.pos]) >= 0 {
		s.pos++
	}
}

// next skips space and one structural byte if it is there.
func (s *scanner) next(c byte) bool {
	s.space()
	if s.data[s.pos] != c {
		return false
	}
	s.pos++
	s.space()
	return true
}

func (s *scanner) object(depth int) (object, error) {
	if depth > maxJSONDepth {
		return nil, errTooDeep
	}
	s.next('{')
	var o object
	for !s.next('}') {
		raw, err := s.value(depth)
		if err != nil {
			return nil, err
		}
		name, err := unquote(raw)
		if err != nil {
			return nil, err
		}
		if _, twice := o.get(name); twice {
			return nil, errDuplicate
		}
		s.next(':')
		value, err := s.value(depth)
		if err != nil {
			return nil, err
		}
		if o = append(o, member{name, value}); len(o) > maxJSONMembers {
			return nil, errTooDeep
		}
		s.next(',')
	}
	return o, nil
}

func (s *scanner) array(depth int) ([][]byte, error) {
	if depth > maxJSONDepth {
		return nil, errTooDeep
	}
	s.next('[')
	var list [][]byte
	for !s.next(']') {
		value, err := s.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
		s.next(',')
	}
	return list, nil
}

// value skips one value and returns its bytes.
func (s *scanner) value(depth int) ([]byte, error) {
	start := s.pos
	switch s.data[s.pos] {
	case '{':
		if _, err := s.object(depth + 1); err != nil {
			return nil, err
		}
	case '[':
		if _, err := s.array(depth + 1); err != nil {
			return nil, err
		}
	case '"':
		for s.pos++; s.data[s.pos] != '"'; s.pos++ {
			if s.data[s.pos] == '\\' {
				s.pos++
			}
		}
		s.pos++
	default:
		for s.pos < len(s.data) && bytes.IndexByte([]byte(",]} \t\r\n"), s.data[s.pos]) < 0 {
			s.pos++
		}
	}
	return bytes.TrimRight(s.data[start:s.pos], " \t\r\n"), nil
}

var errString = errors.New("not a string")

// unquote decodes a valid JSON string. Escapes that stand for no character
// (lone surrogates) are refused, since readers differ about them.
func unquote(raw []byte) (string, error) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", errString
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil || strings.ContainsRune(s, utf8.RuneError) {
		return "", errString
	}
	return s, nil
}

// reader reads members of an object by type; the first fault sticks.
type reader struct {
	object
	err error
}

func (r *reader) fail(name, problem string) {
	if r.err == nil {
		r.err = errors.New(name + " " + problem)
	}
}

func (r *reader) required(name string) ([]byte, bool) {
	value, ok := r.get(name)
	if !ok {
		r.fail(name, "is missing")
	}
	return value, ok
}

// text is a required string that is not empty.
func (r *reader) text(name string) string {
	if _, ok := r.required(name); !ok {
		return ""
	}
	s := r.optional(name)
	if s == "" {
		r.fail(name, "is empty")
	}
	return s
}

// optional is a string that may be absent, but not of another type.
func (r *reader) optional(name string) string {
	value, ok := r.get(name)
	if !ok {
		return ""
	}
	s, err := unquote(value)
	if err != nil {
		r.fail(name, "is not a string")
	}
	return s
}

// integer is a required whole number. Fractions and exponents are refused: our
// issuer writes none, and readers round them differently.
func (r *reader) integer(name string) int64 {
	value, ok := r.required(name)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		r.fail(name, "is not a time in whole seconds")
	}
	return n
}

func (r *reader) boolean(name string) bool {
	value, ok := r.required(name)
	if ok && string(value) != "true" && string(value) != "false" {
		r.fail(name, "is not a boolean")
	}
	return string(value) == "true"
}

// texts is a list of strings that may be absent, or null.
func (r *reader) texts(name string) []string {
	value, ok := r.get(name)
	if !ok || string(value) == "null" {
		return nil
	}
	raw, ok := elements(value)
	if !ok {
		r.fail(name, "is not a list of strings")
		return nil
	}
	list := make([]string, len(raw))
	for i := range raw {
		var err error
		if list[i], err = unquote(raw[i]); err != nil {
			r.fail(name, "is not a list of strings")
		}
	}
	return list
}

// audience is the aud claim: a string, or a list of them (RFC 7519 section
// 4.1.3). It is required, and no element may be empty.
func (r *reader) audience() []string {
	value, ok := r.required("aud")
	if !ok {
		return nil
	}
	if value[0] == '"' {
		return []string{r.text("aud")}
	}
	list := r.texts("aud")
	if len(list) == 0 {
		r.fail("aud", "is empty")
	}
	for _, s := range list {
		if s == "" {
			r.fail("aud", "has an empty element")
		}
	}
	return list
}
