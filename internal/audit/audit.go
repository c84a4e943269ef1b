// Package audit records what changed state, in the transaction that changed
// it. Whatever changes state takes a [By]: who is acting cannot be left out.
// Rows carry a hash of their own content; secrets and codes never enter them. Where a
// request came from, and what an entry says of a person, stand beside the row, which
// has only a salted hash of them: that they are forgotten does not change it.
package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/store"
)

// By says who acts and in which request.
type By struct {
	Actor         string // "user:ID", "service:ID", "operator", "system"
	EnvironmentID string // empty: it is about the installation, not one environment
	UserID        string // whom it concerns
	SessionID     string
	RequestID     string
	From          *Origin // nil: it came from no network

	Refusals *Refusals // counts refusals of anonymous requests; nil: each is recorded
}

// Detail is what else is worth knowing. Values must be printable and no secrets.
type Detail map[string]any

// Concerning returns a copy of by that is about another user.
func (by By) Concerning(userID string) By {
	by.UserID = userID
	return by
}

// In returns a copy of by for what is done in a session.
func (by By) In(sessionID string) By {
	by.SessionID = sessionID
	return by
}

// Record appends one entry. Its error must fail the transaction.
func Record(tx *store.Tx, by By, action string, detail Detail) error {
	return RecordPersonal(tx, by, action, detail, nil)
}

// RecordPersonal appends an entry that also says something of a person, such as an
// address or a name of theirs, which is kept for a shorter time than the entry.
func RecordPersonal(tx *store.Tx, by By, action string, detail, personal Detail) error {
	if by.Actor == "" {
		return fmt.Errorf("auditing %s: nobody acts", action)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("auditing %s: %w", action, err)
	}
	if detail == nil {
		detail = Detail{}
	}
	text, err := json.Marshal(detail)
	if err != nil {
		return fmt.Errorf("auditing %s: %w", action, err)
	}
	beside, err := by.From.beside(personal)
	if err != nil {
		return fmt.Errorf("auditing %s: %w", action, err)
	}
	row := store.AuditRow{
		ID: id.String(), EnvironmentID: by.EnvironmentID, At: tx.Now(), Action: action, Actor: by.Actor,
		UserID: by.UserID, SessionID: by.SessionID, RequestID: by.RequestID, Detail: string(text), Source: beside.ID,
	}
	row.Hash = Hash(row)
	tokenID, _ := detail["token_id"].(string)
	if err := tx.InsertAudit(row, tokenID); err != nil {
		return fmt.Errorf("auditing %s: %w", action, err)
	}
	if beside.ID == "" {
		return nil
	}
	beside.EnvironmentID = by.EnvironmentID
	return tx.InsertAuditSource(beside)
}

// Hash is the SHA-256, in hex, of the JSON array of all columns but the hash itself;
// without the source, where there is none.
func Hash(r store.AuditRow) string {
	columns := []any{r.ID, r.EnvironmentID, r.At.UnixMilli(), r.Action, r.Actor, r.UserID, r.SessionID, r.RequestID, r.Detail}
	if r.Source != "" {
		columns = append(columns, r.Source)
	}
	content, _ := json.Marshal(columns)
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
