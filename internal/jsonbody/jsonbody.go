// Package jsonbody reads JSON bodies that decide something: a struct is filled in
// as package strictjson does it, so that no two readers can read a body
// differently, and refusals are faults that say what is wrong.
package jsonbody

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

// Rules are what callers choose.
type Rules struct {
	Depth     int  // how deep a body may nest
	KnownOnly bool // refuse members that the struct does not have
}

// Decode reads a JSON body into a struct pointer. Unknown members are ignored
// unless the rules say otherwise; duplicates, members that differ from a known
// one in case only, depth over the limit and NUL characters are always refused,
// also inside of what is ignored or kept as it is.
func Decode(body []byte, into any, rules Rules) error {
	v, err := strictjson.Parse(body, rules.Depth)
	if err == nil && v.Kind() != strictjson.Object {
		err = strictjson.ErrType
	}
	if err == nil {
		err = withoutNUL(v)
	}
	if err == nil {
		err = v.Decode(into, strictjson.Unknown(rules.KnownOnly))
	}
	if err != nil {
		return refusal(err, body, rules)
	}
	return nil
}

// withoutNUL refuses NUL characters, which only some databases take.
func withoutNUL(v strictjson.Value) error {
	for text := range v.Texts() {
		if strings.IndexByte(text, 0) >= 0 {
			return fault.New(fault.InvalidJSON, "The body holds a NUL character.")
		}
	}
	return nil
}

// refusal says what is wrong with a body to whoever sent it.
func refusal(err error, body []byte, rules Rules) error {
	var f *fault.Error
	var member *strictjson.MemberError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &member) && member.Err == strictjson.ErrDuplicate:
		return fault.New(fault.InvalidJSON, "The member %.80q stands twice.", member.Name)
	case errors.As(err, &member) && member.Err == strictjson.ErrCase:
		return fault.New(fault.InvalidJSON, "The member %.80q must be written %q.", member.Name, member.Right)
	case errors.As(err, &member):
		return fault.New(fault.InvalidRequest, "There is no member %.80q here.", member.Name)
	case errors.As(err, &wrong):
		field := wrong.Field
		if field == "" {
			field = "the body"
		}
		return fault.New(fault.InvalidRequest, "The type of %.80s is wrong: a JSON %s does not fit.", field, wrong.Value).Because(err)
	case errors.Is(err, strictjson.ErrDepth):
		return fault.New(fault.InvalidJSON, "The body nests deeper than %d levels.", rules.Depth)
	case errors.Is(err, strictjson.ErrText):
		return fault.New(fault.InvalidJSON, `The body holds half of a character: \ud800 to \udfff go in pairs.`)
	case errors.Is(err, strictjson.ErrUTF8):
		return fault.New(fault.InvalidJSON, "The body is not UTF-8.")
	case !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")):
		return fault.New(fault.InvalidJSON, "The body is not a JSON object.")
	}
	return fault.New(fault.InvalidJSON, "The body is not valid JSON.").Because(err)
}
