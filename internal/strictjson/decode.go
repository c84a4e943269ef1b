package strictjson

import (
	"bytes"
	"encoding/json"
	"iter"
	"reflect"
	"strings"
)

// Unknown is what becomes of members that a struct does not have.
type Unknown bool

// Members that a struct does not have are ignored, or an error.
const (
	Ignore Unknown = false
	Refuse Unknown = true
)

// Decode reads a text as [Parse] does, and fills in what into points to as
// [Value.Decode] does.
func Decode(data []byte, into any, unknown Unknown) error {
	v, err := Parse(data, Depth)
	if err != nil {
		return err
	}
	return v.Decode(into, unknown)
}

// Decode fills in what into points to, with the struct tags of encoding/json,
// which would match names without regard to case: here a member of a struct that
// is written in another case than the struct's is an error. So is an escape that
// stands for no character, wherever it is. A value of another type than the
// struct's is a [*json.UnmarshalTypeError]; interfaces get numbers as
// [json.Number].
func (v Value) Decode(into any, unknown Unknown) error {
	if !v.Exists() {
		return ErrType
	}
	if err := v.CheckTexts(); err != nil {
		return err
	}
	if err := v.fits(reflect.TypeOf(into).Elem(), unknown); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(v.raw))
	d.UseNumber()
	return d.Decode(into)
}

// Texts are all strings in the value, the names of members too. The error is
// [ErrText] where one holds an escape that stands for no character.
func (v Value) Texts() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		s := scanner{data: v.raw}
		for s.pos < len(s.data) {
			if s.data[s.pos] != '"' {
				s.pos++
				continue
			}
			if !yield(unquote(s.value().raw)) {
				return
			}
		}
	}
}

// CheckTexts refuses a value in which a string, the name of a member too, holds an
// escape that stands for no character. After it, only the types of values can be
// wrong.
func (v Value) CheckTexts() error {
	for _, err := range v.Texts() {
		if err != nil {
			return err
		}
	}
	return nil
}

// fits refuses members that the type does not have, or has in another case, at
// every depth that the type knows of.
func (v Value) fits(t reflect.Type, unknown Unknown) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Struct && v.Kind() == Object:
		return v.fitsStruct(t, unknown)
	case t.Kind() == reflect.Slice && v.Kind() == List && t.Elem().Kind() != reflect.Uint8:
		list, err := v.List()
		if err != nil {
			return err
		}
		for _, element := range list {
			if err := element.fits(t.Elem(), unknown); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Map && v.Kind() == Object:
		members, err := v.Object()
		if err != nil {
			return err
		}
		for _, value := range members.All() {
			if err := value.fits(t.Elem(), unknown); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v Value) fitsStruct(t reflect.Type, unknown Unknown) error {
	members, err := v.Object()
	if err != nil {
		return err
	}
	known := fields(t)
	for name, value := range members.All() {
		field, ok := known[name]
		if !ok {
			for right := range known {
				if strings.EqualFold(right, name) {
					return &MemberError{Name: name, Right: right, Err: ErrCase}
				}
			}
			if unknown == Refuse {
				return &MemberError{Name: name, Err: ErrUnknown}
			}
			continue
		}
		if err := value.fits(field, unknown); err != nil {
			return err
		}
	}
	return nil
}

// fields maps the names that the members of a struct have in JSON to their types.
func fields(t reflect.Type) map[string]reflect.Type {
	known := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(t) {
		tag := field.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if field.Anonymous && name == "" || !field.IsExported() || tag == "-" {
			continue
		}
		if name == "" {
			name = field.Name
		}
		known[name] = field.Type
	}
	return known
}

// SpelledOnce refuses a value in which a member that the caller reads stands a
// second time in another case: some readers match names without regard to it.
// Members are told by their paths, names joined by dots, which lead through lists
// as if their elements stood in their place. Names that nobody reads may differ in
// case alone, and one that is written in another case only is not there.
func (v Value) SpelledOnce(paths ...string) error {
	switch v.Kind() {
	case List:
		list, err := v.List()
		if err != nil {
			return err
		}
		for _, element := range list {
			if err := element.SpelledOnce(paths...); err != nil {
				return err
			}
		}
	case Object:
		members, err := v.Object()
		if err != nil {
			return err
		}
		return members.spelledOnce(paths)
	}
	return nil
}

func (m Members) spelledOnce(paths []string) error {
	written := map[string]string{}
	for name, value := range m.All() {
		var inside []string
		for _, path := range paths {
			member, rest, deeper := strings.Cut(path, ".")
			if !strings.EqualFold(name, member) {
				continue
			}
			if other, there := written[member]; there && other != name {
				return &MemberError{Name: name, Right: member, Err: ErrCase}
			}
			written[member] = name
			if name == member && deeper {
				inside = append(inside, rest)
			}
		}
		if len(inside) > 0 {
			if err := value.SpelledOnce(inside...); err != nil {
				return err
			}
		}
	}
	return nil
}
