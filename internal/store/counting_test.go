package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

// A refusal is committed and returned as it is. Whatever is no verdict undoes the work.
func TestWriteCounting(t *testing.T) {
	refusal := fault.New(fault.RateLimited, "Too many.")
	away := fmt.Errorf("%w: by the test", store.ErrUnavailable)
	storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
		db := open(t)
		things(t, db)
		for i, test := range []struct {
			name   string
			err    error
			stored bool
		}{
			{name: "nothing to refuse", stored: true},
			{name: "a refusal", err: refusal, stored: true},
			{name: "a wrapped refusal", err: fmt.Errorf("counting: %w", refusal), stored: true},
			{name: "another error", err: errRefused},
			{name: "a refusal that rests on a store that is away", err: refusal.Because(away)},
			{name: "no verdict", err: fault.New(fault.Unavailable, "Later.")},
			{name: "an unknown outcome", err: fault.New(fault.OutcomeUnknown, "Look first.")},
		} {
			id := fmt.Sprint("thing ", i)
			err := db.WriteCounting(t.Context(), func(tx *store.Tx) error {
				if _, err := tx.Exec(insertThing, id); err != nil {
					return err
				}
				return test.err
			})
			if !errors.Is(err, test.err) {
				t.Errorf("%s: %v, want %v", test.name, err, test.err)
			}
			if stored := exists(t, db, id); stored != test.stored {
				t.Errorf("%s: stored = %v", test.name, stored)
			}
		}

		// A statement that failed undoes what came before it, whatever is made of it.
		err := db.WriteCounting(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.Exec(insertThing, "before"); err != nil {
				return err
			}
			_, _ = tx.Exec(insertThing, "thing 0")
			return refusal
		})
		if !store.IsUnique(err) || exists(t, db, "before") {
			t.Errorf("after a failed statement: %v, stored = %v", err, exists(t, db, "before"))
		}
	})
}

// Whoever cannot tell whether the count was stored does not hear the refusal.
func TestWriteCountingOutcomeUnknown(t *testing.T) {
	for _, test := range []struct {
		op     string
		stored bool
	}{{op: "commit", stored: false}, {op: "committed", stored: true}} {
		t.Run(test.op, func(t *testing.T) {
			failing := ""
			broken := func(op string) error {
				if op == failing {
					return errors.New("the cable was pulled")
				}
				return nil
			}
			storetest.Engines(t, func(t *testing.T, open func(t testing.TB) *store.DB) {
				failing = ""
				db := open(t)
				things(t, db)
				failing = test.op
				err := db.WriteCounting(t.Context(), func(tx *store.Tx) error {
					if _, err := tx.Exec(insertThing, "counted"); err != nil {
						return err
					}
					return fault.New(fault.RateLimited, "Too many.")
				})
				failing = ""
				if !errors.Is(err, store.ErrUnknownOutcome) || fault.Has(err, fault.RateLimited) {
					t.Errorf("WriteCounting = %v", err)
				}
				if stored := exists(t, db, "counted"); stored != test.stored {
					t.Errorf("stored = %v", stored)
				}
			}, storetest.WithFault(broken))
		})
	}
}
