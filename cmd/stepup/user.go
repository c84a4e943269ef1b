package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
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
func (u userArgs) find(s *session) (string, error) {
	var page operate.UserPage
	if err := s.get(&page, url.Values{"named": {u.User}}, "environments", u.Env, "users"); err != nil {
		return "", err
	}
	users := page.Users
	switch {
	case len(users) == 0 || u.User == "":
		return "", unknown("user", u.User)
	case len(users) > 1:
		ids := make([]string, len(users))
		for i, user := range users {
			ids[i] = user.ID
		}
		return "", fmt.Errorf("%q is held by %d users: name one by id: %s", u.User, len(users), strings.Join(ids, ", "))
	}
	return users[0].ID, nil
}

// path is where the user with the id is, and what is done with them.
func (u userArgs) path(id string, deed ...string) []string {
	return append([]string{"environments", u.Env, "users", id}, deed...)
}

// change does something to the user that the arguments name.
func (u userArgs) change(s *session, body, into any, deed ...string) error {
	id, err := u.find(s)
	if err != nil {
		return err
	}
	return s.post(body, into, u.path(id, deed...)...)
}

// changed is a change after which there is no more to say than that it was made.
func (u userArgs) changed(s *session, body any, done string, deed ...string) error {
	err := u.change(s, body, nil, deed...)
	if err == nil {
		fmt.Fprintln(s.stdout, done)
	}
	return err
}

type userList struct {
	Env   string `arg:"" help:"Environment id."`
	Who   string `arg:"" optional:"" help:"${searched}"`
	State string `enum:",disabled,disputed,unproven,without-mfa" default:"" help:"${states}"`

	JSON bool `name:"json" help:"One user a line, as user show and the admin API show them."`
}

