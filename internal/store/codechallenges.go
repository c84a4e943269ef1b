package store

import "time"

// CodeChallengeRow is one sent code waiting to be typed back.
type CodeChallengeRow struct {
	ID             string
	EnvironmentID  string
	Format         string // credential format the code was sent to
	Identifier     string // normalised address
	Recipient      string // address as written
	Purpose        string // sign_in, session or update
	SessionID      string // the only session it works in; empty for sign_in
	UserID         string
	AuthorizedBy   string // update: elevated token that allowed the change; empty: compatibility
	CodeHash       []byte
	Attempts       int       // by the id itself, including the one being made
	SharedAttempts int       // by other ids that share the code
	CreatedAt      time.Time // when its code was sent last
	ExpiresAt      time.Time
	BindingID      string // session: the transaction it confirms; empty: none
	Shares         string // sign_in: the challenge whose code this id stands for too; empty: it has its own
	Scopes         string // session: all that it may be used for, with spaces between them; empty: it was not said
	Digits         int    // of the code
}

const codeChallengeColumns = `id, environment_id, format, identifier, recipient, purpose, session_id, user_id, authorized_by, code_hash, ` +
	`attempts, shared_attempts, created_at, expires_at, binding_id, shares, scopes, digits`

// InsertCodeChallenge opens c under the store's current epoch. Of two that one address
// gets in one millisecond the later one is the newer all the same.
func (tx *Tx) InsertCodeChallenge(c CodeChallengeRow) error {
	_, err := tx.Exec(`INSERT INTO code_challenges (id, environment_id, format, identifier, recipient, purpose, session_id, user_id,
		authorized_by, code_hash, epoch, attempts, created_at, expires_at, binding_id, shares, scopes, digits)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, epoch, 0, COALESCE((SELECT MAX(c.created_at) + 1 FROM code_challenges c
			WHERE c.environment_id = $2 AND c.format = $3 AND c.identifier = $4 AND c.created_at >= $11), $11),
		$12, $13, $14, $15, $16 FROM current_epoch`,
		c.ID, c.EnvironmentID, c.Format, c.Identifier, c.Recipient, c.Purpose, c.SessionID, c.UserID, c.AuthorizedBy, c.CodeHash,
		millis(tx.Now()), millis(c.ExpiresAt), c.BindingID, c.Shares, c.Scopes, c.Digits)
	return err
}

// CodeChallenge reads one, open or not.
func (tx *Tx) CodeChallenge(environmentID, id string) (CodeChallengeRow, error) {
	return scanCodeChallenge(tx.Row(`SELECT `+codeChallengeColumns+` FROM code_challenges WHERE environment_id = $1 AND id = $2`,
		environmentID, id))
}

// NewestSignInCode reads the challenge whose sign-in code was the last to be sent
// to the address, or ErrNotFound when that code is spent, expired, of an older
// epoch, has fewer digits, or was tried so often by its shared ids.
func (tx *Tx) NewestSignInCode(environmentID, format, identifier string, digits, tries int) (CodeChallengeRow, error) {
	return scanCodeChallenge(tx.Row(`SELECT `+codeChallengeColumns+` FROM code_challenges WHERE id = (
			SELECT id FROM code_challenges WHERE environment_id = $1 AND format = $2 AND identifier = $3
			AND purpose = 'sign_in' AND session_id = '' AND binding_id = '' AND scopes = '' AND shares = ''
			ORDER BY created_at DESC, id DESC LIMIT 1)
		AND consumed_at IS NULL AND expires_at + 0 > $4 AND shared_attempts < $5 AND digits >= $6
		AND epoch = (SELECT epoch FROM current_epoch)`,
		environmentID, format, identifier, millis(tx.Now()), tries, digits))
}

