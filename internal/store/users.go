package store

import (
	"database/sql"
	"time"
)

// UserRow is one person of one environment.
type UserRow struct {
	ID            string
	EnvironmentID string
	Username      string // empty: none
	Profile       string // JSON object of the profile fields
	CreatedAt     time.Time
	LastVisitAt   time.Time
	DisabledAt    time.Time // zero: not disabled

	DefaultFactorID  string    // the MFA method offered first; empty: the one added last
	FactorsChangedAt time.Time // when a factor was last added or recovered with; zero: never

	Factors int // how many MFA methods are enrolled, whether or not they count

	ExternalID   string    // what a file or an operator calls them elsewhere; empty: nobody said
	FirstVisitAt time.Time // when they first signed in; zero: never
	RecoveryID   string    // the recovery that was asked for last; empty: none was
}

const userColumns = `users.id, users.environment_id, users.username, users.profile, users.created_at, users.last_visit_at, ` +
	`users.disabled_at, users.default_factor_id, users.factors_changed_at, users.factors, users.external_id, users.first_visit_at, ` +
	`users.recovery_id`

// InsertUser adds u; CreatedAt and LastVisitAt are the transaction's time.
func (tx *Tx) InsertUser(u UserRow) error {
	now := millis(tx.Now())
	_, err := tx.Exec(`INSERT INTO users (id, environment_id, username, profile, created_at, last_visit_at, search, external_id)
		VALUES ($1, $2, $3, $4, $5, $5, $6, $7)`,
		u.ID, u.EnvironmentID, nullText(u.Username), u.Profile, now, SearchKey(u.Username), nullText(u.ExternalID))
	return err
}

// User reads one user of the environment.
func (tx *Tx) User(environmentID, id string) (UserRow, error) {
	return scanUser(tx.Row(`SELECT `+userColumns+` FROM users WHERE environment_id = $1 AND id = $2`, environmentID, id))
}

// LockUser reads one user and serialises every other transaction that locks
// the same user: whatever mints, links, unlinks or signs in goes through it.
func (tx *Tx) LockUser(environmentID, id string) (UserRow, error) {
	if h := tx.holding(environmentID, id); h != nil {
		return h.user, nil
	}
	user, err := scanUser(tx.Row(`SELECT `+userColumns+` FROM users WHERE environment_id = $1 AND id = $2`+tx.ForUpdate(),
		environmentID, id))
	if err == nil {
		tx.held = &held{user: user}
	}
	return user, err
}

// LockUserAt is LockUser, and [Tx.EnvironmentRevision] before it, in one statement.
func (tx *Tx) LockUserAt(environmentID, id string) (u UserRow, revision int64, err error) {
	if h := tx.holding(environmentID, id); h != nil && h.revision != 0 {
		return h.user, h.revision, nil
	}
	if err := tx.pinRules(environmentID); err != nil {
		return u, 0, err
	}
	lock := tx.lock(" FOR UPDATE OF users")
	row := tx.Row(`SELECT environments.revision, `+userColumns+` FROM environments JOIN users ON users.environment_id = environments.id
		WHERE environments.id = $1 AND users.id = $2`+lock, environmentID, id)
	into, finish := u.columns()
	err = row.Scan(append([]any{&revision}, into...)...)
	finish()
	if err == nil {
		tx.held = &held{user: u, revision: revision}
	}
	return u, revision, notFound(err)
}

// Users lists users of the environment, in order of their ids, which grow with time: at most limit, behind after.
func (tx *Tx) Users(environmentID, after string, limit int) ([]UserRow, error) {
	rows, err := tx.Rows(`SELECT `+userColumns+` FROM users WHERE environment_id = $1 AND id > $2 ORDER BY id LIMIT $3`, environmentID,
		after, limit)
	return collect(rows, err, func(rows Rows) (UserRow, error) { return scanUser(rows) })
}

// UpdateProfile replaces the profile and the username.
func (tx *Tx) UpdateProfile(environmentID, id, username, profile string) error {
	return tx.one(`UPDATE users SET username = $3, profile = $4, search = $5 WHERE environment_id = $1 AND id = $2`,
		environmentID, id, nullText(username), profile, SearchKey(username))
}

// SetDefaultFactor names the MFA method that is offered first; "" for none.
func (tx *Tx) SetDefaultFactor(environmentID, id, credentialID string) error {
	return tx.one(`UPDATE users SET default_factor_id = $3 WHERE environment_id = $1 AND id = $2`, environmentID, id, credentialID)
}

// FactorsChanged starts the cool-down of scopes that have one.
func (tx *Tx) FactorsChanged(environmentID, id string) error {
	return tx.one(`UPDATE users SET factors_changed_at = $3 WHERE environment_id = $1 AND id = $2`, environmentID, id, millis(tx.Now()))
}

