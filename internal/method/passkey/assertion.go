package passkey

import (
	"bytes"
	"context"
	"errors"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
)

// Assertion is an attempt with a passkey; it implements [method.Method]. Without
// a session it signs in, with one it steps up.
type Assertion struct {
	Response AssertionResponse
}

// Kind implements [method.Method].
func (Assertion) Kind() assurance.Kind { return assurance.Passkey }

// Count implements [method.Method]: it takes the challenge, then finds the passkey.
func (m Assertion) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	if err := a.Tenant.Pin(tx); err != nil {
		return nil, err
	}
	if err := enabled(a.Tenant); err != nil {
		return nil, err
	}
	purpose := method.InSession
	if a.Session == nil {
		purpose = method.SignIn
		if err := takeSource(tx, a); err != nil {
			return nil, err
		}
	}
	clientData, err := decode(m.Response.Response.ClientDataJSON)
	if err != nil {
		return nil, malformed(err)
	}
	challenge, bindingID, err := take(tx, a, clientData, purpose)
	if err != nil {
		return nil, err
	}
	answer, err := m.Response.parse()
	if err != nil {
		return nil, malformed(err)
	}
	credential, err := holder(tx, a, answer)
	if err != nil {
		return nil, err
	}
	if a.Session != nil {
		if err := account.TakeTry(a.Caller, tx, credential.ID); err != nil {
			return nil, err
		}
	}
	known, err := tx.Passkey(a.Tenant.ID, credential.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, unknown()
	}
	if err != nil {
		return nil, err
	}
	return &candidate{attempt: a, purpose: purpose, party: partyOf(a.Caller), answer: answer, challenge: challenge, credential: credential,
		known: known, bindingID: bindingID}, nil
}

// holder finds whose passkey answered. In a session it must be one that its
// options allowed; without one the authenticator must say who the user is.
func holder(tx *store.Tx, a method.Attempt, answer *protocol.ParsedCredentialAssertionData) (store.CredentialRow, error) {
	credential, err := tx.CredentialByIdentifier(a.Tenant.ID, store.FormatPasskey, answer.ID)
	if errors.Is(err, store.ErrNotFound) {
		return credential, unknown()
	}
	if err != nil {
		return credential, err
	}
	if a.Session != nil {
		usable, err := account.Usable(a.Tenant.Environment, credential)
		if err != nil {
			return credential, err
		}
		if credential.UserID != a.Session.UserID || !usable {
			return credential, unknown()
		}
	}
	given := answer.Response.UserHandle
	if len(given) == 0 && a.Session != nil {
		return credential, nil
	}
	if !bytes.Equal(given, handle(tx, a.Tenant.ID, credential.UserID)) {
		return credential, no(errors.New("user handle of another user, or none"))
	}
	return credential, nil
}

func takeSource(tx *store.Tx, a method.Attempt) error {
	refused, wait, err := limit.TakeAll(tx, fromSource(tx, a)...)
	if err == nil && refused != nil {
		err = fault.AtLimit("passkey_sign_ins", fault.RateLimited,
			"Too many sign-ins failed from here. Try again in %s.", fault.Spoken(wait)).After(wait)
	}
	return err
}

func fromSource(tx *store.Tx, a method.Attempt) []limit.Bound {
	return limit.PerSource(tx, limit.From(a.Source, a.Tenant.Limits), triesPerSource, "passkey-source", a.Tenant.ID)
}

func forgiveSource(tx *store.Tx, a method.Attempt) error {
	for _, b := range fromSource(tx, a) {
		if err := limit.Forgive(tx, b.Key); err != nil {
			return err
		}
	}
	return nil
}

// unknown does not tell an unknown passkey from somebody else's.
func unknown() *fault.Error {
	return fault.New(fault.PasskeyNotFound, "This passkey is not known here or does not count for you. Use another one, or another way.")
}

type candidate struct {
	attempt    method.Attempt
	purpose    method.Purpose
	party      party
	answer     *protocol.ParsedCredentialAssertionData
	challenge  string
	credential store.CredentialRow
	known      store.PasskeyRow
	regressed  bool
	bindingID  string
}

func (c *candidate) counter() uint32 { return c.answer.Response.AuthenticatorData.Counter }

// Compare implements [method.Candidate].
func (c *candidate) Compare(context.Context) error {
	if err := c.party.assert(c.answer, c.challenge, c.known); err != nil {
		return err
	}
	if n := c.counter(); n <= c.known.SignCount && (n > 0 || c.known.SignCount > 0) {
		return c.stale()
	}
	return nil
}

// stale is a counter that did not grow: two devices hold the same key.
func (c *candidate) stale() *fault.Error {
	c.regressed = true
	return fault.New(fault.InvalidPasskey,
		"The counter of this passkey did not grow, so somebody may have a copy of it. Use another way, and delete this passkey.")
}

// Refused implements [method.Witness].
func (c *candidate) Refused(tx *store.Tx) error {
	if !c.regressed {
		return nil
	}
	return audit.Record(tx, c.attempt.By.Concerning(c.credential.UserID), "passkey.counter_regressed",
		audit.Detail{"credential_id": c.credential.ID, "counter": c.counter()})
}

// Spend implements [method.Candidate]. Of assertions that raced with the same
// counter one wins.
func (c *candidate) Spend(tx *store.Tx) (method.Evidence, error) {
	auth := c.answer.Response.AuthenticatorData
	err := tx.AdvancePasskey(c.attempt.Tenant.ID, c.credential.ID, auth.Counter, auth.Flags.HasBackupState())
	if errors.Is(err, store.ErrNotFound) {
		if _, err := tx.Passkey(c.attempt.Tenant.ID, c.credential.ID); errors.Is(err, store.ErrNotFound) {
			return method.Evidence{}, unknown()
		}
		return method.Evidence{}, c.stale()
	}
	if err != nil {
		return method.Evidence{}, err
	}
	if c.attempt.Session == nil {
		if err := forgiveSource(tx, c.attempt); err != nil {
			return method.Evidence{}, err
		}
	}
	if err := account.ForgiveTries(c.attempt.Concerning(c.credential.UserID), tx); err != nil {
		return method.Evidence{}, err
	}
	return method.Evidence{Format: store.FormatPasskey, Identifier: c.credential.Identifier, Recipient: c.credential.PublicIdentifier,
		Purpose: c.purpose, BindingID: c.bindingID}, nil
}

// Forgive implements [method.Candidate].
func (c *candidate) Forgive(tx *store.Tx) error {
	if c.attempt.Session == nil {
		return forgiveSource(tx, c.attempt)
	}
	return account.ForgiveTries(c.attempt.Concerning(c.credential.UserID), tx)
}
