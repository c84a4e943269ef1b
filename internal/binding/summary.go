package binding

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/strictjson"
)

// maxValue is the length of one value in a summary, in characters.
const maxValue = 100

// Summarize says what a custom scope's transaction is: in the words of the
// scope's template, or by listing every member. Nothing is ever cut off: what
// cannot be shown in full cannot be confirmed. A value that is more than one
// plain word stands in quotes, so that it cannot pass for words of ours.
func Summarize(env *environment.Environment, scope stepup.Scope, details []byte) (string, error) {
	canonical, _, err := Canonical(details)
	if err != nil {
		return "", err
	}
	parsed, err := strictjson.Parse(canonical, MaxDepth)
	if err != nil {
		return "", err
	}
	list, err := parsed.List()
	if err != nil {
		return "", err
	}
	declared, _ := env.Scope(string(scope))
	lines := make([]string, len(list))
	for i, value := range list {
		detail, err := value.Object()
		if err != nil {
			return "", err
		}
		if declared.Summary != "" {
			lines[i], err = fill(declared.Summary, detail)
		} else {
			lines[i], err = enumerate(detail)
		}
		if err != nil {
			return "", err
		}
	}
	return strings.Join(lines, "\n"), nil
}

// fill puts members into their places in the template.
func fill(template string, detail strictjson.Members) (string, error) {
	var pairs []string
	for _, name := range environment.Placeholders(template) {
		member := detail.Get(name)
		if !member.Exists() {
			return "", fault.New(fault.InvalidAuthorizationDetails, "The member %s is missing: this scope shows it to people.", name)
		}
		value, err := show(member)
		if err != nil {
			return "", err
		}
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(template), nil
}

// enumerate writes the type and every other member in the order of their names.
func enumerate(detail strictjson.Members) (string, error) {
	kind, err := show(detail.Get("type"))
	if err != nil {
		return "", err
	}
	names := slices.DeleteFunc(detail.Names(), func(name string) bool { return name == "type" })
	slices.Sort(names)
	parts := make([]string, len(names))
	for i, name := range names {
		value, err := show(detail.Get(name))
		if err != nil {
			return "", err
		}
		if name, err = word(name); err != nil {
			return "", err
		}
		parts[i] = name + " " + value
	}
	if len(parts) == 0 {
		return kind, nil
	}
	return kind + ": " + strings.Join(parts, ", "), nil
}

// show writes one value: text as a word, everything else as its JSON.
func show(value strictjson.Value) (string, error) {
	if text, err := value.Text(); err == nil {
		return word(text)
	}
	raw := value.Raw()
	if utf8.RuneCount(raw) > maxValue || !Showable(string(raw)) || strings.Contains(string(raw), "\n") {
		return "", unshowable("a value has more than %d characters, or ones that nobody sees", maxValue)
	}
	return string(raw), nil
}

// plain is a word that needs no quotes: it cannot end a sentence of ours and
// begin another.
var plain = regexp.MustCompile(`^[\p{L}\p{N}]+([._+@:/-][\p{L}\p{N}]+)*$`)

func word(text string) (string, error) {
	if utf8.RuneCountInString(text) > maxValue || !Showable(text) || strings.Contains(text, "\n") {
		return "", unshowable("a value has more than %d characters, or ones that nobody sees", maxValue)
	}
	if plain.MatchString(text) {
		return text, nil
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`, nil
}

// Showable reports whether people see every character: no controls but line
// breaks, nothing that changes direction, nothing without a shape.
func Showable(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if r != '\n' && (!unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)) {
			return false
		}
	}
	return true
}
