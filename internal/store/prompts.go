package store

import (
	"database/sql"
	"time"
)

// PromptRow is one step-up that a page of ours asks for. It is opened, proven and
// redeemed, each once by one conditional statement, or it is over before that.
type PromptRow struct {
	ID             string
	EnvironmentID  string
	UserID         string
	SessionID      string // that made it, and the only one that can redeem it
	Scopes         []string
	BindingID      string // the transaction that is to be confirmed; empty: none
	Enrols         bool   // a factor may be enrolled in it
	RedirectURI    string
	State          string // of the app, which gets it back
	Challenge      string // PKCE, S256
	AskedAddress   string // where it was made from
	AskedUserAgent string
	SecretHash     []byte // of what the address carries
	CookieHash     []byte // of what that was traded for; nil: it was not
	SealedLink     []byte // the elevated token that enrolling a factor in it spends; nil: none
	SealedProof    []byte // what was proven in it and waits to be redeemed; nil: nothing
	CredentialID   string // by what; empty: nothing was
	CodeHash       []byte // of the code that redeems it
	ExpiresAt      time.Time
	OpenedAt       time.Time
	CodeExpiresAt  time.Time // zero: nothing was proven
	RedeemedAt     time.Time
	EndedAt        time.Time
	EndedReason    string
	Superseded     bool // it was made under an older failover epoch
}

const (
	promptColumns = `id, environment_id, user_id, session_id, scopes, binding_id, enrols, redirect_uri, state, challenge, asked_address, ` +
		`asked_user_agent, secret_hash, cookie_hash, sealed_link, sealed_proof, credential_id, code_hash, expires_at, opened_at, ` +
		`code_expires_at, redeemed_at, ended_at, ended_reason, CASE WHEN epoch = (SELECT epoch FROM current_epoch) THEN 0 ELSE 1 END`
	// promptLive is of a prompt in which something may still be done at $3.
	promptLive = ` AND ended_at IS NULL AND redeemed_at IS NULL AND code_hash IS NULL AND expires_at + 0 > $3
		AND epoch = (SELECT epoch FROM current_epoch)`
)

// InsertPrompt makes p under the store's current epoch.
func (tx *Tx) InsertPrompt(p PromptRow) error {
	_, err := tx.Exec(`INSERT INTO prompts (id, environment_id, user_id, session_id, scopes, binding_id, enrols, redirect_uri, state,
		challenge, asked_address, asked_user_agent, secret_hash, credential_id, epoch, created_at, expires_at, ended_reason)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '', epoch, $14, $15, '' FROM current_epoch`,
		p.ID, p.EnvironmentID, p.UserID, p.SessionID, joinWords(p.Scopes), p.BindingID, asBit(p.Enrols), p.RedirectURI, p.State,
		p.Challenge, p.AskedAddress, p.AskedUserAgent, p.SecretHash, millis(tx.Now()), millis(p.ExpiresAt))
	return err
}

// Prompt reads one, in whatever state.
func (tx *Tx) Prompt(environmentID, id string) (PromptRow, error) {
	return scanPrompt(tx.Row(`SELECT `+promptColumns+` FROM prompts WHERE environment_id = $1 AND id = $2`, environmentID, id))
}

// CountPrompts counts those of a session that are not over. One that was proven is
// over with its code.
func (tx *Tx) CountPrompts(environmentID, sessionID string) (n int, err error) {
	err = tx.Row(`SELECT COUNT(*) FROM prompts WHERE environment_id = $1 AND session_id = $2 AND ended_at IS NULL AND redeemed_at IS NULL
		AND COALESCE(code_expires_at, expires_at) > $3 AND epoch = (SELECT epoch FROM current_epoch)`,
		environmentID, sessionID, millis(tx.Now())).Scan(&n)
	return n, err
}

// OpenPrompt trades the secret for a cookie, once; ErrNotFound: it was traded, or is
// another prompt's, or the prompt is over.
func (tx *Tx) OpenPrompt(environmentID, id string, secretHash, cookieHash []byte) error {
	return tx.one(`UPDATE prompts SET opened_at = $3, cookie_hash = $5
		WHERE environment_id = $1 AND id = $2 AND secret_hash = $4 AND opened_at IS NULL`+promptLive,
		environmentID, id, millis(tx.Now()), secretHash, cookieHash)
}

