package policytext

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
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
		return c, err
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
