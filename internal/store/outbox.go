package store

import (
	"database/sql"
	"strings"
	"time"
)

func joinWords(words []string) string { return strings.Join(words, " ") }
func splitWords(s string) []string    { return strings.Fields(s) }

// OutboxRow is one message waiting to be sent. It commits with the event that
// caused it and is sealed, because codes and links are secrets.
type OutboxRow struct {
	ID            string
	EnvironmentID string
	SealedMessage []byte
	NotAfter      time.Time // after that time it is worthless, and is dropped
	Attempts      int
}

// Queued has something to receive once a transaction of this handle that queued a
// message has committed.
func (db *DB) Queued() <-chan struct{} { return db.queued }

// InsertOutbox queues a message for immediate sending.
func (tx *Tx) InsertOutbox(o OutboxRow) error {
	now := millis(tx.Now())
	tx.queued = true
	return tx.Later(`INSERT INTO outbox (id, environment_id, sealed_message, created_at, not_after, next_try_at, attempts)
		VALUES ($1, $2, $3, $4, $5, $4, 0)`,
		o.ID, o.EnvironmentID, o.SealedMessage, now, millis(o.NotAfter))
}

// OutboxDue reports whether any message waits to be sent now.
func (tx *Tx) OutboxDue() (bool, error) {
	var due int64
	err := tx.Row(`SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE next_try_at <= $1 LIMIT 1) AS due`, millis(tx.Now())).Scan(&due)
	return due > 0, err
}

// ClaimOutbox takes up to limit due messages for the length of lease: no other
// node is given them until it is over. Those that are worthless first come first: a code
// lives minutes and somebody waits for it, a notice or an invitation lives days.
func (tx *Tx) ClaimOutbox(limit int, lease time.Duration) ([]OutboxRow, error) {
	now := tx.Now()
	skip := ""
	if tx.ForUpdate() != "" {
		skip = tx.ForUpdate() + " SKIP LOCKED"
	}
	rows, err := tx.Rows(`UPDATE outbox SET next_try_at = $1, attempts = attempts + 1
		WHERE id IN (SELECT id FROM outbox WHERE next_try_at + 0 <= $2 ORDER BY not_after, id LIMIT $3`+skip+`)
		RETURNING id, environment_id, sealed_message, not_after, attempts`,
		millis(now.Add(lease)), millis(now), limit)
	return collect(rows, err, func(rows Rows) (o OutboxRow, err error) {
		var notAfter int64
		err = rows.Scan(&o.ID, &o.EnvironmentID, &o.SealedMessage, &notAfter, &o.Attempts)
		o.NotAfter = fromMillis(notAfter)
		return o, err
	})
}

// DeferOutbox says when to try again.
func (tx *Tx) DeferOutbox(id string, next time.Time) error {
	return tx.one(`UPDATE outbox SET next_try_at = $2 WHERE id = $1`, id, millis(next))
}

// DeleteOutbox removes a message that was sent or became worthless.
func (tx *Tx) DeleteOutbox(id string) error {
	return tx.one(`DELETE FROM outbox WHERE id = $1`, id)
}

// OutboxWaiting counts messages not sent yet, and the age of the oldest.
func (tx *Tx) OutboxWaiting() (count int64, oldest time.Duration, err error) {
	var first sql.NullInt64
	err = tx.Row(`SELECT COUNT(*), MIN(created_at) FROM outbox`).Scan(&count, &first)
	if first.Valid {
		oldest = tx.Now().Sub(fromMillis(first.Int64))
	}
	return count, oldest, err
}