// DropEnrolments ends the enrolments of factors that a user has begun and not
// confirmed.
func (tx *Tx) DropEnrolments(environmentID, id string) error {
	for _, query := range []string{
		`DELETE FROM totp_enrolments WHERE environment_id = $1 AND user_id = $2`,
		dropPasskeyEnrolments,
	} {
		if _, err := tx.Exec(query, environmentID, id); err != nil {
			return err
		}
	}
	return nil
}

// DropBegun ends what a user's sessions have begun and not finished: codes that
// were sent to prove something or to change an address, logins under way, passkey
// challenges, enrolments, and prompts but for one (empty: all). Codes to sign in with
// are not of a session and stay.
func (tx *Tx) DropBegun(environmentID, id, exceptPrompt string) error {
	if err := tx.EndPrompts(environmentID, id, exceptPrompt, "superseded"); err != nil {
		return err
	}
	for _, query := range []string{
		`DELETE FROM code_challenges WHERE environment_id = $1 AND user_id = $2 AND session_id <> '' AND consumed_at IS NULL`,
		`DELETE FROM passkey_challenges WHERE environment_id = $1 AND user_id = $2 AND session_id <> '' AND consumed_at IS NULL`,
		`DELETE FROM social_flows WHERE environment_id = $1 AND user_id = $2 AND session_id <> '' AND consumed_at IS NULL`,
	} {
		if _, err := tx.Exec(query, environmentID, id); err != nil {
			return err
		}
	}
	return tx.DropEnrolments(environmentID, id)
}

// TouchUser records a visit.
func (tx *Tx) TouchUser(environmentID, id string) error {
	return tx.one(`UPDATE users SET last_visit_at = $3, first_visit_at = COALESCE(first_visit_at, $3)
		WHERE environment_id = $1 AND id = $2`, environmentID, id, millis(tx.Now()))
}

// DisableUser closes (or, with off, reopens) the account.
func (tx *Tx) DisableUser(environmentID, id string, off bool) error {
	var at time.Time
	if !off {
		at = tx.Now()
	}
	return tx.one(`UPDATE users SET disabled_at = $3 WHERE environment_id = $1 AND id = $2`, environmentID, id, nullMillis(at))
}

// DeleteUser removes the user with credentials and sessions; elevated tokens
// are revoked, because their rows outlive the user.
func (tx *Tx) DeleteUser(environmentID, id string) error {
	if err := tx.walletRemoved(environmentID, id, ""); err != nil {
		return err
	}
	if _, err := tx.RevokeElevated(environmentID, ElevatedOf{UserID: id}, "user deleted"); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM revoke_links WHERE environment_id = $1 AND user_id = $2`, environmentID, id); err != nil {
		return err
	}
	if err := tx.DropEnrolments(environmentID, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM code_challenges WHERE environment_id = $1 AND user_id = $2`, environmentID, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM social_flows WHERE environment_id = $1 AND user_id = $2`, environmentID, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM passkey_challenges WHERE environment_id = $1 AND user_id = $2`, environmentID, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM prompts WHERE environment_id = $1 AND user_id = $2`, environmentID, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM bindings WHERE environment_id = $1 AND user_id = $2`, environmentID, id); err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM recoveries WHERE environment_id = $1 AND user_id = $2`, environmentID, id); err != nil {
		return err
	}
	return tx.one(`DELETE FROM users WHERE environment_id = $1 AND id = $2`, environmentID, id)
}

// nullText is NULL for the empty string.
func nullText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// one runs a statement that must affect exactly one row.
func (tx *Tx) one(query string, args ...any) error {
	n, err := tx.Exec(query, args...)
	if err == nil && n != 1 {
		return ErrNotFound
	}
	return err
}

type scanner interface{ Scan(...any) error }

func scanUser(row scanner) (u UserRow, err error) {
	into, finish := u.columns()
	err = row.Scan(into...)
	finish()
	return u, notFound(err)
}

// columns are where userColumns go; finish translates what was scanned.
func (u *UserRow) columns() (into []any, finish func()) {
	var username, external sql.NullString
	var created, visited int64
	var disabled, changed, first sql.NullInt64
	into = []any{&u.ID, &u.EnvironmentID, &username, &u.Profile, &created, &visited, &disabled, &u.DefaultFactorID, &changed, &u.Factors,
		&external, &first, &u.RecoveryID}
	return into, func() {
		u.ExternalID, u.FirstVisitAt = external.String, fromNullMillis(first)
		u.FactorsChangedAt = fromNullMillis(changed)
		u.Username = username.String
		u.CreatedAt, u.LastVisitAt, u.DisabledAt = fromMillis(created), fromMillis(visited), fromNullMillis(disabled)
	}
}
