package environment

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

const noAliases = "anchors and aliases (& and *) are not accepted: write the value out"

const (
	maxText    = 2048 // bytes of a single text
	maxEntries = 1000 // of any list; most are held to maxItems later
)

// mandatory lists the keys a mapping cannot do without; [Environment.YAML]
// always writes them, whatever their value.
var mandatory = map[reflect.Type][]string{
	reflect.TypeFor[Environment](): {"id", "name"},
	reflect.TypeFor[Method]():      {"type", "enabled"},
	reflect.TypeFor[Action]():      {"action", "required"},
	reflect.TypeFor[Provider]():    {"provider", "clientId"},
	reflect.TypeFor[RPC]():         {"chainId", "url"},
	reflect.TypeFor[Network]():     {"name", "chain", "rpc"},
	reflect.TypeFor[Scope]():       {"scope"},
	reflect.TypeFor[Above]():       {"of", "limit"},
	reflect.TypeFor[RedirectURI](): {"uri"},

	reflect.TypeFor[MailTemplate](): {"template", "texts"},
	reflect.TypeFor[MailText]():     {"language"},
}

// decoder moves nodes into the types, which are the grammar: what has no field
// is unknown. Every value there can be is above zero or not empty, so that a
// zero afterwards means the document left it out (booleans aside).
type decoder struct{ *report }

func (d decoder) decode(n *yaml.Node, path string, v reflect.Value) {
	if !d.given(path) { // a list entry, or the document
		d.lines[path] = n.Line
	}
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		d.add(n.Line, path, noAliases)
		return
	case n.Style&yaml.TaggedStyle != 0:
		d.add(n.Line, path, "tags (!) are not accepted: write the plain value")
		return
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		d.add(n.Line, path, "has no value: give it one or remove the line")
		return
	}
	var err error
	switch target := v.Addr().Interface().(type) {
	case *Ref:
		if n.Kind != yaml.MappingNode {
			d.add(n.Line, path,
				"a secret is never written in this document: put it in a file or a variable and write {file: name} or {env: NAME}")
			return
		}
		d.mapping(n, path, v)
	case *RedirectURI:
		if n.Kind != yaml.MappingNode {
			d.plain(n, path, v.FieldByName("URI"))
			return
		}
		d.mapping(n, path, v)
	case *Version:
		if d.scalar(n, path, "a version such as "+string(Newest)) {
			*target, err = ParseVersion(n.Value)
		}
	case *Duration:
		if d.scalar(n, path, "a duration such as 10m") {
			*target, err = ParseDuration(n.Value)
		}
	default:
		d.plain(n, path, v)
	}
	if err != nil {
		d.add(n.Line, path, "%v", err)
	}
}

func (d decoder) plain(n *yaml.Node, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		d.mapping(n, path, v)
	case reflect.Slice:
		d.sequence(n, path, v)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.plain(n, path, v.Elem())
	case reflect.String:
		if d.scalar(n, path, "text") && d.text(n, path, longest(v.Type())) {
			v.SetString(n.Value)
		}
	case reflect.Bool:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Value != "true" && n.Value != "false" {
			hint := ""
			if means, ok := otherBool[strings.ToLower(n.Value)]; ok {
				hint = ": write " + means
			}
			d.add(n.Line, path, "must be true or false, without quotes%s", hint)
			return
		}
		v.SetBool(n.Value == "true")
	case reflect.Int:
		number, err := strconv.ParseInt(n.Value, 10, 32)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || number < 1 || n.Value[0] == '+' {
			d.add(n.Line, path, "must be a whole number of 1 or more, without quotes")
			return
		}
		v.SetInt(number)
	default:
		panic("environment: no way to read a " + v.Type().String())
	}
}

// otherBool are the words that other YAML readers, and people, take for true and false.
var otherBool = map[string]string{
	"yes": "true", "on": "true", "y": "true", "enabled": "true", "true": "true", "1": "true",
	"no": "false", "off": "false", "n": "false", "disabled": "false", "false": "false", "0": "false",
}

func (d decoder) scalar(n *yaml.Node, path, what string) bool {
	if n.Kind != yaml.ScalarNode {
		d.add(n.Line, path, "must be %s, not a list or a mapping", what)
		return false
	}
	return true
}

// longest is how long a text may be.
func longest(t reflect.Type) int {
	if t == reflect.TypeFor[Image]() {
		return MaxImageText
	}
	return maxText
}