func (c *userList) Run(s *session) error {
	if c.JSON {
		return c.each(s, func(user operate.UserSummary) error {
			var shown json.RawMessage
			if err := s.get(&shown, nil, "environments", c.Env, "users", user.ID); err != nil {
				return err
			}
			_, err := fmt.Fprintf(s.stdout, "%s\n", shown)
			return err
		})
	}
	var failed error
	err := s.table("ID\tCREATED\tLAST VISIT\tSTATE\tADDRESSES", func(w io.Writer) {
		failed = c.each(s, func(user operate.UserSummary) error {
			visit := user.LastVisitAt.Format(time.RFC3339)
			if user.NeverSignedIn {
				visit = "never"
			}
			_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", user.ID, user.CreatedAt.Format(time.RFC3339), visit, state(user),
				onOneLine(strings.Join(user.Addresses, ", ")))
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

// each visits the users that are asked for, a page at a time.
func (c *userList) each(s *session, visit func(operate.UserSummary) error) error {
	query := url.Values{}
	if c.Who != "" {
		query.Set("search", c.Who)
	}
	if c.State != "" {
		query.Set("state", c.State)
	}
	for {
		var page operate.UserPage
		if err := s.get(&page, query, "environments", c.Env, "users"); err != nil {
			return err
		}
		if c.Who != "" && len(page.Users) == 0 {
			return unknown("user", c.Who)
		}
		if page.More {
			fmt.Fprintf(s.stderr, "There are more than these %d: say more of whom you look for.\n", len(page.Users))
		}
		for _, user := range page.Users {
			if err := visit(user); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		query.Set("after", page.Next)
	}
}

type userShow struct{ userArgs }

// Run prints what the admin API answers, in its spelling.
func (c *userShow) Run(s *session) error {
	id, err := c.find(s)
	if err != nil {
		return err
	}
	var shown json.RawMessage
	if err := s.get(&shown, nil, c.path(id)...); err != nil {
		return err
	}
	return printJSON(s.stdout, shown)
}

type userDisable struct{ userArgs }

func (c *userDisable) Run(s *session) error {
	return c.changed(s, nil, "Disabled, and every session has ended.", "disable")
}

type userEnable struct{ userArgs }

func (c *userEnable) Run(s *session) error { return c.changed(s, nil, "Enabled.", "enable") }

type userRevokeSessions struct {
	userArgs
	Session string `help:"Id of the one session to end, as user show names it."`
}

func (c *userRevokeSessions) Run(s *session) error {
	if c.Session != "" {
		return c.changed(s, nil, "The session has ended.", "sessions", c.Session, "revoke")
	}
	return c.changed(s, nil, "Every session has ended.", "revoke-sessions")
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
	r := admin.CreateUserRequest{NewUser: operate.NewUser{Email: c.Email, Phone: c.Phone, ExternalID: c.ExternalID}, Invite: c.Invite}
	if c.Username != "" {
		r.Username = &c.Username
	}
	var made admin.CreatedUser
	if err := s.post(r, &made, "environments", c.Env, "users"); err != nil {
		return err
	}
	fmt.Fprintln(s.stdout, made.ID)
	if made.Invited != "" {
		fmt.Fprintln(s.stderr, "Invited", made.Invited+".")
	}
	return nil
}

type userInvite struct {
	userArgs
	Link string `help:"Where to sign in, below one of the environment's origins; the first of them unless said." placeholder:"URL"`
}

func (c *userInvite) Run(s *session) error {
	var invited admin.InvitedUser
	err := c.change(s, admin.InviteRequest{URL: c.Link}, &invited, "invite")
	if err == nil {
		fmt.Fprintln(s.stdout, "Invited "+invited.Email+".")
	}
	return err
}

type userUnlink struct {
	userArgs
	Credential string `arg:"" help:"Id of the credential, as user show names it."`
}

func (c *userUnlink) Run(s *session) error {
	return c.changed(s, nil, "It is gone, and so is every session that it opened.", "credentials", c.Credential, "unlink")
}

type userExport struct{ userArgs }

func (c *userExport) Run(s *session) error {
	var export json.RawMessage
	if err := c.change(s, nil, &export, "export"); err != nil {
		return err
	}
	return printJSON(s.stdout, export)
}

type userDelete struct {
	userArgs
	Confirm        string `required:"" help:"The user's id, username or one of their addresses, typed again."`
	AbandonWallets bool   `help:"Do it although nobody can reach the wallets kept for the user any more."`
}

func (c *userDelete) Run(s *session) error {
	var deleted admin.DeletedUser
	if err := c.change(s, operate.Deletion{Confirm: c.Confirm, AbandonWallets: c.AbandonWallets}, &deleted, "delete"); err != nil {
		return err
	}
	done := "Deleted."
	if len(deleted.AbandonedWallets) > 0 {
		done += " Nobody can reach these wallets any more: " + onOneLine(strings.Join(deleted.AbandonedWallets, ", "))
	}
	fmt.Fprintln(s.stdout, done)
	return nil
}

type userResetMFA struct{ userArgs }

func (c *userResetMFA) Run(s *session) error {
	var reset admin.ResetFactors
	if err := c.change(s, nil, &reset, "reset-mfa"); err != nil {
		return err
	}
	done := "Every second factor is gone, and every session has ended. The user signs in and sets one up again."
	if reset.Factors == 0 {
		done = "The user has no second factor; nothing was done, and sessions go on."
	}
	fmt.Fprintln(s.stdout, done)
	return nil
}

type userSettle struct {
	userArgs
	Factor string `arg:"" help:"Id of the disputed factor or address, as user show and doctor name it."`
	Keep   bool   `xor:"decision" required:"" help:"It is the user's own."`
	Remove bool   `xor:"decision" required:"" help:"It is not: take it away, with what it let in, and end all sessions."`
}

func (c *userSettle) Run(s *session) error {
	decision, done := "keep", "It stays."
	if c.Remove {
		decision, done = "remove", "It is gone, and every session has ended."
	}
	err := c.changed(s, admin.SettleRequest{Factor: c.Factor, Decision: decision}, done, "settle")
	if fault.Has(err, fault.NotDisputed) {
		return fmt.Errorf("nobody disputes a factor or address %q of this user, or it was decided already; stepup doctor lists what waits "+
			"for a decision", c.Factor)
	}
	return err
}

type userUnlock struct{ userArgs }

func (c *userUnlock) Run(s *session) error {
	return c.changed(s, nil, "Unlocked: nothing is counted against the user any more.", "unlock")
}
