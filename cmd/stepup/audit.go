package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

type auditCommand struct {
	Query  auditQuery  `cmd:"" help:"Print matching entries, oldest first."`
	Trail  auditTrail  `cmd:"" help:"Print the step-up that an entry belongs to, from its challenge to what it allowed."`
	Follow auditFollow `cmd:"" help:"Print new entries as they come, until interrupted."`
	Export auditExport `cmd:"" help:"Write all matching entries as JSON lines."`
	Prune  auditPrune  `cmd:"" help:"Write entries that are older than audit.retention to a file, and take them away."`
}

type auditFilter struct {
	Env     string  `help:"Environment id." placeholder:"ID"`
	User    string  `help:"User id." placeholder:"ID"`
	Session string  `help:"Session id, with the user." placeholder:"ID"`
	Token   string  `help:"Id of an elevated or MFA token." placeholder:"ID"`
	Action  string  `help:"Action, or a prefix that ends in a dot: token." placeholder:"ACTION"`
	Outcome string  `help:"What came of it: ${enum}." enum:"done,refused,failed," default:""`
	Since   instant `help:"From this time on, such as 2026-04-01T00:00:00Z." placeholder:"TIME"`
	Until   instant `help:"Before this time." placeholder:"TIME"`
}

// instant is a time on the command line.
type instant struct{ time.Time }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (i *instant) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return fmt.Errorf("%q is not a time such as 2026-04-01T00:00:00Z", text)
	}
	i.Time = t
	return nil
}