// text judges what every text must satisfy. Numbers and the like are texts only
// in quotes, lest a client id loses its leading zero elsewhere.
func (d decoder) text(n *yaml.Node, path string, most int) bool {
	switch s := n.Value; {
	case n.Tag != "!!str":
		d.add(n.Line, path, "must be text: put %s in quotes", quoted(s))
	case s == "":
		d.add(n.Line, path, "is empty: give it a value or remove the line")
	case len(s) > most:
		d.add(n.Line, path, "is longer than %d bytes: shorten it", most)
	case strings.TrimSpace(s) != s:
		d.add(n.Line, path, "has spaces around it: remove them")
	case strings.IndexFunc(s, invisible) >= 0:
		d.add(n.Line, path, "has a line break or an invisible character in it: remove it")
	default:
		return true
	}
	return false
}

// invisible leaves the joiner in, which holds emoji together.
func invisible(c rune) bool { return !unicode.IsPrint(c) && c != '\u200d' }

func (d decoder) sequence(n *yaml.Node, path string, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.add(n.Line, path, "must be a list: write [a, b], or one \"- a\" a line")
		return
	}
	if len(n.Content) > maxEntries {
		d.add(n.Line, path, "has %d entries: at most %d are accepted", len(n.Content), maxEntries)
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		d.decode(item, index(path, i), list.Index(i))
	}
	v.Set(list)
}

func (d decoder) mapping(n *yaml.Node, path string, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.add(n.Line, path, "must be a mapping with the keys %s", strings.Join(keys(v.Type()), ", "))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := join(path, shown(key.Value))
		switch {
		case key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0:
			d.add(key.Line, path, "keys are plain words, without anchors, aliases or tags")
		case key.Tag == "!!merge":
			d.add(key.Line, path, "merge keys (<<) are not accepted: write the keys out")
		case seen[key.Value] > 0:
			d.add(key.Line, at, "is already set in line %d: keep one of the two", seen[key.Value])
		default:
			seen[key.Value] = key.Line
			if field, ok := fieldOf(v, key.Value); ok {
				d.lines[at] = key.Line
				d.decode(value, at, field)
			} else {
				d.add(key.Line, at, "unknown key; %s", d.advice(v.Type(), path, key.Value))
			}
		}
	}
	for _, key := range mandatory[v.Type()] {
		if seen[key] == 0 {
			d.add(d.line(path), join(path, key), "is missing: add it")
		}
	}
}

// advice says which key was meant, or where an existing key belongs. A mapping
// that says something of its own may want another key instead (externalAuth:
// iss, not issuer), so there the keys it has are told first. Problems that will
// not be shown get none: it is costly.
func (d decoder) advice(t reflect.Type, path, key string) string {
	if len(d.problems) > maxProblems {
		return ""
	}
	known := keys(t)
	if near := nearest(key, known); near != "" {
		return "did you mean " + near + "?"
	}
	here := "known here: " + strings.Join(known, ", ")
	home := homeOf(reflect.TypeFor[Environment](), "", key)
	switch {
	case home == "":
		return here
	case strings.HasPrefix(home, path):
		return "it belongs at " + home
	default:
		return here + "; a key of this name is " + home
	}
}

// homeOf finds the path of a key anywhere in the grammar.
func homeOf(t reflect.Type, path, key string) string {
	for _, k := range keys(t) {
		at := join(path, k)
		if k == key {
			return at
		}
		inner := fieldType(t, k)
		if inner.Kind() == reflect.Slice {
			inner, at = inner.Elem(), at+"[]"
		}
		if inner.Kind() == reflect.Struct {
			if home := homeOf(inner, at, key); home != "" {
				return home
			}
		}
	}
	return ""
}

// keys lists the keys of a mapping in the order of the document.
func keys(t reflect.Type) []string {
	out := make([]string, t.NumField())
	for i := range out {
		out[i], _, _ = strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
	}
	return out
}

func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for i, k := range keys(v.Type()) {
		if k == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func fieldType(t reflect.Type, key string) reflect.Type {
	for i, k := range keys(t) {
		if k == key {
			return t.Field(i).Type
		}
	}
	return nil
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// shown is a key as a path shows it.
func shown(key string) string {
	if plainKey.MatchString(key) {
		return key
	}
	return quoted(key)
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
