package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/stepup-auth/stepup/internal/adminclient"
	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
)

type readinessCommand struct {
	ID   string `arg:"" help:"Environment id."`
	JSON bool   `help:"Print the report as JSON."`
}

func (c *readinessCommand) Run(s *session) error {
	var answer json.RawMessage
	if err := s.get(&answer, nil, "environments", c.ID, "readiness"); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.stdout, answer)
	}
	var report operate.Readiness
	if err := json.Unmarshal(answer, &report); err != nil {
		return err
	}
	return s.printReadiness(report)
}

// printReadiness leads with what would be refused.
func (s *session) printReadiness(r operate.Readiness) error {
	fmt.Fprintf(s.stdout, "%s (%s), minimum version %s\n\n%s\n", r.Name, r.EnvironmentID, r.MinAPIVersion, r.Verdict)
	if len(r.Refusals) > 0 {
		fmt.Fprintf(s.stdout, "\nWould be refused, last %d days:\n", r.Days)
		err := s.table("CALLS\tWHAT\tSCOPE\tREASON\tCLIENT\tLAST", func(w io.Writer) {
			for _, refusal := range r.Refusals {
				client := refusal.Client
				if refusal.Minimum != "" {
					client += " (below " + refusal.Minimum + ")"
				}
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", refusal.Count, refusal.Call, refusal.Scope, refusal.Reason, client,
					refusal.LastDay)
			}
		})
		if err != nil {
			return err
		}
	}
	if len(r.WithoutMethod) > 0 {
		fmt.Fprintf(s.stdout, "\nUsers with no method that could confirm a scope, of %d asked:\n", r.UsersAsked)
		for _, w := range r.WithoutMethod {
			fmt.Fprintf(s.stdout, "  %-20s %d\n", w.Scope, w.Users)
		}
	}
	if r.Unconfirmed > 0 {
		fmt.Fprintf(s.stdout, "\n%d credential(s) were linked without a proof and will not count until an older one confirms them.\n",
			r.Unconfirmed)
	}
	if r.NeverSignedIn > 0 {
		fmt.Fprintf(s.stdout, "\n%d user(s) were imported or made by an operator and have never signed in: their first sign-in "+
			"confirms one credential each.\n", r.NeverSignedIn)
	}
	if len(r.Trend) > 0 {
		fmt.Fprintln(s.stdout, "\nProtected calls per day (UTC):")
		err := s.table("DAY\tPASS\tWOULD ASK\tWOULD REFUSE", func(w io.Writer) {
			for _, day := range r.Trend {
				fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", day.Day, day.Pass, day.Prompt, day.Refuse)
			}
		})
		if err != nil {
			return err
		}
	}
	if len(r.Clients) > 0 {
		fmt.Fprintln(s.stdout, "\nClients seen:")
		for _, client := range r.Clients {
			note := ""
			if client.Minimum != "" {
				note = "  too old: needs " + client.Minimum
			}
			fmt.Fprintf(s.stdout, "  %-24s last %s%s\n", client.Client, client.LastDay, note)
		}
	}
	if len(r.WouldTurnOn) > 0 {
		fmt.Fprintf(s.stdout,
			"\nAccepting turns on, for calls these clients cannot attach a token to: %s.\nWith --strict it turns on none.\n",
			strings.Join(r.WouldTurnOn, ", "))
	}
	if len(r.Compatibility) > 0 {
		fmt.Fprintln(s.stdout, "\nCompatibility entries in force:")
		for _, use := range r.Compatibility {
			note := fmt.Sprintf("%d uses, by %s", use.Count, strings.Join(use.Clients, ", "))
			if use.Removable {
				note = fmt.Sprintf("not used in %d days: remove it", r.Days)
			}
			fmt.Fprintf(s.stdout, "  %-14s %s\n", use.Entry, note)
		}
	}
	return nil
}

type envAccept struct {
	ID      string `arg:"" help:"Environment id."`
	Version string `placeholder:"VERSION" help:"${minimum}"`
	Strict  bool   `help:"Turn no compatibility entry on: every call needs its token, whatever its client can do."`
	DryRun  bool   `help:"Show the report and what would change, and change nothing."`
	Yes     bool   `help:"Do not ask." short:"y"`
}

func (c *envAccept) Run(s *session) error {
	version := environment.Newest
	if c.Version != "" {
		var err error
		if version, err = environment.ParseVersion(c.Version); err != nil {
			return err
		}
	}
	accept := func(dryRun bool) (accepted operate.Accepted, err error) {
		return accepted, s.do(adminclient.Call{Method: http.MethodPost, Path: []string{"environments", c.ID, "version"},
			Query: flags("dryRun", dryRun), Body: admin.VersionRequest{MinAPIVersion: string(version), Strict: c.Strict}}, &accepted)
	}
	planned, err := accept(true)
	if err != nil {
		return err
	}
	var report operate.Readiness
	if err := s.get(&report, nil, "environments", c.ID, "readiness"); err != nil {
		return err
	}
	if err := s.printReadiness(report); err != nil {
		return err
	}
	if len(planned.Changes) == 0 {
		fmt.Fprintf(s.stdout, "\n%s is in force already; nothing changed.\n", version)
		return nil
	}
	fmt.Fprintln(s.stdout, "\nThis changes:")
	for _, change := range planned.Changes {
		fmt.Fprintln(s.stdout, "  "+change.String())
	}
	if c.DryRun {
		return nil
	}
	if !c.Yes {
		fmt.Fprintf(s.stdout, "\nIt holds for the very next request, on every server. Type %s to go on: ", version)
		answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if typed, err := environment.ParseVersion(strings.TrimSpace(answer)); err != nil || typed != version {
			return errors.New("nothing was changed: the version was not typed; --yes goes on without asking")
		}
	}
	accepted, err := accept(false)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "Minimum version of %s is %s now (revision %d).\n", accepted.ID, accepted.MinAPIVersion, accepted.Revision)
	fmt.Fprintln(s.stdout, "In its document write this, or leave minApiVersion out:")
	for _, line := range accepted.Lines {
		fmt.Fprintln(s.stdout, "  "+line)
	}
	if len(accepted.TurnedOn) > 0 {
		fmt.Fprintf(s.stdout, "Turned on for clients seen lately: %s. `stepup readiness %s` says when one can go.\n",
			strings.Join(accepted.TurnedOn, ", "), c.ID)
	}
	return nil
}