// CountSharedAttempt is CountCodeAttempt for a try by another id of the code.
func (tx *Tx) CountSharedAttempt(environmentID, id string, limit int) (CodeChallengeRow, error) {
	return scanCodeChallenge(tx.Row(`UPDATE code_challenges SET shared_attempts = shared_attempts + 1
		WHERE environment_id = $1 AND id = $2 AND shared_attempts < $3 AND consumed_at IS NULL AND expires_at + 0 > $4
		AND epoch = (SELECT epoch FROM current_epoch)
		RETURNING `+codeChallengeColumns, environmentID, id, limit, millis(tx.Now())))
}

// ReturnSharedAttempt takes back one try by another id of the code.
func (tx *Tx) ReturnSharedAttempt(environmentID, id string) error {
	_, err := tx.Exec(`UPDATE code_challenges SET shared_attempts = shared_attempts - 1
		WHERE environment_id = $1 AND id = $2 AND shared_attempts > 0 AND consumed_at IS NULL`, environmentID, id)
	return err
}

// CountCodeAttempt adds one to the attempts of an open challenge and returns
// it, or ErrNotFound when it is spent, expired, out of tries or of an older
// epoch. It must be committed before the code is compared.
func (tx *Tx) CountCodeAttempt(environmentID, id string, limit int) (CodeChallengeRow, error) {
	return scanCodeChallenge(tx.Row(`UPDATE code_challenges SET attempts = attempts + 1
		WHERE environment_id = $1 AND id = $2 AND attempts < $3 AND consumed_at IS NULL AND expires_at + 0 > $4
		AND epoch = (SELECT epoch FROM current_epoch)
		RETURNING `+codeChallengeColumns, environmentID, id, limit, millis(tx.Now())))
}

// ReturnCodeAttempt takes back one attempt of a challenge that is still open.
func (tx *Tx) ReturnCodeAttempt(environmentID, id string) error {
	_, err := tx.Exec(`UPDATE code_challenges SET attempts = attempts - 1
		WHERE environment_id = $1 AND id = $2 AND attempts > 0 AND consumed_at IS NULL`, environmentID, id)
	return err
}

// ConsumeCodeChallenge spends a challenge whose code still is codeHash; of any
// number of tries one succeeds, the others get ErrNotFound.
func (tx *Tx) ConsumeCodeChallenge(environmentID, id string, codeHash []byte) error {
	return tx.one(`UPDATE code_challenges SET consumed_at = $3
		WHERE environment_id = $1 AND id = $2 AND code_hash = $4 AND consumed_at IS NULL AND expires_at + 0 > $3
		AND epoch = (SELECT epoch FROM current_epoch)`,
		environmentID, id, millis(tx.Now()), codeHash)
}

// ResendCodeChallenge gives the open challenge c its new code, of its own if it
// shared another's. Its attempts stand; those by other ids were at the code before.
func (tx *Tx) ResendCodeChallenge(c CodeChallengeRow) error {
	return tx.one(`UPDATE code_challenges
		SET code_hash = $3, digits = $6, expires_at = $4, shares = '', shared_attempts = 0,
		created_at = COALESCE((SELECT MAX(c.created_at) + 1 FROM code_challenges c WHERE c.environment_id = $1
			AND c.format = code_challenges.format AND c.identifier = code_challenges.identifier AND c.created_at >= $5), $5)
		WHERE environment_id = $1 AND id = $2 AND consumed_at IS NULL AND expires_at + 0 > $5
		AND epoch = (SELECT epoch FROM current_epoch)`,
		c.EnvironmentID, c.ID, c.CodeHash, millis(c.ExpiresAt), millis(tx.Now()), c.Digits)
}

func scanCodeChallenge(row scanner) (CodeChallengeRow, error) {
	var c CodeChallengeRow
	var created, expires int64
	err := row.Scan(&c.ID, &c.EnvironmentID, &c.Format, &c.Identifier, &c.Recipient, &c.Purpose, &c.SessionID, &c.UserID, &c.AuthorizedBy,
		&c.CodeHash, &c.Attempts, &c.SharedAttempts, &created, &expires, &c.BindingID, &c.Shares, &c.Scopes, &c.Digits)
	c.CreatedAt, c.ExpiresAt = fromMillis(created), fromMillis(expires)
	return c, notFound(err)
}
