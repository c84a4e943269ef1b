// Package emailcode proves control of an email address: a code of six digits is
// mailed and typed back. A code asked for inside a session works only in that
// session; one asked for without a session only signs in. A code is tried at
// most a few times, works once and lives minutes.
package emailcode

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
)

// Digits is the length of a code, and LongDigits that of a sign-in code while
// somebody is guessing: at this address or, spraying, at the whole environment.
// Short codes that are out by then stop working. So nobody is locked out by a
// stranger's guesses, and the guesses still lead nowhere.
const (
	Digits     = 6
	LongDigits = 8

	alarmPerAddress     = 10  // wrong sign-in codes for one address in a day
	alarmPerEnvironment = 200 // wrong sign-in codes in an hour
)

// Method implements [method.Method].
type Method struct{}

// Kind implements [method.Method].
func (Method) Kind() assurance.Kind { return assurance.EmailCode }

// Request asks for a code to be mailed.
type Request struct {
	Tenant       *tenant.Tenant
	Session      *store.SessionRow // nil: to sign in
	Purpose      method.Purpose
	Address      string
	Source       string
	AuthorizedBy string // purpose update: the elevated token that allowed it
}

// Create opens a challenge and queues its mail. It answers alike for known
// and unknown addresses.
func Create(tx *store.Tx, r Request) (store.CodeChallengeRow, error) {
	address, key, err := deliver.NormalizeEmail(r.Address)
	if err != nil {
		return store.CodeChallengeRow{}, fault.New(fault.InvalidEmail, "This is not an email address we can write to: use the plain form name@example.com.").Because(err)
	}
	if err := takeSend(tx, r, key); err != nil {
		return store.CodeChallengeRow{}, err
	}
	c := store.CodeChallengeRow{
		ID: uuid.NewString(), EnvironmentID: r.Tenant.ID, Format: store.FormatEmail, Identifier: key, Recipient: address,
		Purpose: string(r.Purpose), AuthorizedBy: r.AuthorizedBy, ExpiresAt: tx.Now().Add(r.Tenant.Limits.CodeExpiry.Std()),
	}
	if r.Session != nil {
		c.SessionID, c.UserID = r.Session.ID, r.Session.UserID
	}
	code, err := newCode(tx, c)
	if err != nil {
		return c, err
	}
	c.CodeHash = hashCode(tx.Hasher(), c, code)
	if err := tx.InsertCodeChallenge(c); err != nil {
		return c, err
	}
	return c, send(tx, r.Tenant, c, code)
}

// Resend mails a new code for an open challenge; the earlier code is dead, the
// tries made stand. The challenge must have been asked for in the same session
// and for the same address.
func Resend(tx *store.Tx, r Request, challengeID string) (store.CodeChallengeRow, error) {
	_, key, err := deliver.NormalizeEmail(r.Address)
	if err != nil {
		return store.CodeChallengeRow{}, fault.New(fault.InvalidEmail, "This is not an email address we can write to: use the plain form name@example.com.").Because(err)
	}
	c, err := tx.CodeChallenge(r.Tenant.ID, challengeID)
	if errors.Is(err, store.ErrNotFound) || err == nil && (c.Identifier != key || c.SessionID != sessionID(r.Session)) {
		return c, unknownCode()
	}
	if err != nil {
		return c, err
	}
	if err := takeSend(tx, r, key); err != nil {
		return c, err
	}
	code, err := newCode(tx, c)
	if err != nil {
		return c, err
	}
	c.CodeHash = hashCode(tx.Hasher(), c, code)
	c.ExpiresAt = tx.Now().Add(r.Tenant.Limits.CodeExpiry.Std())
	err = tx.ResendCodeChallenge(r.Tenant.ID, c.ID, c.CodeHash, c.ExpiresAt)
	if errors.Is(err, store.ErrNotFound) {
		return c, unknownCode()
	}
	if err != nil {
		return c, err
	}
	return c, send(tx, r.Tenant, c, code)
}

func takeSend(tx *store.Tx, r Request, key string) error {
	limits := r.Tenant.Limits
	type bound struct {
		key  limit.Key
		rate environment.Rate
	}
	// Whoever is signed in and writes to themselves has an allowance of their own,
	// so that strangers who ask for codes cannot keep them from stepping up.
	owner := ""
	if r.Session != nil {
		held, err := tx.CredentialByIdentifier(r.Tenant.ID, store.FormatEmail, key)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if held.UserID == r.Session.UserID {
			owner = held.UserID
		}
	}
	bounds := []bound{
		{limit.For(tx, "send-address", r.Tenant.ID, store.FormatEmail, key, owner), limits.CodesPerAddress},
		{limit.For(tx, "send-environment", r.Tenant.ID), environment.Rate{Count: limits.CodesPerHour, Per: environment.Duration(time.Hour)}},
	}
	if r.Session != nil {
		bounds = append(bounds, bound{limit.For(tx, "send-session", r.Tenant.ID, r.Session.ID), limits.CodesPerSession})
	} else {
		bounds = append(bounds, bound{limit.For(tx, "send-source", r.Tenant.ID, r.Source), limits.CodesPerIP})
	}
	for _, b := range bounds {
		ok, wait, err := limit.Take(tx, b.key, b.rate)
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.RateLimited, "Too many codes were asked for. Use the newest one you have, or try again in %s.", wait.Round(time.Second)).After(wait)
		}
	}
	return nil
}

