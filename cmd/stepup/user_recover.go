package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

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
	return s.changeUser(c.userArgs, func(by who.Caller, tx *store.Tx, id string) (string, error) {
		address := operate.NewAddress{Email: c.Email, Phone: c.Phone, PublicURL: s.publicURL()}
		credential, err := operate.AddAddress(by, tx, c.Env, id, address)
		return "Set as " + credential +
			". It counts for nothing until the user confirms it by a credential they have; their addresses are told.", err
	})
}

type userRecover struct {
	userArgs
	Credential string `arg:"" help:"Id of an address that was set by user add-address and that nobody has confirmed."`
	Reason     string `required:"" help:"Why, for whoever approves it."`
}

func (c *userRecover) Run(s *session) error {
	return s.changeUser(c.userArgs, func(by who.Caller, tx *store.Tx, id string) (string, error) {
		r, err := operate.RequestRecovery(by, tx, c.Env, id,
			operate.UserRecoveryRequest{Credential: c.Credential, Reason: c.Reason, PublicURL: s.publicURL()})
		return fmt.Sprintf("Asked for as %s. An operator approves it in the console until %s; three days later the user may sign in by "+
			"the address, unless one of their older ones stops it. They are told.", r.ID, r.ExpiresAt.Format(time.RFC3339)), err
	})
}

type userRecoveries struct {
	Env string `arg:"" help:"Environment id."`
}

func (c *userRecoveries) Run(s *session) error {
	return s.read(func(tx *store.Tx) error {
		if _, err := tx.Environment(c.Env); err != nil {
			return orUnknown(err, "environment", c.Env)
		}
		var failed error
		err := s.table("ID\tUSER\tBY\tASKED FOR\tPEOPLE\tIN EFFECT\tREASON", func(w io.Writer) {
			for after := ""; ; {
				page, next, err := operate.ViewRecoveries(tx, c.Env, after)
				for _, r := range page {
					effective := "-"
					if r.EffectiveAt != nil {
						effective = r.EffectiveAt.Format(time.RFC3339)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.UserID, onOneLine(r.Address), r.CreatedAt.Format(time.RFC3339),
						onOneLine(strings.Join(r.People, ", ")), effective, onOneLine(r.Reason))
				}
				if after, failed = next, err; err != nil || next == "" {
					return
				}
			}
		})
		return errors.Join(failed, err)
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
	err := s.write(func(by who.Caller, tx *store.Tx) error { return operate.StopRecovery(by, tx, c.Env, c.Recovery) })
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
