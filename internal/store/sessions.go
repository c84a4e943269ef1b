package store

import (
	"database/sql"
	"slices"
	"time"
)

// SessionRow is one sign-in. Its id is the claim sid.
type SessionRow struct {
	ID                       string
	EnvironmentID            string
	UserID                   string
	SignInCredentialID       string
	SignInMethod             string
	LastVerifiedCredentialID string
	Origin                   string // app origin at sign-in; empty for native clients
	SessionPublicKey         string // compressed P-256, hex; empty: none sent
	DevicePublicKey          string // set when the sign-in carried a device signature: that key must go on signing
	SDKVersion               string
	CreatedAt                time.Time
	RefreshedAt              time.Time
	ExpiresAt                time.Time // idle limit, moved by a refresh
	EndsAt                   time.Time // absolute limit
	RevokedAt                time.Time // zero: live
	RevokedReason            string
	MFAAt                    time.Time // zero: no second factor was given in this session
	MFAMarkAt                time.Time // when a second factor was last given that may show and replace recovery codes
	MFAMarkBy                string    // the credential of that second factor
	MFACredentialID          string    // the second factor given last; empty: none was
	Unproven                 bool      // a credential that was linked with nothing opened it or gave the second factor
	DeviceRegistrationID     string    // the registered device that it was opened on; empty: none
	Unregistered             bool      // it waits for its device to be registered
}

// fromNothing says that a credential which the session came from is not one of which
// CredentialRow.Confirmed holds.
const fromNothing = `EXISTS (SELECT 1 FROM credentials c WHERE c.id IN (sessions.signin_credential_id, sessions.mfa_credential_id)
	AND ` + unconfirmed + `)`

const sessionColumns = `sessions.id, sessions.environment_id, sessions.user_id, sessions.signin_credential_id, sessions.signin_method, ` +
	`sessions.last_verified_credential_id, sessions.origin, sessions.session_public_key, sessions.device_public_key, ` +
	`sessions.sdk_version, sessions.created_at, sessions.refreshed_at, sessions.expires_at, sessions.ends_at, sessions.revoked_at, ` +
	`sessions.revoked_reason, sessions.mfa_at, sessions.mfa_mark_at, sessions.mfa_mark_by, sessions.mfa_credential_id, ` +
	`sessions.device_registration_id, sessions.unregistered, CASE WHEN sessions.unproven = 1 OR ` + fromNothing + ` THEN 1 ELSE 0 END`

const readSession = `SELECT ` + sessionColumns + ` FROM sessions`

// InsertSession opens a session at the transaction's time.
func (tx *Tx) InsertSession(s SessionRow) error {
	return tx.Later(`INSERT INTO sessions (id, environment_id, user_id, signin_credential_id, signin_method, last_verified_credential_id,
		origin, session_public_key, device_public_key, sdk_version, created_at, refreshed_at, expires_at, ends_at, revoked_at,
		revoked_reason, mfa_at, mfa_mark_at, mfa_mark_by, mfa_credential_id, device_registration_id, unregistered, unproven)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13, NULL, '', $14, NULL, '', $15, $16, $17, $18)`,
		s.ID, s.EnvironmentID, s.UserID, s.SignInCredentialID, s.SignInMethod, s.LastVerifiedCredentialID, s.Origin, s.SessionPublicKey,
		s.DevicePublicKey, s.SDKVersion, millis(tx.Now()), millis(s.ExpiresAt), millis(s.EndsAt), nullMillis(s.MFAAt), s.MFACredentialID,
		s.DeviceRegistrationID, asBit(s.Unregistered), asBit(s.Unproven))
}

// LiveSession reads a session that is neither revoked nor over and whose user
// is not disabled; anything else is ErrNotFound.
func (tx *Tx) LiveSession(environmentID, id string) (SessionRow, error) {
	return scanSession(tx.Row(readSession+`
		WHERE environment_id = $1 AND id = $2 AND revoked_at IS NULL AND expires_at > $3
		AND EXISTS (SELECT 1 FROM users u WHERE u.id = sessions.user_id AND u.environment_id = $1 AND u.disabled_at IS NULL)`,
		environmentID, id, millis(tx.Now())))
}

// SignedIn is who is signed in by a session, and the revision of the rules that hold for them.
type SignedIn struct {
	Session     SessionRow
	User        UserRow
	Credentials []CredentialRow // oldest first
	Revision    int64           // of the environment
}

const (
	signedInColumns = `SELECT ` + sessionColumns + `, ` + userColumns + `, environments.revision`
	signedInTables  = ` FROM sessions JOIN users ON users.environment_id = sessions.environment_id AND users.id = sessions.user_id
		JOIN environments ON environments.id = sessions.environment_id`
	signedInWhere = ` WHERE sessions.environment_id = $1 AND sessions.id = $2 AND sessions.revoked_at IS NULL AND users.disabled_at IS NULL`
)