func send(tx *store.Tx, t *tenant.Tenant, c store.CodeChallengeRow, code string) error {
	mail := deliver.Code{AppName: t.Mail.AppName, From: t.MailFrom, To: c.Recipient, Code: code, ValidFor: t.Limits.CodeExpiry.Std()}
	message := deliver.SignInCode(mail)
	if c.Purpose != string(method.SignIn) {
		message = deliver.StepUpCode(mail)
	}
	if c.Purpose == string(method.SignIn) && !t.SignUp.Enabled {
		_, err := tx.CredentialByIdentifier(t.ID, c.Format, c.Identifier)
		if errors.Is(err, store.ErrNotFound) {
			return outbox.Decoy(tx, t.ID, message) // nobody is told who has an account
		}
		if err != nil {
			return err
		}
	}
	return outbox.Enqueue(tx, t.ID, message, t.Limits.CodeExpiry.Std())
}

// Count implements [method.Method].
func (Method) Count(tx *store.Tx, a method.Attempt) (method.Candidate, error) {
	open, err := tx.CodeChallenge(a.Tenant.ID, a.ChallengeID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, unknownCode()
	}
	if err != nil {
		return nil, err
	}
	// A code is bound to the door and the session it was asked for at. The
	// answer at any other is that of an unknown code, and costs the owner no try.
	if open.SessionID != sessionID(a.Session) {
		return nil, unknownCode()
	}
	if err := takeGuess(tx, a, open); err != nil {
		return nil, err
	}
	counted, err := tx.CountCodeAttempt(a.Tenant.ID, a.ChallengeID, a.Tenant.Limits.CodeAttempts)
	if errors.Is(err, store.ErrNotFound) {
		if open.Attempts >= a.Tenant.Limits.CodeAttempts {
			return nil, fault.New(fault.TooManyEmailAttempts, "This code was tried too often. Ask for a new one.")
		}
		return nil, unknownCode()
	}
	if err != nil {
		return nil, err
	}
	return &candidate{row: counted, typed: hashCode(tx.Hasher(), counted, a.Response.Reveal()), source: a.Source}, nil
}

type candidate struct {
	row    store.CodeChallengeRow
	typed  []byte
	source string
}

// Compare implements [method.Candidate].
func (c *candidate) Compare(context.Context) error {
	if !seal.Equal(c.row.CodeHash, c.typed) {
		return fault.New(fault.WrongEmailCode, "This is not the code we sent. Check the newest mail and type its digits.")
	}
	return nil
}

// Spend implements [method.Candidate].
func (c *candidate) Spend(tx *store.Tx) (method.Evidence, error) {
	err := tx.ConsumeCodeChallenge(c.row.EnvironmentID, c.row.ID, c.row.CodeHash)
	if errors.Is(err, store.ErrNotFound) {
		return method.Evidence{}, unknownCode()
	}
	if err != nil {
		return method.Evidence{}, err
	}
	if err := c.forgive(tx); err != nil {
		return method.Evidence{}, err
	}
	return method.Evidence{
		Format: c.row.Format, Identifier: c.row.Identifier, Recipient: c.row.Recipient,
		Purpose: method.Purpose(c.row.Purpose), AuthorizedBy: c.row.AuthorizedBy,
	}, nil
}

func unknownCode() *fault.Error {
	return fault.New(fault.InvalidEmailVerification, "This code is unknown, used, expired or was asked for in another session. Ask for a new one.")
}

func hashCode(h *seal.Hasher, c store.CodeChallengeRow, code string) []byte {
	return h.Sum("email-code", c.EnvironmentID, c.ID, code)
}

func newCode(tx *store.Tx, c store.CodeChallengeRow) (string, error) {
	digits := Digits
	if guessed, err := alarmed(tx, c); err != nil {
		return "", err
	} else if guessed {
		digits = LongDigits
	}
	n, err := rand.Int(rand.Reader, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%0*d", digits, n), nil
}

func sessionID(s *store.SessionRow) string {
	if s == nil {
		return ""
	}
	return s.ID
}
