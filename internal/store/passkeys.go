package store

import (
	"database/sql"
	"strings"
	"time"
)

// PasskeyRow is what is remembered of a passkey besides its credential.
type PasskeyRow struct {
	CredentialID   string // of the credential, not of WebAuthn
	EnvironmentID  string
	UserID         string
	PublicKey      []byte // COSE
	SignCount      uint32
	BackupEligible bool // never changes
	BackedUp       bool
	AAGUID         string
	Transports     []string
	UserAgent      string
	Origin         string // where it was made
	CreatedAt      time.Time
	UpdatedAt      time.Time
	UsedAt         time.Time // zero: never
}

const passkeyColumns = `credential_id, environment_id, user_id, public_key, sign_count, backup_eligible, backed_up, aaguid, transports, ` +
	`user_agent, origin, created_at, updated_at, last_used_at`

// InsertPasskey adds p to a credential that the transaction has inserted.
func (tx *Tx) InsertPasskey(p PasskeyRow) error {
	_, err := tx.Exec(`INSERT INTO passkeys (`+passkeyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, NULL)`,
		p.CredentialID, p.EnvironmentID, p.UserID, p.PublicKey, p.SignCount, asBit(p.BackupEligible), asBit(p.BackedUp), p.AAGUID,
		strings.Join(p.Transports, " "), p.UserAgent, p.Origin, millis(tx.Now()))
	return err
}

// Passkey reads the passkey behind a credential.
func (tx *Tx) Passkey(environmentID, credentialID string) (PasskeyRow, error) {
	return scanPasskey(tx.Row(`SELECT `+passkeyColumns+` FROM passkeys WHERE environment_id = $1 AND credential_id = $2`, environmentID,
		credentialID))
}

// Passkeys lists the passkeys of a user, oldest first.
func (tx *Tx) Passkeys(environmentID, userID string) ([]PasskeyRow, error) {
	rows, err := tx.Rows(`SELECT `+passkeyColumns+
		` FROM passkeys WHERE environment_id = $1 AND user_id = $2 ORDER BY created_at, credential_id`, environmentID, userID)
	return collect(rows, err, func(rows Rows) (PasskeyRow, error) { return scanPasskey(rows) })
}

// AdvancePasskey records a use with a new signature counter, if that is ahead
// of the one before or the authenticator keeps none; else ErrNotFound.
func (tx *Tx) AdvancePasskey(environmentID, credentialID string, signCount uint32, backedUp bool) error {
	return tx.one(`UPDATE passkeys SET sign_count = $3, backed_up = $4, last_used_at = $5
		WHERE environment_id = $1 AND credential_id = $2 AND (sign_count < $3 OR sign_count = 0 AND $3 = 0)`,
		environmentID, credentialID, signCount, asBit(backedUp), millis(tx.Now()))
}

// TouchPasskey records that the passkey was renamed.
func (tx *Tx) TouchPasskey(environmentID, credentialID string) error {
	return tx.one(`UPDATE passkeys SET updated_at = $3 WHERE environment_id = $1 AND credential_id = $2`, environmentID, credentialID,
		millis(tx.Now()))
}

func scanPasskey(row scanner) (PasskeyRow, error) {
	var p PasskeyRow
	var count, eligible, backedUp, created, updated int64
	var transports string
	var used sql.NullInt64
	err := row.Scan(&p.CredentialID, &p.EnvironmentID, &p.UserID, &p.PublicKey, &count, &eligible, &backedUp, &p.AAGUID, &transports,
		&p.UserAgent, &p.Origin, &created, &updated, &used)
	p.SignCount, p.BackupEligible, p.BackedUp, p.Transports = uint32(count), eligible != 0, backedUp != 0, strings.Fields(transports)
	p.CreatedAt, p.UpdatedAt, p.UsedAt = fromMillis(created), fromMillis(updated), fromNullMillis(used)
	return p, notFound(err)
}

// PasskeyChallengeRow is one WebAuthn challenge that was handed out.
type PasskeyChallengeRow struct {
	Hash          []byte // keyed; the challenge itself is not kept
	EnvironmentID string
	Purpose       string // sign_in, session or enrol
	SessionID     string // the only session it works in; empty for sign_in
	UserID        string
	ExpiresAt     time.Time
	BindingID     string // session: the transaction it confirms; empty: none
}

// InsertPasskeyChallenge opens c under the store's current epoch.
func (tx *Tx) InsertPasskeyChallenge(c PasskeyChallengeRow) error {
	_, err := tx.Exec(
		`INSERT INTO passkey_challenges (hash, environment_id, purpose, session_id, user_id, epoch, created_at, expires_at, binding_id)
		SELECT $1, $2, $3, $4, $5, epoch, $6, $7, $8 FROM current_epoch`,
		c.Hash, c.EnvironmentID, c.Purpose, c.SessionID, c.UserID, millis(tx.Now()), millis(c.ExpiresAt), c.BindingID)
	return err
}

// ConsumePasskeyChallenge takes a challenge that was asked for for this purpose
// in this session, and says what transaction it is for; of any number of tries
// one succeeds, the others get ErrNotFound, and so does one that names another
// transaction. It is committed before anything is verified.
func (tx *Tx) ConsumePasskeyChallenge(environmentID string, hash []byte, purpose, sessionID, about string) (bindingID string, err error) {
	err = tx.Row(`UPDATE passkey_challenges SET consumed_at = $5
		WHERE environment_id = $1 AND hash = $2 AND purpose = $3 AND session_id = $4 AND ($6 = '' OR binding_id = $6)
			AND consumed_at IS NULL AND expires_at + 0 > $5 AND epoch = (SELECT epoch FROM current_epoch)
		RETURNING binding_id`,
		environmentID, hash, purpose, sessionID, millis(tx.Now()), about).Scan(&bindingID)
	return bindingID, notFound(err)
}

// DropPasskeyEnrolments ends the registrations that a user has begun.
func (tx *Tx) DropPasskeyEnrolments(environmentID, userID string) error {
	_, err := tx.Exec(dropPasskeyEnrolments, environmentID, userID)
	return err
}

const dropPasskeyEnrolments = `DELETE FROM passkey_challenges WHERE environment_id = $1 AND user_id = $2 AND purpose = 'enrol'`
