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
// window are allowed; from everywhere together this many times as many, so that
// strangers who guess at a victim's sign-in do not use up the victim's own. All
// but the first few of these are guesses at eight digits.
const signInSpread = 40

// takeGuess counts against the person, over all codes, before anything is
// compared. Inside a session the budget is that of the session's user, so no
// other account can use it up; at an address that is not the user's own, all
// accounts share one more, because whoever guesses there has as many as they like.
func (ch *Channel) takeGuess(tx *store.Tx, a method.Attempt, c store.CodeChallengeRow) error {
	rate := a.Tenant.Limits.GuessesPerAccount
	everybody := environment.Rate{Count: rate.Count * signInSpread, Per: rate.Per}
	strange, err := ch.strange(tx, c)
	if err != nil {
		return err
	}
	if a.Session != nil {
		bounds := []limit.Bound{{Key: guessesOf(tx, c, c.UserID), Rate: rate}}
		if strange {
			bounds = append(bounds, limit.Bound{Key: guessesLinking(tx, c), Rate: everybody})
		}
		if err := takeGuesses(tx, bounds...); err != nil {
			return err
		}
		ok, _, err := limit.Take(tx, wrongInARow(tx, c, c.UserID), environment.Rate{Count: a.Tenant.Limits.GuessesHardStop, Per: year})
		if err == nil && !ok {
			err = fault.AtLimit("guesses_hard_stop", fault.TooManyAttempts,
				"Codes for this address are locked in open sessions after too many wrong ones. Sign in "+
					"again with a code, which unlocks it, or prove it another way.")
		}
		if err != nil {
			return err
		}
	} else if err := takeGuesses(tx,
		append(guessesFrom(tx, a, c), limit.Bound{Key: guessesOf(tx, c, ""), Rate: everybody})...); err != nil {
		return err
	}
	if !strange {
		return nil
	}
	here, anywhere := wrongHere(tx, c), wrongAnywhere(tx, c)
	before, err := limit.NoteAll(tx, limit.Bound{Key: here, Rate: perDay}, limit.Bound{Key: anywhere, Rate: perHour})
	if err != nil {
		return err
	}
	if isAlarm(before[0], before[1]) && len(typed.Code(a.Response.Reveal())) < LongDigits {
		if err := limit.Forgive(tx, here, anywhere); err != nil {
			return err
		}
		return fault.New(ch.Unknown, "Somebody is guessing codes, so short ones stopped working. Ask for a new one.")
	}
	return nil
}

// The windows in which strangers' wrong codes are noted, at one address and at all.
var (
	perDay  = environment.Rate{Per: environment.Duration(24 * time.Hour)}
	perHour = environment.Rate{Per: environment.Duration(time.Hour)}
)

// strange reports whether anybody could have asked for the code: to sign in, or
// in a session for an address that is not its user's.
func (ch *Channel) strange(tx *store.Tx, c store.CodeChallengeRow) (bool, error) {
	if c.Purpose == string(method.SignIn) {
		return true, nil
	}
	owns, err := ch.owns(tx, c.EnvironmentID, c.Identifier, c.UserID)
	return !owns, err
}

func takeGuesses(tx *store.Tx, bounds ...limit.Bound) error {
	refused, wait, err := limit.TakeAll(tx, bounds...)
	if err == nil && refused != nil {
		return tooManyGuesses(wait)
	}
	return err
}

func tooManyGuesses(wait time.Duration) *fault.Error {
	return fault.AtLimit("guesses", fault.TooManyAttempts, "Too many wrong codes. Wait %s before the next try, or prove it another way.",
		fault.Spoken(wait)).After(wait)
}

const year = environment.Duration(365 * 24 * time.Hour)

func guessesFrom(tx *store.Tx, a method.Attempt, c store.CodeChallengeRow) []limit.Bound {
	l := a.Tenant.Limits
	return limit.PerSource(tx, limit.From(a.Source, l), l.GuessesPerAccount, "guess-source", c.EnvironmentID, c.Format, c.Identifier)
}

