// Package strictjson reads JSON so that one text has one meaning: a member
// that appears twice, text that is no UTF-8, an escape that stands for no
// character and anything after the value are refused, and numbers keep their
// digits. What is signed is read with it, because what two readers understand
// differently can be shown as one thing and signed as another.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// MaxDepth is how deeply values may be nested.
const MaxDepth = 64

// Object is a JSON object with its members in the order of the text.
type Object struct {
	names  []string
	values map[string]any
	raw    map[string][]byte
}

// Names are the names of the members, in the order of the text.
func (o *Object) Names() []string { return o.names }

// Get is the value of a member; ok is false when there is none.
func (o *Object) Get(name string) (value any, ok bool) {
	value, ok = o.values[name]
	return value, ok
}

// Raw is the text of a member's value.
func (o *Object) Raw(name string) []byte { return o.raw[name] }

// Only returns an error that names the first member not in the list.
func (o *Object) Only(names ...string) error {
	for _, have := range o.names {
		known := false
		for _, name := range names {
			known = known || name == have
		}
		if !known {
			return fmt.Errorf("%s is not known here; leave it out", strconv.Quote(have))
		}
	}
	return nil
}

// Parse reads one value: nil, bool, string, [json.Number], []any or *[Object].
func Parse(data []byte) (any, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	if !json.Valid(data) {
		return nil, errors.New("not JSON")
	}
	if loneSurrogate(data) {
		return nil, errors.New("a \\u escape stands for no character")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return read(d, data, 0)
}

// ParseObject reads one object.
func ParseObject(data []byte) (*Object, error) {
	v, err := Parse(data)
	if err != nil {
		return nil, err
	}
	o, ok := v.(*Object)
	if !ok {
		return nil, errors.New("not a JSON object")
	}
	return o, nil
}

func read(d *json.Decoder, data []byte, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, errors.New("nested too deeply")
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := &Object{values: map[string]any{}, raw: map[string][]byte{}}
		for d.More() {
			token, err := d.Token()
			if err != nil {
				return nil, err
			}
			name, _ := token.(string)
			if _, twice := o.values[name]; twice {
				return nil, fmt.Errorf("member %s appears twice", strconv.Quote(name))
			}
			start := d.InputOffset()
			if o.values[name], err = read(d, data, depth+1); err != nil {
				return nil, err
			}
			o.raw[name] = bytes.TrimLeft(data[start:d.InputOffset()], " \t\r\n:")
			o.names = append(o.names, name)
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := read(d, data, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return token, nil
}

// loneSurrogate looks for halves of surrogate pairs among the escapes of valid
// JSON, where a backslash appears in strings only.
func loneSurrogate(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		i++
		if data[i] != 'u' {
			continue
		}
		switch u := unit(data[i+1:]); {
		case u >= 0xdc00 && u <= 0xdfff:
			return true
		case u >= 0xd800 && u <= 0xdbff:
			if i+7 > len(data) || data[i+5] != '\\' || data[i+6] != 'u' {
				return true
			}
			if low := unit(data[i+7:]); low < 0xdc00 || low > 0xdfff {
				return true
			}
			i += 6
		}
		i += 4
	}
	return false
}

func unit(b []byte) uint64 {
	u, _ := strconv.ParseUint(string(b[:min(4, len(b))]), 16, 16)
	return u
}
