package store

import (
	"database/sql"
	"slices"
	"time"
)

// RecoveryRow is a recovery: an address that an operator set is to become a way to sign
// in for a user who has none left.
type RecoveryRow struct {
	ID            string
	EnvironmentID string
	UserID        string
	CredentialID  string // the address
	Reason        string // in the words of whoever asked for it
	RequestedBy   string // actor
	CreatedAt     time.Time
	ExpiresAt     time.Time
	EffectiveAt   time.Time // zero: not enough people stand behind it
	EndedAt       time.Time // zero: it is open
	EndedReason   string
}

const recoveryColumns = `recoveries.id, recoveries.environment_id, recoveries.user_id, recoveries.credential_id, recoveries.reason, ` +
	`recoveries.requested_by, recoveries.created_at, recoveries.expires_at, recoveries.effective_at, recoveries.ended_at, ` +
	`recoveries.ended_reason`

// openRecovery says of a recovery that it has not ended, and that its address still waits.
const openRecovery = ` recoveries.ended_at IS NULL AND (SELECT c.confirmed_at IS NULL FROM credentials c
	WHERE c.id = recoveries.credential_id AND c.user_id = recoveries.user_id)`

// InsertRecovery opens a recovery and notes it with its user.
func (tx *Tx) InsertRecovery(r RecoveryRow) error {
	if _, err := tx.Exec(`INSERT INTO recoveries (id, environment_id, user_id, credential_id, reason, requested_by, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.ID, r.EnvironmentID, r.UserID, r.CredentialID, r.Reason, r.RequestedBy, millis(tx.Now()), millis(r.ExpiresAt)); err != nil {
		return err
	}
	return tx.one(`UPDATE users SET recovery_id = $3 WHERE environment_id = $1 AND id = $2`, r.EnvironmentID, r.UserID, r.ID)
}

// OpenRecovery reads a recovery that has not ended; any other is ErrNotFound.
func (tx *Tx) OpenRecovery(environmentID, id string) (RecoveryRow, error) {
	r, err := scanRecovery(tx.Row(`SELECT `+recoveryColumns+` FROM recoveries
		WHERE environment_id = $1 AND id = $2 AND`+openRecovery, environmentID, id))
	if err == nil && !r.ExpiresAt.After(tx.Now()) {
		err = ErrNotFound
	}
	return r, err
}

// Recoveries lists those of an environment that have not ended, oldest first: at most
// limit, behind the one with the id. The time of some may be over.
func (tx *Tx) Recoveries(environmentID, after string, limit int) ([]RecoveryRow, error) {
	rows, err := tx.Rows(`SELECT `+recoveryColumns+` FROM recoveries
		WHERE environment_id = $1 AND id > $2 AND`+openRecovery+` ORDER BY id LIMIT $3`, environmentID, after, limit)
	return collect(rows, err, func(rows Rows) (RecoveryRow, error) { return scanRecovery(rows) })
}

// MakeEffective says from when on an open recovery holds, and for how long.
func (tx *Tx) MakeEffective(environmentID, id string, from, until time.Time) error {
	return tx.one(`UPDATE recoveries SET effective_at = $3, expires_at = $4 WHERE environment_id = $1 AND id = $2 AND ended_at IS NULL`,
		environmentID, id, millis(from), millis(until))
}

// EndRecovery ends one.
func (tx *Tx) EndRecovery(environmentID, id, reason string) error {
	return tx.one(`UPDATE recoveries SET ended_at = $3, ended_reason = $4 WHERE environment_id = $1 AND id = $2 AND ended_at IS NULL`,
		environmentID, id, millis(tx.Now()), reason)
}

// ApproveRecovery notes that a person stands behind a recovery, and reports whether they
// did not before.
func (tx *Tx) ApproveRecovery(id, person string) (bool, error) {
	n, err := tx.Exec(`INSERT INTO recovery_approvals (recovery_id, person, at) VALUES ($1, $2, $3)
		ON CONFLICT (recovery_id, person) DO NOTHING`, id, person, millis(tx.Now()))
	return n == 1, err
}

// RecoveryApprovals lists who stands behind a recovery, in the order of time.
func (tx *Tx) RecoveryApprovals(id string) ([]string, error) {
	rows, err := tx.Rows(`SELECT person FROM recovery_approvals WHERE recovery_id = $1 ORDER BY at, person`, id)
	return collect(rows, err, func(rows Rows) (person string, err error) { return person, rows.Scan(&person) })
}

// RecoveriesBehind lists the recoveries that have not ended and that a person stands behind.
func (tx *Tx) RecoveriesBehind(person string) ([]RecoveryRow, error) {
	rows, err := tx.Rows(`SELECT `+recoveryColumns+` FROM recoveries WHERE ended_at IS NULL AND EXISTS
		(SELECT 1 FROM recovery_approvals a WHERE a.recovery_id = recoveries.id AND a.person = $1) ORDER BY id`, person)
	return collect(rows, err, func(rows Rows) (RecoveryRow, error) { return scanRecovery(rows) })
}

// OperatorChange is what an operator did to a user's means of proof.
type OperatorChange struct {
	Actor string
	Kind  string
	At    time.Time
}

// InsertOperatorChange notes one.
func (tx *Tx) InsertOperatorChange(environmentID, userID string, c OperatorChange) error {
	return tx.Later(`INSERT INTO operator_changes (environment_id, user_id, actor, kind, at) VALUES ($1, $2, $3, $4, $5)`,
		environmentID, userID, c.Actor, c.Kind, millis(tx.Now()))
}

// OperatorChanges lists those of a user since then.
func (tx *Tx) OperatorChanges(environmentID, userID string, since time.Time) ([]OperatorChange, error) {
	rows, err := tx.Rows(`SELECT actor, kind, at FROM operator_changes WHERE user_id = $2 AND environment_id = $1 ORDER BY at`,
		environmentID, userID)
	all, err := collect(rows, err, func(rows Rows) (c OperatorChange, err error) {
		var at int64
		err = rows.Scan(&c.Actor, &c.Kind, &at)
		c.At = fromMillis(at)
		return c, err
	})
	return slices.DeleteFunc(all, func(c OperatorChange) bool { return !c.At.After(since) }), err
}

func scanRecovery(row scanner) (r RecoveryRow, err error) {
	var created, expires int64
	var effective, ended sql.NullInt64
	err = row.Scan(&r.ID, &r.EnvironmentID, &r.UserID, &r.CredentialID, &r.Reason, &r.RequestedBy, &created, &expires, &effective, &ended,
		&r.EndedReason)
	r.CreatedAt, r.ExpiresAt, r.EffectiveAt, r.EndedAt = fromMillis(created), fromMillis(expires), fromNullMillis(effective),
		fromNullMillis(ended)
	return r, notFound(err)
}
