package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/policytext"
)

type policyCommand struct {
	Explain policyExplain `cmd:"" help:"Print what a scope asks of a user, and why."`
	Test    policyTest    `cmd:"" help:"Run a file of expected decisions."`
	Diff    policyDiff    `cmd:"" help:"Show what another document would decide differently."`
}

// document reads an environment by id, or a YAML document by path.
func (s *session) document(name string) (*environment.Environment, error) {
	_, missing := os.Stat(name)
	if !errors.Is(missing, os.ErrNotExist) || strings.ContainsAny(name, "/.") {
		text, err := readFile(name)
		if err != nil {
			return nil, err
		}
		return environment.Parse(text)
	}
	var shown operate.EnvironmentDocument
	if err := s.get(&shown, nil, "environments", name); err != nil {
		return nil, err
	}
	return environment.Parse([]byte(shown.Document))
}

type policyExplain struct {
	Environment string   `arg:"" help:"Environment id, or the path of its document."`
	Scope       string   `arg:"" help:"Scope, such as wallet:export."`
	UserWith    []string `placeholder:"MEANS" help:"${means}"`
	Version     string   `help:"Decide as under this minimum API version." placeholder:"VERSION"`
}

func (c *policyExplain) Run(s *session) error {
	env, err := s.document(c.Environment)
	if err != nil {
		return err
	}
	if env, err = policytext.At(env, c.Version); err != nil {
		return err
	}
	e, err := policytext.Explain(env, c.Scope, c.UserWith)
	if err != nil {
		return err
	}
	d := e.Decision
	has := strings.Join(c.UserWith, ", ")
	if has == "" {
		has = "nothing"
	}
	required := "not required"
	if d.Required {
		required = "required"
	}
	use := "until it expires"
	if d.Rule.SingleUse {
		use = "once"
	}
	fmt.Fprintf(s.stdout, "%s in %s at %s, for a user with %s\n\n", c.Scope, env.Name, env.MinAPIVersion, has)
	fmt.Fprintf(s.stdout, "  step-up   %s: %s\n", required, e.Why)
	fmt.Fprintf(s.stdout, "  answer    %s\n", policytext.Reason(d))
	fmt.Fprintf(s.stdout, "  token     works %s, for %d s at most\n", use, int(d.Rule.Life.Seconds()))
	fmt.Fprintf(s.stdout, "  floor     %s\n", d.Floor)
	if d.Rule.CoolDown > 0 {
		fmt.Fprintf(s.stdout, "  cool-down %s after a new factor or a recovery nothing mints it\n", d.Rule.CoolDown.Round(time.Second))
	}
	for i, means := range e.Means {
		verdict := "counts, worth " + string(means.ACR)
		if means.Obstacle != "" {
			verdict = "does not count: " + means.Obstacle
		}
		fmt.Fprintf(s.stdout, "  %-9s %s\n", c.UserWith[i], verdict)
	}
	return nil
}

type policyTest struct {
	File string `arg:"" help:"YAML file: environment, and cases of scope, userWith, version and expect."`
}

func (c *policyTest) Run(s *session) error {
	text, err := readFile(c.File)
	if err != nil {
		return err
	}
	cases, err := policytext.ParseCases(text)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	name := cases.Environment
	if beside := filepath.Join(filepath.Dir(c.File), name); filepath.IsLocal(name) {
		if _, err := os.Stat(beside); err == nil {
			name = beside
		}
	}
	env, err := s.document(name)
	if err != nil {
		return err
	}
	failed := 0
	for _, test := range cases.Cases {
		differs, err := test.Run(env)
		if err != nil {
			differs = []string{err.Error()}
		}
		if len(differs) == 0 {
			fmt.Fprintf(s.stdout, "ok      %s\n", test.Title())
			continue
		}
		failed++
		fmt.Fprintf(s.stdout, "FAILED  %s\n", test.Title())
		for _, text := range differs {
			fmt.Fprintf(s.stdout, "        %s\n", text)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d decisions are not as expected", failed, len(cases.Cases))
	}
	fmt.Fprintf(s.stdout, "%d decisions are as expected.\n", len(cases.Cases))
	return nil
}

type policyDiff struct {
	Old string `arg:"" help:"Environment id, or the path of a document."`
	New string `arg:"" help:"The other one."`
}

func (c *policyDiff) Run(s *session) error {
	old, err := s.document(c.Old)
	if err != nil {
		return err
	}
	next, err := s.document(c.New)
	if err != nil {
		return err
	}
	var calls admin.CountedCalls
	counted := s.get(&calls, nil, "environments", old.ID, "calls")
	changes, err := policytext.Diff(old, next, calls.Calls)
	if err != nil {
		return err
	}
	if counted != nil {
		fmt.Fprintf(s.stdout, "NOTE: no counts of calls: %s.\n", message(counted))
	}
	if len(changes) == 0 {
		fmt.Fprintln(s.stdout, "Both decide alike.")
		return nil
	}
	s.printDecisions(changes, counted == nil)
	return nil
}

// printDecisions prints what two documents decide otherwise, scope by scope, with how many
// calls were counted for each where that is known.
func (s *session) printDecisions(changes []policytext.Difference, counted bool) {
	scope := ""
	for _, change := range changes {
		if change.Scope != scope {
			scope = change.Scope
			seen := ""
			if counted {
				seen = fmt.Sprintf("   (%d calls in %d days)", change.Calls, operate.ReadinessDays)
			}
			fmt.Fprintf(s.stdout, "%s%s\n", scope, seen)
		}
		who := strings.Join(change.Who, ", ")
		if len(change.Who) > 6 {
			who = strings.Join(change.Who[:6], ", ") + fmt.Sprintf(" and %d more", len(change.Who)-6)
		}
		looser := ""
		if change.Looser {
			looser = " (looser)"
		}
		fmt.Fprintf(s.stdout, "  %s%s\n      for users with %s\n", change.Text, looser, who)
	}
}
