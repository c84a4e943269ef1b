package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/store"
)

type auditPrune struct {
	Env    string `help:"Environment id. Default: all, and the installation's own entries." placeholder:"ID"`
	Output string `required:"" help:"File that receives the entries before they go; it must not exist yet." placeholder:"FILE"`
}

// pruneBatch is how many entries one transaction takes away.
const pruneBatch = 200

// Run writes entries that are older than their environment keeps them to the file,
// and then takes those away that it reads back from there: what was not exported
// cannot go.
func (c *auditPrune) Run(s *session) error {
	db, err := s.open()
	if err != nil {
		return err
	}
	defer db.Close()
	due, err := c.due(s, db)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(c.Output, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists; name a file that does not exist yet", c.Output)
	}
	if err != nil {
		return err
	}
	defer file.Close()
	digest, count := sha256.New(), 0
	for id, before := range due {
		n, err := export(s, db, io.MultiWriter(file, digest), id, before)
		if err != nil {
			return fmt.Errorf("nothing was taken away: %w", err)
		}
		count += n
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("nothing was taken away: %w", err)
	}
	if count == 0 {
		fmt.Fprintln(s.stdout, "No entry is old enough to go.")
		return nil
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := remove(s, db, file, digest, count); err != nil {
		return fmt.Errorf("not all of what %s has was taken away, run the command again with another file: %w", c.Output, err)
	}
	fmt.Fprintf(s.stdout, "%d entries are in %s and no longer in the database. SHA-256 %s\n", count, c.Output,
		hex.EncodeToString(digest.Sum(nil)))
	return nil
}

// due says, by environment, how old entries must be to go.
func (c *auditPrune) due(s *session, db *store.DB) (map[string]time.Time, error) {
	due := map[string]time.Time{}
	err := db.Read(s.ctx, func(tx *store.Tx) error {
		if c.Env == "" {
			due[""] = tx.Now().Add(-environment.Defaults().Audit.Retention.Std())
		} else if _, err := tx.Environment(c.Env); err != nil {
			return orUnknown(err, "environment", c.Env)
		}
		rows, err := tx.Environments()
		for _, row := range rows {
			if c.Env != "" && c.Env != row.ID {
				continue
			}
			env, err := environment.Parse([]byte(row.Document))
			if err != nil {
				return fmt.Errorf("environment %s: %w", row.ID, err)
			}
			due[row.ID] = tx.Now().Add(-env.Audit.Retention.Std())
		}
		return err
	})
	return due, err
}

// export writes the entries of one environment that are due.
func export(s *session, db *store.DB, out io.Writer, id string, before time.Time) (count int, err error) {
	var at time.Time
	after := ""
	for {
		var rows []store.AuditRow
		err := db.Read(s.ctx, func(tx *store.Tx) (err error) {
			if rows, err = tx.OldAudit(id, before, at, after, 1000); err != nil {
				return err
			}
			for _, row := range rows {
				if err := writeEvent(tx, out, row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		count += len(rows)
		if len(rows) < 1000 {
			return count, nil
		}
		at, after = rows[len(rows)-1].At, rows[len(rows)-1].ID
	}
}

// remove takes the entries away that the file has. That they go is on record
// before the first is gone.
func remove(s *session, db *store.DB, file io.Reader, digest hash.Hash, count int) error {
	err := db.Write(s.ctx, func(tx *store.Tx) error {
		return audit.Record(tx, operator().By, "audit.pruned", audit.Detail{"count": count, "sha256": hex.EncodeToString(digest.Sum(nil))})
	})
	lines := bufio.NewReader(file)
	for more := true; more && err == nil; {
		var ids []string
		if ids, more, err = nextIDs(lines); err != nil {
			break
		}
		err = db.Write(s.ctx, func(tx *store.Tx) error {
			for _, id := range ids {
				if err := tx.DeleteAudit(id); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return err
}

func nextIDs(lines *bufio.Reader) (ids []string, more bool, err error) {
	for len(ids) < pruneBatch {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var event operate.AuditEvent
			if err := json.Unmarshal(line, &event); err != nil || event.ID == "" {
				return nil, false, fmt.Errorf("reading the export back: %w", errors.Join(err, errors.New("a line is no entry")))
			}
			ids = append(ids, event.ID)
		}
		if errors.Is(err, io.EOF) {
			return ids, false, nil
		}
		if err != nil {
			return nil, false, err
		}
	}
	return ids, true, nil
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
