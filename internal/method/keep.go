package method

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/who"
)

// kept is a proof on its way through the store.
type kept struct {
	EnvironmentID string         `json:"environment_id"`
	SessionID     string         `json:"session_id"`
	Kind          assurance.Kind `json:"kind"`
	Evidence      Evidence       `json:"evidence"`
	CredentialID  string         `json:"credential_id"`
	At            time.Time      `json:"at"`
}

// A place is where a kept proof stands: a column that nothing else is sealed for.
const keptTable, keptColumn = "prompts", "sealed_proof"

// Keep seals a proof that waits for the session it was given in, in the given row of
// the prompts. Whoever can write to the database without the master key cannot make
// one. That it is taken up once is for the row to say.
func (p Proof) Keep(tx *store.Tx, row string) ([]byte, error) {
	if !p.valid || p.sessionID == "" || p.credential == nil {
		return nil, errors.New("keeping a proof: it is none of a session's own credential")
	}
	text, err := json.Marshal(kept{
		EnvironmentID: p.environmentID, SessionID: p.sessionID, Kind: p.kind, Evidence: p.evidence, CredentialID: p.credential.ID, At: p.at,
	})
	if err == nil {
		text, err = tx.Seal(keptTable, keptColumn, row, text)
	}
	if err != nil {
		return nil, fmt.Errorf("keeping a proof: %w", err)
	}
	return text, nil
}

// TakeUp is the proof that was kept in the row, for the caller's session: what [Check]
// found then, by the credential as it stands now. It is refused where that is gone.
func TakeUp(c who.Caller, tx *store.Tx, row string, sealed []byte) (Proof, error) {
	var k kept
	text, err := tx.Open(keptTable, keptColumn, row, sealed)
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	if err != nil {
		return Proof{}, fmt.Errorf("taking up a proof: %w", err)
	}
	if c.Session == nil || k.EnvironmentID != c.Tenant.ID || k.SessionID != c.Session.ID {
		return Proof{}, errors.New("taking up a proof: it is of another session")
	}
	credential, err := tx.CredentialByIdentifier(k.EnvironmentID, k.Evidence.Format, k.Evidence.Identifier)
	if errors.Is(err, store.ErrNotFound) || err == nil && credential.ID != k.CredentialID {
		return Proof{}, fault.New(fault.MFAInvalidRequest, "What it was proven with was removed meanwhile. Start the step-up again.")
	}
	return Proof{
		valid: true, environmentID: k.EnvironmentID, sessionID: k.SessionID, kind: k.Kind, evidence: k.Evidence, credential: &credential,
		at: k.At, kept: true,
	}, err
}

// Kept reports whether the proof waited since it was given: its owner has been told
// then what there was to tell.
func (p Proof) Kept() bool { return p.kept }
