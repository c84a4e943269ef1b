package store

import (
	"errors"
	"time"

	"github.com/stepup-auth/stepup/internal/fault"
)

// RefusalOf is what a caller is told about err: the refusal that it is, or, when the
// store could not be asked, that nobody can tell. The store comes first: a refusal
// that rests on such an error is no verdict. It is nil for every other error.
//
// [fault.OutcomeUnknown] says nothing of when to try again, because only whoever
// has an operation id may.
func RefusalOf(err error) *fault.Error {
	var refusal *fault.Error
	if errors.As(err, &refusal) && (refusal.Code == fault.Unavailable || refusal.Code == fault.OutcomeUnknown) {
		return refusal // said so already, in better words
	}
	switch {
	case errors.Is(err, ErrUnknownOutcome):
		return fault.New(fault.OutcomeUnknown,
			"Nobody can tell whether this was done. Look at how things stand before you try anything again.").Because(err)
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrClosed):
	case errors.As(err, &refusal):
		return refusal
	case !IsUnavailable(err):
		return nil
	}
	return fault.New(fault.Unavailable, "We cannot tell right now, so the answer is no. Try again in a moment.").
		Because(err).After(time.Second)
}

// decided reports whether err is a refusal that is a verdict, and not the word that
// there is none.
func decided(err error) bool {
	refusal := RefusalOf(err)
	return refusal != nil && refusal.Code != fault.Unavailable && refusal.Code != fault.OutcomeUnknown
}
