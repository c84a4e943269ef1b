package store

import (
	"database/sql"
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
	_, err := tx.Exec(`INSERT INTO audit_events (id, environment_id, at, action, actor, user_id, session_id, request_id, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		a.ID, a.EnvironmentID, millis(a.At), a.Action, a.Actor, a.UserID, a.SessionID, a.RequestID, a.Detail, a.Hash)
	return err
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
	rows, err := tx.Rows(`SELECT id, environment_id, at, action, actor, user_id, session_id, request_id, detail, hash FROM audit_events
		WHERE ($1 = '' OR environment_id = $1) AND ($2 = '' OR user_id = $2) AND ($3 = '' OR action = $3 OR ($3 LIKE '%.' AND substr(action, 1, length($3)) = $3))
		AND at < $4 AND (at > $5 OR (at = $5 AND id > $6)) ORDER BY at, id LIMIT $7`,
		f.EnvironmentID, f.UserID, f.Action, until, since, f.AfterID, f.Limit)
	return collect(rows, err, func(rows *sql.Rows) (a AuditRow, err error) {
		var at int64
		err = rows.Scan(&a.ID, &a.EnvironmentID, &at, &a.Action, &a.Actor, &a.UserID, &a.SessionID, &a.RequestID, &a.Detail, &a.Hash)
		a.At = fromMillis(at)
		return a, err
	})
}
