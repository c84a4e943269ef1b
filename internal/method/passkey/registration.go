package passkey

import (
	"context"
	"errors"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
)

// Registration is an attempt to add a passkey; it implements [method.Method].
// Its proof enrols and nothing else. Save stores what it found.
type Registration struct {
	Response    AttestationResponse
	UserAgent   string
	EnrolmentID string // of [EnrolmentID]; empty: the client knows none

	made store.PasskeyRow // set once verified
}

// Kind implements [method.Method].
func (*Registration) Kind() assurance.Kind { return assurance.Passkey }

// Count implements [method.Method]: it takes the challenge.
func (r *Registration) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	if a.Session == nil {
		return nil, errors.New("registering a passkey: no session")
	}
	if err := a.Tenant.Pin(tx); err != nil {
		return nil, err
	}
	if err := enabled(a.Tenant); err != nil {
		return nil, err
	}
	clientData, err := r.Response.clientData()
	if err != nil {
		return nil, malformed(err)
	}
	challenge, _, err := take(tx, a, clientData, method.Enrol)
	if err != nil {
		return nil, err
	}
	if r.EnrolmentID != "" && r.EnrolmentID != EnrolmentID(challenge) {
		return nil, malformed(errors.New("the answer to another registration"))
	}
	answer, err := r.Response.parse()
	if err != nil {
		return nil, malformed(err)
	}
	switch _, err := tx.CredentialByIdentifier(a.Tenant.ID, store.FormatPasskey, answer.ID); {
	case err == nil:
		return nil, Known()
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	return &enrolment{registration: r, party: partyOf(a.Caller), answer: answer, challenge: challenge,
		now: tx.Now().Format("2 January 2006")}, nil
}

// Save stores the passkey of a credential that was linked from the proof.
func (r *Registration) Save(tx *store.Tx, c store.CredentialRow) error {
	if len(r.made.PublicKey) == 0 {
		return errors.New("saving a passkey: not verified")
	}
	row := r.made
	row.CredentialID, row.EnvironmentID, row.UserID = c.ID, c.EnvironmentID, c.UserID
	return tx.InsertPasskey(row)
}

// EnrolmentID names a pending registration to clients that want a name for it.
func EnrolmentID(challenge string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(challenge)).String()
}

// Known refuses a credential id that somebody has, whoever it is.
func Known() *fault.Error {
	return fault.New(fault.Conflict, "This passkey is registered already. Use it, or make another one.")
}

type enrolment struct {
	registration *Registration
	party        party
	answer       *protocol.ParsedCredentialCreationData
	challenge    string
	now          string
}

// Compare implements [method.Candidate].
func (e *enrolment) Compare(context.Context) error {
	made, err := e.party.register(e.answer, e.challenge)
	if err != nil {
		return err
	}
	made.Transports, made.UserAgent = e.registration.Response.transports(), printable(e.registration.UserAgent)
	e.registration.made = made
	return nil
}

// Spend implements [method.Candidate]. The challenge was taken before; that the
// credential id is new is for the store to say when the credential is linked.
func (e *enrolment) Spend(tx *store.Tx) (method.Evidence, error) {
	return method.Evidence{
		Format: store.FormatPasskey, Identifier: e.answer.ID, Recipient: nameOf(e.registration.UserAgent, e.now), Purpose: method.Enrol,
	}, nil
}

// Forgive implements [method.Candidate]: nothing was counted.
func (e *enrolment) Forgive(*store.Tx) error { return nil }