// check refuses to look for what was never there: no entry would read as nothing
// happened. A user who was deleted is known by the entries that are left.
func (f auditFilter) check(tx *store.Tx) error {
	if f.Env != "" {
		if _, err := tx.Environment(f.Env); err != nil {
			return orUnknown(err, "environment", f.Env)
		}
	}
	if f.Session != "" && f.User == "" && f.Token == "" {
		return errors.New("--session needs --user: the log is found by persons")
	}
	if f.User == "" {
		return nil
	}
	rows, err := tx.AuditRun(store.AuditRun{EnvironmentID: f.Env, UserID: f.User})
	if err != nil || len(rows) > 0 {
		return err
	}
	environments, err := tx.Environments()
	if err != nil {
		return err
	}
	for _, row := range environments {
		if f.Env != "" && f.Env != row.ID {
			continue
		}
		if _, err := tx.User(row.ID, f.User); !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return orUnknown(store.ErrNotFound, "user", f.User)
}

// query looks in one environment, or in all and in the installation's own entries.
func (f auditFilter) query(tx *store.Tx) (audit.Query, error) {
	if err := f.check(tx); err != nil {
		return audit.Query{}, err
	}
	q := audit.Query{EnvironmentIDs: []string{f.Env}, UserID: f.User, SessionID: f.Session, TokenID: f.Token, Action: f.Action,
		Outcome: audit.Outcome(f.Outcome), Since: f.Since.Time, Until: f.Until.Time}
	if f.Env == "" && f.User == "" && f.Token == "" { // else an empty id means any
		rows, err := tx.Environments()
		if err != nil {
			return q, err
		}
		for _, row := range rows {
			q.EnvironmentIDs = append(q.EnvironmentIDs, row.ID)
		}
	}
	return q, nil
}

type auditQuery struct {
	auditFilter
	Limit  int  `help:"At most so many." default:"100"`
	Newest bool `help:"Newest first."`
}

func (c *auditQuery) Run(s *session) error {
	return s.read(func(tx *store.Tx) error {
		q, err := c.query(tx)
		if err != nil {
			return err
		}
		q.Newest = c.Newest
		who := names{tx: tx}
		for left, more := c.Limit, true; more && left > 0; {
			q.Limit = min(left, 1000)
			page, err := audit.Find(tx, q)
			if err != nil {
				return err
			}
			for _, row := range page.Rows {
				s.printEvent(row, who.of(row))
			}
			left, more, q.After = left-len(page.Rows), page.More, page.Next
		}
		return nil
	})
}

type auditTrail struct {
	Env   string `arg:"" help:"Environment id."`
	Entry string `arg:"" help:"Id of an entry, as an export shows it, or of an elevated token."`
}

func (c *auditTrail) Run(s *session) error {
	return s.read(func(tx *store.Tx) error {
		row, err := tx.AuditRow(c.Env, c.Entry)
		if errors.Is(err, store.ErrNotFound) {
			var rows []store.AuditRow
			rows, err = tx.AuditRun(store.AuditRun{EnvironmentID: c.Env, TokenID: c.Entry})
			if err == nil && len(rows) == 0 {
				err = fmt.Errorf("nothing in the log of %s has or names the id %s", c.Env, c.Entry)
			}
			row = append(rows, row)[0]
		}
		if err != nil {
			return err
		}
		trail, err := audit.Trail(tx, row)
		who := names{tx: tx}
		for _, row := range trail {
			s.printEvent(row, who.of(row))
		}
		return err
	})
}

func (s *session) printEvent(row store.AuditRow, who string) {
	fmt.Fprintf(s.stdout, "%s  %-24s %-32s %s  %s\n", row.At.Format(time.RFC3339), row.Action, onOneLine(row.Actor), who,
		onOneLine(row.Detail))
}

// names remembers what users are known by.
type names struct {
	tx    *store.Tx
	known map[string]string
}

// of is the user whom an event concerns, with the addresses they have now.
func (n *names) of(row store.AuditRow) string {
	if row.UserID == "" {
		return "-"
	}
	if who, ok := n.known[row.UserID]; ok {
		return who
	}
	who := row.UserID
	if rows, err := n.tx.Credentials(row.EnvironmentID, row.UserID); err == nil && len(rows) > 0 {
		who += " (" + onOneLine(strings.Join(operate.Addresses(rows), ", ")) + ")"
	}
	if n.known == nil {
		n.known = map[string]string{}
	}
	n.known[row.UserID] = who
	return who
}

type auditFollow struct{ auditFilter }

func (c *auditFollow) Run(s *session) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	defer db.Close()
	var tail *audit.Tail
	err = db.Read(s.ctx, func(tx *store.Tx) error {
		q, err := c.query(tx)
		since := q.Since
		if since.IsZero() {
			since = tx.Now()
		}
		tail = audit.Follow(q, since)
		return err
	})
	if err != nil {
		return err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		err := db.Read(s.ctx, func(tx *store.Tx) error {
			who := names{tx: tx}
			for {
				rows, err := tail.Next(tx, 1000)
				for _, row := range rows {
					s.printEvent(row, who.of(row))
				}
				if err != nil || len(rows) < 1000 {
					return err
				}
			}
		})
		if s.ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-s.ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

type auditExport struct {
	auditFilter
	Output string `help:"File to write; it must not exist yet. Default: standard output." placeholder:"FILE"`
}

func (c *auditExport) Run(s *session) (err error) {
	err = s.read(func(tx *store.Tx) error { return c.check(tx) })
	if err != nil {
		return err
	}
	out := s.stdout
	if c.Output != "" {
		file, err := os.OpenFile(c.Output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%s exists; name a file that does not exist yet", c.Output)
		}
		if err != nil {
			return err
		}
		defer func() {
			if e := file.Close(); err == nil {
				err = e
			}
		}()
		out = file
	}
	count := 0
	err = s.read(func(tx *store.Tx) error {
		q, err := c.query(tx)
		for more := true; more && err == nil; {
			var page audit.Page
			if page, err = audit.Find(tx, q); err != nil {
				return err
			}
			for _, row := range page.Rows {
				if err := writeEvent(tx, out, row); err != nil {
					return err
				}
			}
			count += len(page.Rows)
			more, q.After = page.More, page.Next
		}
		return err
	})
	if err == nil {
		fmt.Fprintf(s.stderr, "Exported %d entries.\n", count)
	}
	return err
}

// writeEvent refuses a row whose content no longer has its hash.
func writeEvent(tx *store.Tx, out io.Writer, row store.AuditRow) error {
	if audit.Hash(row) != row.Hash {
		return fmt.Errorf("audit entry %s does not have the content it was written with: somebody changed the database", row.ID)
	}
	event, err := operate.ViewAudit(tx, row)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(event)
}
