package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

type userAddAddress struct {
	userArgs
	Email string `xor:"address" required:"" help:"Email address."`
	Phone string `xor:"address" required:"" help:"Phone number, with + and the country's code."`
}

func (c *userAddAddress) Run(s *session) error {
	var added admin.AddedAddress
	if err := c.change(s, operate.NewAddress{Email: c.Email, Phone: c.Phone}, &added, "addresses"); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "Set as %s. It counts for nothing until the user confirms it by a credential they have; their "+
		"addresses are told.\n",
		added.CredentialID)
	return nil
}

type userRecover struct {
	userArgs
	Credential string `arg:"" help:"Id of an address that was set by user add-address and that nobody has confirmed."`
	Reason     string `required:"" help:"Why, for whoever approves it."`
}

func (c *userRecover) Run(s *session) error {
	var r operate.UserRecovery
	if err := c.change(s, operate.UserRecoveryRequest{Credential: c.Credential, Reason: c.Reason}, &r, "recoveries"); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "Asked for as %s. An operator approves it in the console until %s; three days later the user may sign in by "+
		"the address, unless one of their older ones stops it. They are told.\n", r.ID, r.ExpiresAt.Format(time.RFC3339))
	return nil
}

type userRecoveries struct {
	Env string `arg:"" help:"Environment id."`
}

func (c *userRecoveries) Run(s *session) error {
	open, err := all(s, func(page admin.RecoveryList) ([]operate.UserRecovery, string) { return page.Recoveries, page.Next },
		"environments", c.Env, "recoveries")
	if err != nil {
		return err
	}
	return s.table("ID\tUSER\tBY\tASKED FOR\tPEOPLE\tIN EFFECT\tREASON", func(w io.Writer) {
		for _, r := range open {
			effective := "-"
			if r.EffectiveAt != nil {
				effective = r.EffectiveAt.Format(time.RFC3339)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.UserID, onOneLine(r.Address), r.CreatedAt.Format(time.RFC3339),
				onOneLine(strings.Join(r.People, ", ")), effective, onOneLine(r.Reason))
		}
	})
}

type recoveryArgs struct {
	Env      string `arg:"" help:"Environment id."`
	Recovery string `arg:"" help:"Id of an open recovery, as user recoveries names it."`
}

type userApproveRecovery struct{ recoveryArgs }

func (c *userApproveRecovery) Run(s *session) error {
	var r operate.UserRecovery
	err := s.write(func(by who.Caller, tx *store.Tx) (err error) {
		r, err = operate.ApproveRecovery(by, tx, c.Env,
			operate.Approval{RecoveryID: c.Recovery, PublicURL: s.publicURL(), Operators: s.config.Operators})
		return err
	})
	if err != nil {
		return err
	}
	if r.EffectiveAt == nil {
		fmt.Fprintln(s.stdout, "Approved. One more person must approve it.")
		return nil
	}
	fmt.Fprintf(s.stdout, "Approved. The user may sign in by the address from %s on, unless an older one stops it.\n",
		r.EffectiveAt.Format(time.RFC3339))
	return nil
}

type userStopRecovery struct{ recoveryArgs }

func (c *userStopRecovery) Run(s *session) error {
	err := s.post(nil, nil, "environments", c.Env, "recoveries", c.Recovery, "stop")
	if err == nil {
		fmt.Fprintln(s.stdout, "Stopped.")
	}
	return err
}

// publicURL is where links lead: in development to where the server listens.
func (s *session) publicURL() string {
	if s.dev && s.config.PublicURL == "" {
		return "http://" + cmp.Or(s.config.Listen, "127.0.0.1:8080")
	}
	return s.config.PublicURL
}
