package main

import (
	"fmt"

	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/operate"
)

type envDelete struct {
	ID   string `arg:"" help:"Environment id."`
	Name string `help:"The environment's name, to say that it is really meant; without it nothing is deleted." placeholder:"NAME"`
}

func (c *envDelete) Run(s *session) error {
	var d operate.EnvironmentDeletion
	if c.Name == "" {
		if err := s.get(&d, nil, "environments", c.ID, "deletion"); err != nil {
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
	}
	if err := s.post(admin.DeleteEnvironmentRequest{Name: c.Name}, &d, "environments", c.ID, "delete"); err != nil {
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
