package environment

import (
	"bytes"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stepup-auth/stepup"
)

// YAML writes e canonically: keys in the order of the types, values that equal
// their default left out, secrets only as references. The versions are always
// written, because the default of today is not that of the next release.
// Parsing the text gives e again.
func (e *Environment) YAML() []byte {
	base := Defaults()
	base.Name, base.Sessions.Lifetime = e.Name, e.Sessions.Lifetime
	derive(base)
	base.Sessions.Lifetime = defaultLifetime
	base.MinAPIVersion, base.CreatedAtVersion = "", ""

	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(encode(reflect.ValueOf(*e), reflect.ValueOf(*base))); err != nil {
		panic("environment: " + err.Error()) // a buffer refuses nothing, and every node is ours
	}
	return out.Bytes()
}

// encode turns a value into a node. Of a struct it writes what differs from
// base, and what is mandatory.
func encode(v, base reflect.Value) *yaml.Node {
	switch value := v.Interface().(type) {
	case Duration:
		return scalar("!!str", value.String())
	case Version:
		return scalar("!!str", string(value))
	case RedirectURI:
		if !value.CustomScheme {
			return scalar("!!str", value.URI)
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		return encodeStruct(v, base)
	case reflect.Slice:
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			list.Content = append(list.Content, encode(v.Index(i), bare(v.Index(i))))
		}
		if len(list.Content) == 0 {
			list.Style = yaml.FlowStyle
		}
		return list
	case reflect.Pointer:
		return encode(v.Elem(), v.Elem())
	case reflect.Bool:
		return scalar("!!bool", strconv.FormatBool(v.Bool()))
	case reflect.Int:
		return scalar("!!int", strconv.FormatInt(v.Int(), 10))
	default:
		return scalar("!!str", v.String())
	}
}

func encodeStruct(v, base reflect.Value) *yaml.Node {
	mapping := &yaml.Node{Kind: yaml.MappingNode}
	for i, key := range keys(v.Type()) {
		field, usual := v.Field(i), base.Field(i)
		if same(field, usual) && !slices.Contains(mandatory[v.Type()], key) {
			continue
		}
		if value := encode(field, usual); value.Kind != yaml.MappingNode || len(value.Content) > 0 {
			mapping.Content = append(mapping.Content, scalar("!!str", key), value)
		}
	}
	return mapping
}

func scalar(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

// same compares two values; a list that is absent equals an empty one.
func same(a, b reflect.Value) bool {
	if a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// bare is a list entry of the same name that says nothing else.
func bare(entry reflect.Value) reflect.Value {
	switch x := entry.Interface().(type) {
	case Method:
		return reflect.ValueOf(Method{AllowBackupCodes: backupCodesByDefault(x.Type)})
	case Network:
		n := Network{Chain: x.Chain}
		deriveNetwork(&n)
		n.Chain = ""
		return reflect.ValueOf(n)
	case Scope:
		s := Scope{Scope: x.Scope, TokenBehavior: x.TokenBehavior}
		deriveScope(&s)
		if s.TokenBehavior = ""; !stepup.Scope(x.Scope).Reserved() {
			s.TokenBehavior = SingleUse
		}
		return reflect.ValueOf(s)
	}
	return reflect.Zero(entry.Type())
}

// flow writes a list entry on one line, for people.
func flow(entry reflect.Value) string {
	node := encode(entry, bare(entry))
	node.Style = yaml.FlowStyle
	out, err := yaml.Marshal(node)
	if err != nil {
		panic("environment: " + err.Error())
	}
	return strings.Join(strings.Fields(string(out)), " ")
}
