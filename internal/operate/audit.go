package operate

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// AuditEvent is a row of the audit log as it is shown and exported, with what stands
// beside it as long as that is kept.
type AuditEvent struct {
	ID            string          `json:"id"`
	At            time.Time       `json:"at"`
	EnvironmentID string          `json:"environmentId,omitempty"`
	Action        string          `json:"action"`
	Outcome       audit.Outcome   `json:"outcome"`
	Actor         string          `json:"actor"`
	UserID        string          `json:"userId,omitempty"`
	SessionID     string          `json:"sessionId,omitempty"`
	RequestID     string          `json:"requestId,omitempty"`
	Source        string          `json:"source,omitempty"` // network address
	UserAgent     string          `json:"userAgent,omitempty"`
	Personal      json.RawMessage `json:"personal,omitempty"`   // what it says of a person
	SourceSalt    string          `json:"sourceSalt,omitempty"` // in hex; with the three above it makes the hash
	SourceHash    string          `json:"sourceHash,omitempty"`
	Detail        json.RawMessage `json:"detail"`
	Hash          string          `json:"hash"`

	row store.AuditRow
}

// ViewAudit shapes a row, with what stands beside it.
func ViewAudit(tx *store.Tx, r store.AuditRow) (AuditEvent, error) {
	source, err := audit.SourceOf(tx, r)
	return AuditEvent{
		ID: r.ID, At: r.At, EnvironmentID: r.EnvironmentID, Action: r.Action, Outcome: audit.OutcomeOf(r),
		Actor: r.Actor, UserID: r.UserID, SessionID: r.SessionID,
		RequestID: r.RequestID, Source: source.Address, UserAgent: source.UserAgent, Personal: json.RawMessage(source.Personal),
		SourceSalt: hex.EncodeToString(source.Salt), SourceHash: r.Source, Detail: json.RawMessage(r.Detail), Hash: r.Hash, row: r,
	}, err
}

// AuditSearch says which entries of one environment's log are looked for, as operators
// write it. Empty fields match all.
type AuditSearch struct {
	UserID, SessionID, TokenID string
	Action                     string // a whole one, or the start of some that ends in a dot
	Outcome                    audit.Outcome
	Since, Until               time.Time
	Newest                     bool   // newest first
	After                      string // the Next of the page before
	Limit                      int    // at most 1,000; 0: 1,000
}

// AuditPage is a page of the audit log.
type AuditPage struct {
	Events []AuditEvent `json:"events"`
	Next   string       `json:"next,omitempty"` // for the page behind it; empty: there is none

	// Users are the addresses that users of these entries have now, by id, for those who
	// may read users.
	Users map[string][]string `json:"users,omitempty"`
}

func (p *AuditPage) know(users map[string][]string) {
	if p.Users == nil {
		p.Users = map[string][]string{}
	}
	maps.Copy(p.Users, users)
}

// NameUsers adds what the users of the page are known by.
func (p *AuditPage) NameUsers(tx *store.Tx) error {
	ids := map[string][]string{} // by environment
	for _, e := range p.Events {
		if e.UserID != "" && !slices.Contains(ids[e.EnvironmentID], e.UserID) {
			ids[e.EnvironmentID] = append(ids[e.EnvironmentID], e.UserID)
		}
	}
	users := map[string][]string{}
	for environmentID, of := range ids {
		credentials, err := tx.CredentialsOf(environmentID, of)
		if err != nil {
			return err
		}
		for id, rows := range credentials {
			if addresses := Addresses(rows); len(addresses) > 0 {
				users[id] = addresses
			}
		}
	}
	p.know(users)
	return nil
}

// Query is the search as package audit takes it. Without an environment it is about all of
// them, and about the installation's own entries.
func (s AuditSearch) Query(tx *store.Tx, environmentID string) (audit.Query, error) {
	if s.Outcome != "" && !slices.Contains(audit.Outcomes, s.Outcome) {
		return audit.Query{}, fault.New(fault.InvalidRequest, "outcome must be done, refused or failed.")
	}
	q := audit.Query{
		EnvironmentIDs: []string{environmentID}, UserID: s.UserID, SessionID: s.SessionID, TokenID: s.TokenID, Action: s.Action,
		Outcome: s.Outcome, Since: s.Since, Until: s.Until, Newest: s.Newest, Limit: s.Limit,
	}
	if s.After != "" {
		key, ok := parseAuditKey(s.After)
		if !ok {
			return q, fault.New(fault.InvalidRequest, "after must be the next of the page before.")
		}
		q.After = key
	}
	if environmentID == "" && s.SessionID != "" && s.UserID == "" && s.TokenID == "" {
		return q, fault.New(fault.InvalidRequest, "The log is found by persons: name the session's user too.")
	}
	if environmentID == "" && s.UserID == "" && s.TokenID == "" { // else an empty id means any
		rows, err := tx.Environments()
		for _, row := range rows {
			q.EnvironmentIDs = append(q.EnvironmentIDs, row.ID)
		}
		return q, err
	}
	if s.SessionID != "" && s.UserID == "" && s.TokenID == "" { // the log is found by persons, not by sessions
		session, err := tx.LiveSession(environmentID, s.SessionID)
		if errors.Is(err, store.ErrNotFound) {
			return q, fault.New(fault.InvalidRequest, "The session is over: name its user too.")
		}
		if err != nil {
			return q, err
		}
		q.UserID = session.UserID
	}
	return q, nil
}

