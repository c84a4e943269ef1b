// Package strictjson reads JSON so that one text has one meaning (RFC 8259 and
// the advice of RFC 8725 section 3.7): no member twice at any depth, valid UTF-8,
// members in the order of the text, numbers with all their digits, a bounded
// depth. Everything that decides something is read with it, because what two
// readers understand differently is shown as one thing and done as another.
//
// [Value] and [Members] are for walking through a text, [Reader] for reading
// members by type, [Value.Decode] for filling in a struct.
//
// The grammar itself is left to encoding/json. When encoding/json/v2 leaves its
// experiment, it replaces the inside of this package and nothing else.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"
)

// What can be wrong with a text. Errors of this package wrap one of them; those
// about a member are a [*MemberError].
var (
	ErrSyntax    = errors.New("not JSON")
	ErrUTF8      = fmt.Errorf("%w: not UTF-8", ErrSyntax)
	ErrDuplicate = errors.New("a member appears twice")
	ErrDepth     = errors.New("nested too deeply")
	ErrType      = errors.New("a value of another type is needed")
	ErrCase      = errors.New("a member is written in another case")
	ErrText      = errors.New(`a \u escape stands for no character`)
	ErrUnknown   = errors.New("a member is not known here")
)

// typeError is an ErrType that says of which type the value is not.
type typeError string

func (e typeError) Error() string        { return "not a JSON " + string(e) }
func (e typeError) Is(target error) bool { return target == ErrType }

// MemberError names the member that is wrong.
type MemberError struct {
	Name  string
	Right string // how the name must be written, where it is the case that is wrong
	Err   error  // one of the above
}

// Error says it in the words of a sentence about the text.
func (e *MemberError) Error() string {
	switch e.Err {
	case ErrDuplicate:
		return fmt.Sprintf("member %.80q appears twice", e.Name)
	case ErrCase:
		return fmt.Sprintf("member %.80q must be written %q", e.Name, e.Right)
	case ErrUnknown:
		return fmt.Sprintf("%.80q is not known here; leave it out", e.Name)
	}
	return fmt.Sprintf("%s: %v", e.Name, e.Err)
}

// Unwrap is what is wrong with it.
func (e *MemberError) Unwrap() error { return e.Err }

// Kind is what a value is, by the first byte of its text.
type Kind byte

// The kinds of values.
const (
	Null    Kind = 'n'
	Boolean Kind = 'b'
	Number  Kind = '0'
	Text    Kind = '"'
	List    Kind = '['
	Object  Kind = '{'
)

// Value is one JSON value of a text that [Parse] has accepted. The zero value is
// none: Exists reports false, and it is of no kind.
type Value struct{ raw []byte }

// Parse reads a text that holds one value, nested at most depth levels deep. The
// value shares the bytes of data, which must not change as long as it is used.
func Parse(data []byte, depth int) (Value, error) {
	if !utf8.Valid(data) {
		return Value{}, ErrUTF8
	}
	if !json.Valid(data) {
		return Value{}, ErrSyntax
	}
	s := scanner{data: data}
	s.space()
	start := s.pos
	if err := s.check(depth); err != nil {
		return Value{}, err
	}
	return Value{data[start:s.pos]}, nil
}

// ParseObject is Parse for a text that must hold an object.
func ParseObject(data []byte, depth int) (Members, error) {
	v, err := Parse(data, depth)
	if err != nil {
		return Members{}, err
	}
	return v.Object()
}

// Exists reports whether there is a value; null is one.
func (v Value) Exists() bool { return len(v.raw) > 0 }

// Raw is the value as it was written, without space around it.
func (v Value) Raw() []byte { return v.raw }

// Absent reports whether there is no value, or null, which stands for none where
// the caller says so.
func (v Value) Absent() bool { return len(v.raw) == 0 || v.raw[0] == 'n' }

// Kind is what the value is; 0 for none.
func (v Value) Kind() Kind {
	if len(v.raw) == 0 {
		return 0
	}
	switch c := v.raw[0]; c {
	case '{', '[', '"', 'n':
		return Kind(c)
	case 't', 'f':
		return Boolean
	}
	return Number
}

// Boolean reads true or false.
func (v Value) Boolean() (bool, error) {
	if v.Kind() != Boolean {
		return false, typeError("boolean")
	}
	return v.raw[0] == 't', nil
}

// Text reads a string. An escape that stands for no character, half of a
// surrogate pair, is an error: readers differ about it.
func (v Value) Text() (string, error) {
	if v.Kind() != Text {
		return "", typeError("string")
	}
	return unquote(v.raw)
}

// Number reads a number with all its digits.
func (v Value) Number() (json.Number, error) {
	if v.Kind() != Number {
		return "", typeError("number")
	}
	return json.Number(v.raw), nil
}

// List reads an array.
func (v Value) List() ([]Value, error) {
	if v.Kind() != List {
		return nil, typeError("array")
	}
	s := scanner{data: v.raw, pos: 1}
	list := []Value{}
	for !s.next(']') {
		list = append(list, s.value())
		s.next(',')
	}
	return list, nil
}

// Object reads an object.
func (v Value) Object() (Members, error) {
	if v.Kind() != Object {
		return Members{}, typeError("object")
	}
	s := scanner{data: v.raw, pos: 1}
	var m Members
	for !s.next('}') {
		name, err := unquote(s.value().raw)
		if err != nil {
			return Members{}, err
		}
		s.next(':')
		m.list = append(m.list, member{name, s.value()})
		s.next(',')
	}
	return m, nil
}

type member struct {
	name  string
	value Value
}

// Members are the members of an object in the order of the text. The zero value
// is those of an empty one.
type Members struct{ list []member }

// Len is how many there are.
func (m Members) Len() int { return len(m.list) }

// All are the members in the order of the text.
func (m Members) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for i := range m.list {
			if !yield(m.list[i].name, m.list[i].value) {
				return
			}
		}
	}
}

// Names are their names, in the order of the text.
func (m Members) Names() []string {
	names := make([]string, len(m.list))
	for i := range m.list {
		names[i] = m.list[i].name
	}
	return names
}

// Get is the value of the member with exactly this name; the zero Value if there
// is none.
func (m Members) Get(name string) Value {
	for i := range m.list {
		if m.list[i].name == name {
			return m.list[i].value
		}
	}
	return Value{}
}

// Has reports whether there is a member with exactly this name.
func (m Members) Has(name string) bool { return m.Get(name).Exists() }

// Exactly refuses a member that differs from one of the names in case alone:
// other readers would take it for that one. Members that nobody reads may be
// written as they like.
func (m Members) Exactly(names ...string) error {
	for i := range m.list {
		for _, name := range names {
			if m.list[i].name != name && strings.EqualFold(m.list[i].name, name) {
				return &MemberError{Name: m.list[i].name, Right: name, Err: ErrCase}
			}
		}
	}
	return nil
}

// Only refuses a member that is none of the names.
func (m Members) Only(names ...string) error {
	for i := range m.list {
		known := false
		for _, name := range names {
			known = known || name == m.list[i].name
		}
		if !known {
			return &MemberError{Name: m.list[i].name, Err: ErrUnknown}
		}
	}
	return nil
}

// unquote decodes the text of a string.
func unquote(raw []byte) (string, error) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", ErrSyntax
	}
	// encoding/json writes U+FFFD for half of a surrogate pair. The character may
	// also stand in the text as itself, which is fine.
	if strings.ContainsRune(s, utf8.RuneError) && halfPair(raw) {
		return "", ErrText
	}
	return s, nil
}