// triesFrom bounds what one source may try at one code.
func triesFrom(tx *store.Tx, a method.Attempt, c store.CodeChallengeRow) []limit.Bound {
	l := a.Tenant.Limits
	rate := environment.Rate{Count: l.CodeAttempts, Per: environment.Duration(24 * time.Hour)}
	return limit.PerSource(tx, limit.From(a.Source, l), rate, "try-source", c.EnvironmentID, c.ID)
}

// guessesLinking counts what all accounts guess at an address that is not theirs.
func guessesLinking(tx *store.Tx, c store.CodeChallengeRow) limit.Key {
	return limit.For(tx, "guess-linking", c.EnvironmentID, c.Format, c.Identifier)
}

func guessesOf(tx *store.Tx, c store.CodeChallengeRow, userID string) limit.Key {
	return limit.For(tx, "guess", c.EnvironmentID, c.Format, c.Identifier, userID)
}

func wrongInARow(tx *store.Tx, c store.CodeChallengeRow, userID string) limit.Key {
	return limit.For(tx, "guess-row", c.EnvironmentID, c.Format, c.Identifier, userID)
}

// alarmed reports whether codes of this address are being guessed by strangers.
func alarmed(tx *store.Tx, c store.CodeChallengeRow) (bool, error) {
	here, err := limit.Seen(tx, wrongHere(tx, c))
	if err != nil {
		return false, err
	}
	anywhere, err := limit.Seen(tx, wrongAnywhere(tx, c))
	return isAlarm(here, anywhere), err
}

func isAlarm(here, anywhere int64) bool {
	return here >= alarmPerAddress || anywhere >= alarmPerEnvironment
}

// digitsNow is the length of a code that anybody could have asked for.
func digitsNow(tx *store.Tx, c store.CodeChallengeRow) (int, error) {
	guessed, err := alarmed(tx, c)
	if guessed {
		return LongDigits, err
	}
	return Digits, err
}

func wrongHere(tx *store.Tx, c store.CodeChallengeRow) limit.Key {
	return limit.For(tx, "wrong-address", c.EnvironmentID, c.Format, c.Identifier)
}

func wrongAnywhere(tx *store.Tx, c store.CodeChallengeRow) limit.Key {
	return limit.For(tx, "wrong-environment", c.EnvironmentID)
}

// Forgive implements [method.Candidate].
func (c *candidate) Forgive(tx *store.Tx) error {
	back := tx.ReturnCodeAttempt
	if c.shared {
		back = tx.ReturnSharedAttempt
	}
	if err := back(c.row.EnvironmentID, c.row.ID); err != nil {
		return err
	}
	if c.attempt.Session == nil {
		var tries []limit.Key
		for _, b := range triesFrom(tx, c.attempt, c.row) {
			tries = append(tries, b.Key)
		}
		return c.forgive(tx, tries...)
	}
	return c.forgive(tx)
}

// forgive forgets the wrong guesses of whoever has now shown the right code. What
// the network around them did wrong stands, but for this try; once are more of which one
// is taken back.
func (c *candidate) forgive(tx *store.Tx, once ...limit.Key) error {
	from := guessesFrom(tx, c.attempt, c.row)
	keys := []limit.Key{from[0].Key, guessesOf(tx, c.row, ""), guessesLinking(tx, c.row)}
	owner := c.row.UserID
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
	if err := limit.Reset(tx, keys...); err != nil {
		return err
	}
	if c.attempt.Session == nil {
		for _, b := range from[1:] {
			once = append(once, b.Key)
		}
	}
	strange, err := c.channel.strange(tx, c.row)
	if err != nil {
		return err
	}
	if strange {
		once = append(once, wrongHere(tx, c.row), wrongAnywhere(tx, c.row))
	}
	return limit.Forgive(tx, once...)
}