// CheckAudited refuses a user of whom there never was anything: no entry would read as
// nothing happened. A user who was deleted is known by the entries that are left.
func CheckAudited(tx *store.Tx, environmentID, userID string) error {
	rows, err := tx.AuditRun(store.AuditRun{EnvironmentID: environmentID, UserID: userID})
	if userID == "" || err != nil || len(rows) > 0 {
		return err
	}
	environments, err := tx.Environments()
	if err != nil {
		return err
	}
	for _, row := range environments {
		if environmentID != "" && environmentID != row.ID {
			continue
		}
		if _, err := tx.User(row.ID, userID); !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return fault.New(fault.NotFound, "There is no user with this id, and none is in the log.")
}

// SearchAudit finds a page of entries.
func SearchAudit(tx *store.Tx, environmentID string, s AuditSearch) (AuditPage, error) {
	q, err := s.Query(tx, environmentID)
	if err != nil {
		return AuditPage{}, err
	}
	found, err := audit.Find(tx, q)
	if err != nil {
		return AuditPage{}, err
	}
	page := AuditPage{}
	if page.Events, err = viewAudit(tx, found.Rows); err == nil && found.More {
		page.Next = auditKey(found.Next)
	}
	return page, err
}

// ExportAudit finds a page of entries, and refuses one whose content no longer has its
// hash.
func ExportAudit(tx *store.Tx, environmentID string, s AuditSearch) (AuditPage, error) {
	page, err := SearchAudit(tx, environmentID, s)
	for _, e := range page.Events {
		if audit.Hash(e.row) != e.Hash {
			return AuditPage{}, changedEntry(e.ID)
		}
	}
	return page, err
}

// RecordAuditExport writes who takes the log out, and what of it, before the first entry leaves.
func RecordAuditExport(c who.Caller, tx *store.Tx, environmentID string, s AuditSearch) error {
	detail := audit.Detail{}
	for name, value := range map[string]string{"token_id": s.TokenID, "action": s.Action, "outcome": string(s.Outcome)} {
		if value != "" {
			detail[name] = value
		}
	}
	for name, at := range map[string]time.Time{"since": s.Since, "until": s.Until} {
		if !at.IsZero() {
			detail[name] = at.UTC().Format(time.RFC3339)
		}
	}
	c.By.EnvironmentID, c.By.UserID = environmentID, s.UserID
	return audit.Record(tx, c.By, "audit.exported", detail)
}

func changedEntry(id string) error {
	return fmt.Errorf("audit entry %s does not have the content it was written with: somebody changed the database", id)
}

// AuditTrail is the step-up that an entry belongs to, oldest first. id is the entry's, or
// that of a token which it is about.
func AuditTrail(tx *store.Tx, environmentID, id string) ([]AuditEvent, error) {
	row, err := tx.AuditRow(environmentID, id)
	if errors.Is(err, store.ErrNotFound) {
		var rows []store.AuditRow
		rows, err = tx.AuditRun(store.AuditRun{EnvironmentID: environmentID, TokenID: id})
		if err == nil && len(rows) == 0 {
			err = fault.New(fault.NotFound, "Nothing in the log of this environment has or names the id %.40q.", id)
		}
		row = append(rows, row)[0]
	}
	if err != nil {
		return nil, err
	}
	rows, err := audit.Trail(tx, row)
	if err != nil {
		return nil, err
	}
	return viewAudit(tx, rows)
}

func viewAudit(tx *store.Tx, rows []store.AuditRow) ([]AuditEvent, error) {
	events := []AuditEvent{}
	for _, row := range rows {
		event, err := ViewAudit(tx, row)
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}

func auditKey(k store.AuditKey) string { return strconv.FormatInt(k.At.UnixMilli(), 10) + "_" + k.ID }

func parseAuditKey(text string) (store.AuditKey, bool) {
	at, id, ok := strings.Cut(text, "_")
	millis, err := strconv.ParseInt(at, 10, 64)
	return store.AuditKey{At: time.UnixMilli(millis), ID: id}, ok && err == nil && id != ""
}

// SessionSource is the network address and the user agent that opened a session: empty
// where they are forgotten by now.
func SessionSource(tx *store.Tx, s store.SessionRow) (address, userAgent string, err error) {
	row, err := tx.AuditOfSession(s.EnvironmentID, s.UserID, s.ID, s.CreatedAt)
	if errors.Is(err, store.ErrNotFound) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	source, err := audit.SourceOf(tx, row)
	return source.Address, source.UserAgent, err
}
