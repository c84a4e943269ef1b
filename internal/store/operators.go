package store

import (
	"database/sql"
	"errors"
	"time"
)

// GrantRow is a role that an operator has in an environment; an empty one is all of them.
type GrantRow struct {
	OperatorID    string
	EnvironmentID string
	Role          string
	GrantedAt     time.Time
	GrantedBy     string // actor
}

const grantColumns = `operator_id, environment_id, role, granted_at, granted_by`

// Grants lists what an operator has.
func (tx *Tx) Grants(operatorID string) ([]GrantRow, error) {
	rows, err := tx.Rows(`SELECT `+grantColumns+` FROM operator_grants WHERE operator_id = $1 ORDER BY environment_id`, operatorID)
	return collect(rows, err, scanGrant)
}

// GrantsIn lists the grants of one environment behind an operator's, at most limit; the
// empty environment's are those for all.
func (tx *Tx) GrantsIn(environmentID, after string, limit int) ([]GrantRow, error) {
	rows, err := tx.Rows(`SELECT `+grantColumns+` FROM operator_grants WHERE environment_id = $1 AND operator_id > $2
		ORDER BY operator_id LIMIT $3`, environmentID, after, limit)
	return collect(rows, err, scanGrant)
}

// PutGrant gives a role, in place of the one that the operator had there.
func (tx *Tx) PutGrant(g GrantRow) error {
	_, err := tx.Exec(`INSERT INTO operator_grants (operator_id, environment_id, role, granted_at, granted_by) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (operator_id, environment_id) DO UPDATE SET role = excluded.role, granted_at = excluded.granted_at,
		granted_by = excluded.granted_by`, g.OperatorID, g.EnvironmentID, g.Role, millis(tx.Now()), g.GrantedBy)
	return err
}

// DeleteGrant takes a role away. ErrNotFound: the operator has none there.
func (tx *Tx) DeleteGrant(operatorID, environmentID string) error {
	return tx.one(`DELETE FROM operator_grants WHERE operator_id = $1 AND environment_id = $2`, operatorID, environmentID)
}

// DeleteGrants takes all roles of an operator away, and says how many.
func (tx *Tx) DeleteGrants(operatorID string) (int64, error) {
	return tx.Exec(`DELETE FROM operator_grants WHERE operator_id = $1`, operatorID)
}

// DropMembers takes away all grants and invitations of an environment that goes.
func (tx *Tx) DropMembers(environmentID string) error {
	if _, err := tx.Exec(`DELETE FROM operator_grants WHERE environment_id = $1`, environmentID); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM operator_invitations WHERE environment_id = $1`, environmentID)
	return err
}

func scanGrant(rows Rows) (g GrantRow, err error) {
	var at int64
	err = rows.Scan(&g.OperatorID, &g.EnvironmentID, &g.Role, &at, &g.GrantedBy)
	g.GrantedAt = fromMillis(at)
	return g, err
}

// InvitationRow is an invitation to be an operator.
type InvitationRow struct {
	ID            string
	Email         string // as it was written
	EmailKey      string // look-up key
	EnvironmentID string // empty: all
	Role          string
	SecretHash    []byte
	InvitedBy     string // operator; empty: the host
	CreatedAt     time.Time
	ExpiresAt     time.Time
	AcceptedAt    time.Time // zero: it was not
	AcceptedBy    string    // operator
	RevokedAt     time.Time // zero: it was not
}

const (
	invitationColumns = `id, email, email_key, environment_id, role, secret_hash, invited_by, created_at, expires_at, accepted_at, ` +
		`accepted_by, revoked_at`
	// invitationOpen is of one that may still be accepted at $2.
	invitationOpen = ` AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at + 0 > $2 AND epoch = (SELECT epoch FROM current_epoch)`
)

// InsertInvitation makes i under the store's current epoch.
func (tx *Tx) InsertInvitation(i InvitationRow) error {
	_, err := tx.Exec(`INSERT INTO operator_invitations (id, email, email_key, environment_id, role, secret_hash, invited_by, epoch,
		created_at, expires_at, accepted_by) SELECT $1, $2, $3, $4, $5, $6, $7, epoch, $8, $9, '' FROM current_epoch`,
		i.ID, i.Email, i.EmailKey, i.EnvironmentID, i.Role, i.SecretHash, i.InvitedBy, millis(tx.Now()), millis(i.ExpiresAt))
	return err
}

// OpenInvitation is the invitation with this secret that may still be accepted.
func (tx *Tx) OpenInvitation(secretHash []byte) (InvitationRow, error) {
	return scanInvitation(tx.Row(`SELECT `+invitationColumns+` FROM operator_invitations WHERE secret_hash = $1`+invitationOpen,
		secretHash, millis(tx.Now())))
}

// AcceptInvitation takes an invitation, once; ErrNotFound: it is over.
func (tx *Tx) AcceptInvitation(id, operatorID string) error {
	return tx.one(`UPDATE operator_invitations SET accepted_at = $2, accepted_by = $3 WHERE id = $1`+invitationOpen,
		id, millis(tx.Now()), operatorID)
}

// InvitationsFor lists the open invitations for an address.
func (tx *Tx) InvitationsFor(emailKey string) ([]InvitationRow, error) {
	rows, err := tx.Rows(`SELECT `+invitationColumns+` FROM operator_invitations WHERE email_key = $1`+invitationOpen+` ORDER BY id`,
		emailKey, millis(tx.Now()))
	return collect(rows, err, func(rows Rows) (InvitationRow, error) { return scanInvitation(rows) })
}

// InvitationsIn lists the open invitations to one environment behind an id, at most
// limit; the empty environment's are those to all.
func (tx *Tx) InvitationsIn(environmentID, after string, limit int) ([]InvitationRow, error) {
	rows, err := tx.Rows(`SELECT `+invitationColumns+` FROM operator_invitations
		WHERE environment_id = $1 AND (environment_id, id) > ($1, $3)`+invitationOpen+` ORDER BY id LIMIT $4`,
		environmentID, millis(tx.Now()), after, limit)
	return collect(rows, err, func(rows Rows) (InvitationRow, error) { return scanInvitation(rows) })
}

// RevokeInvitation ends one of an environment; ErrNotFound: it is over, or another's.
func (tx *Tx) RevokeInvitation(environmentID, id string) error {
	return tx.one(`UPDATE operator_invitations SET revoked_at = $2 WHERE id = $1 AND environment_id = $3 AND accepted_at IS NULL
		AND revoked_at IS NULL`, id, millis(tx.Now()), environmentID)
}

func scanInvitation(row scanner) (i InvitationRow, err error) {
	var created, expires int64
	var accepted, revoked sql.NullInt64
	err = row.Scan(&i.ID, &i.Email, &i.EmailKey, &i.EnvironmentID, &i.Role, &i.SecretHash, &i.InvitedBy, &created, &expires, &accepted,
		&i.AcceptedBy, &revoked)
	i.CreatedAt, i.ExpiresAt = fromMillis(created), fromMillis(expires)
	i.AcceptedAt, i.RevokedAt = fromNullMillis(accepted), fromNullMillis(revoked)
	return i, notFound(err)
}

// OperatorSessionRow is what the console knows of a session beside the session itself.
type OperatorSessionRow struct {
	SessionID  string
	OperatorID string
	CookieHash []byte
	OpenedBy   string
	Address    string
	UserAgent  string
	EndsAt     time.Time // when the row may go
}

const operatorSessionColumns = `session_id, operator_id, cookie_hash, opened_by, address, user_agent, ends_at`

// InsertOperatorSession adds s.
func (tx *Tx) InsertOperatorSession(s OperatorSessionRow) error {
	_, err := tx.Exec(`INSERT INTO operator_sessions (session_id, operator_id, cookie_hash, opened_by, address, user_agent, ends_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, s.SessionID, s.OperatorID, s.CookieHash, s.OpenedBy, s.Address, s.UserAgent, millis(s.EndsAt))
	return err
}

