// Package emailcode proves control of an email address: a six-digit code is
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

// Digits is the length of a code.
const Digits = 6

// Wrong codes are counted per person over all codes. From one source a few per
// window are allowed; from everywhere together this many times as many, so
// that a stranger who guesses at a victim's sign-in does not lock the victim out.
// Windows are fixed, so an hour can see the end of one and the start of the
// next: with the default limits at most 2 x 4 x 10 guesses at the sign-in and
// 2 x 10 in a stolen session, of a million codes: less than 1 in 10,000.
const signInSpread = 4

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
	code := newCode()
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
	code := newCode()
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

// takeGuess counts against the person, over all codes, before anything is
// compared. Inside a session the budget is that of the session's user, so no
// other account can use it up.
func takeGuess(tx *store.Tx, a method.Attempt, c store.CodeChallengeRow) error {
	rate := a.Tenant.Limits.GuessesPerAccount
	if a.Session != nil {
		if err := takeOne(tx, guessesOf(tx, c, c.UserID), rate); err != nil {
			return err
		}
		ok, _, err := limit.Take(tx, wrongInARow(tx, c, c.UserID), environment.Rate{Count: a.Tenant.Limits.GuessesHardStop, Per: year})
		if err == nil && !ok {
			return fault.New(fault.TooManyAttempts, "Codes for this address are locked in open sessions after too many wrong ones. Sign in again with a code, which unlocks it, or prove it another way.")
		}
		return err
	}
	if err := takeOne(tx, guessesFrom(tx, c, a.Source), rate); err != nil {
		return err
	}
	return takeOne(tx, guessesOf(tx, c, ""), environment.Rate{Count: rate.Count * signInSpread, Per: rate.Per})
}

func takeOne(tx *store.Tx, key limit.Key, rate environment.Rate) error {
	ok, wait, err := limit.Take(tx, key, rate)
	if err == nil && !ok {
		return fault.New(fault.TooManyAttempts, "Too many wrong codes. Wait %s before the next try, or prove it another way.", wait.Round(time.Second)).After(wait)
	}
	return err
}

const year = environment.Duration(365 * 24 * time.Hour)

func guessesFrom(tx *store.Tx, c store.CodeChallengeRow, source string) limit.Key {
	return limit.For(tx, "guess-source", c.EnvironmentID, c.Format, c.Identifier, source)
}

func guessesOf(tx *store.Tx, c store.CodeChallengeRow, userID string) limit.Key {
	return limit.For(tx, "guess", c.EnvironmentID, c.Format, c.Identifier, userID)
}

func wrongInARow(tx *store.Tx, c store.CodeChallengeRow, userID string) limit.Key {
	return limit.For(tx, "guess-row", c.EnvironmentID, c.Format, c.Identifier, userID)
}

type candidate struct {
	row    store.CodeChallengeRow
	typed  []byte
	source string
}

// Compare implements [method.Candidate].
func (c *candidate) Compare(context.Context) error {
	if !seal.Equal(c.row.CodeHash, c.typed) {
		return fault.New(fault.WrongEmailCode, "This is not the code we sent. Check the newest mail and type its six digits.")
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

// forgive forgets the wrong guesses of whoever has now shown the right code.
func (c *candidate) forgive(tx *store.Tx) error {
	owner := c.row.UserID
	keys := []limit.Key{guessesFrom(tx, c.row, c.source), guessesOf(tx, c.row, "")}
	if owner == "" {
		held, err := tx.CredentialByIdentifier(c.row.EnvironmentID, c.row.Format, c.row.Identifier)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		owner = held.UserID
	}
	if owner != "" {
		keys = append(keys, guessesOf(tx, c.row, owner), wrongInARow(tx, c.row, owner))
	}
	for _, key := range keys {
		if err := limit.Reset(tx, key); err != nil {
			return err
		}
	}
	return nil
}

func unknownCode() *fault.Error {
	return fault.New(fault.InvalidEmailVerification, "This code is unknown, used, expired or was asked for in another session. Ask for a new one.")
}

func hashCode(h *seal.Hasher, c store.CodeChallengeRow, code string) []byte {
	return h.Sum("email-code", c.EnvironmentID, c.ID, code)
}

func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return fmt.Sprintf("%0*d", Digits, n)
}

func sessionID(s *store.SessionRow) string {
	if s == nil {
		return ""
	}
	return s.ID
}
