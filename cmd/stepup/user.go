package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

type userCommand struct {
	List           userList           `cmd:"" help:"List users."`
	Show           userShow           `cmd:"" help:"Show a user with credentials and live sessions."`
	Disable        userDisable        `cmd:"" help:"Disable a user and end all sessions."`
	Enable         userEnable         `cmd:"" help:"Enable a disabled user."`
	RevokeSessions userRevokeSessions `cmd:"" help:"End all sessions of a user."`
	Settle         userSettle         `cmd:"" help:"Decide about a disputed factor or address of a user: it stays, or it goes with what it let in."`
	ResetMFA       userResetMFA       `cmd:"" name:"reset-mfa" help:"Take all second factors of a user away, with recovery codes, and end all sessions."`
}

type userArgs struct {
	Env  string `arg:"" help:"Environment id."`
	User string `arg:"" help:"User id."`
}

type userList struct {
	Env string `arg:"" help:"Environment id."`
}

func (c *userList) Run(s *session) error {
	return s.read(func(tx *store.Tx) error {
		if _, err := tx.Environment(c.Env); err != nil {
			return orUnknown(err, "environment", c.Env)
		}
		return s.table("ID\tCREATED\tLAST VISIT\tSTATE\tCREDENTIALS", func(w io.Writer) {
			after := ""
			for {
				rows, err := tx.Users(c.Env, after, 500)
				if err != nil || len(rows) == 0 {
					return
				}
				for _, row := range rows {
					state := "enabled"
					if !row.DisabledAt.IsZero() {
						state = "disabled"
					}
					credentials, err := tx.Credentials(c.Env, row.ID)
					if err != nil {
						return
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\n", row.ID, row.CreatedAt.Format(time.RFC3339), row.LastVisitAt.Format(time.RFC3339), state, len(credentials))
				}
				after = rows[len(rows)-1].ID
			}
		})
	})
}

type userShow struct{ userArgs }

func (c *userShow) Run(s *session) error {
	return s.read(func(tx *store.Tx) error {
		user, err := tx.User(c.Env, c.User)
		if err != nil {
			return orUnknown(err, "user", c.User)
		}
		credentials, err := tx.Credentials(c.Env, c.User)
		if err != nil {
			return err
		}
		sessions, err := tx.Sessions(c.Env, c.User)
		if err != nil {
			return err
		}
		type credential struct {
			ID, Format, Identifier, Provenance string
			Confirmed, Disputed                bool
		}
		type session struct {
			ID                   string
			CreatedAt, ExpiresAt time.Time
			SDKVersion           string
		}
		shown := struct {
			ID          string
			CreatedAt   time.Time
			Disabled    bool
			Profile     json.RawMessage
			Credentials []credential
			Sessions    []session
		}{ID: user.ID, CreatedAt: user.CreatedAt, Disabled: !user.DisabledAt.IsZero(), Profile: json.RawMessage(user.Profile)}
		for _, row := range credentials {
			shown.Credentials = append(shown.Credentials, credential{row.ID, row.Format, row.PublicIdentifier, row.Provenance, row.Confirmed(), row.Disputed()})
		}
		for _, row := range sessions {
			shown.Sessions = append(shown.Sessions, session{row.ID, row.CreatedAt, row.ExpiresAt, row.SDKVersion})
		}
		out := json.NewEncoder(s.stdout)
		out.SetIndent("", "  ")
		return out.Encode(shown)
	})
}

type userDisable struct{ userArgs }

func (c *userDisable) Run(s *session) error {
	return s.changeUser(c.userArgs, "Disabled, and every session has ended.", func(tx *store.Tx, by audit.By) error {
		return operate.SetUserDisabled(tx, by, c.Env, c.User, true)
	})
}

type userEnable struct{ userArgs }

func (c *userEnable) Run(s *session) error {
	return s.changeUser(c.userArgs, "Enabled.", func(tx *store.Tx, by audit.By) error {
		return operate.SetUserDisabled(tx, by, c.Env, c.User, false)
	})
}

type userRevokeSessions struct{ userArgs }

func (c *userRevokeSessions) Run(s *session) error {
	return s.changeUser(c.userArgs, "Every session has ended.", func(tx *store.Tx, by audit.By) error {
		_, err := operate.RevokeSessions(tx, by, c.Env, c.User)
		return err
	})
}

type userResetMFA struct{ userArgs }

func (c *userResetMFA) Run(s *session) error {
	return s.changeUser(c.userArgs, "Every second factor is gone, and every session has ended. The user signs in and sets one up again.", func(tx *store.Tx, by audit.By) error {
		_, err := operate.ResetMFA(tx, by, c.Env, c.User)
		return err
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
	return s.changeUser(c.userArgs, done, func(tx *store.Tx, by audit.By) error {
		return operate.Settle(tx, by, c.Env, c.User, account.Decision{CredentialID: c.Factor, Keep: c.Keep})
	})
}

func (s *session) changeUser(u userArgs, done string, change func(*store.Tx, audit.By) error) error {
	if err := s.write(change); err != nil {
		return orUnknown(err, "user", u.User)
	}
	fmt.Fprintln(s.stdout, done)
	return nil
}
