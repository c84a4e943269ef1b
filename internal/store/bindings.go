package store

import "time"

// BindingRow is one transaction that waits to be confirmed, in one session.
type BindingRow struct {
	ID            string
	EnvironmentID string
	UserID        string
	SessionID     string // the only session it can be confirmed in
	Scope         string
	Details       string // authorization_details, canonical
	Hash          string // of them
	Summary       string // what people are shown
	Shown         bool   // and it tells every recipient, amount and call
	MustDisplay   bool   // only a method that shows the summary may confirm it
	ExpiresAt     time.Time
}

const bindingColumns = `id, environment_id, user_id, session_id, scope, details, hash, summary, must_display, expires_at, shown`

// InsertBinding registers b under the store's current epoch.
func (tx *Tx) InsertBinding(b BindingRow) error {
	_, err := tx.Exec(`INSERT INTO bindings (`+bindingColumns+`, epoch, created_at)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, epoch, $12 FROM current_epoch`,
		b.ID, b.EnvironmentID, b.UserID, b.SessionID, b.Scope, b.Details, b.Hash, b.Summary, asBit(b.MustDisplay), millis(b.ExpiresAt),
		asBit(b.Shown), millis(tx.Now()))
	return err
}

// CountBindings counts the session's bindings that have not expired, confirmed
// or not.
func (tx *Tx) CountBindings(environmentID, sessionID string) (n int, err error) {
	err = tx.Row(`SELECT COUNT(*) FROM bindings WHERE environment_id = $1 AND session_id = $2 AND expires_at + 0 > $3`,
		environmentID, sessionID, millis(tx.Now())).Scan(&n)
	return n, err
}

// OpenBinding reads a binding that can still be confirmed in the session; any
// other is ErrNotFound.
func (tx *Tx) OpenBinding(environmentID, id, userID, sessionID string) (BindingRow, error) {
	return scanBinding(tx.Row(`SELECT `+bindingColumns+` FROM bindings
		WHERE environment_id = $1 AND id = $2 AND user_id = $3 AND session_id = $4
			AND consumed_at IS NULL AND expires_at + 0 > $5 AND epoch = (SELECT epoch FROM current_epoch)`,
		environmentID, id, userID, sessionID, millis(tx.Now())))
}

// ConsumeBinding confirms a binding, once: of any number of tries one succeeds,
// the others get ErrNotFound.
func (tx *Tx) ConsumeBinding(environmentID, id, userID, sessionID string) (BindingRow, error) {
	return scanBinding(tx.Row(`UPDATE bindings SET consumed_at = $5
		WHERE environment_id = $1 AND id = $2 AND user_id = $3 AND session_id = $4
			AND consumed_at IS NULL AND expires_at + 0 > $5 AND epoch = (SELECT epoch FROM current_epoch)
		RETURNING `+bindingColumns,
		environmentID, id, userID, sessionID, millis(tx.Now())))
}

func scanBinding(row scanner) (BindingRow, error) {
	var b BindingRow
	var must, expires, shown int64
	err := row.Scan(&b.ID, &b.EnvironmentID, &b.UserID, &b.SessionID, &b.Scope, &b.Details, &b.Hash, &b.Summary, &must, &expires, &shown)
	b.MustDisplay, b.ExpiresAt, b.Shown = must != 0, fromMillis(expires), shown != 0
	return b, notFound(err)
}
