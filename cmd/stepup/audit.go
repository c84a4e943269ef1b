package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
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
	Outcome string  `help:"What came of it: done, refused or failed." enum:",done,refused,failed" default:"" placeholder:"OUTCOME"`
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

// path is where the log is that is looked at: of one environment, or of all and of the
// installation itself.
func (f auditFilter) path() []string {
	if f.Env == "" {
		return []string{"audit"}
	}
	return []string{"environments", f.Env, "audit"}
}

// search is the filter as the administration takes it.
func (f auditFilter) search() (operate.AuditSearch, error) {
	if f.Session != "" && f.User == "" && f.Token == "" {
		return operate.AuditSearch{}, errors.New("--session needs --user: the log is found by persons")
	}
	return operate.AuditSearch{UserID: f.User, SessionID: f.Session, TokenID: f.Token, Action: f.Action,
		Outcome: audit.Outcome(f.Outcome), Since: f.Since.Time, Until: f.Until.Time}, nil
}

// find reads a page of the log.
func (f auditFilter) find(s *session, search operate.AuditSearch, more url.Values) (page operate.AuditPage, err error) {
	query := url.Values{}
	maps.Copy(query, more)
	for name, value := range map[string]string{
		"userId": search.UserID, "sessionId": search.SessionID, "tokenId": search.TokenID, "action": search.Action,
		"outcome": string(search.Outcome), "after": search.After,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, at := range map[string]time.Time{"since": search.Since, "until": search.Until} {
		if !at.IsZero() {
			query.Set(name, at.Format(time.RFC3339Nano))
		}
	}
	if search.Newest {
		query.Set("order", "newest")
	}
	if search.Limit > 0 {
		query.Set("limit", strconv.Itoa(search.Limit))
	}
	err = s.get(&page, query, f.path()...)
	if fault.Has(err, fault.NotFound) && search.UserID != "" {
		err = unknown("user", search.UserID)
	}
	return page, err
}

type auditQuery struct {
	auditFilter
	Limit  int  `help:"At most so many." default:"100"`
	Newest bool `help:"Newest first."`
}

func (c *auditQuery) Run(s *session) error {
	search, err := c.search()
	if err != nil {
		return err
	}
	search.Newest = c.Newest
	for left := c.Limit; left > 0; {
		search.Limit = min(left, pageOfLog)
		page, err := c.find(s, search, nil)
		if err != nil {
			return err
		}
		s.printEvents(page)
		if page.Next == "" {
			return nil
		}
		left, search.After = left-len(page.Events), page.Next
	}
	return nil
}

// pageOfLog is how many entries are read at once.
const pageOfLog = 1000

type auditTrail struct {
	Env   string `arg:"" help:"Environment id."`
	Entry string `arg:"" help:"Id of an entry, as an export shows it, or of an elevated token."`
}

func (c *auditTrail) Run(s *session) error {
	var trail operate.AuditPage
	err := s.get(&trail, nil, "environments", c.Env, "audit", c.Entry, "trail")
	if fault.Has(err, fault.NotFound) {
		return fmt.Errorf("nothing in the log of %s has or names the id %s", c.Env, c.Entry)
	}
	s.printEvents(trail)
	return err
}

// printEvents prints entries with what the users whom they concern are known by now.
func (s *session) printEvents(page operate.AuditPage) {
	for _, e := range page.Events {
		who := cmp.Or(e.UserID, "-")
		if addresses := page.Users[e.UserID]; len(addresses) > 0 {
			who += " (" + onOneLine(strings.Join(addresses, ", ")) + ")"
		}
		fmt.Fprintf(s.stdout, "%s  %-24s %-32s %s  %s\n", e.At.Format(time.RFC3339), e.Action, onOneLine(e.Actor), who,
			onOneLine(string(e.Detail)))
	}
}

type auditFollow struct{ auditFilter }

func (c *auditFollow) Run(s *session) error {
	search, err := c.search()
	if err != nil {
		return err
	}
	latest := search
	latest.Newest, latest.Limit = true, 100 // some may be of the same moment
	newest, err := c.find(s, latest, nil)
	if err != nil {
		return err
	}
	if !search.Since.IsZero() {
		newest.Events = nil
	}
	tail := operate.FollowAudit(search, newest.Events)
	find := func(search operate.AuditSearch) (operate.AuditPage, error) { return c.find(s, search, nil) }
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		for more := true; more; {
			page, err := tail.Next(find, pageOfLog)
			if s.ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
			s.printEvents(page)
			more = len(page.Events) == pageOfLog
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
	search, err := c.search()
	if err != nil {
		return err
	}
	verify := url.Values{"verify": {"true"}}
	page, err := c.find(s, search, verify)
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
		defer func() { err = errors.Join(err, file.Close()) }()
		out = file
	}
	taken := admin.AuditExport{UserID: c.User, TokenID: c.Token, Action: c.Action, Outcome: search.Outcome,
		Since: search.Since, Until: search.Until}
	if err := s.post(taken, nil, append(c.path(), "exports")...); err != nil {
		return err
	}
	count, told, lines := 0, time.Now(), json.NewEncoder(out)
	for {
		for _, event := range page.Events {
			if err := lines.Encode(event); err != nil {
				return err
			}
		}
		if count += len(page.Events); page.Next == "" {
			fmt.Fprintf(s.stderr, "Exported %d entries.\n", count)
			return nil
		}
		if time.Since(told) >= time.Second {
			told = time.Now()
			fmt.Fprintf(s.stderr, "%d entries so far\n", count)
		}
		search.After = page.Next
		if page, err = c.find(s, search, verify); err != nil {
			return fmt.Errorf("only the first %d entries were written: %s", count, message(err))
		}
	}
}
