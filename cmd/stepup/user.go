package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

type userCommand struct {
	List           userList           `cmd:"" help:"List users."`
	Show           userShow           `cmd:"" help:"Show a user with credentials and live sessions."`
	Disable        userDisable        `cmd:"" help:"Disable a user and end all sessions."`
	Enable         userEnable         `cmd:"" help:"Enable a disabled user."`
	RevokeSessions userRevokeSessions `cmd:"" help:"End all sessions of a user."`

	Settle userSettle `cmd:"" help:"Decide about a disputed factor or address: --keep it, or --remove it with what it let in."`
	Unlock userUnlock `cmd:"" help:"Forget what limits have counted against a user: codes asked for, and wrong tries."`

	ResetMFA userResetMFA `cmd:"" help:"Take all second factors of a user away, with recovery codes, and end all sessions."`
}

type userArgs struct {
	Env  string `arg:"" help:"Environment id."`
	User string `arg:"" help:"User id, or an email address, phone number, wallet address or external id that the user holds."`
}

// find is the one user that the arguments name.
func (u userArgs) find(tx *store.Tx) (string, error) {
	if _, err := tx.Environment(u.Env); err != nil {
		return "", orUnknown(err, "environment", u.Env)
	}
	users, err := operate.FindUsers(tx, u.Env, u.User)
	switch {
	case err != nil:
		return "", err
	case len(users) == 0:
		return "", orUnknown(store.ErrNotFound, "user", u.User)
	case len(users) > 1:
		ids := make([]string, len(users))
		for i, user := range users {
			ids[i] = user.ID
		}
		return "", fmt.Errorf("%q is held by %d users: name one by id: %s", u.User, len(users), strings.Join(ids, ", "))
	}
	return users[0].ID, nil
}

type userList struct {
	Env string `arg:"" help:"Environment id."`
	Who string `arg:"" optional:"" help:"Only who holds this email address, phone number, wallet address or external id."`

	JSON bool `name:"json" help:"One user a line, as user show and the admin API show them."`
}

func (c *userList) Run(s *session) error {
	return s.read(func(tx *store.Tx) error {
		if _, err := tx.Environment(c.Env); err != nil {
			return orUnknown(err, "environment", c.Env)
		}
		var found []store.UserRow
		if c.Who != "" {
			var err error
			if found, err = operate.FindUsers(tx, c.Env, c.Who); err != nil {
				return err
			}
			if len(found) == 0 {
				return orUnknown(store.ErrNotFound, "user", c.Who)
			}
		}
		var failed error
		if c.JSON {
			out := json.NewEncoder(s.stdout)
			return c.each(tx, found, func(row store.UserRow) error {
				shown, err := operate.ViewUser(tx, c.Env, row.ID)
				if err != nil {
					return err
				}
				return out.Encode(shown)
			})
		}
		err := s.table("ID\tCREATED\tLAST VISIT\tSTATE\tADDRESSES", func(w io.Writer) { failed = c.print(tx, w, found) })
		return errors.Join(failed, err)
	})
}

// print writes a line of the table for each user.
func (c *userList) print(tx *store.Tx, w io.Writer, found []store.UserRow) error {
	return c.each(tx, found, func(row store.UserRow) error {
		state := "enabled"
		if !row.DisabledAt.IsZero() {
			state = "disabled"
		}
		credentials, err := tx.Credentials(c.Env, row.ID)
		if err != nil {
			return err
		}
		created, visited := row.CreatedAt.Format(time.RFC3339), row.LastVisitAt.Format(time.RFC3339)
		_, err = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", row.ID, created, visited, state, addresses(credentials))
		return err
	})
}

// each visits the users found, or all of them where none was asked for.
func (c *userList) each(tx *store.Tx, found []store.UserRow, visit func(store.UserRow) error) error {
	for rows, after := found, ""; ; {
		if c.Who == "" {
			var err error
			if rows, err = tx.Users(c.Env, after, 500); err != nil || len(rows) == 0 {
				return err
			}
		}
		for _, row := range rows {
			if err := visit(row); err != nil {
				return err
			}
		}
		if c.Who != "" {
			return nil
		}
		after = rows[len(rows)-1].ID
	}
}

