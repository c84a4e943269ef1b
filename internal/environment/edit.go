package environment

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Edit changes one place of a document. Places are named as [Change] names them:
// signUp.enabled, mfa.actions[wallet.waas.sign].required, origins[https://app.example.com].
type Edit struct {
	Path string `json:"path"`

	// Value is what stands there from now on, as YAML writes it: true, 300, 10m, [a, b]. It is
	// text where the document has text. An entry of a plain list needs none: its name is all.
	Value  string `json:"value,omitempty"`
	Remove bool   `json:"remove,omitempty"` // what stands there goes, and what follows from its absence holds
}

// String writes an edit on one line: PATH=VALUE, the name of a list entry, or -PATH for what
// goes.
func (e Edit) String() string {
	switch {
	case e.Remove:
		return "-" + e.Path
	case e.Value == "":
		return e.Path
	}
	return e.Path + "=" + e.Value
}

// ParseEdit reads what [Edit.String] writes. Names of list entries, in their brackets, may
// have a sign of equality.
func ParseEdit(line string) Edit {
	if path, ok := strings.CutPrefix(line, "-"); ok {
		return Edit{Path: path, Remove: true}
	}
	depth := 0
	for i, c := range line {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == '=' && depth == 0:
			return Edit{Path: line[:i], Value: line[i+1:]}
		}
	}
	return Edit{Path: line}
}

// EditError is an edit that names no place of a document, or nothing that can stand there.
type EditError struct {
	Path string
	Why  string
}

func (e *EditError) Error() string { return e.Path + ": " + e.Why }

// Edited makes the edits in a document, which must be one that [Parse] takes, and writes it
// canonically. All else stays as it was; comments do not survive. The error is an
// [*EditError], or the [Problems] of the document that would come of it.
func Edited(document []byte, edits []Edit) ([]byte, error) {
	env, err := Parse(document)
	if err != nil {
		return nil, err
	}
	var tree yaml.Node
	if err := yaml.Unmarshal(env.YAML(), &tree); err != nil {
		return nil, fmt.Errorf("environment: reading what was written: %w", err)
	}
	for _, edit := range edits {
		steps, err := splitPath(edit.Path)
		if err == nil {
			err = apply(tree.Content[0], reflect.TypeFor[Environment](), steps, edit)
		}
		if err != nil {
			return nil, &EditError{edit.Path, err.Error()}
		}
	}
	text, err := yaml.Marshal(&tree)
	if err != nil {
		return nil, fmt.Errorf("environment: writing what was edited: %w", err)
	}
	if env, err = Parse(text); err != nil {
		return nil, err
	}
	return env.YAML(), nil
}

// splitPath cuts a path into keys and names of list entries, which keep their bracket in
// front: mfa, actions, [wallet.waas.sign, required.
func splitPath(path string) (steps []string, err error) {
	for rest := path; rest != ""; {
		if rest[0] == '[' {
			end := closing(rest)
			if end < 0 || end == 1 {
				return nil, fmt.Errorf("a name in brackets has no end, or is empty")
			}
			steps = append(steps, rest[:end])
			rest = strings.TrimPrefix(rest[end+1:], ".")
			continue
		}
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		steps = append(steps, rest[:end])
		rest = strings.TrimPrefix(rest[end:], ".")
	}
	if len(steps) == 0 {
		return nil, fmt.Errorf("an edit names what it changes, as in signUp.enabled")
	}
	return steps, nil
}

