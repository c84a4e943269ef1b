package operate

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/store"
)

// AuditEvent is a row of the audit log as it is shown and exported, with what stands
// beside it as long as that is kept.
type AuditEvent struct {
	ID            string          `json:"id"`
	At            time.Time       `json:"at"`
	EnvironmentID string          `json:"environmentId,omitempty"`
	Action        string          `json:"action"`
	Actor         string          `json:"actor"`
	UserID        string          `json:"userId,omitempty"`
	SessionID     string          `json:"sessionId,omitempty"`
	RequestID     string          `json:"requestId,omitempty"`
	Source        string          `json:"source,omitempty"` // network address
	UserAgent     string          `json:"userAgent,omitempty"`
	Personal      json.RawMessage `json:"personal,omitempty"`   // what it says of a person
	SourceSalt    string          `json:"sourceSalt,omitempty"` // in hex; with the three above it makes the hash
	SourceHash    string          `json:"sourceHash,omitempty"`
	Detail        json.RawMessage `json:"detail"`
	Hash          string          `json:"hash"`
}

// ViewAudit shapes a row, with what stands beside it.
func ViewAudit(tx *store.Tx, r store.AuditRow) (AuditEvent, error) {
	source, err := audit.SourceOf(tx, r)
	return AuditEvent{
		ID: r.ID, At: r.At, EnvironmentID: r.EnvironmentID, Action: r.Action, Actor: r.Actor, UserID: r.UserID, SessionID: r.SessionID,
		RequestID: r.RequestID, Source: source.Address, UserAgent: source.UserAgent, Personal: json.RawMessage(source.Personal),
		SourceSalt: hex.EncodeToString(source.Salt), SourceHash: r.Source, Detail: json.RawMessage(r.Detail), Hash: r.Hash,
	}, err
}

// ViewAuditLog shows what a filter finds in the audit log, oldest first.
func ViewAuditLog(tx *store.Tx, filter store.AuditFilter) ([]AuditEvent, error) {
	rows, err := tx.Audit(filter)
	if err != nil {
		return nil, err
	}
	events := []AuditEvent{}
	for _, row := range rows {
		event, err := ViewAudit(tx, row)
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}

// SessionSource is the network address and the user agent that opened a session: empty
// where they are forgotten by now.
func SessionSource(tx *store.Tx, s store.SessionRow) (address, userAgent string, err error) {
	row, err := tx.AuditOfSession(s.EnvironmentID, s.UserID, s.ID, s.CreatedAt)
	if errors.Is(err, store.ErrNotFound) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	source, err := audit.SourceOf(tx, row)
	return source.Address, source.UserAgent, err
}