// SignedIn is [Tx.LiveSession] with all that is asked of it first, in one statement.
func (tx *Tx) SignedIn(environmentID, id string) (in SignedIn, err error) {
	rows, err := tx.Rows(signedInColumns+`, `+credentialColumns+signedInTables+`
		JOIN credentials ON credentials.environment_id = users.environment_id AND credentials.user_id = users.id`+signedInWhere+`
		ORDER BY credentials.created_at, credentials.id`, environmentID, id)
	in.Credentials, err = collect(rows, err, func(rows Rows) (c CredentialRow, err error) {
		ofCredential, finish := c.columns()
		err = in.scan(rows, ofCredential...)
		finish()
		return c, err
	})
	if err == nil && len(in.Credentials) == 0 { // there is no such session, or its user has none
		err = notFound(in.scan(tx.Row(signedInColumns+signedInTables+signedInWhere, environmentID, id)))
	}
	if err == nil && !in.Session.ExpiresAt.After(tx.Now()) {
		err = ErrNotFound
	}
	return in, err
}

func (in *SignedIn) scan(row scanner, more ...any) error {
	ofSession, finishSession := in.Session.columns()
	ofUser, finishUser := in.User.columns()
	err := row.Scan(slices.Concat(ofSession, ofUser, []any{&in.Revision}, more)...)
	finishSession()
	finishUser()
	return err
}

// Sessions lists a user's live sessions, newest first.
func (tx *Tx) Sessions(environmentID, userID string) ([]SessionRow, error) {
	rows, err := tx.Rows(readSession+
		` WHERE environment_id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3 ORDER BY created_at DESC, id`,
		environmentID, userID, millis(tx.Now()))
	return collect(rows, err, func(rows Rows) (SessionRow, error) { return scanSession(rows) })
}

// StoredSessions lists all sessions of a user, newest first, with those that are over.
func (tx *Tx) StoredSessions(environmentID, userID string) ([]SessionRow, error) {
	rows, err := tx.Rows(readSession+` WHERE environment_id = $1 AND user_id = $2 ORDER BY created_at DESC, id`, environmentID, userID)
	return collect(rows, err, func(rows Rows) (SessionRow, error) { return scanSession(rows) })
}

// Proved is what was proven in a session just now, the zero value for nothing.
type Proved struct {
	CredentialID string // empty: none that is to be remembered
	MFA          bool   // it is a second factor that counts
	Mark         bool   // which may also show and replace recovery codes
}

// RefreshSession moves the idle limit, never past the absolute one, records what was
// proven, and returns the session as it then stands. Of a session that ended meanwhile,
// or whose user was disabled, it is ErrNotFound.
func (tx *Tx) RefreshSession(environmentID, id string, idle time.Duration, by Proved) (SessionRow, error) {
	now := millis(tx.Now())
	return scanSession(tx.Row(`UPDATE sessions SET refreshed_at = $3, expires_at = CASE WHEN ends_at < $4 THEN ends_at ELSE $4 END,
		last_verified_credential_id = CASE WHEN $5 = '' THEN last_verified_credential_id ELSE $5 END,
		mfa_at = CASE WHEN $6 = 1 THEN $3 ELSE mfa_at END, mfa_credential_id = CASE WHEN $6 = 1 THEN $5 ELSE mfa_credential_id END,
		mfa_mark_at = CASE WHEN $7 = 1 THEN $3 ELSE mfa_mark_at END, mfa_mark_by = CASE WHEN $7 = 1 THEN $5 ELSE mfa_mark_by END
		WHERE environment_id = $1 AND id = $2 AND revoked_at IS NULL AND expires_at > $3
		AND EXISTS (SELECT 1 FROM users u WHERE u.id = sessions.user_id AND u.environment_id = $1 AND u.disabled_at IS NULL)
		RETURNING `+sessionColumns, environmentID, id, now, now+idle.Milliseconds(), by.CredentialID, asBit(by.MFA),
		asBit(by.MFA && by.Mark)))
}

// VerifiedMFA records a second factor that was given in the session just now, and moves
// no limit.
func (tx *Tx) VerifiedMFA(environmentID, id string, by Proved) error {
	return tx.one(`UPDATE sessions SET mfa_at = $3, mfa_credential_id = $5, mfa_mark_at = CASE WHEN $4 = 1 THEN $3 ELSE mfa_mark_at END,
		mfa_mark_by = CASE WHEN $4 = 1 THEN $5 ELSE mfa_mark_by END
		WHERE environment_id = $1 AND id = $2 AND revoked_at IS NULL`, environmentID, id, millis(tx.Now()), asBit(by.Mark), by.CredentialID)
}

