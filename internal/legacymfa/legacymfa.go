// Package legacymfa is action-based MFA, the system that step-up replaces: an
// unscoped, opaque token from a second factor that opens any action which is
// on. [Mint] makes one from a proof alone; it belongs to one session and dies
// with it, and one for a single use is good for one action. Nothing but the
// door of the API and its wiring knows this package, so that it can be deleted
// as a whole.
package legacymfa

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/enforce"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/policy"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// Prefix starts every MFA token, so that scanners can find leaked ones.
const Prefix = "mfa_"

const purpose = "mfa token"

// Tokens is the legacy system as the API is given it.
type Tokens struct{}

// Mint makes a token for the caller's session from a second factor given in it. Unlike an
// elevated token it has no time limit of its own: it ends with its session or
// with the credential it came from.
func (Tokens) Mint(c who.Caller, tx *store.Tx, proof method.Proof, singleUse bool) (secret.Text, error) {
	switch {
	case !proof.Valid():
		return "", errors.New("minting an MFA token: no proof")
	case c.Session == nil:
		return "", errors.New("minting an MFA token: no session")
	case proof.EnvironmentID() != c.Tenant.ID || c.Session.EnvironmentID != c.Tenant.ID:
		return "", errors.New("minting an MFA token: proof of another environment")
	case proof.SessionID() != c.Session.ID:
		return "", errors.New("minting an MFA token: proof of another session")
	case proof.Evidence().Purpose != method.InSession && !confirms(c.Tenant, proof):
		return "", fault.New(fault.MFAInvalidRequest, "This proof was asked for something else. Give the second factor again.")
	case !proof.Kind().MFA():
		return "", fault.New(fault.MFAInvalidRequest,
			"An MFA token needs a second factor: an authenticator code, a passkey or a recovery code.")
	}
	t, session := c.Tenant, *c.Session
	credential, held := proof.Credential()
	if !held || credential.UserID != session.UserID {
		return "", fault.New(fault.MFAInvalidRequest, "This is not one of your own second factors.")
	}
	if usable, err := account.Usable(t.Environment, credential); err != nil || !usable {
		if err == nil {
			err = fault.New(fault.MFAInvalidRequest, "This second factor does not count here. Use one that stepUp/check lists.")
		}
		return "", err
	}
	rows, err := tx.Credentials(t.ID, session.UserID)
	if err != nil {
		return "", err
	}
	if slices.Contains(account.Withheld(rows), credential.ID) {
		return "", enforce.Disputed(policy.Decision{}, c.By.RequestID)
	}
	text := secret.Text(Prefix + rand.Text())
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("minting an MFA token: %w", err)
	}
	_, err = tx.Exec(
		`INSERT INTO mfa_tokens (id, environment_id, user_id, session_id, credential_id, method, hash, single_use, epoch, issued_at)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, epoch, $9 FROM current_epoch`,
		id.String(), t.ID, session.UserID, session.ID, credential.ID, string(proof.Kind()), digest(tx, text), bit(singleUse),
		tx.Now().UnixMilli())
	if err != nil {
		return "", fmt.Errorf("minting an MFA token: %w", err)
	}
	return text, audit.Record(tx, c.By.In(session.ID), "mfa_token.minted", audit.Detail{
		"token_id": id.String(), "single_use": singleUse, "method": proof.Kind(), "credential_id": credential.ID,
	})
}

// confirms reports whether the proof is of a factor that is being enrolled, which
// earns a token as it always did, but only under the version that knows no other.
func confirms(t *tenant.Tenant, proof method.Proof) bool {
	return proof.Evidence().Purpose == method.Enrol && t.MinAPIVersion == environment.Version20260101
}

// Present is the token a request carries; empty text, which published clients
// send too, is none.
func (Tokens) Present(text string) who.Legacy {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return presented{secret.Text(text)}
}

// walk bounds how many slices of the table are looked through in one round.
const walk = 20

// Chore removes what no live session can present any more. Nothing says when that
// came to be, so it walks through all tokens, some in each round.
func (Tokens) Chore() store.Chore {
	after, slices := "", 0
	return store.Chore{Name: "mfa_tokens", Do: func(tx *store.Tx, limit int) (gone int64, more bool, err error) {
		var last sql.NullString
		err = tx.Row(`SELECT MAX(id) FROM (SELECT id FROM mfa_tokens WHERE id > $1 ORDER BY id LIMIT $2) AS slice`, after, limit).
			Scan(&last)
		if err != nil || !last.Valid {
			after = ""
			return 0, false, err
		}
		gone, err = tx.Exec(`DELETE FROM mfa_tokens WHERE id > $1 AND id <= $2 AND NOT EXISTS
			(SELECT 1 FROM sessions s WHERE s.id = mfa_tokens.session_id AND s.revoked_at IS NULL AND s.expires_at > $3)`, after,
			last.String, tx.Now().UnixMilli())
		after, slices = last.String, slices+1
		return gone, slices%walk != 0, err
	}}
}

