package store

import (
	"database/sql"
	"time"
)

// SocialFlowRow is one social login under way: begun by a client, sent to the
// provider, returned by it, claimed by an attempt, consumed by its proof. Each
// step is one conditional statement, and none goes back.
type SocialFlowRow struct {
	StateHash     []byte // of the client's state
	EnvironmentID string
	Provider      string
	SessionID     string // the only session it proves anything in; empty: it signs in
	UserID        string
	UpstreamHash  []byte // of the state sent to the provider; nil: not sent by us
	Challenge     string // PKCE challenge of the client; empty: it sent none
	CodeHash      []byte // of the code the client gets; nil: not returned, or with an error
	Sealed        []byte // what must be read again
	ExpiresAt     time.Time
	SentAt        time.Time // zero: not sent to the provider by us
	ReturnedAt    time.Time
}

const (
	socialFlowColumns = `state_hash, environment_id, provider, session_id, user_id, upstream_hash, challenge, code_hash, sealed, ` +
		`expires_at, sent_at, returned_at`
	socialFlowOpen = ` AND consumed_at IS NULL AND claimed_at IS NULL AND expires_at + 0 > $3 AND epoch = (SELECT epoch FROM current_epoch)`
)

// InsertSocialFlow begins a flow under the store's current epoch. It reports
// false when the state is known already.
func (tx *Tx) InsertSocialFlow(f SocialFlowRow) (bool, error) {
	n, err := tx.Exec(`INSERT INTO social_flows (state_hash, environment_id, provider, session_id, user_id, challenge, sealed, epoch,
		created_at, expires_at)
		SELECT $1, $2, $3, $4, $5, '', $6, epoch, $7, $8 FROM current_epoch WHERE TRUE ON CONFLICT DO NOTHING`,
		f.StateHash, f.EnvironmentID, f.Provider, f.SessionID, f.UserID, f.Sealed, millis(tx.Now()), millis(f.ExpiresAt))
	return n == 1, err
}

// SocialFlow reads an open flow by the hash of the client's state.
func (tx *Tx) SocialFlow(environmentID string, stateHash []byte) (SocialFlowRow, error) {
	return scanSocialFlow(tx.Row(`SELECT `+socialFlowColumns+` FROM social_flows WHERE environment_id = $1 AND state_hash = $2`+
		socialFlowOpen, environmentID, stateHash, millis(tx.Now())))
}

// SocialFlowUpstream reads an open flow by the hash of the state sent to the provider.
func (tx *Tx) SocialFlowUpstream(environmentID string, upstreamHash []byte) (SocialFlowRow, error) {
	return scanSocialFlow(tx.Row(`SELECT `+socialFlowColumns+` FROM social_flows WHERE environment_id = $1 AND upstream_hash = $2`+
		socialFlowOpen, environmentID, upstreamHash, millis(tx.Now())))
}

// SendSocialFlow records that the browser is being sent to the provider. A
// browser that goes there again gets a new upstream state; the client's
// challenge is that of the first time. ErrNotFound: no such open flow.
func (tx *Tx) SendSocialFlow(f SocialFlowRow) error {
	return tx.one(`UPDATE social_flows SET upstream_hash = $4, challenge = $5, sealed = $6, sent_at = $3
		WHERE environment_id = $1 AND state_hash = $2`+socialFlowOpen+` AND returned_at IS NULL AND (sent_at IS NULL OR challenge = $5)`,
		f.EnvironmentID, f.StateHash, millis(tx.Now()), f.UpstreamHash, f.Challenge, f.Sealed)
}

// ReturnSocialFlow records, once, what the provider sent back: a code, or an
// error when CodeHash is nil. ErrNotFound: it has returned already, or was sent anew.
func (tx *Tx) ReturnSocialFlow(f SocialFlowRow) error {
	return tx.one(`UPDATE social_flows SET code_hash = $4, sealed = $5, returned_at = $3
		WHERE environment_id = $1 AND state_hash = $2`+socialFlowOpen+
		` AND returned_at IS NULL AND (upstream_hash = $6 OR upstream_hash IS NULL AND sent_at IS NULL)`,
		f.EnvironmentID, f.StateHash, millis(tx.Now()), f.CodeHash, f.Sealed, f.UpstreamHash)
}

// ClaimSocialFlow takes a returned flow for the one attempt it is good for:
// with its own code, at its own provider, in its own session.
func (tx *Tx) ClaimSocialFlow(environmentID string, stateHash []byte, provider, sessionID string, codeHash []byte) (SocialFlowRow, error) {
	return scanSocialFlow(tx.Row(`UPDATE social_flows SET claimed_at = $3
		WHERE environment_id = $1 AND state_hash = $2`+socialFlowOpen+` AND provider = $4 AND session_id = $5 AND code_hash = $6
		RETURNING `+socialFlowColumns,
		environmentID, stateHash, millis(tx.Now()), provider, sessionID, codeHash))
}

// UnclaimSocialFlow gives a flow back whose provider could not be asked.
func (tx *Tx) UnclaimSocialFlow(environmentID string, stateHash []byte) error {
	_, err := tx.Exec(`UPDATE social_flows SET claimed_at = NULL WHERE environment_id = $1 AND state_hash = $2 AND consumed_at IS NULL`,
		environmentID, stateHash)
	return err
}

// ConsumeSocialFlow spends a claimed flow, once.
func (tx *Tx) ConsumeSocialFlow(environmentID string, stateHash []byte) error {
	return tx.one(`UPDATE social_flows SET consumed_at = $3
		WHERE environment_id = $1 AND state_hash = $2 AND claimed_at IS NOT NULL AND consumed_at IS NULL
		AND epoch = (SELECT epoch FROM current_epoch)`, environmentID, stateHash, millis(tx.Now()))
}

func scanSocialFlow(row scanner) (SocialFlowRow, error) {
	var f SocialFlowRow
	var expires int64
	var sent, returned sql.NullInt64
	err := row.Scan(&f.StateHash, &f.EnvironmentID, &f.Provider, &f.SessionID, &f.UserID, &f.UpstreamHash, &f.Challenge, &f.CodeHash,
		&f.Sealed, &expires, &sent, &returned)
	f.ExpiresAt, f.SentAt, f.ReturnedAt = fromMillis(expires), fromNullMillis(sent), fromNullMillis(returned)
	return f, notFound(err)
}
