package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/adminclient"
	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
)

type envHistory struct {
	ID     string `arg:"" help:"Environment id."`
	Before int64  `help:"Only revisions from before this one, for the next page." placeholder:"REVISION"`
}

func (c *envHistory) Run(s *session) error {
	query := url.Values{}
	if c.Before != 0 {
		query.Set("before", strconv.FormatInt(c.Before, 10))
	}
	var list admin.RevisionList
	if err := s.get(&list, query, "environments", c.ID, "revisions"); err != nil {
		return err
	}
	for _, revision := range list.Revisions {
		actor := revision.Actor
		if actor == "" {
			actor = "somebody, before revisions were kept"
		}
		reverts := ""
		if revision.RevertsTo != 0 {
			reverts = fmt.Sprintf(", back to revision %d", revision.RevertsTo)
		}
		fmt.Fprintf(s.stdout, "revision %d, applied %s by %s%s\n", revision.Revision, revision.AppliedAt.Format(time.RFC3339), actor,
			reverts)
		for _, change := range revision.Changes {
			fmt.Fprintln(s.stdout, "  "+change.String())
		}
	}
	if list.Next != 0 {
		fmt.Fprintf(s.stdout, "More: stepup env history %s --before %d\n", c.ID, list.Next)
	}
	return nil
}

type envRevert struct {
	ID       string `arg:"" help:"Environment id."`
	Revision int64  `arg:"" help:"The revision whose document is applied again; the versions stay as they are."`
	DryRun   bool   `help:"Say what would change, and change nothing."`
	Yes      bool   `help:"Do not ask, although it weakens." short:"y"`
}

func (c *envRevert) Run(s *session) error {
	return s.change(change{dryRun: c.DryRun, yes: c.Yes, call: func(dryRun bool, revision int64) adminclient.Call {
		return adminclient.Call{Method: http.MethodPost, Query: flags("dryRun", dryRun), Body: admin.RevertRequest{Revision: revision},
			Path: []string{"environments", c.ID, "revisions", strconv.FormatInt(c.Revision, 10), "revert"}}
	}})
}

type envSet struct {
	ID     string   `arg:"" help:"Environment id."`
	Edits  []string `arg:"" optional:"" help:"PATH=VALUE as changes name them: mfa.actions[wallet.waas.sign].required=true."`
	Remove []string `help:"A place whose value or entry goes: origins[https://old.example.com]. Repeat it." placeholder:"PATH" sep:"none"`
	DryRun bool     `help:"Say what would change, and change nothing."`
	Yes    bool     `help:"Do not ask, although it weakens." short:"y"`
}

func (c *envSet) Run(s *session) error {
	var edits []environment.Edit
	for _, text := range c.Edits {
		edits = append(edits, environment.ParseEdit(text))
	}
	for _, path := range c.Remove {
		edits = append(edits, environment.Edit{Path: path, Remove: true})
	}
	if len(edits) == 0 {
		return errors.New("nothing to set: write PATH=VALUE, a list entry such as origins[https://app.example.com], or --remove PATH")
	}
	return s.change(change{dryRun: c.DryRun, yes: c.Yes, call: func(dryRun bool, revision int64) adminclient.Call {
		return adminclient.Call{Method: http.MethodPatch, Query: flags("dryRun", dryRun), Path: []string{"environments", c.ID},
			Body: admin.EditRequest{Edits: edits, Revision: revision}}
	}})
}

// change is a change of a document, as a command line asks for it.
type change struct {
	call        func(dryRun bool, revision int64) adminclient.Call
	dryRun, yes bool  // yes: nobody is asked
	noWeakening bool  // nobody is asked either, and what weakens is refused
	revision    int64 // that must be in force; 0: whichever is
}

// change makes a change of a document and says what changed. One that weakens is shown
// first and asked about on a terminal, and what is made is nothing but what was shown.
func (s *session) change(c change) error {
	send := func(dryRun bool, revision int64) (answer admin.ApplyResponse, err error) {
		return answer, s.do(c.call(dryRun, revision), &answer)
	}
	revision := c.revision
	if !c.dryRun && !c.yes && !c.noWeakening && terminal(os.Stdin) {
		shown, err := send(true, revision)
		if err != nil {
			return err
		}
		if weakens := shown.Weakens(); len(weakens) > 0 {
			if err := s.askAbout(shown.ID, weakens); err != nil {
				return err
			}
		}
		revision = shown.Revision
	}
	made, err := send(c.dryRun, revision)
	if err != nil {
		return err
	}
	s.printApplied(made.Applied, c.dryRun)
	s.printEffect(made)
	return nil
}

// askAbout asks whether an environment may be weakened.
func (s *session) askAbout(environmentID string, weakens []string) error {
	fmt.Fprintf(s.stdout, "This weakens environment %s:\n", environmentID)
	for _, weaker := range weakens {
		fmt.Fprintln(s.stdout, "  "+weaker)
	}
	fmt.Fprint(s.stdout, "Type yes to go on: ")
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(answer) != "yes" {
		return errors.New("nothing was changed: yes was not typed; --yes goes on without asking")
	}
	return nil
}

// terminal reports whether somebody sits at the other end, to be asked.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

func (s *session) printApplied(applied operate.Applied, dryRun bool) {
	switch {
	case dryRun && applied.Created:
		fmt.Fprintf(s.stdout, "Environment %s would be created:\n", applied.ID)
	case dryRun && len(applied.Changes) == 0:
		fmt.Fprintf(s.stdout, "Environment %s is as the document says; nothing would change.\n", applied.ID)
	case dryRun:
		fmt.Fprintf(s.stdout, "Environment %s would change as follows:\n", applied.ID)
	case applied.Created:
		fmt.Fprintf(s.stdout, "Created environment %s.\n", applied.ID)
	case len(applied.Changes) == 0:
		fmt.Fprintf(s.stdout, "Environment %s is as the document says; nothing changed.\n", applied.ID)
	default:
		fmt.Fprintf(s.stdout, "Applied revision %d of environment %s.\n", applied.Revision, applied.ID)
	}
	for _, change := range applied.Changes {
		fmt.Fprintln(s.stdout, "  "+change.String())
	}
	if weakens := applied.Weakens(); len(weakens) > 0 {
		fmt.Fprintf(s.stdout, "WARNING: %d of these changes weaken the environment.\n", len(weakens))
	}
	for _, warning := range applied.Warnings {
		fmt.Fprintln(s.stdout, "WARNING: "+warning)
	}
}

// printEffect says what a change that was only looked at would decide otherwise.
func (s *session) printEffect(made admin.ApplyResponse) {
	effect := made.Effect
	if effect == nil || len(made.Changes) == 0 || len(effect.Decisions) == 0 {
		return
	}
	fmt.Fprintln(s.stdout, "It would decide otherwise:")
	s.printDecisions(effect.Decisions, true)
	traffic := effect.Traffic
	fmt.Fprintf(s.stdout, "Looked at what users did in the last %d days: %d step-ups and %d calls guarded here, each judged for its user "+
		"as they are today.\n", traffic.Days, traffic.StepUps, traffic.Calls)
	for _, otherwise := range traffic.Otherwise {
		fmt.Fprintf(s.stdout, "  %s: %d by %d user(s) %s\n", otherwise.Scope, otherwise.Count, otherwise.Users,
			otherwise.What.Words())
	}
	if len(traffic.Otherwise) == 0 {
		fmt.Fprintln(s.stdout, "  None of them would have gone otherwise.")
	}
}
