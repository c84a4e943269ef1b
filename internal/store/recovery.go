package store

// RecoveryCodeRow is one recovery code of a set. The set is a credential.
type RecoveryCodeRow struct {
	ID            string
	SetID         string
	EnvironmentID string
	UserID        string
	CodeHash      []byte
	SealedCode    []byte // nil once the user has acknowledged the set
	Superseded    bool   // made under an older failover epoch: others of its set may have been used and forgotten
}

const recoveryCodeColumns = `id, set_id, environment_id, user_id, code_hash, sealed_code,
	CASE WHEN epoch = (SELECT epoch FROM current_epoch) THEN 0 ELSE 1 END`

// InsertRecoveryCode adds one code to a set.
func (tx *Tx) InsertRecoveryCode(c RecoveryCodeRow) error {
	_, err := tx.Exec(`INSERT INTO recovery_codes (id, set_id, environment_id, user_id, code_hash, sealed_code, epoch, created_at)
		SELECT $1, $2, $3, $4, $5, $6, epoch, $7 FROM current_epoch`,
		c.ID, c.SetID, c.EnvironmentID, c.UserID, c.CodeHash, c.SealedCode, millis(tx.Now()))
	return err
}

// RecoveryCodes lists the unused codes of a user's sets.
func (tx *Tx) RecoveryCodes(environmentID, userID string) ([]RecoveryCodeRow, error) {
	rows, err := tx.Rows(`SELECT `+recoveryCodeColumns+
		` FROM recovery_codes WHERE environment_id = $1 AND user_id = $2 AND consumed_at IS NULL ORDER BY id`, environmentID, userID)
	return collect(rows, err, func(rows Rows) (RecoveryCodeRow, error) { return scanRecoveryCode(rows) })
}

// RecoveryCode finds a user's unused code by its hash.
func (tx *Tx) RecoveryCode(environmentID, userID string, codeHash []byte) (RecoveryCodeRow, error) {
	return scanRecoveryCode(tx.Row(`SELECT `+recoveryCodeColumns+` FROM recovery_codes
		WHERE environment_id = $1 AND user_id = $2 AND code_hash = $3 AND consumed_at IS NULL`, environmentID, userID, codeHash))
}

// ConsumeRecoveryCode spends a code; of any number of tries one succeeds, the
// others get ErrNotFound.
func (tx *Tx) ConsumeRecoveryCode(environmentID, userID, id string) error {
	return tx.one(`UPDATE recovery_codes SET consumed_at = $4, sealed_code = NULL
		WHERE environment_id = $1 AND user_id = $2 AND id = $3 AND consumed_at IS NULL`, environmentID, userID, id, millis(tx.Now()))
}

// DropRecoveryCodes removes the unused codes of a set.
func (tx *Tx) DropRecoveryCodes(environmentID, userID, setID string) error {
	_, err := tx.Exec(`DELETE FROM recovery_codes WHERE environment_id = $1 AND user_id = $2 AND set_id = $3 AND consumed_at IS NULL`,
		environmentID, userID, setID)
	return err
}

// ForgetRecoveryCodes erases the readable copies of a user's codes.
func (tx *Tx) ForgetRecoveryCodes(environmentID, userID string) error {
	_, err := tx.Exec(`UPDATE recovery_codes SET sealed_code = NULL WHERE environment_id = $1 AND user_id = $2`, environmentID, userID)
	return err
}

func scanRecoveryCode(row scanner) (RecoveryCodeRow, error) {
	var c RecoveryCodeRow
	var superseded int64
	err := row.Scan(&c.ID, &c.SetID, &c.EnvironmentID, &c.UserID, &c.CodeHash, &c.SealedCode, &superseded)
	c.Superseded = superseded != 0
	return c, notFound(err)
}
