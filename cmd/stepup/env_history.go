package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

type envHistory struct {
	ID     string `arg:"" help:"Environment id."`
	Before int64  `help:"Only revisions from before this one, for the next page." placeholder:"REVISION"`
}

func (c *envHistory) Run(s *session) error {
	return s.read(func(tx *store.Tx) error {
		page, next, err := operate.History(tx, c.ID, c.Before)
		if err != nil {
			return err
		}
		for _, revision := range page {
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
		if next != 0 {
			fmt.Fprintf(s.stdout, "More: stepup env history %s --before %d\n", c.ID, next)
		}
		return nil
	})
}

type envRevert struct {
	ID       string `arg:"" help:"Environment id."`
	Revision int64  `arg:"" help:"The revision whose document is applied again; the versions stay as they are."`
	DryRun   bool   `help:"Say what would change, and change nothing."`
	Yes      bool   `help:"Do not ask, although it weakens." short:"y"`
}

func (c *envRevert) Run(s *session) error {
	host, err := s.host()
	if err != nil {
		return err
	}
	return s.change(change{proposal: operate.Proposal{RevertsTo: c.Revision}, yes: c.Yes,
		options: operate.ApplyOptions{ID: c.ID, DryRun: c.DryRun, Senders: host.Senders}})
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
	host, err := s.host()
	if err != nil {
		return err
	}
	return s.change(change{proposal: operate.Proposal{Edits: edits}, yes: c.Yes,
		options: operate.ApplyOptions{ID: c.ID, DryRun: c.DryRun, Senders: host.Senders}})
}

// change is a change of a document, as a command line asks for it.
type change struct {
	proposal    operate.Proposal
	options     operate.ApplyOptions
	yes         bool // nobody is asked
	noWeakening bool
}

// change makes a change of a document and says what changed.
func (s *session) change(c change) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	defer db.Close()
	applied, err := s.apply(db, c)
	if err != nil {
		return err
	}
	s.printApplied(applied, c.options.DryRun)
	return s.printEffect(db, c, applied)
}

// apply makes the change. One that weakens is shown first and asked about on a terminal,
// and what is made is nothing but what was shown.
func (s *session) apply(db *store.DB, c change) (applied operate.Applied, err error) {
	o := c.options
	o.MayWeaken, o.Operators = true, s.config.Operators
	write := func() error {
		return db.Write(s.ctx, func(tx *store.Tx) (err error) {
			applied, err = c.proposal.Apply(operator(), tx, o)
			if weakens := applied.Weakens(); err == nil && c.noWeakening && !o.DryRun && len(weakens) > 0 {
				return fmt.Errorf("nothing was changed, because this weakens the environment:\n  %s", strings.Join(weakens, "\n  "))
			}
			return err
		})
	}
	if !o.DryRun && !c.yes && !c.noWeakening && terminal(os.Stdin) {
		o.DryRun = true
		if err := write(); err != nil {
			return applied, err
		}
		if weakens := applied.Weakens(); len(weakens) > 0 {
			if err := s.askAbout(applied.ID, weakens); err != nil {
				return applied, err
			}
		}
		o.DryRun, o.Read = false, applied.Revision
	}
	err = write()
	return applied, err
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
func (s *session) printEffect(db *store.DB, c change, applied operate.Applied) error {
	if !c.options.DryRun || applied.Created || len(applied.Changes) == 0 {
		return nil
	}
	var effect operate.Effect
	err := db.Read(s.ctx, func(tx *store.Tx) error {
		document, err := c.proposal.Document(tx, applied.ID)
		if err == nil {
			effect, err = operate.Foresee(tx, applied.ID, document)
		}
		return err
	})
	if err != nil || len(effect.Decisions) == 0 {
		return err
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
	return nil
}