// RevokeSession ends one session and its elevated tokens, and reports whether it was live.
func (tx *Tx) RevokeSession(environmentID, id, reason string) (bool, error) {
	n, err := tx.Exec(`UPDATE sessions SET revoked_at = $3, revoked_reason = $4
		WHERE environment_id = $1 AND id = $2 AND revoked_at IS NULL`,
		environmentID, id, millis(tx.Now()), reason)
	if err != nil {
		return false, err
	}
	_, err = tx.RevokeElevated(environmentID, ElevatedOf{SessionID: id}, reason)
	return n == 1, err
}

// EndedFor reports whether the session was revoked for the reason.
func (tx *Tx) EndedFor(environmentID, id, reason string) (bool, error) {
	var n int
	err := tx.Row(`SELECT COUNT(*) FROM sessions WHERE environment_id = $1 AND id = $2 AND revoked_reason = $3`,
		environmentID, id, reason).Scan(&n)
	return n > 0, err
}

// RevokeSessions ends all sessions of a user and their elevated tokens.
func (tx *Tx) RevokeSessions(environmentID, userID, reason string) (int64, error) {
	n, err := tx.Exec(`UPDATE sessions SET revoked_at = $3, revoked_reason = $4
		WHERE environment_id = $1 AND user_id = $2 AND revoked_at IS NULL`,
		environmentID, userID, millis(tx.Now()), reason)
	if err != nil {
		return 0, err
	}
	_, err = tx.RevokeElevated(environmentID, ElevatedOf{UserID: userID}, reason)
	return n, err
}

// RevokeUnproven ends the sessions that a credential which was linked with nothing
// opened or completed, and their elevated tokens; an empty userID means every user.
func (tx *Tx) RevokeUnproven(environmentID, userID, reason string) (int64, error) {
	var ended []string
	for _, which := range []string{
		`unproven = 1 AND ($4 = '' OR user_id = $4)`,
		fromNothing + ` AND user_id IN (SELECT c.user_id FROM credentials c
			WHERE c.environment_id = $1 AND ($4 = '' OR c.user_id = $4) AND ` + unconfirmed + `)`,
	} {
		rows, err := tx.Rows(`UPDATE sessions SET revoked_at = $2, revoked_reason = $3
			WHERE environment_id = $1 AND revoked_at IS NULL AND `+which+` RETURNING id`,
			environmentID, millis(tx.Now()), reason, userID)
		ids, err := collect(rows, err, func(rows Rows) (id string, err error) { return id, rows.Scan(&id) })
		if err != nil {
			return 0, err
		}
		ended = append(ended, ids...)
	}
	return int64(len(ended)), tx.revokeElevatedOf(environmentID, ended, reason)
}

// RevokeUnregistered ends the sessions that wait for their device to be registered.
func (tx *Tx) RevokeUnregistered(environmentID, reason string) (int64, error) {
	rows, err := tx.Rows(`UPDATE sessions SET revoked_at = $2, revoked_reason = $3
		WHERE environment_id = $1 AND unregistered = 1 AND revoked_at IS NULL RETURNING id`, environmentID, millis(tx.Now()), reason)
	ended, err := collect(rows, err, func(rows Rows) (id string, err error) { return id, rows.Scan(&id) })
	if err != nil {
		return 0, err
	}
	return int64(len(ended)), tx.revokeElevatedOf(environmentID, ended, reason)
}

func (tx *Tx) revokeElevatedOf(environmentID string, sessions []string, reason string) error {
	for _, id := range sessions {
		if _, err := tx.RevokeElevated(environmentID, ElevatedOf{SessionID: id}, reason); err != nil {
			return err
		}
	}
	return nil
}

func scanSession(row scanner) (s SessionRow, err error) {
	into, finish := s.columns()
	err = row.Scan(into...)
	finish()
	return s, notFound(err)
}

// columns are where sessionColumns go; finish translates what was scanned.
func (s *SessionRow) columns() (into []any, finish func()) {
	var created, refreshed, expires, ends, unregistered, unproven int64
	var revoked, mfa, mark sql.NullInt64
	into = []any{
		&s.ID, &s.EnvironmentID, &s.UserID, &s.SignInCredentialID, &s.SignInMethod, &s.LastVerifiedCredentialID, &s.Origin,
		&s.SessionPublicKey, &s.DevicePublicKey, &s.SDKVersion, &created, &refreshed, &expires, &ends, &revoked, &s.RevokedReason,
		&mfa, &mark, &s.MFAMarkBy, &s.MFACredentialID, &s.DeviceRegistrationID, &unregistered, &unproven,
	}
	return into, func() {
		s.CreatedAt, s.RefreshedAt = fromMillis(created), fromMillis(refreshed)
		s.ExpiresAt, s.EndsAt = fromMillis(expires), fromMillis(ends)
		s.RevokedAt, s.MFAAt, s.MFAMarkAt = fromNullMillis(revoked), fromNullMillis(mfa), fromNullMillis(mark)
		s.Unregistered, s.Unproven = unregistered != 0, unproven != 0
	}
}
