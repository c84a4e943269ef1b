package store

import (
	"time"
)

// TOTPDeviceRow is the secret state of an authenticator app. What people see of
// it is its credential.
type TOTPDeviceRow struct {
	CredentialID  string
	EnvironmentID string
	UserID        string
	SealedSecret  []byte
	LastStep      int64 // the newest time step that was used: it and all before it are dead
	Superseded    bool  // last used under an older failover epoch: LastStep may have been lost
	Preferred     bool  // read only: it is the user's default factor
}

// TOTPEnrolmentRow is an authenticator app that was shown its secret and has
// not answered yet.
type TOTPEnrolmentRow struct {
	ID            string // becomes the id of the credential
	EnvironmentID string
	UserID        string
	SessionID     string // the only session it can be confirmed in
	SealedSecret  []byte
	AuthorizedBy  string // elevated token that allowed it; empty: nothing did
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

// TOTPDevices lists a user's verified authenticator apps, oldest first.
func (tx *Tx) TOTPDevices(environmentID, userID string) ([]TOTPDeviceRow, error) {
	rows, err := tx.Rows(`SELECT d.credential_id, d.environment_id, d.user_id, d.sealed_secret, d.last_step,
		CASE WHEN d.epoch = (SELECT epoch FROM current_epoch) THEN 0 ELSE 1 END,
		CASE WHEN d.credential_id = u.default_factor_id THEN 1 ELSE 0 END
		FROM totp_devices d JOIN credentials c ON c.id = d.credential_id JOIN users u ON u.id = d.user_id
		WHERE d.environment_id = $1 AND d.user_id = $2 ORDER BY c.created_at, c.id`, environmentID, userID)
	return collect(rows, err, func(rows Rows) (TOTPDeviceRow, error) {
		var d TOTPDeviceRow
		var superseded, preferred int64
		err := rows.Scan(&d.CredentialID, &d.EnvironmentID, &d.UserID, &d.SealedSecret, &d.LastStep, &superseded, &preferred)
		d.Superseded, d.Preferred = superseded != 0, preferred != 0
		return d, err
	})
}

// UseTOTPStep takes a time step of a device: of any number of tries at it one
// succeeds, and none at it or an earlier one does after that. The others, and
// every try under an older failover epoch, get ErrNotFound.
func (tx *Tx) UseTOTPStep(environmentID, userID, credentialID string, step int64) error {
	return tx.one(`UPDATE totp_devices SET last_step = $4
		WHERE environment_id = $1 AND user_id = $2 AND credential_id = $3 AND last_step < $4 AND epoch = (SELECT epoch FROM current_epoch)`,
		environmentID, userID, credentialID, step)
}

// RenewTOTPEpoch brings a device into the current epoch: every step up to step
// is dead, because one of them may have been used and forgotten.
func (tx *Tx) RenewTOTPEpoch(environmentID, userID, credentialID string, step int64) error {
	return tx.one(`UPDATE totp_devices
		SET epoch = (SELECT epoch FROM current_epoch), last_step = CASE WHEN last_step < $4 THEN $4 ELSE last_step END
		WHERE environment_id = $1 AND user_id = $2 AND credential_id = $3`, environmentID, userID, credentialID, step)
}

// InsertTOTPEnrolment begins e, in place of one the user had begun before.
func (tx *Tx) InsertTOTPEnrolment(e TOTPEnrolmentRow) error {
	if _, err := tx.Exec(`DELETE FROM totp_enrolments WHERE environment_id = $1 AND user_id = $2`, e.EnvironmentID, e.UserID); err != nil {
		return err
	}
	_, err := tx.Exec(
		`INSERT INTO totp_enrolments (environment_id, user_id, id, session_id, sealed_secret, authorized_by, epoch, created_at, expires_at)
		SELECT $1, $2, $3, $4, $5, $6, epoch, $7, $8 FROM current_epoch`,
		e.EnvironmentID, e.UserID, e.ID, e.SessionID, e.SealedSecret, e.AuthorizedBy, millis(tx.Now()), millis(e.ExpiresAt))
	return err
}

// TOTPEnrolment reads the open enrolment of a session.
func (tx *Tx) TOTPEnrolment(environmentID, userID, sessionID string) (TOTPEnrolmentRow, error) {
	var e TOTPEnrolmentRow
	var created, expires int64
	err := tx.Row(`SELECT id, environment_id, user_id, session_id, sealed_secret, authorized_by, created_at, expires_at FROM totp_enrolments
		WHERE environment_id = $1 AND user_id = $2 AND session_id = $3 AND consumed_at IS NULL AND expires_at + 0 > $4
		AND epoch = (SELECT epoch FROM current_epoch)`,
		environmentID, userID, sessionID, millis(tx.Now())).
		Scan(&e.ID, &e.EnvironmentID, &e.UserID, &e.SessionID, &e.SealedSecret, &e.AuthorizedBy, &created, &expires)
	e.CreatedAt, e.ExpiresAt = fromMillis(created), fromMillis(expires)
	return e, notFound(err)
}

// ConsumeTOTPEnrolment turns an open enrolment into a device whose steps up to
// step are dead. The credential with its id must be inserted in the same
// transaction. Of any number of tries one succeeds, the others get ErrNotFound.
func (tx *Tx) ConsumeTOTPEnrolment(e TOTPEnrolmentRow, sealedSecret []byte, step int64) error {
	err := tx.one(`UPDATE totp_enrolments SET consumed_at = $5
		WHERE environment_id = $1 AND user_id = $2 AND id = $3 AND session_id = $4 AND consumed_at IS NULL AND expires_at + 0 > $5
		AND epoch = (SELECT epoch FROM current_epoch)`,
		e.EnvironmentID, e.UserID, e.ID, e.SessionID, millis(tx.Now()))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO totp_devices (credential_id, environment_id, user_id, sealed_secret, last_step, epoch)
		SELECT $1, $2, $3, $4, $5, epoch FROM current_epoch`,
		e.ID, e.EnvironmentID, e.UserID, sealedSecret, step)
	return err
}
