package door

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/fault"
)

// schemas turns Go types into JSON Schema (2020-12). Named structs become
// components; one name may stand for one type only.
type schemas struct {
	named object
	types map[string]reflect.Type
}

// Described is a type of bodies that encoding/json does not write by its kind.
type Described interface{ JSONSchema() map[string]any }

func newSchemas() *schemas { return &schemas{object{}, map[string]reflect.Type{}} }

var (
	problemType = reflect.TypeFor[Problem]()
	refusalType = reflect.TypeFor[enforce.Refusal]()

	// leaves are types that encoding/json does not write by their kind, and
	// strings that are one of a list.
	leaves = map[reflect.Type]object{
		reflect.TypeFor[time.Time]():       {"type": "string", "format": "date-time"},
		reflect.TypeFor[json.RawMessage](): {"type": "object"},
		reflect.TypeFor[stepup.Reason](): {"type": "string", "enum": []stepup.Reason{
			stepup.ReasonMissing, stepup.ReasonExpired, stepup.ReasonSpent, stepup.ReasonWrongScope,
			stepup.ReasonWrongSubject, stepup.ReasonWrongBinding, stepup.ReasonSuperseded, stepup.ReasonDisputed, stepup.ReasonNoMethod,
		}},
	}
)

func pointed(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func (s *schemas) of(t reflect.Type) object {
	t = pointed(t)
	if leaf, ok := leaves[t]; ok {
		return leaf
	}
	if own, ok := reflect.Zero(t).Interface().(Described); ok {
		return own.JSONSchema()
	}
	if t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
		panic(fmt.Sprintf("say in JSONSchema how %v is written", t))
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int64:
		return object{"type": "integer", "format": "int64"}
	case reflect.Int:
		return object{"type": "integer"}
	case reflect.Interface:
		return object{}
	case reflect.Map:
		return object{"type": "object"}
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Struct:
		return s.component(t)
	}
	panic(fmt.Sprintf("no schema for %v", t))
}

func (s *schemas) component(t reflect.Type) object {
	name := t.Name()
	if name == "" {
		return s.members(t)
	}
	if known, ok := s.types[name]; ok && known != t {
		panic(fmt.Sprintf("two types named %s", name))
	}
	if _, ok := s.types[name]; !ok {
		s.types[name] = t // before its members, which may name it
		s.named[name] = s.members(t)
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// members describes a struct as encoding/json writes it. A member without
// omitempty is required, and null only if a pointer can be nil.
func (s *schemas) members(t reflect.Type) object {
	properties, required := object{}, []string{}
	for _, field := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" || !field.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			panic(fmt.Sprintf("%v.%s has no json tag", t, field.Name))
		}
		if _, twice := properties[name]; twice {
			panic(fmt.Sprintf("%v has two members %s", t, name))
		}
		properties[name] = s.of(field.Type)
		switch {
		case strings.Contains(options, "omitempty"), strings.Contains(options, "omitzero"):
		case field.Type.Kind() == reflect.Pointer:
			panic(fmt.Sprintf("%v.%s would be null: give it omitempty", t, field.Name))
		default:
			required = append(required, name)
		}
	}
	schema := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

// stepUpProblem is the refusal that teaches clients what to do.
func (s *schemas) stepUpProblem() object {
	problem := s.members(problemType)
	properties := problem["properties"].(object)
	properties["code"] = object{"const": string(fault.ElevatedTokenRequired)}
	properties["payload"] = s.of(refusalType)
	problem["required"] = append(problem["required"].([]string), "payload")
	s.named["StepUpRequired"] = problem
	return object{"$ref": "#/components/schemas/StepUpRequired"}
}
