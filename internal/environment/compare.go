package environment

import (
	"reflect"
	"strconv"
	"strings"
)

// Change is one difference between two versions of an environment.
type Change struct {
	Path    string `json:"path"`              // mfa.actions[wallet.waas.sign].required
	Old     string `json:"old"`               // empty: was not there
	New     string `json:"new"`               // empty: is gone
	Weakens string `json:"weakens,omitempty"` // what gets easier for an attacker; empty when nothing does
}

func (c Change) String() string {
	var b strings.Builder
	b.WriteString(c.Path)
	switch {
	case c.Old == "":
		b.WriteString(": + " + c.New)
	case c.New == "":
		b.WriteString(": - " + c.Old)
	default:
		b.WriteString(": " + c.Old + " -> " + c.New)
	}
	if c.Weakens != "" {
		b.WriteString(" (weakens: " + c.Weakens + ")")
	}
	return b.String()
}

// Compare lists what changes from old to new, in the order of the document, and
// says of each change whether it weakens a rule. The order within lists means
// nothing. With no old environment the changes are what new sets beyond the
// defaults, and nothing weakens: there was no rule before.
func Compare(old, new *Environment) []Change {
	c := comparison{old: old, new: new}
	if old == nil {
		c.old = Defaults()
		c.old.Sessions.Lifetime = new.Sessions.Lifetime
		c.old.Name = new.Name
		derive(c.old)
		c.old.Name, c.old.Sessions.Lifetime = "", defaultLifetime
	}
	c.walk("", "", "", reflect.ValueOf(*c.old), reflect.ValueOf(*c.new))
	if old == nil {
		for i := range c.changes {
			c.changes[i].Weakens = ""
		}
	}
	return c.changes
}

type comparison struct {
	old, new *Environment
	changes  []Change
}

// walk compares two values of one type. Rule is the path without the names of
// list entries, name that of the innermost entry.
func (c *comparison) walk(path, rule, name string, old, new reflect.Value) {
	if same(old, new) {
		return
	}
	if _, leaf := old.Interface().(Ref); leaf || old.Kind() != reflect.Struct && old.Kind() != reflect.Slice {
		c.change(path, rule, name, old, new)
		return
	}
	if old.Kind() == reflect.Struct {
		for i, key := range keys(old.Type()) {
			c.walk(join(path, key), join(rule, key), name, old.Field(i), new.Field(i))
		}
		return
	}
	for i := range old.Len() {
		entry := old.Index(i)
		id := identity(entry)
		at := path + "[" + id + "]"
		if other, ok := find(new, id); !ok {
			c.change(entryPath(entry, path, at), rule+"[]", id, entry, reflect.Value{})
		} else if entry.Kind() == reflect.Struct {
			c.walk(at, rule+"[]", id, entry, other)
		}
	}
	for i := range new.Len() {
		entry := new.Index(i)
		id := identity(entry)
		if _, ok := find(old, id); !ok {
			c.change(entryPath(entry, path, path+"["+id+"]"), rule+"[]", id, reflect.Value{}, entry)
		}
	}
}

func (c *comparison) change(path, rule, name string, old, new reflect.Value) {
	change := Change{Path: path, Old: show(old), New: show(new)}
	if judge, ok := weakening[rule]; ok {
		change.Weakens = judge(step{comparison: c, path: path, name: name, before: old, after: new})
	}
	c.changes = append(c.changes, change)
}

// entryPath leaves the name out where the entry is nothing but its name.
func entryPath(entry reflect.Value, list, named string) string {
	if entry.Kind() == reflect.Struct {
		return named
	}
	return list
}

// identity is the name of a list entry: itself, or its first key.
func identity(entry reflect.Value) string {
	if entry.Kind() == reflect.Struct {
		entry = entry.Field(0)
	}
	if entry.Kind() == reflect.Int {
		return strconv.FormatInt(entry.Int(), 10)
	}
	return entry.String()
}

func find(list reflect.Value, id string) (reflect.Value, bool) {
	for i := range list.Len() {
		if entry := list.Index(i); identity(entry) == id {
			return entry, true
		}
	}
	return reflect.Value{}, false
}

// show writes a value for people; references are shown, secrets are not here.
func show(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	switch value := v.Interface().(type) {
	case Ref:
		if value.IsZero() {
			return ""
		}
		return value.String()
	case Duration:
		return value.String()
	case Image:
		return value.String()
	}
	switch v.Kind() {
	case reflect.Struct:
		return flow(v)
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		return show(v.Elem())
	case reflect.Int:
		if v.Int() == 0 {
			return ""
		}
	}
	return encode(v, v).Value
}
