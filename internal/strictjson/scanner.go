package strictjson

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner walks over JSON that encoding/json has found to be valid, so it need
// not look for syntax errors.
type scanner struct {
	data []byte
	pos  int
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// next skips space, and c with the space behind it if it comes next.
func (s *scanner) next(c byte) bool {
	s.space()
	if s.data[s.pos] != c {
		return false
	}
	s.pos++
	s.space()
	return true
}

// word skips a string, a number, true, false or null.
func (s *scanner) word() {
	if s.data[s.pos] == '"' {
		for s.pos++; s.data[s.pos] != '"'; s.pos++ {
			if s.data[s.pos] == '\\' {
				s.pos++
			}
		}
		s.pos++
		return
	}
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ',', ':', ']', '}', ' ', '\t', '\r', '\n':
			return
		}
		s.pos++
	}
}

// value skips a value that was checked, whatever it nests, and returns it.
func (s *scanner) value() Value {
	start := s.pos
	for depth := 0; ; {
		switch s.data[s.pos] {
		case '{', '[':
			depth++
			s.pos++
		case '}', ']':
			depth--
			s.pos++
		case ',', ':', ' ', '\t', '\r', '\n':
			s.pos++
		default:
			s.word()
		}
		if depth == 0 {
			return Value{s.data[start:s.pos]}
		}
	}
}

// fewMembers is how many members are compared with one another rather than
// looked up in a map.
const fewMembers = 16

// check walks over one value and refuses what has two meanings.
func (s *scanner) check(depth int) error {
	switch s.data[s.pos] {
	case '{':
		return s.checkObject(depth)
	case '[':
		if depth <= 0 {
			return ErrDepth
		}
		s.next('[')
		for !s.next(']') {
			if err := s.check(depth - 1); err != nil {
				return err
			}
			s.next(',')
		}
		// next has skipped the space behind the bracket; the value ends at it.
		s.pos = bytes.LastIndexByte(s.data[:s.pos], ']') + 1
		return nil
	}
	s.word()
	return nil
}

func (s *scanner) checkObject(depth int) error {
	if depth <= 0 {
		return ErrDepth
	}
	var few [fewMembers][]byte
	names, seen := few[:0], map[string]bool(nil)
	s.next('{')
	for !s.next('}') {
		start := s.pos
		s.word()
		name := s.data[start+1 : s.pos-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			text, err := unquote(s.data[start:s.pos])
			if err != nil {
				return err
			}
			name = []byte(text)
		}
		if twice(names, seen, name) {
			return &MemberError{Name: string(name), Err: ErrDuplicate}
		}
		if names = append(names, name); len(names) > fewMembers {
			if seen == nil {
				seen = make(map[string]bool, 2*fewMembers)
				for _, earlier := range names {
					seen[string(earlier)] = true
				}
			}
			seen[string(name)] = true
		}
		s.next(':')
		if err := s.check(depth - 1); err != nil {
			return err
		}
		s.next(',')
	}
	s.pos = bytes.LastIndexByte(s.data[:s.pos], '}') + 1
	return nil
}

func twice(names [][]byte, seen map[string]bool, name []byte) bool {
	if seen != nil {
		return seen[string(name)]
	}
	for _, earlier := range names {
		if bytes.Equal(earlier, name) {
			return true
		}
	}
	return false
}

// halfPair reports whether an escape in the text of a string is half of a
// surrogate pair.
func halfPair(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		if raw[i] != 'u' {
			continue
		}
		r := unit(raw[i+1:])
		i += 4
		if !utf16.IsSurrogate(r) {
			continue
		}
		if !bytes.HasPrefix(raw[i+1:], []byte(`\u`)) || utf16.DecodeRune(r, unit(raw[i+3:])) == utf8.RuneError {
			return true
		}
		i += 6
	}
	return false
}

// unit reads four hexadecimal digits.
func unit(digits []byte) rune {
	n, _ := strconv.ParseUint(string(digits[:4]), 16, 16)
	return rune(n)
}