// closing finds the bracket that closes the first one; addresses may have brackets inside.
func closing(text string) int {
	open := 0
	for i, c := range text {
		switch c {
		case '[':
			open++
		case ']':
			if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}

// apply makes the edit below a node of type t.
func apply(node *yaml.Node, t reflect.Type, steps []string, edit Edit) error {
	step, rest := steps[0], steps[1:]
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Slice && step[0] == '[':
		return inList(node, t.Elem(), step[1:], rest, edit)
	case t.Kind() != reflect.Struct:
		return fmt.Errorf("nothing is below %q", strings.TrimPrefix(step, "["))
	}
	inner := fieldType(t, step)
	if inner == nil {
		return fmt.Errorf("there is no key %s; known here: %s", quoted(step), strings.Join(keys(t), ", "))
	}
	at := slices.IndexFunc(even(node.Content), func(key *yaml.Node) bool { return key.Value == step }) * 2
	if len(rest) == 0 {
		if at >= 0 {
			node.Content = slices.Delete(node.Content, at, at+2)
		}
		if edit.Remove {
			return nil
		}
		value, err := valueOf(edit.Value, inner)
		if err == nil {
			node.Content = append(node.Content, scalar("!!str", step), value)
		}
		return err
	}
	if at < 0 {
		if edit.Remove {
			return nil
		}
		node.Content = append(node.Content, scalar("!!str", step), container(inner))
		at = len(node.Content) - 2
	}
	return apply(node.Content[at+1], inner, rest, edit)
}

// inList makes the edit in the entry of that name, which comes into being where it is set.
func inList(list *yaml.Node, t reflect.Type, name string, rest []string, edit Edit) error {
	list.Style = 0
	at := slices.IndexFunc(list.Content, func(entry *yaml.Node) bool { return entryName(entry, t) == name })
	switch {
	case len(rest) == 0 && edit.Remove:
		if at >= 0 {
			list.Content = slices.Delete(list.Content, at, at+1)
		}
		return nil
	case at < 0 && edit.Remove:
		return nil
	case at < 0:
		entry, err := newEntry(name, t)
		if err != nil {
			return err
		}
		list.Content = append(list.Content, entry)
		at = len(list.Content) - 1
	}
	if len(rest) == 0 {
		if edit.Value != "" {
			return fmt.Errorf("a list entry has no value of its own: name a key of it")
		}
		return nil
	}
	if list.Content[at].Kind == yaml.ScalarNode && t.Kind() == reflect.Struct { // an entry written as its name alone
		entry, err := newEntry(name, t)
		if err != nil {
			return err
		}
		list.Content[at] = entry
	}
	return apply(list.Content[at], t, rest, edit)
}

// entryName is the name of a list entry, as [Compare] knows it: itself, or its first key.
func entryName(entry *yaml.Node, t reflect.Type) string {
	if entry.Kind != yaml.MappingNode {
		return entry.Value
	}
	for i, key := range even(entry.Content) {
		if key.Value == keys(t)[0] {
			return entry.Content[2*i+1].Value
		}
	}
	return ""
}

func newEntry(name string, t reflect.Type) (*yaml.Node, error) {
	if t.Kind() != reflect.Struct {
		return valueOf(name, t)
	}
	value, err := valueOf(name, t.Field(0).Type)
	entry := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar("!!str", keys(t)[0]), value}}
	if t == reflect.TypeFor[Method]() || t == reflect.TypeFor[Action]() { // they say so whether or not they are on
		entry.Content = append(entry.Content, scalar("!!str", mandatory[t][1]), scalar("!!bool", "false"))
	}
	return entry, err
}

// container is what may hold more: a list or a mapping without anything.
func container(t reflect.Type) *yaml.Node {
	if t.Kind() == reflect.Slice {
		return &yaml.Node{Kind: yaml.SequenceNode}
	}
	return &yaml.Node{Kind: yaml.MappingNode}
}

// valueOf is the node of a value; whether it may stand there, [Parse] says. Text is text,
// whatever it looks like.
func valueOf(text string, t reflect.Type) (*yaml.Node, error) {
	isText := t.Kind() == reflect.String || t == reflect.TypeFor[Duration]()
	if isText {
		return scalar("!!str", text), nil
	}
	var tree yaml.Node
	if err := yaml.Unmarshal([]byte(text), &tree); err != nil || len(tree.Content) != 1 {
		return nil, fmt.Errorf("%s is no value: write it as YAML does, as in true, 300 or [a, b]", quoted(text))
	}
	return tree.Content[0], nil
}

// even are the keys of a mapping's content.
func even(content []*yaml.Node) (keys []*yaml.Node) {
	for i := 0; i < len(content); i += 2 {
		keys = append(keys, content[i])
	}
	return keys
}
