package store

import (
	"time"
)

// DeviceRegistrationRow is a device that a user has registered, in the store's current
// epoch: one of another epoch is none, because it may have been revoked since.
type DeviceRegistrationRow struct {
	ID            string
	EnvironmentID string
	UserID        string
	Identity      string // what the device proves of itself: its public key, or the hash of the secret in its cookie
	UserAgent     string // of the request that registered it
	CreatedAt     time.Time
	LastUsedAt    time.Time
}

// DeviceLinkRow is a link by mail that registers the device of one session.
type DeviceLinkRow struct {
	Hash          []byte
	EnvironmentID string
	UserID        string
	SessionID     string
	Identity      string // of the device that asked; empty: it proved none
	ExpiresAt     time.Time
}

// RegisterDevice makes the device one of the user's, or notes that it is one
// already, and returns its id.
func (tx *Tx) RegisterDevice(d DeviceRegistrationRow) (id string, err error) {
	if _, err := tx.Exec(`DELETE FROM device_registrations WHERE environment_id = $1 AND user_id = $2
		AND epoch <> (SELECT epoch FROM current_epoch)`, d.EnvironmentID, d.UserID); err != nil {
		return "", err
	}
	err = tx.Row(`INSERT INTO device_registrations (id, environment_id, user_id, identity, user_agent, created_at, last_used_at, epoch)
		VALUES ($1, $2, $3, $4, $5, $6, $6, (SELECT epoch FROM current_epoch))
		ON CONFLICT (environment_id, user_id, identity) DO UPDATE SET last_used_at = excluded.last_used_at RETURNING id`,
		d.ID, d.EnvironmentID, d.UserID, d.Identity, d.UserAgent, millis(tx.Now())).Scan(&id)
	return id, err
}

// RecogniseDevice notes that a user signs in on a registered device and returns its id;
// any other device is ErrNotFound.
func (tx *Tx) RecogniseDevice(environmentID, userID, identity string) (id string, err error) {
	err = tx.Row(`UPDATE device_registrations SET last_used_at = $4 WHERE environment_id = $1 AND user_id = $2 AND identity = $3
		AND epoch = (SELECT epoch FROM current_epoch) RETURNING id`, environmentID, userID, identity, millis(tx.Now())).Scan(&id)
	return id, notFound(err)
}

// Devices lists a user's registered devices, newest first.
func (tx *Tx) Devices(environmentID, userID string) ([]DeviceRegistrationRow, error) {
	rows, err := tx.Rows(`SELECT id, environment_id, user_id, identity, user_agent, created_at, last_used_at FROM device_registrations
		WHERE environment_id = $1 AND user_id = $2 AND epoch = (SELECT epoch FROM current_epoch)
		ORDER BY created_at DESC, id`, environmentID, userID)
	return collect(rows, err, func(rows Rows) (d DeviceRegistrationRow, err error) {
		var created, used int64
		err = rows.Scan(&d.ID, &d.EnvironmentID, &d.UserID, &d.Identity, &d.UserAgent, &created, &used)
		d.CreatedAt, d.LastUsedAt = fromMillis(created), fromMillis(used)
		return d, err
	})
}

// ForgetDevice makes a device unknown again and ends the sessions that were opened on
// it, with their elevated tokens. Of a device that the user has not got it is ErrNotFound.
func (tx *Tx) ForgetDevice(environmentID, userID, id, reason string) error {
	if err := tx.one(`DELETE FROM device_registrations WHERE environment_id = $1 AND user_id = $2 AND id = $3`,
		environmentID, userID, id); err != nil {
		return err
	}
	rows, err := tx.Rows(`UPDATE sessions SET revoked_at = $4, revoked_reason = $5
		WHERE environment_id = $1 AND user_id = $2 AND device_registration_id = $3 AND revoked_at IS NULL RETURNING id`,
		environmentID, userID, id, millis(tx.Now()), reason)
	ended, err := collect(rows, err, func(rows Rows) (id string, err error) { return id, rows.Scan(&id) })
	if err != nil {
		return err
	}
	return tx.revokeElevatedOf(environmentID, ended, reason)
}

// ForgetDevices makes all devices of a user unknown again but one, or of all users where
// userID is empty, and says how many. Sessions go on.
func (tx *Tx) ForgetDevices(environmentID, userID, except string) (int64, error) {
	if userID == "" {
		return tx.Exec(`DELETE FROM device_registrations WHERE environment_id = $1 AND created_at <= $2`, environmentID, millis(tx.Now()))
	}
	return tx.Exec(`DELETE FROM device_registrations WHERE environment_id = $1 AND user_id = $2 AND id <> $3`,
		environmentID, userID, except)
}

// InsertDeviceLink keeps a link under the store's current epoch.
func (tx *Tx) InsertDeviceLink(l DeviceLinkRow) error {
	_, err := tx.Exec(`INSERT INTO device_links (hash, environment_id, user_id, session_id, identity, epoch, created_at, expires_at)
		SELECT $1, $2, $3, $4, $5, epoch, $6, $7 FROM current_epoch`,
		l.Hash, l.EnvironmentID, l.UserID, l.SessionID, l.Identity, millis(tx.Now()), millis(l.ExpiresAt))
	return err
}

// ConsumeDeviceLink uses a link up, once: in the session that asked for it, and on the
// device that did. Any other use of it is ErrNotFound.
func (tx *Tx) ConsumeDeviceLink(l DeviceLinkRow) error {
	return tx.one(`UPDATE device_links SET consumed_at = $6 WHERE hash = $1 AND environment_id = $2 AND user_id = $3 AND session_id = $4
		AND (identity = $5 OR identity = '') AND consumed_at IS NULL AND expires_at + 0 > $6
		AND epoch = (SELECT epoch FROM current_epoch)`,
		l.Hash, l.EnvironmentID, l.UserID, l.SessionID, l.Identity, millis(tx.Now()))
}
