package store

import "time"

// AuditOf lists the newest entries of one action in an environment since a time, newest
// first.
func (tx *Tx) AuditOf(environmentID, action string, since time.Time, limit int) ([]AuditRow, error) {
	rows, err := tx.Rows(`SELECT `+auditColumns+` FROM audit_events
		WHERE environment_id = $1 AND action = $2 AND at >= $3 ORDER BY at DESC, id DESC LIMIT $4`,
		environmentID, action, millis(since), limit)
	return collect(rows, err, scanAudit)
}