// LetPromptEnrol keeps the elevated token by which a factor may be enrolled in the
// prompt. ErrNotFound: the prompt is over, or enrols nothing.
func (tx *Tx) LetPromptEnrol(environmentID, id string, sealedLink []byte) error {
	return tx.one(`UPDATE prompts SET sealed_link = $4 WHERE environment_id = $1 AND id = $2 AND enrols = 1 AND opened_at IS NOT NULL`+
		promptLive, environmentID, id, millis(tx.Now()), sealedLink)
}

// ProvePrompt keeps what was proven in the prompt, once, for whoever has the code;
// ErrNotFound: something was proven already, or the prompt is over.
func (tx *Tx) ProvePrompt(p PromptRow) error {
	return tx.one(`UPDATE prompts SET sealed_proof = $4, credential_id = $5, code_hash = $6, code_expires_at = $7
		WHERE environment_id = $1 AND id = $2 AND opened_at IS NOT NULL`+promptLive,
		p.EnvironmentID, p.ID, millis(tx.Now()), p.SealedProof, p.CredentialID, p.CodeHash, millis(p.CodeExpiresAt))
}

// RedeemPrompt takes what was proven in the prompt, once: of any number of tries one
// succeeds, the others get ErrNotFound, and so does every try by another session or
// with another code. What waited is read before, and gone after.
func (tx *Tx) RedeemPrompt(environmentID, id, userID, sessionID string, codeHash []byte) error {
	return tx.one(`UPDATE prompts SET redeemed_at = $3, sealed_proof = NULL, sealed_link = NULL
		WHERE environment_id = $1 AND id = $2 AND user_id = $4 AND session_id = $5 AND code_hash = $6 AND code_expires_at > $3
		AND ended_at IS NULL AND redeemed_at IS NULL AND epoch = (SELECT epoch FROM current_epoch)`,
		environmentID, id, millis(tx.Now()), userID, sessionID, codeHash)
}

// EndPrompt ends one, with what waits in it; ErrNotFound: it was ended or redeemed before.
func (tx *Tx) EndPrompt(environmentID, id, reason string) error {
	return tx.one(`UPDATE prompts SET ended_at = $3, ended_reason = $4, sealed_proof = NULL, sealed_link = NULL
		WHERE environment_id = $1 AND id = $2 AND ended_at IS NULL AND redeemed_at IS NULL`, environmentID, id, millis(tx.Now()), reason)
}

// EndPrompts ends those of a user, but for one; empty: all.
func (tx *Tx) EndPrompts(environmentID, userID, except, reason string) error {
	_, err := tx.Exec(`UPDATE prompts SET ended_at = $3, ended_reason = $4, sealed_proof = NULL, sealed_link = NULL
		WHERE environment_id = $1 AND user_id = $2 AND id <> $5 AND ended_at IS NULL AND redeemed_at IS NULL`,
		environmentID, userID, millis(tx.Now()), reason, except)
	return err
}

func scanPrompt(row scanner) (PromptRow, error) {
	var p PromptRow
	var scopes string
	var enrols, expires, superseded int64
	var opened, code, redeemed, ended sql.NullInt64
	err := row.Scan(&p.ID, &p.EnvironmentID, &p.UserID, &p.SessionID, &scopes, &p.BindingID, &enrols, &p.RedirectURI, &p.State,
		&p.Challenge, &p.AskedAddress, &p.AskedUserAgent, &p.SecretHash, &p.CookieHash, &p.SealedLink, &p.SealedProof,
		&p.CredentialID, &p.CodeHash, &expires, &opened, &code, &redeemed, &ended, &p.EndedReason, &superseded)
	p.Scopes, p.Enrols, p.Superseded = splitWords(scopes), enrols != 0, superseded != 0
	p.ExpiresAt, p.OpenedAt, p.CodeExpiresAt = fromMillis(expires), fromNullMillis(opened), fromNullMillis(code)
	p.RedeemedAt, p.EndedAt = fromNullMillis(redeemed), fromNullMillis(ended)
	return p, notFound(err)
}