// OperatorSession is the one with this cookie, whether or not its session lives.
func (tx *Tx) OperatorSession(cookieHash []byte) (OperatorSessionRow, error) {
	return scanOperatorSession(tx.Row(`SELECT `+operatorSessionColumns+` FROM operator_sessions WHERE cookie_hash = $1`, cookieHash))
}

// OperatorSessions lists those of an operator, whether or not they live.
func (tx *Tx) OperatorSessions(operatorID string) ([]OperatorSessionRow, error) {
	rows, err := tx.Rows(`SELECT `+operatorSessionColumns+` FROM operator_sessions WHERE operator_id = $1`, operatorID)
	return collect(rows, err, func(rows Rows) (OperatorSessionRow, error) { return scanOperatorSession(rows) })
}

// RenewCookie gives a session another cookie, if it has the one named; else ErrNotFound.
func (tx *Tx) RenewCookie(sessionID string, old, renewed []byte) error {
	return tx.one(`UPDATE operator_sessions SET cookie_hash = $3 WHERE session_id = $1 AND cookie_hash = $2`, sessionID, old, renewed)
}

func scanOperatorSession(row scanner) (s OperatorSessionRow, err error) {
	var ends int64
	err = row.Scan(&s.SessionID, &s.OperatorID, &s.CookieHash, &s.OpenedBy, &s.Address, &s.UserAgent, &ends)
	s.EndsAt = fromMillis(ends)
	return s, notFound(err)
}

// PutElevation keeps the sealed elevated token of a session for a scope.
func (tx *Tx) PutElevation(sessionID, scope string, sealed []byte, expires time.Time) error {
	_, err := tx.Exec(`INSERT INTO operator_elevations (session_id, scope, sealed, expires_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (session_id, scope) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at`,
		sessionID, scope, sealed, millis(expires))
	return err
}

// Elevation is that token; ErrNotFound: there is none, or its time is over.
func (tx *Tx) Elevation(sessionID, scope string) (sealed []byte, err error) {
	err = tx.Row(`SELECT sealed FROM operator_elevations WHERE session_id = $1 AND scope = $2 AND expires_at + 0 > $3`,
		sessionID, scope, millis(tx.Now())).Scan(&sealed)
	return sealed, notFound(err)
}

// LockMembers makes transactions that may take an owner away wait for one another.
func (tx *Tx) LockMembers() error { return tx.lockRules("operators") }

// OtherOwners reports whether an environment has an owner besides one operator; the empty
// environment is all of them.
func (tx *Tx) OtherOwners(environmentID, operatorID string) (others bool, err error) {
	var other string
	err = tx.Row(`SELECT operator_id FROM operator_grants WHERE environment_id = $1 AND (environment_id, operator_id) > ($1, '')
		AND role = 'owner' AND operator_id <> $2 ORDER BY operator_id LIMIT 1`, environmentID, operatorID).Scan(&other)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// OpenInvitations lists all that may still be accepted, the newest last.
func (tx *Tx) OpenInvitations() ([]InvitationRow, error) {
	rows, err := tx.Rows(`SELECT `+invitationColumns+` FROM operator_invitations WHERE expires_at > $1 AND accepted_at IS NULL
		AND revoked_at IS NULL AND epoch = (SELECT epoch FROM current_epoch) ORDER BY expires_at`, millis(tx.Now()))
	return collect(rows, err, func(rows Rows) (InvitationRow, error) { return scanInvitation(rows) })
}