// presented is a token somebody sent, good or not.
type presented struct{ secret.Text }

// good are the conditions under which a token opens anything, whatever it is for:
// it is this session's, the session lives, the factor is still the user's, and
// a single use is not behind it, nor forgotten by a failover.
const good = `mfa_tokens.environment_id = $1 AND mfa_tokens.hash = $2 AND mfa_tokens.user_id = $3 AND mfa_tokens.session_id = $4
	AND (mfa_tokens.single_use = 0 OR mfa_tokens.consumed_at IS NULL AND mfa_tokens.epoch = (SELECT epoch FROM current_epoch))
	AND EXISTS (SELECT 1 FROM sessions s WHERE s.id = mfa_tokens.session_id AND s.revoked_at IS NULL AND s.expires_at > $5)
	AND EXISTS (SELECT 1 FROM credentials c WHERE c.id = mfa_tokens.credential_id AND c.user_id = mfa_tokens.user_id)`

// Judge says why the token opens nothing; an empty reason means it does. It
// changes nothing.
func (p presented) Judge(c who.Caller, tx *store.Tx) (stepup.Reason, error) {
	session := *c.Session
	if !p.wellFormed() {
		return stepup.ReasonMissing, nil
	}
	var credentialID string
	err := tx.Row(`SELECT credential_id FROM mfa_tokens WHERE `+good, p.arguments(tx, session)...).Scan(&credentialID)
	if err == nil {
		return worthless(c, tx, credentialID)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return "", fmt.Errorf("reading an MFA token: %w", err)
	}
	var userID, sessionID string
	var spent int64
	err = tx.Row(`SELECT user_id, session_id, CASE WHEN single_use = 1 AND consumed_at IS NOT NULL THEN 1 ELSE 0 END FROM mfa_tokens
		WHERE environment_id = $1 AND hash = $2`,
		session.EnvironmentID, digest(tx, p.Text)).Scan(&userID, &sessionID, &spent)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return stepup.ReasonMissing, nil
	case err != nil:
		return "", fmt.Errorf("reading an MFA token: %w", err)
	case userID != session.UserID || sessionID != session.ID:
		return stepup.ReasonWrongSubject, nil
	case spent == 1:
		return stepup.ReasonSpent, nil
	}
	return stepup.ReasonSuperseded, nil
}

// Spend uses the token for one action, in the transaction of that action, in a
// single conditional statement. It returns the token's id, or ErrNotFound when it
// opens nothing by now.
func (p presented) Spend(c who.Caller, tx *store.Tx, scope stepup.Scope) (string, error) {
	if !p.wellFormed() {
		return "", store.ErrNotFound
	}
	var id, credentialID string
	err := tx.Row(`UPDATE mfa_tokens SET consumed_at = $5 WHERE `+good+` RETURNING id, credential_id`, p.arguments(tx, *c.Session)...).
		Scan(&id, &credentialID)
	if errors.Is(err, store.ErrNotFound) {
		return "", store.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("spending an MFA token: %w", err)
	}
	if reason, err := worthless(c, tx, credentialID); err != nil || reason != "" {
		return "", errors.Join(err, store.ErrNotFound)
	}
	return id, audit.Record(tx, c.By.In(c.Session.ID), "mfa_token.used", audit.Detail{"token_id": id, "scope": scope})
}

// worthless says why the factor a token came from does not vouch for its owner any
// more; empty: it does. It may have been switched off since, be withheld by a
// dispute, or have been linked with nothing, which is enough under the old version only.
func worthless(c who.Caller, tx *store.Tx, credentialID string) (stepup.Reason, error) {
	rows, err := tx.Credentials(c.Tenant.ID, c.Session.UserID)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(rows, func(row store.CredentialRow) bool { return row.ID == credentialID })
	if i < 0 {
		return stepup.ReasonSuperseded, nil
	}
	if slices.Contains(account.Withheld(rows), credentialID) {
		return stepup.ReasonDisputed, nil
	}
	if usable, err := account.Usable(c.Tenant.Environment, rows[i]); err != nil || usable {
		return "", err
	}
	return stepup.ReasonSuperseded, nil
}

// wellFormed bounds what is hashed and looked up.
func (p presented) wellFormed() bool {
	return len(p.Text) == len(Prefix)+26 && strings.HasPrefix(p.Reveal(), Prefix)
}

func (p presented) arguments(tx *store.Tx, session store.SessionRow) []any {
	return []any{session.EnvironmentID, digest(tx, p.Text), session.UserID, session.ID, tx.Now().UnixMilli()}
}

func digest(tx *store.Tx, text secret.Text) []byte { return tx.Hasher().Sum(purpose, text.Reveal()) }

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
