package console

import (
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

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
			var err error
			if search.UserID, err = r.meant(tx, f.User); err != nil {
				return err
			}
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

// search is the filter as package operate takes it, but for the user, whom [request.meant]
// finds. Days begin in UTC.
func (f auditFilter) search() (s operate.AuditSearch, err error) {
	s = operate.AuditSearch{TokenID: strings.TrimSpace(f.Token),
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

// meant is the id of the user whom a filter names: by id, or by an address or a name that
// only one has, as in the search among users. Entries about somebody who is gone are found
// by the id.
func (r *request) meant(tx *store.Tx, text string) (string, error) {
	text = strings.TrimSpace(text)
	if id := strings.ToLower(text); text == "" || uuid.Validate(id) == nil {
		return id, nil
	}
	if !r.may(operator.UsersRead) {
		return "", fault.New(fault.InvalidRequest, "Your role finds users by their id alone.")
	}
	found, more, err := operate.SearchUsers(tx, r.environment.ID, text)
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", fault.New(fault.InvalidRequest, "No user is found by that. Somebody who is gone is found by their id.")
	case len(found) > 1 || more:
		exact, err := operate.FindUsers(tx, r.environment.ID, text)
		if err != nil || len(exact) == 1 {
			return first(exact), err
		}
		return "", fault.New(fault.InvalidRequest, "Several users are found by that. Type all of the address or name, or take the id from "+
			"the user’s page.")
	}
	return found[0].ID, nil
}

// first is the id of the first of some users.
func first(users []store.UserRow) string {
	if len(users) == 0 {
		return ""
	}
	return users[0].ID
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

func (n *names) item(e operate.AuditEvent) auditItem {
	item := auditItem{Path: n.r.within("audit/" + e.ID), ID: e.ID, Action: e.Action, At: e.At, Outcome: e.Outcome, Source: e.Source,
		Says: saysInShort(e)}
	if e.UserID != "" {
		item.Who, item.WhoPath = n.of(e.UserID), n.r.within("users/"+url.PathEscape(e.UserID))
	}
	if e.Actor != "user:"+e.UserID {
		item.By = n.actor(e.Actor)
	}
	return item
}
