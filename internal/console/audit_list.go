package console

import (
	"net/url"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/operator"
	"github.com/stepup-auth/stepup/internal/store"
)

// auditListPage is the log of the environment, newest first, a page at a time.
type auditListPage struct {
	Path     string
	Filter   auditFilter
	Problem  string // what is wrong with the filter
	Filtered bool
	Outcomes []audit.Outcome
	Entries  []auditItem
	Live     bool   // the page keeps itself as it is now
	Watch    string // to where it does, or no longer does; empty: it is not the first page
	Export   string
	Partly   bool // a filter found few among many: there may be more behind
	Pager    Pager
}

// auditFilter is what was asked for, as it was typed.
type auditFilter struct{ User, Token, Action, Outcome, Since, Until string }

type auditItem struct {
	Path, ID, Action string
	At               time.Time
	Outcome          audit.Outcome
	Who, WhoPath     string // the user whom it concerns; empty: nobody
	By               string // who did it, where that is somebody else
	Source           string
	Says             string // the rest of it, in one line
}

func (auditListPage) template() string { return "audit_list" }
func (auditListPage) title() string    { return "Audit" }

// auditPageSize is how many entries a page shows.
const auditPageSize = 50

func auditList(r *request) (answer, error) {
	f := auditFilter{r.FormValue("user"), r.FormValue("token"), r.FormValue("action"), r.FormValue("outcome"), r.FormValue("since"),
		r.FormValue("until")}
	after := r.FormValue("after")
	p := auditListPage{Path: r.within("audit"), Filter: f, Filtered: f != auditFilter{}, Outcomes: audit.Outcomes,
		Live: after == "" && r.FormValue("live") != "", Export: r.within("audit/export")}
	if query := f.query(); len(query) > 0 {
		p.Export += "?" + query.Encode()
	}
	switch {
	case p.Live:
		p.Watch = withQuery(r.URL, "live", "")
	case after == "":
		p.Watch = withQuery(r.URL, "live", "1")
	}
	search, err := f.search()
	search.Newest, search.After, search.Limit = true, after, auditPageSize
	if err == nil {
		err = r.read(func(tx *store.Tx) error {
			found, err := operate.SearchAudit(tx, r.environment.ID, search)
			if err != nil {
				return err
			}
			p.Partly, p.Pager = found.Next != "" && len(found.Events) < auditPageSize, pager(r, after, found.Next)
			known := names{tx: tx, r: r}
			for _, e := range found.Events {
				p.Entries = append(p.Entries, known.item(e))
			}
			return known.err
		})
	}
	if fault.Has(err, fault.InvalidRequest) {
		p.Problem = store.RefusalOf(err).Message
		return again(p)
	}
	if err != nil {
		return nil, err
	}
	return show(p)
}

// search is the filter as package operate takes it. Days begin in UTC.
func (f auditFilter) search() (s operate.AuditSearch, err error) {
	s = operate.AuditSearch{UserID: strings.ToLower(strings.TrimSpace(f.User)), TokenID: strings.TrimSpace(f.Token),
		Action: strings.TrimSpace(f.Action), Outcome: audit.Outcome(f.Outcome)}
	for text, at := range map[*string]*time.Time{&f.Since: &s.Since, &f.Until: &s.Until} {
		if *text == "" {
			continue
		}
		if *at, err = time.Parse(time.DateOnly, *text); err != nil {
			return s, fault.New(fault.InvalidRequest, "A day is written such as 2026-04-01.")
		}
	}
	if !s.Until.IsZero() {
		s.Until = s.Until.AddDate(0, 0, 1) // the day is part of it
	}
	return s, nil
}

func (f auditFilter) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"user": f.User, "token": f.Token, "action": f.Action, "outcome": f.Outcome,
		"since": f.Since, "until": f.Until} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}

// names says who the users of entries are, each found once.
type names struct {
	tx    *store.Tx
	r     *request
	known map[string]string
	err   error
}

// of is an address of the user, or the id where none is known any more.
func (n *names) of(userID string) string {
	if name, ok := n.known[userID]; ok || n.err != nil {
		return name
	}
	name := userID
	if n.r.may(operator.UsersRead) {
		rows, err := n.tx.Credentials(n.r.environment.ID, userID)
		n.err = err
		for _, row := range rows {
			if row.Format == store.FormatEmail || name == userID && row.Format == store.FormatPhone {
				name = row.PublicIdentifier
			}
		}
	}
	if n.known == nil {
		n.known = map[string]string{}
	}
	n.known[userID] = name
	return name
}

func (n *names) item(e operate.AuditEvent) auditItem {
	item := auditItem{Path: n.r.within("audit/" + e.ID), ID: e.ID, Action: e.Action, At: e.At, Outcome: e.Outcome, Source: e.Source,
		Says: saysInShort(e)}
	if e.UserID != "" {
		item.Who, item.WhoPath = n.of(e.UserID), n.r.within("users/"+url.PathEscape(e.UserID))
	}
	if e.Actor != "user:"+e.UserID {
		item.By = e.Actor
	}
	return item
}
