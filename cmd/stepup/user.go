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
	Create         userCreate         `cmd:"" help:"Make a user, whose addresses count once the person has signed in with one."`
	Invite         userInvite         `cmd:"" help:"Mail a user who was never here where to sign in."`
	Disable        userDisable        `cmd:"" help:"Disable a user and end all sessions."`
	Enable         userEnable         `cmd:"" help:"Enable a disabled user."`
	RevokeSessions userRevokeSessions `cmd:"" help:"End all sessions of a user, or one."`
	Unlink         userUnlink         `cmd:"" help:"Take an address or a login of a user away, with the sessions that it opened."`
	Export         userExport         `cmd:"" help:"Write all that is stored about a user as JSON, without secrets, for them to have."`
	Delete         userDelete         `cmd:"" help:"Delete a user with all that belongs to them."`

	Settle userSettle `cmd:"" help:"Decide about a disputed factor or address: --keep it, or --remove it with what it let in."`
	Unlock userUnlock `cmd:"" help:"Forget what limits have counted against a user: codes asked for, and wrong tries."`

	Import  userImport  `cmd:"" help:"Make users of the rows of a file (docs/import.md)."`
	Imports userImports `cmd:"" help:"List imports, or show what one left out and why."`

	AddAddress      userAddAddress      `cmd:"" help:"Set an address of a user, which counts for nothing until they confirm it."`
	Recover         userRecover         `cmd:"" help:"Ask that a user who has nothing left may sign in by an address that was set."`
	Recoveries      userRecoveries      `cmd:"" help:"List the open recoveries."`
	ApproveRecovery userApproveRecovery `cmd:"" help:"Approve a recovery that somebody else asked for."`
	StopRecovery    userStopRecovery    `cmd:"" help:"Stop an open recovery."`

	ResetMFA userResetMFA `cmd:"" help:"Take all second factors of a user away, with recovery codes, and end all sessions."`
}

type userArgs struct {
	Env  string `arg:"" help:"Environment id."`
	User string `arg:"" help:"${named}"`
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
	Env   string `arg:"" help:"Environment id."`
	Who   string `arg:"" optional:"" help:"${searched}"`
	State string `enum:",disabled,disputed,unproven,without-mfa" default:"" help:"${states}"`

	JSON bool `name:"json" help:"One user a line, as user show and the admin API show them."`
}

func (c *userList) Run(s *session) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	defer db.Close()
	if c.JSON {
		out := json.NewEncoder(s.stdout)
		return c.each(s, db, func(tx *store.Tx, user operate.UserSummary) error {
			shown, err := operate.ViewUser(tx, c.Env, user.ID)
			if err != nil {
				return err
			}
			return out.Encode(shown)
		})
	}
	var failed error
	err = s.table("ID\tCREATED\tLAST VISIT\tSTATE\tADDRESSES", func(w io.Writer) {
		failed = c.each(s, db, func(_ *store.Tx, user operate.UserSummary) error {
			_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", user.ID, user.CreatedAt.Format(time.RFC3339),
				user.LastVisitAt.Format(time.RFC3339), state(user), onOneLine(strings.Join(user.Addresses, ", ")))
			return err
		})
	})
	return errors.Join(failed, err)
}

// state is what is to be known of a user at first sight.
func state(user operate.UserSummary) string {
	state := "enabled"
	if user.DisabledAt != nil {
		state = "disabled"
	}
	if user.Disputed {
		state += ", disputed"
	}
	if user.Unproven {
		state += ", unproven"
	}
	return state
}

