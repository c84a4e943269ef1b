package store

import (
	"database/sql"
	"time"
)

// SigningKeyRow is one private signing key, sealed under the master key.
type SigningKeyRow struct {
	ID            string // kid
	EnvironmentID string
	Algorithm     string
	SealedKey     []byte
	CreatedAt     time.Time
	SignsFrom     time.Time // published before it signs
	VerifiesUntil time.Time // zero: no end set yet
}

// InsertSigningKey adds a key at the transaction's time.
func (tx *Tx) InsertSigningKey(k SigningKeyRow) error {
	_, err := tx.Exec(`INSERT INTO signing_keys (id, environment_id, algorithm, sealed_key, created_at, signs_from, verifies_until)
		VALUES ($1, $2, $3, $4, $5, $6, NULL)`,
		k.ID, k.EnvironmentID, k.Algorithm, k.SealedKey, millis(tx.Now()), millis(k.SignsFrom))
	return err
}

// SigningKeys lists the keys of the environment that still verify, oldest first.
func (tx *Tx) SigningKeys(environmentID string) ([]SigningKeyRow, error) {
	rows, err := tx.Rows(`SELECT id, environment_id, algorithm, sealed_key, created_at, signs_from, verifies_until FROM signing_keys
		WHERE environment_id = $1 AND (verifies_until IS NULL OR verifies_until > $2) ORDER BY signs_from, id`, environmentID,
		millis(tx.Now()))
	return collect(rows, err, func(rows Rows) (k SigningKeyRow, err error) {
		var created, signs int64
		var until sql.NullInt64
		err = rows.Scan(&k.ID, &k.EnvironmentID, &k.Algorithm, &k.SealedKey, &created, &signs, &until)
		k.CreatedAt, k.SignsFrom, k.VerifiesUntil = fromMillis(created), fromMillis(signs), fromNullMillis(until)
		return k, err
	})
}

// RetireSigningKeys sets the end of every other key of the environment.
func (tx *Tx) RetireSigningKeys(environmentID, exceptID string, verifiesUntil time.Time) error {
	_, err := tx.Exec(`UPDATE signing_keys SET verifies_until = $3
		WHERE environment_id = $1 AND id <> $2 AND (verifies_until IS NULL OR verifies_until > $3)`,
		environmentID, exceptID, millis(verifiesUntil))
	return err
}

// ServiceTokenRow is one machine credential, known only by its keyed hash.
type ServiceTokenRow struct {
	ID            string
	Hash          []byte
	Name          string
	EnvironmentID string   // empty: all environments
	Scopes        []string // environments.read, tokens.consume, …
	TokenScopes   []string // with tokens.consume: the only scopes it may consume; empty: all
	MadeBy        string   // actor; empty: nobody knows
	CreatedAt     time.Time
	ExpiresAt     time.Time // zero: never
	RevokedAt     time.Time // zero: live
	LastUsedAt    time.Time // to the minute; zero: never
}

const serviceTokenColumns = `id, hash, name, environment_id, scopes, token_scopes, made_by, created_at, expires_at, revoked_at, ` +
	`last_used_at`

// InsertServiceToken adds t at the transaction's time.
func (tx *Tx) InsertServiceToken(t ServiceTokenRow) error {
	_, err := tx.Exec(`INSERT INTO service_tokens (`+serviceTokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL)`,
		t.ID, t.Hash, t.Name, t.EnvironmentID, joinWords(t.Scopes), joinWords(t.TokenScopes), t.MadeBy, millis(tx.Now()),
		nullMillis(t.ExpiresAt))
	return err
}

// LiveServiceToken finds the token with this hash that is neither revoked nor expired.
func (tx *Tx) LiveServiceToken(hash []byte) (ServiceTokenRow, error) {
	t, err := scanServiceToken(tx.Row(`SELECT `+serviceTokenColumns+` FROM service_tokens WHERE hash = $1 AND revoked_at IS NULL`, hash))
	if err == nil && !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(tx.Now()) {
		err = ErrNotFound
	}
	return t, err
}

// ServiceTokens lists all of them, newest first.
func (tx *Tx) ServiceTokens() ([]ServiceTokenRow, error) {
	rows, err := tx.Rows(`SELECT ` + serviceTokenColumns + ` FROM service_tokens ORDER BY created_at DESC, id`)
	return collect(rows, err, func(rows Rows) (ServiceTokenRow, error) { return scanServiceToken(rows) })
}

// ServiceTokensOf lists those of one environment, newest first, without those that were
// revoked.
func (tx *Tx) ServiceTokensOf(environmentID string) ([]ServiceTokenRow, error) {
	rows, err := tx.Rows(`SELECT `+serviceTokenColumns+` FROM service_tokens WHERE environment_id = $1 AND revoked_at IS NULL
		ORDER BY created_at DESC, id`, environmentID)
	return collect(rows, err, func(rows Rows) (ServiceTokenRow, error) { return scanServiceToken(rows) })
}

// ServiceTokensBy lists the live ones that somebody made, oldest first: not those that were
// revoked or have expired.
func (tx *Tx) ServiceTokensBy(actor string) ([]ServiceTokenRow, error) {
	rows, err := tx.Rows(`SELECT `+serviceTokenColumns+` FROM service_tokens WHERE made_by = $1 AND revoked_at IS NULL
		AND (expires_at IS NULL OR expires_at > $2) ORDER BY created_at, id`, actor, millis(tx.Now()))
	return collect(rows, err, func(rows Rows) (ServiceTokenRow, error) { return scanServiceToken(rows) })
}

// ServiceToken reads one, live or not.
func (tx *Tx) ServiceToken(id string) (ServiceTokenRow, error) {
	return scanServiceToken(tx.Row(`SELECT `+serviceTokenColumns+` FROM service_tokens WHERE id = $1`, id))
}

// LockServiceToken reads one, and makes whoever revokes it wait until the transaction is over.
func (tx *Tx) LockServiceToken(id string) (ServiceTokenRow, error) {
	return scanServiceToken(tx.Row(`SELECT `+serviceTokenColumns+` FROM service_tokens WHERE id = $1`+tx.ForUpdate(), id))
}

// ServiceTokenUsed notes that one was used at a time, if that is news.
func (tx *Tx) ServiceTokenUsed(id string, at time.Time) error {
	_, err := tx.Exec(`UPDATE service_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
		id, millis(at))
	return err
}

// RevokeServiceToken ends one; ErrNotFound when it is unknown or already revoked.
func (tx *Tx) RevokeServiceToken(id string) error {
	return tx.one(`UPDATE service_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`, id, millis(tx.Now()))
}

func scanServiceToken(row scanner) (ServiceTokenRow, error) {
	var t ServiceTokenRow
	var scopes, tokenScopes string
	var created int64
	var expires, revoked, used sql.NullInt64
	err := row.Scan(&t.ID, &t.Hash, &t.Name, &t.EnvironmentID, &scopes, &tokenScopes, &t.MadeBy, &created, &expires, &revoked, &used)
	t.Scopes, t.TokenScopes = splitWords(scopes), splitWords(tokenScopes)
	t.CreatedAt, t.ExpiresAt, t.RevokedAt = fromMillis(created), fromNullMillis(expires), fromNullMillis(revoked)
	t.LastUsedAt = fromNullMillis(used)
	return t, notFound(err)
}
