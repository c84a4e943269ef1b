package sentcode

import (
	"errors"
	"time"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/limit"
	"github.com/stepup-auth/stepup/internal/method"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/typed"
)

// Wrong codes are counted per person over all codes. From one source a few per
// window are allowed; from everywhere together this many times as many, so
// that a stranger who guesses at a victim's sign-in does not use up the victim's own.
const signInSpread = 4

// takeGuess counts against the person, over all codes, before anything is
// compared. Inside a session the budget is that of the session's user, so no
// other account can use it up.
func (ch *Channel) takeGuess(tx *store.Tx, a method.Attempt, c store.CodeChallengeRow) error {
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
	if err := takeOne(tx, guessesOf(tx, c, ""), environment.Rate{Count: rate.Count * signInSpread, Per: rate.Per}); err != nil {
		return err
	}
	if guessed, err := alarmed(tx, c); err != nil {
		return err
	} else if guessed && len(typed.Code(a.Response.Reveal())) < LongDigits {
		return fault.New(ch.Unknown, "Somebody is guessing codes, so short ones stopped working. Ask for a new one.")
	}
	if err := limit.Note(tx, wrongHere(tx, c), 24*time.Hour); err != nil {
		return err
	}
	return limit.Note(tx, wrongAnywhere(tx, c), time.Hour)
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

// alarmed reports whether sign-in codes of this address are being guessed.
func alarmed(tx *store.Tx, c store.CodeChallengeRow) (bool, error) {
	if c.Purpose != string(method.SignIn) {
		return false, nil
	}
	here, err := limit.Seen(tx, wrongHere(tx, c))
	if err != nil {
		return false, err
	}
	anywhere, err := limit.Seen(tx, wrongAnywhere(tx, c))
	return here >= alarmPerAddress || anywhere >= alarmPerEnvironment, err
}

func wrongHere(tx *store.Tx, c store.CodeChallengeRow) limit.Key {
	return limit.For(tx, "wrong-address", c.EnvironmentID, c.Format, c.Identifier)
}

func wrongAnywhere(tx *store.Tx, c store.CodeChallengeRow) limit.Key {
	return limit.For(tx, "wrong-environment", c.EnvironmentID)
}

// Forgive implements [method.Candidate].
func (c *candidate) Forgive(tx *store.Tx) error {
	if err := tx.ReturnCodeAttempt(c.row.EnvironmentID, c.row.ID); err != nil {
		return err
	}
	return c.forgive(tx)
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
	if c.row.Purpose != string(method.SignIn) {
		return nil
	}
	if err := limit.Forgive(tx, wrongHere(tx, c.row)); err != nil {
		return err
	}
	return limit.Forgive(tx, wrongAnywhere(tx, c.row))
}