// each visits the users that are asked for, a page a transaction: nobody waits for the
// whole list.
func (c *userList) each(s *session, db *store.DB, visit func(*store.Tx, operate.UserSummary) error) error {
	query := operate.UserQuery{Search: c.Who, State: store.UserState(c.State)}
	for more := true; more; {
		err := db.Read(s.ctx, func(tx *store.Tx) error {
			if _, err := tx.Environment(c.Env); err != nil {
				return orUnknown(err, "environment", c.Env)
			}
			page, err := operate.ViewUsers(tx, c.Env, query)
			if err != nil {
				return err
			}
			if c.Who != "" && len(page.Users) == 0 {
				return orUnknown(store.ErrNotFound, "user", c.Who)
			}
			if page.More {
				fmt.Fprintf(s.stderr, "There are more than these %d: say more of whom you look for.\n", len(page.Users))
			}
			for _, user := range page.Users {
				if err := visit(tx, user); err != nil {
					return err
				}
			}
			query.After, more = page.Next, page.Next != ""
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
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

type userRevokeSessions struct {
	userArgs
	Session string `help:"Id of the one session to end, as user show names it."`
}

func (c *userRevokeSessions) Run(s *session) error {
	if c.Session != "" {
		return s.changeUser(c.userArgs, func(by who.Caller, tx *store.Tx, id string) (string, error) {
			return "The session has ended.", operate.RevokeSession(by, tx, c.Env, id, c.Session)
		})
	}
	return s.changeUser(c.userArgs, func(by who.Caller, tx *store.Tx, id string) (string, error) {
		_, err := operate.RevokeSessions(by, tx, c.Env, id)
		return "Every session has ended.", err
	})
}

type userCreate struct {
	Env        string `arg:"" help:"Environment id."`
	Email      string `help:"Email address to sign in with."`
	Phone      string `help:"Phone number to sign in with, with + and the country's code."`
	Username   string `help:"Username."`
	ExternalID string `help:"What the person is called elsewhere."`
	Invite     bool   `help:"Mail an invitation, as user invite does."`
}

func (c *userCreate) Run(s *session) error {
	var id, told string
	err := s.write(func(by who.Caller, tx *store.Tx) (err error) {
		n := operate.NewUser{Email: c.Email, Phone: c.Phone, ExternalID: c.ExternalID}
		if c.Username != "" {
			n.Username = &c.Username
		}
		if id, err = operate.CreateUser(by, tx, c.Env, n); err == nil && c.Invite {
			told, err = operate.InviteUser(by, tx, c.Env, id, "")
		}
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(s.stdout, id)
	if told != "" {
		fmt.Fprintln(s.stderr, "Invited", told+".")
	}
	return nil
}

type userInvite struct {
	userArgs
	URL string `name:"url" help:"Where to sign in, below one of the environment's origins; the first of them unless said."`
}

func (c *userInvite) Run(s *session) error {
	return s.changeUser(c.userArgs, func(by who.Caller, tx *store.Tx, id string) (string, error) {
		told, err := operate.InviteUser(by, tx, c.Env, id, c.URL)
		return "Invited " + told + ".", err
	})
}

type userUnlink struct {
	userArgs
	Credential string `arg:"" help:"Id of the credential, as user show names it."`
}

func (c *userUnlink) Run(s *session) error {
	return s.changeUser(c.userArgs, func(by who.Caller, tx *store.Tx, id string) (string, error) {
		return "It is gone, and so is every session that it opened.", operate.UnlinkCredential(by, tx, c.Env, id, c.Credential)
	})
}

type userExport struct{ userArgs }

func (c *userExport) Run(s *session) error {
	var export operate.UserExport
	err := s.write(func(by who.Caller, tx *store.Tx) error {
		id, err := c.find(tx)
		if err != nil {
			return err
		}
		export, err = operate.ExportUser(by, tx, c.Env, id)
		return err
	})
	if err != nil {
		return orUnknown(err, "user", c.User)
	}
	out := json.NewEncoder(s.stdout)
	out.SetIndent("", "  ")
	return out.Encode(export)
}

type userDelete struct {
	userArgs
	Confirm        string `required:"" help:"The user's id, username or one of their addresses, typed again."`
	AbandonWallets bool   `help:"Do it although nobody can reach the wallets kept for the user any more."`
}

func (c *userDelete) Run(s *session) error {
	return s.changeUser(c.userArgs, func(by who.Caller, tx *store.Tx, id string) (string, error) {
		abandoned, err := operate.DeleteUser(by, tx, c.Env, id, operate.Deletion{Confirm: c.Confirm, AbandonWallets: c.AbandonWallets})
		done := "Deleted."
		if len(abandoned) > 0 {
			done += " Nobody can reach these wallets any more: " + onOneLine(strings.Join(abandoned, ", "))
		}
		return done, err
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
