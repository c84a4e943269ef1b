package main

import (
	"fmt"

	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

type envDelete struct {
	ID   string `arg:"" help:"Environment id."`
	Name string `help:"The environment's name, to say that it is really meant; without it nothing is deleted." placeholder:"NAME"`
}

func (c *envDelete) Run(s *session) error {
	if c.Name == "" {
		return s.read(func(tx *store.Tx) error {
			d, err := operate.ViewEnvironmentDeletion(tx, c.ID)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.stdout, "Deleting %s would take away %s and %d service token(s), its keys and its members, for good.\n",
				d.Name, users(d), d.ServiceTokens)
			if d.KeepsWallets {
				fmt.Fprintln(s.stdout, "It cannot be deleted while wallets are kept here for its users.")
				return nil
			}
			fmt.Fprintf(s.stdout, "To do it: stepup env delete %s --name %q\n", d.ID, d.Name)
			return nil
		})
	}
	var d operate.EnvironmentDeletion
	err := s.write(func(by who.Caller, tx *store.Tx) (err error) {
		d, err = operate.DeleteEnvironment(by, tx, c.ID, c.Name)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "Deleted %s: %s, %d service token(s). Its id is never used again; its entries in the audit log stay.\n",
		d.Name, users(d), d.ServiceTokens)
	return nil
}

func users(d operate.EnvironmentDeletion) string {
	if d.More {
		return fmt.Sprintf("more than %d users", d.Users)
	}
	return fmt.Sprintf("%d user(s)", d.Users)
}