// RevokeLinkRow is a "this was not me" link, known only by its keyed hash.
type RevokeLinkRow struct {
	Hash          []byte
	EnvironmentID string
	UserID        string
	CredentialID  string // what the change that it denies brought in; may be gone by now, empty: nothing
	RecipientID   string // credential the link was sent to, and with which it goes
	Recipient     string // its address
	Previous      string // JSON of the address that the change pushed out; empty: none
	LetInMethod   string // method of the proof that let the change in; empty: none did
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

// InsertRevokeLink stores one link as of now.
func (tx *Tx) InsertRevokeLink(l RevokeLinkRow) error {
	_, err := tx.Exec(`INSERT INTO revoke_links (hash, environment_id, user_id, credential_id, recipient_id, recipient, previous,
		let_in_method, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		l.Hash, l.EnvironmentID, l.UserID, l.CredentialID, l.RecipientID, l.Recipient, l.Previous, l.LetInMethod, millis(tx.Now()),
		millis(l.ExpiresAt))
	return err
}

const readRevokeLink = `SELECT hash, environment_id, user_id, credential_id, recipient_id, recipient, previous, let_in_method, created_at,
	expires_at FROM revoke_links
	WHERE environment_id = $1 AND consumed_at IS NULL AND expires_at + 0 > $2`

// RevokeLink reads a link that is neither used nor expired.
func (tx *Tx) RevokeLink(environmentID string, hash []byte) (RevokeLinkRow, error) {
	return scanRevokeLink(tx.Row(readRevokeLink+` AND hash = $3`, environmentID, millis(tx.Now()), hash))
}

// RevokeLinksTo lists those that a credential was sent, oldest first.
func (tx *Tx) RevokeLinksTo(environmentID, userID, recipientID string) ([]RevokeLinkRow, error) {
	rows, err := tx.Rows(readRevokeLink+` AND user_id = $3 AND recipient_id = $4 ORDER BY created_at, hash`, environmentID,
		millis(tx.Now()), userID, recipientID)
	return collect(rows, err, func(rows Rows) (RevokeLinkRow, error) { return scanRevokeLink(rows) })
}

func scanRevokeLink(row scanner) (l RevokeLinkRow, err error) {
	var created, expires int64
	err = row.Scan(&l.Hash, &l.EnvironmentID, &l.UserID, &l.CredentialID, &l.RecipientID, &l.Recipient, &l.Previous, &l.LetInMethod,
		&created, &expires)
	l.CreatedAt, l.ExpiresAt = fromMillis(created), fromMillis(expires)
	return l, notFound(err)
}

// DropRevokeLinks kills every link about a credential.
func (tx *Tx) DropRevokeLinks(environmentID, userID, credentialID string) error {
	_, err := tx.Exec(`DELETE FROM revoke_links WHERE environment_id = $1 AND user_id = $2 AND credential_id = $3`, environmentID, userID,
		credentialID)
	return err
}

// SucceedCredential makes the links about a credential links about the one that took
// its place, and what it let in be let in by that one, so that a second change hides
// nothing of the first.
func (tx *Tx) SucceedCredential(environmentID, userID, from, to string) error {
	if err := tx.MoveRevokeLinks(environmentID, userID, from, to); err != nil {
		return err
	}
	_, err := tx.Exec(`UPDATE credentials SET let_in_by = $4 WHERE environment_id = $1 AND user_id = $2 AND let_in_by = $3 AND id <> $4`,
		environmentID, userID, from, to)
	return err
}

// MoveRevokeLinks makes the links about a credential links about another.
func (tx *Tx) MoveRevokeLinks(environmentID, userID, from, to string) error {
	_, err := tx.Exec(`UPDATE revoke_links SET credential_id = $4 WHERE environment_id = $1 AND user_id = $2 AND credential_id = $3`,
		environmentID, userID, from, to)
	return err
}

// ConsumeRevokeLink spends the link; of any number of tries one succeeds.
func (tx *Tx) ConsumeRevokeLink(environmentID string, hash []byte) error {
	return tx.one(`UPDATE revoke_links SET consumed_at = $3
		WHERE environment_id = $1 AND hash = $2 AND consumed_at IS NULL AND expires_at + 0 > $3`,
		environmentID, hash, millis(tx.Now()))
}
