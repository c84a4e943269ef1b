package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	operators "github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

type consoleCommand struct {
	Invite consoleInvite `cmd:"" help:"Invite somebody to the console: mail them a link, and print it."`
	List   consoleList   `cmd:"" help:"List who may use the console, and who is invited."`
	Revoke consoleRevoke `cmd:"" help:"Take somebody's role away, or all they have, and their invitations."`
}

// desk works on the console, on the host and with its authority. Where the console is
// the server has said when it last started; before that, the settings do.
func (s *session) desk(act func(*operators.Desk, who.Caller, *store.Tx) error) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Write(s.ctx, func(tx *store.Tx) error {
		address, err := operators.Address(tx)
		if errors.Is(err, store.ErrNotFound) {
			if address = s.config.ConsoleURL; address == "" {
				return errors.New("the console is off: set STEPUP_CONSOLE_URL to where operators reach it, such as " +
					"https://console.example.com, here and for the server")
			}
			err = operators.Ensure(operator(), tx, address, s.dev)
		}
		if err != nil {
			return err
		}
		tenants := tenant.NewRegistry(db, cmp.Or(s.config.PublicURL, address), time.Now)
		return act(&operators.Desk{DB: db, Tenants: tenants, Now: time.Now, URL: address}, operator(), tx)
	})
}

type consoleInvite struct {
	Email string `arg:"" help:"Address that the invitation is for, and mailed to."`

	Role        string `help:"What they may do: owner, developer, support or auditor. With --anew, without it, what they may already."`
	Environment string `help:"Environment id that the role is for; without it for all, and for the installation itself." placeholder:"ID"`
	Anew        bool   `help:"They have lost what they sign in with: take their factors and sessions away, and let in new ones."`
}

func (c *consoleInvite) Run(s *session) error {
	if c.Role == "" && !c.Anew {
		return errors.New("--role is missing: owner, developer, support or auditor")
	}
	var made operators.Invited
	err := s.desk(func(desk *operators.Desk, by who.Caller, tx *store.Tx) (err error) {
		made, err = desk.Invite(by, tx, operators.Host{}, operators.Invitation{Email: c.Email, Anew: c.Anew,
			Grant: operators.Grant{EnvironmentID: c.Environment, Role: operators.Role(c.Role)}})
		return err
	})
	if err != nil {
		return err
	}
	for _, token := range made.Tokens {
		fmt.Fprintf(s.stderr, "They made the service token %s (%s). Whoever had their factors may have it: stepup token revoke %[1]s\n",
			token.ID, onOneLine(token.Name))
	}
	fmt.Fprintf(s.stderr, "Invited %s. The link is good once, until %s; the server mails it too. Whoever opens it first is let in.\n",
		made.Email, made.ExpiresAt.UTC().Format("2006-01-02 15:04 UTC"))
	fmt.Fprintln(s.stdout, made.Link)
	return nil
}

type consoleList struct{}

func (c *consoleList) Run(s *session) error {
	var people []operators.Person
	err := s.desk(func(desk *operators.Desk, _ who.Caller, tx *store.Tx) (err error) {
		people, err = desk.People(tx)
		return err
	})
	if err != nil {
		return err
	}
	return s.table("EMAIL\tROLES\tFACTORS\tLAST SIGN-IN\tINVITED UNTIL", func(w io.Writer) {
		for _, p := range people {
			last, invited := "never", "-"
			if p.Factors > 0 {
				last = p.LastVisit.UTC().Format(time.RFC3339)
			}
			if !p.InvitedUntil.IsZero() {
				invited = p.InvitedUntil.UTC().Format(time.RFC3339)
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\n", p.Email, inWords(p.Grants), p.Factors, last, invited)
		}
	})
}

func inWords(grants []operators.Grant) string {
	var words []string
	for _, g := range grants {
		where := "all"
		if g.EnvironmentID != operators.Everywhere {
			where = g.EnvironmentID
		}
		words = append(words, string(g.Role)+" of "+where)
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

type consoleRevoke struct {
	Email string `arg:"" help:"Whose."`

	Environment string `help:"Only the role in this environment; without it all they have: roles, sessions, factors." placeholder:"ID"`
	Yes         bool   `help:"Do it although they are the last owner."`
}

func (c *consoleRevoke) Run(s *session) error {
	var done string
	err := s.desk(func(desk *operators.Desk, by who.Caller, tx *store.Tx) (err error) {
		last, err := operators.LastOwner(tx, c.Email, c.Environment)
		if err != nil {
			return err
		}
		if last && !c.Yes {
			return fmt.Errorf("%s is the last owner: nobody but this host could let anybody in afterwards. Invite another one first, or "+
				"add --yes", c.Email)
		}
		done, err = desk.Revoke(by, tx, c.Email, c.Environment)
		return orUnknown(err, "operator", c.Email)
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(s.stdout, done)
	return nil
}
