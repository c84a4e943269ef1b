package policytext

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stepup-auth/stepup/internal/environment"
)

// Cases is a file of expected decisions.
type Cases struct {
	Environment string `yaml:"environment"` // path of the document, as seen from the file; or the id of an environment
	Cases       []Case `yaml:"cases"`
}

// Case is one expected decision. What Expect leaves out may be anything.
type Case struct {
	Name     string   `yaml:"name"`
	Scope    string   `yaml:"scope"`
	UserWith []string `yaml:"userWith"`
	Version  string   `yaml:"version"` // empty: that of the document
	Expect   Expect   `yaml:"expect"`
}

// Expect is what a decision is compared with.
type Expect struct {
	Required    *bool    `yaml:"required"`
	Reason      string   `yaml:"reason"`  // as stepUp/check answers
	Methods     []string `yaml:"methods"` // in any order; given but empty: none
	SingleUse   *bool    `yaml:"singleUse"`
	LifeSeconds int      `yaml:"lifeSeconds"`
	Floor       string   `yaml:"floor"`
}

// MaxCases bounds a file.
const MaxCases = 10000

// ParseCases reads a file; an unknown key is an error with its line.
func ParseCases(text []byte) (Cases, error) {
	if len(text) > environment.MaxSize*4 {
		return Cases{}, fmt.Errorf("the file is larger than %d bytes: split it", environment.MaxSize*4)
	}
	var c Cases
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil {
		if errors.Is(err, io.EOF) {
			return c, errors.New("the file is empty: it needs environment and cases")
		}
		return c, readable(text, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return c, errors.New("a second document starts in the file: keep one list of cases per file")
	}
	switch {
	case c.Environment == "":
		return c, errors.New("environment is missing: name the YAML document, or the id of an environment")
	case len(c.Cases) == 0:
		return c, errors.New("cases is missing: a test without cases proves nothing")
	case len(c.Cases) > MaxCases:
		return c, fmt.Errorf("more than %d cases: split the file", MaxCases)
	}
	for i, test := range c.Cases {
		e := test.Expect
		if test.Scope == "" {
			return c, fmt.Errorf("cases[%d]: scope is missing", i)
		}
		if e.Required == nil && e.Reason == "" && e.Methods == nil && e.SingleUse == nil && e.LifeSeconds == 0 && e.Floor == "" {
			return c, fmt.Errorf("cases[%d]: expect is empty, so the case could never fail", i)
		}
	}
	return c, nil
}

var (
	noField    = regexp.MustCompile(`^line (\d+): field (.*) not found in type policytext\.(\w+)$`)
	noFit      = regexp.MustCompile("(?s)^line (\\d+): cannot unmarshal !!\\w+ (?:`(.*)` )?into (.+)$")
	yamlSyntax = regexp.MustCompile(`(?s)^yaml: (?:line (\d+): )?(.*)$`)
	indentTab  = regexp.MustCompile(`(?m)^ *\t`)
)

// keysOf are the mappings of a file and what they may hold.
var keysOf = map[string]reflect.Type{"Cases": reflect.TypeFor[Cases](), "Case": reflect.TypeFor[Case](),
	"Expect": reflect.TypeFor[Expect]()}

// readable says what the YAML reader could not read in the words of the file.
func readable(text []byte, err error) error {
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		if at := indentTab.FindIndex(text); at != nil && strings.Contains(err.Error(), "token") {
			return fmt.Errorf("line %d: the line begins with a tab, which YAML does not take: indent with spaces",
				1+bytes.Count(text[:at[0]], []byte("\n")))
		}
		m := yamlSyntax.FindStringSubmatch(err.Error())
		if m == nil {
			return err
		}
		return fmt.Errorf("line %s: this is not YAML: %s", cmp.Or(m[1], "1"), strings.Join(strings.Fields(m[2]), " "))
	}
	lines := make([]string, len(wrong.Errors))
	for i, line := range wrong.Errors {
		lines[i] = line
		if m := noField.FindStringSubmatch(line); m != nil {
			lines[i] = fmt.Sprintf("line %s: there is no key %.40q here; known: %s", m[1], m[2], strings.Join(keys(keysOf[m[3]]), ", "))
		} else if m := noFit.FindStringSubmatch(line); m != nil {
			what := "what stands here"
			if m[2] != "" {
				what = strconv.Quote(m[2])
			}
			lines[i] = fmt.Sprintf("line %s: %s does not fit: write %s", m[1], what, fits(m[3]))
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

func keys(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		names = append(names, t.Field(i).Tag.Get("yaml"))
	}
	return names
}

// fits says what the file should hold where a value of this Go type is expected.
func fits(goType string) string {
	switch {
	case strings.HasSuffix(goType, "bool"):
		return "true or false"
	case strings.HasSuffix(goType, "int"):
		return "a whole number"
	case goType == "string":
		return "text"
	case goType == "[]string":
		return "a list of words, as in [email, totp]"
	case strings.HasPrefix(goType, "[]"):
		return "a list, with \"- \" before each entry"
	}
	_, name, _ := strings.Cut(goType, ".")
	if t, ok := keysOf[name]; ok {
		return "a mapping with the keys " + strings.Join(keys(t), ", ")
	}
	return "something else"
}

// Title is how a case is called when it has no name.
func (c Case) Title() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Scope + " for " + strings.Join(c.UserWith, ",")
}

// Run decides and lists what differs from the expectation; none: it passes.
func (c Case) Run(env *environment.Environment) ([]string, error) {
	env, err := At(env, c.Version)
	if err != nil {
		return nil, err
	}
	explained, err := Explain(env, c.Scope, c.UserWith)
	if err != nil {
		return nil, err
	}
	d, e := explained.Decision, c.Expect
	var differs []string
	compare := func(what string, got, want any) {
		if fmt.Sprint(got) != fmt.Sprint(want) {
			differs = append(differs, fmt.Sprintf("%s is %v, expected %v", what, got, want))
		}
	}
	if e.Required != nil {
		compare("required", d.Required, *e.Required)
	}
	if e.Reason != "" {
		compare("reason", Reason(d), e.Reason)
	}
	if e.Methods != nil {
		compare("methods", sorted(Methods(d)), sorted(e.Methods))
	}
	if e.SingleUse != nil {
		compare("singleUse", d.Rule.SingleUse, *e.SingleUse)
	}
	if e.LifeSeconds != 0 {
		compare("lifeSeconds", int(d.Rule.Life.Seconds()), e.LifeSeconds)
	}
	if e.Floor != "" {
		compare("floor", d.Floor, e.Floor)
	}
	return differs, nil
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	if list == nil {
		list = []string{}
	}
	return list
}
