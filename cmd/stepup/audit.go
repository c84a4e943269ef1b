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
	Follow auditFollow `cmd:"" help:"Print new entries as they come, until interrupted."`
	Export auditExport `cmd:"" help:"Write all matching entries as JSON lines."`
	Prune  auditPrune  `cmd:"" help:"Write entries that are older than audit.retention to a file, and take them away."`
}

type auditFilter struct {
	Env    string  `help:"Environment id." placeholder:"ID"`
	User   string  `help:"User id." placeholder:"ID"`
	Action string  `help:"Action, or a prefix that ends in a dot: token." placeholder:"ACTION"`
	Since  instant `help:"From this time on, such as 2026-04-01T00:00:00Z." placeholder:"TIME"`
	Until  instant `help:"Before this time." placeholder:"TIME"`
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
	if f.User == "" {
		return nil
	}
	rows, err := tx.Audit(store.AuditFilter{EnvironmentID: f.Env, UserID: f.User, Limit: 1})
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

func (f auditFilter) filter() store.AuditFilter {
	return store.AuditFilter{EnvironmentID: f.Env, UserID: f.User, Action: f.Action, Since: f.Since.Time, Until: f.Until.Time}
}

type auditQuery struct {
	auditFilter
	Limit int `help:"At most so many." default:"100"`
}

func (c *auditQuery) Run(s *session) error {
	f := c.filter()
	f.Limit = c.Limit
	return s.read(func(tx *store.Tx) error {
		if err := c.check(tx); err != nil {
			return err
		}
		rows, err := tx.Audit(f)
		who := names{tx: tx}
		for _, row := range rows {
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

// overlap is looked at again each time: transactions commit in another order
// than their times, and ids already printed are skipped.
const overlap = 10 * time.Second

func (c *auditFollow) Run(s *session) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	defer db.Close()
	f := c.filter()
	err = db.Read(s.ctx, func(tx *store.Tx) error {
		if f.Since.IsZero() {
			f.Since = tx.Now()
		}
		return c.check(tx)
	})
	if err != nil {
		return err
	}
	printed := map[string]time.Time{}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		err := db.Read(s.ctx, func(tx *store.Tx) error {
			for {
				rows, err := tx.Audit(f)
				if err != nil {
					return err
				}
				who := names{tx: tx}
				for _, row := range rows {
					if _, seen := printed[row.ID]; !seen {
						printed[row.ID] = row.At
						s.printEvent(row, who.of(row))
					}
				}
				if len(rows) < 1000 {
					break
				}
				f.Since, f.AfterID = rows[len(rows)-1].At, rows[len(rows)-1].ID
			}
			f.AfterID = ""
			if start := tx.Now().Add(-overlap); start.After(f.Since) {
				f.Since = start
			}
			return nil
		})
		if s.ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for id, at := range printed {
			if at.Before(f.Since) {
				delete(printed, id)
			}
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
	if err := s.read(c.check); err != nil {
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
	f := c.filter()
	count := 0
	err = s.read(func(tx *store.Tx) error {
		for {
			rows, err := tx.Audit(f)
			if err != nil {
				return err
			}
			for _, row := range rows {
				if err := writeEvent(tx, out, row); err != nil {
					return err
				}
			}
			count += len(rows)
			if len(rows) < 1000 {
				return nil
			}
			f.Since, f.AfterID = rows[len(rows)-1].At, rows[len(rows)-1].ID
		}
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
