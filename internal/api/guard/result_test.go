package guard

import (
	"errors"
	"testing"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
)

// What is counted are four words and no more: what a guard was not told is not a no.
func TestResultOf(t *testing.T) {
	for _, test := range []struct {
		answer ConsumeResponse
		err    error
		want   string
	}{
		{ConsumeResponse{Result: "first"}, nil, "first"},
		{ConsumeResponse{Result: "replayed"}, nil, "replayed"},
		{ConsumeResponse{}, fault.New(fault.ElevatedTokenRequired, "x"), "refused"},
		{ConsumeResponse{}, fault.New(fault.OperationConflict, "x"), "refused"},
		{ConsumeResponse{}, fault.New(fault.Unavailable, "x"), "unknown"},
		{ConsumeResponse{}, fault.New(fault.OutcomeUnknown, "x"), "unknown"},
		{ConsumeResponse{}, store.ErrNotFound, "unknown"},
		{ConsumeResponse{}, errors.New("x"), "unknown"},
	} {
		if got := resultOf(test.answer, test.err); got != test.want {
			t.Errorf("%v: %s, want %s", test.err, got, test.want)
		}
	}
}
