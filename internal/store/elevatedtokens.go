package store

import (
	"database/sql"
	"fmt"
	"time"
)

// ElevatedTokenRow is what the store knows of a minted elevated access token:
// everything that can change after it was signed.
type ElevatedTokenRow struct {
	ID            string // claim jti
	EnvironmentID string
	UserID        string
	SessionID     string
	CredentialID  string
	Method        string
	Scopes        []string
	Audience      string
	ACR           string
	SingleUse     bool
	IssuedAt      time.Time
	ExpiresAt     time.Time
	ConsumedAt    time.Time // zero: not spent
	RevokedAt     time.Time // zero: not revoked
	Superseded    bool      // minted under an older failover epoch
}

// InsertElevatedToken records a token under the store's current epoch.
func (tx *Tx) InsertElevatedToken(t ElevatedTokenRow) error {
	return tx.Later(`INSERT INTO elevated_tokens (id, environment_id, user_id, session_id, credential_id, method, scopes, audience, acr,
		single_use, epoch, issued_at, expires_at)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, epoch, $11, $12 FROM current_epoch`,
		t.ID, t.EnvironmentID, t.UserID, t.SessionID, t.CredentialID, t.Method, joinWords(t.Scopes), t.Audience, t.ACR, asBit(t.SingleUse),
		millis(t.IssuedAt), millis(t.ExpiresAt))
}

// ElevatedToken reads one token of the environment, in whatever state.
func (tx *Tx) ElevatedToken(environmentID, id string) (ElevatedTokenRow, error) {
	var t ElevatedTokenRow
	var scopes string
	var single, issued, expires, superseded int64
	var consumed, revoked sql.NullInt64
	err := tx.Row(`SELECT id, environment_id, user_id, session_id, credential_id, method, scopes, audience, acr, single_use, issued_at,
		expires_at, consumed_at, revoked_at,
		CASE WHEN epoch = (SELECT epoch FROM current_epoch) THEN 0 ELSE 1 END
		FROM elevated_tokens WHERE environment_id = $1 AND id = $2`, environmentID, id).
		Scan(&t.ID, &t.EnvironmentID, &t.UserID, &t.SessionID, &t.CredentialID, &t.Method, &scopes, &t.Audience, &t.ACR, &single, &issued,
			&expires, &consumed, &revoked, &superseded)
	t.Scopes, t.SingleUse, t.Superseded = splitWords(scopes), single != 0, superseded != 0
	t.IssuedAt, t.ExpiresAt, t.ConsumedAt, t.RevokedAt = fromMillis(issued), fromMillis(expires), fromNullMillis(consumed),
		fromNullMillis(revoked)
	return t, notFound(err)
}

// ConsumeElevatedToken is the decision: it spends a live single-use token, or
// confirms that a time-bound one is live, in one conditional statement. Of any
// number of tries at a single-use token one succeeds; the others, and every
// try at a dead token, get ErrNotFound.
func (tx *Tx) ConsumeElevatedToken(environmentID, id string) error {
	return tx.one(`UPDATE elevated_tokens SET consumed_at = CASE WHEN single_use = 1 THEN $3 ELSE consumed_at END
		WHERE environment_id = $1 AND id = $2 AND (consumed_at IS NULL OR single_use = 0) AND revoked_at IS NULL AND expires_at + 0 > $3
		AND epoch = (SELECT epoch FROM current_epoch)
		AND EXISTS (SELECT 1 FROM sessions s WHERE s.id = elevated_tokens.session_id AND s.revoked_at IS NULL AND s.expires_at > $3)`,
		environmentID, id, millis(tx.Now()))
}

// ElevatedOf selects tokens; empty fields match all, but not all may be empty.
type ElevatedOf struct {
	UserID       string
	SessionID    string
	CredentialID string
}

// RevokeElevated kills the selected unspent tokens at once, and ends the prompts in
// which what would have become one waits: all of a user or session, and those that were
// proven by the credential. It counts the tokens.
func (tx *Tx) RevokeElevated(environmentID string, of ElevatedOf, reason string) (int64, error) {
	which, args := "", []any{environmentID, millis(tx.Now()), reason}
	for _, one := range []struct{ column, value string }{{"user_id", of.UserID}, {"session_id", of.SessionID},
		{"credential_id", of.CredentialID}} {
		if one.value != "" {
			args = append(args, one.value)
			which += fmt.Sprintf(" AND %s = $%d", one.column, len(args))
		}
	}
	if which == "" {
		return 0, nil
	}
	_, err := tx.Exec(`UPDATE prompts SET ended_at = $2, ended_reason = $3, sealed_proof = NULL, sealed_link = NULL
		WHERE environment_id = $1 AND ended_at IS NULL AND redeemed_at IS NULL`+which, args...)
	if err != nil {
		return 0, err
	}
	return tx.Exec(`UPDATE elevated_tokens SET revoked_at = $2, revoked_reason = $3
		WHERE environment_id = $1 AND revoked_at IS NULL AND consumed_at IS NULL AND expires_at + 0 > $2`+which, args...)
}

// RevokeWeaker kills the user's unspent tokens whose acr is none of strong.
func (tx *Tx) RevokeWeaker(environmentID, userID string, strong [2]string, reason string) (int64, error) {
	return tx.Exec(`UPDATE elevated_tokens SET revoked_at = $3, revoked_reason = $4
		WHERE environment_id = $1 AND user_id = $2 AND revoked_at IS NULL AND consumed_at IS NULL AND expires_at + 0 > $3
		AND acr NOT IN ($5, $6)`,
		environmentID, userID, millis(tx.Now()), reason, strong[0], strong[1])
}

// OperationRow is a guard's record of one consume call.
type OperationRow struct {
	EnvironmentID string
	ID            string
	Caller        string // service token id
	TokenID       string
	Subject       string // the token's user; empty in records of before it was kept
	Scope         string
	Digest        string
}

// ClaimOperation records o as first. When the id is taken it returns the
// earlier record and false.
func (tx *Tx) ClaimOperation(o OperationRow) (earlier OperationRow, first bool, err error) {
	n, err := tx.Exec(`INSERT INTO operations (environment_id, id, caller, token_id, scope, digest, created_at, subject)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		o.EnvironmentID, o.ID, o.Caller, o.TokenID, o.Scope, o.Digest, millis(tx.Now()), o.Subject)
	if err != nil || n == 1 {
		return o, n == 1, err
	}
	err = tx.Row(`SELECT environment_id, id, caller, token_id, scope, digest, subject FROM operations
		WHERE environment_id = $1 AND id = $2`, o.EnvironmentID, o.ID).
		Scan(&earlier.EnvironmentID, &earlier.ID, &earlier.Caller, &earlier.TokenID, &earlier.Scope, &earlier.Digest, &earlier.Subject)
	return earlier, false, notFound(err)
}