// addresses are what people know a user by. What a login elsewhere wrote must
// not steer a terminal.
func addresses(rows []store.CredentialRow) string {
	return onOneLine(strings.Join(operate.Addresses(rows), ", "))
}

type userShow struct{ userArgs }

// Run prints what the admin API answers, in its spelling.
func (c *userShow) Run(s *session) error {
	return s.read(func(tx *store.Tx) error {
		id, err := c.find(tx)
		if err != nil {
			return err
		}
		shown, err := operate.ViewUser(tx, c.Env, id)
		if err != nil {
			return err
		}
		out := json.NewEncoder(s.stdout)
		out.SetIndent("", "  ")
		return out.Encode(shown)
	})
}

type userDisable struct{ userArgs }

func (c *userDisable) Run(s *session) error {
	return s.changeUser(c.userArgs, func(by who.Caller, tx *store.Tx, id string) (string, error) {
		return "Disabled, and every session has ended.", operate.SetUserDisabled(by, tx, c.Env, id, true)
	})
}

type userEnable struct{ userArgs }

func (c *userEnable) Run(s *session) error {
	return s.changeUser(c.userArgs, func(by who.Caller, tx *store.Tx, id string) (string, error) {
		return "Enabled.", operate.SetUserDisabled(by, tx, c.Env, id, false)
	})
}

type userRevokeSessions struct{ userArgs }

func (c *userRevokeSessions) Run(s *session) error {
	return s.changeUser(c.userArgs, func(by who.Caller, tx *store.Tx, id string) (string, error) {
		_, err := operate.RevokeSessions(by, tx, c.Env, id)
		return "Every session has ended.", err
	})
}

type userResetMFA struct{ userArgs }

func (c *userResetMFA) Run(s *session) error {
	return s.changeUser(c.userArgs, func(by who.Caller, tx *store.Tx, id string) (string, error) {
		n, err := operate.ResetMFA(by, tx, c.Env, id)
		if n == 0 {
			return "The user has no second factor; nothing was done, and sessions go on.", err
		}
		return "Every second factor is gone, and every session has ended. The user signs in and sets one up again.", err
	})
}

type userSettle struct {
	userArgs
	Factor string `arg:"" help:"Id of the disputed factor or address, as user show and doctor name it."`
	Keep   bool   `xor:"decision" required:"" help:"It is the user's own."`
	Remove bool   `xor:"decision" required:"" help:"It is not: take it away, with what it let in, and end all sessions."`
}

func (c *userSettle) Run(s *session) error {
	done := "It stays."
	if c.Remove {
		done = "It is gone, and every session has ended."
	}
	err := s.changeUser(c.userArgs, func(by who.Caller, tx *store.Tx, id string) (string, error) {
		return done, operate.Settle(by, tx, c.Env, id, account.Decision{CredentialID: c.Factor, Keep: c.Keep})
	})
	if fault.Has(err, fault.NotDisputed) {
		return fmt.Errorf("nobody disputes a factor or address %q of this user, or it was decided already; stepup doctor lists what waits "+
			"for a decision", c.Factor)
	}
	return err
}

type userUnlock struct{ userArgs }

func (c *userUnlock) Run(s *session) error {
	return s.changeUser(c.userArgs, func(by who.Caller, tx *store.Tx, id string) (string, error) {
		return "Unlocked: nothing is counted against the user any more.", operate.UnlockUser(by, tx, c.Env, id)
	})
}

// changeUser makes one audited change of the user that the arguments name. change
// says what was done.
func (s *session) changeUser(u userArgs, change func(by who.Caller, tx *store.Tx, id string) (string, error)) error {
	var done string
	err := s.write(func(by who.Caller, tx *store.Tx) error {
		id, err := u.find(tx)
		if err != nil {
			return err
		}
		done, err = change(by, tx, id)
		return err
	})
	if err != nil {
		return orUnknown(err, "user", u.User)
	}
	fmt.Fprintln(s.stdout, done)
	return nil
}
