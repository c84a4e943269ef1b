package store

import (
	"cmp"
	"slices"
	"time"
)

// AuditRow is one line of the audit log.
type AuditRow struct {
	ID            string
	EnvironmentID string // empty: the installation itself
	At            time.Time
	Action        string
	Actor         string
	UserID        string
	SessionID     string
	RequestID     string
	Detail        string // JSON object
	Hash          string // over all other columns
}

// InsertAudit appends a row.
func (tx *Tx) InsertAudit(a AuditRow) error {
	return tx.Later(`INSERT INTO audit_events (id, environment_id, at, action, actor, user_id, session_id, request_id, detail, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		a.ID, a.EnvironmentID, millis(a.At), a.Action, a.Actor, a.UserID, a.SessionID, a.RequestID, a.Detail, a.Hash)
}

// AuditFilter narrows a query; empty fields match all.
type AuditFilter struct {
	EnvironmentID string
	UserID        string
	Action        string    // exact, or a prefix ending in a dot
	Since         time.Time // inclusive
	Until         time.Time // exclusive
	AfterID       string    // with Since: rows behind this one, for paging
	Limit         int       // at most 1,000; 0 means 1,000
}

// Audit lists matching rows, oldest first.
func (tx *Tx) Audit(f AuditFilter) ([]AuditRow, error) {
	if f.Limit <= 0 || f.Limit > 1000 {
		f.Limit = 1000
	}
	until := int64(1) << 62
	if !f.Until.IsZero() {
		until = millis(f.Until)
	}
	since := int64(0)
	if !f.Since.IsZero() {
		since = millis(f.Since)
	}
	rows, err := tx.Rows(`SELECT `+auditColumns+` FROM audit_events
		WHERE ($1 = '' OR environment_id = $1) AND ($2 = '' OR user_id = $2)
		AND ($3 = '' OR action = $3 OR ($3 LIKE '%.' AND substr(action, 1, length($3)) = $3))
		AND at < $4 AND (at > $5 OR (at = $5 AND id > $6)) ORDER BY at, id LIMIT $7`,
		f.EnvironmentID, f.UserID, f.Action, until, since, f.AfterID, f.Limit)
	return collect(rows, err, scanAudit)
}

const auditColumns = `id, environment_id, at, action, actor, user_id, session_id, request_id, detail, hash`

func scanAudit(rows Rows) (a AuditRow, err error) {
	var at int64
	err = rows.Scan(&a.ID, &a.EnvironmentID, &at, &a.Action, &a.Actor, &a.UserID, &a.SessionID, &a.RequestID, &a.Detail, &a.Hash)
	a.At = fromMillis(at)
	return a, err
}

// Refusal names what anonymous requests from one source were refused for in one minute.
type Refusal struct {
	Minute        int64 // since 1970
	EnvironmentID string
	Source        string
	What          string
}

// Refusals is how often one [Refusal] happened.
type Refusals struct {
	Refusal
	Count int64
}

// AddRefusals adds n to the count of a refusal.
func (tx *Tx) AddRefusals(r Refusal, n int64) error {
	_, err := tx.Exec(`INSERT INTO refusals (minute, environment_id, source, what, count) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (minute, environment_id, source, what) DO UPDATE SET count = refusals.count + $5`, r.Minute, r.EnvironmentID,
		r.Source, r.What, n)
	return err
}

// TakeRefusals removes the counts of the oldest minute before this one and returns
// them in order. Of any number of callers at once, one gets them.
func (tx *Tx) TakeRefusals(before int64) ([]Refusals, error) {
	rows, err := tx.Rows(`DELETE FROM refusals WHERE minute = (SELECT MIN(minute) FROM refusals WHERE minute < $1)
		RETURNING minute, environment_id, source, what, count`, before)
	taken, err := collect(rows, err, func(rows Rows) (r Refusals, err error) {
		err = rows.Scan(&r.Minute, &r.EnvironmentID, &r.Source, &r.What, &r.Count)
		return r, err
	})
	slices.SortFunc(taken, func(a, b Refusals) int {
		return cmp.Or(cmp.Compare(a.EnvironmentID, b.EnvironmentID), cmp.Compare(a.Source, b.Source), cmp.Compare(a.What, b.What))
	})
	return taken, err
}

// RefusalsWait reports whether counts of a minute before this one wait.
func (tx *Tx) RefusalsWait(before int64) (bool, error) {
	var n int64
	err := tx.Row(`SELECT COUNT(*) FROM (SELECT 1 FROM refusals WHERE minute < $1 LIMIT 1) AS waiting`, before).Scan(&n)
	return n > 0, err
}

// AuditSource is the network address that an entry came from.
type AuditSource struct {
	EventID       string
	EnvironmentID string
	Salt          []byte
	Address       string
}

// InsertAuditSource stores the network address beside its entry, which this transaction
// has written.
func (tx *Tx) InsertAuditSource(s AuditSource) error {
	return tx.Later(`INSERT INTO audit_sources (event_id, environment_id, at, salt, address) VALUES ($1, $2, $3, $4, $5)`,
		s.EventID, s.EnvironmentID, millis(tx.Now()), s.Salt, s.Address)
}

// AuditSource reads the network address that an entry came from.
func (tx *Tx) AuditSource(eventID string) (AuditSource, error) {
	s := AuditSource{EventID: eventID}
	err := tx.Row(`SELECT environment_id, salt, address FROM audit_sources WHERE event_id = $1`, eventID).
		Scan(&s.EnvironmentID, &s.Salt, &s.Address)
	return s, notFound(err)
}

// ForgetAuditSources removes up to limit network addresses beside the environment's
// entries from before a time, and returns how many.
func (tx *Tx) ForgetAuditSources(environmentID string, before time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM audit_sources WHERE event_id IN
		(SELECT event_id FROM audit_sources WHERE environment_id = $1 AND at < $2 ORDER BY at LIMIT $3)`,
		environmentID, millis(before), limit)
}

// DeleteAudit removes one entry, if it is there, with the address beside it.
func (tx *Tx) DeleteAudit(id string) error {
	if _, err := tx.Exec(`DELETE FROM audit_sources WHERE event_id = $1`, id); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM audit_events WHERE id = $1`, id)
	return err
}

// OldAudit lists entries of exactly this environment ("": of the installation)
// from before a time, behind one that was listed, oldest first.
func (tx *Tx) OldAudit(environmentID string, before, at time.Time, after string, limit int) ([]AuditRow, error) {
	since := int64(0)
	if !at.IsZero() {
		since = millis(at)
	}
	rows, err := tx.Rows(`SELECT `+auditColumns+
		` FROM audit_events WHERE environment_id = $1 AND at < $2 AND at >= $3 AND (at > $3 OR id > $4) ORDER BY at, id LIMIT $5`,
		environmentID, millis(before), since, after, limit)
	return collect(rows, err, scanAudit)
}

// CountOldAudit counts entries of exactly this environment from before a time.
func (tx *Tx) CountOldAudit(environmentID string, before time.Time) (n int64, err error) {
	err = tx.Row(`SELECT COUNT(*) FROM audit_events WHERE environment_id = $1 AND at < $2`, environmentID, millis(before)).Scan(&n)
	return n, err
}
