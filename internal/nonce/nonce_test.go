package nonce_test

import (
	"errors"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/nonce"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/store/storetest"
)

const environmentID = "11111111-2222-4333-8444-555555555555"

func fresh(t testing.TB, db *store.DB, clock *storetest.Clock) string {
	t.Helper()
	return nonce.New(db.Hasher(), environmentID, storetest.Epoch(t, db), time.Now().Add(clock.Offset()))
}

func spend(t testing.TB, db *store.DB, environmentID, text string) error {
	t.Helper()
	return db.Write(t.Context(), func(tx *store.Tx) error { return nonce.Spend(tx, environmentID, text) })
}

func engines(t *testing.T, f func(t *testing.T, db *store.DB, clock *storetest.Clock)) {
	clock := &storetest.Clock{}
	storetest.Engines(t, func(t *testing.T, open func(testing.TB) *store.DB) { f(t, open(t), clock) }, storetest.WithClock(clock))
}

func TestNonce(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		text := fresh(t, db, clock)
		if !regexp.MustCompile(`^[A-Za-z0-9]{32,128}$`).MatchString(text) || fresh(t, db, clock) == text {
			t.Errorf("nonce %q", text)
		}
		if err := spend(t, db, "99999999-2222-4333-8444-555555555555", text); !errors.Is(err, nonce.ErrInvalid) {
			t.Errorf("in another environment: %v", err)
		}
		if err := spend(t, db, environmentID, text); err != nil {
			t.Error(err)
		}
		if err := spend(t, db, environmentID, text); !errors.Is(err, nonce.ErrInvalid) {
			t.Errorf("twice: %v", err)
		}
		// A refused transaction spends nothing.
		text, failure := fresh(t, db, clock), errors.New("failure")
		err := db.Write(t.Context(), func(tx *store.Tx) error { return errors.Join(nonce.Spend(tx, environmentID, text), failure) })
		if !errors.Is(err, failure) || errors.Is(err, nonce.ErrInvalid) {
			t.Error(err)
		}
		if err := spend(t, db, environmentID, text); err != nil {
			t.Errorf("after a transaction that failed: %v", err)
		}
	})
}

func TestLife(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		old, spent := fresh(t, db, clock), fresh(t, db, clock)
		if err := spend(t, db, environmentID, spent); err != nil {
			t.Fatal(err)
		}
		clock.Advance(nonce.Life - time.Minute)
		if err := store.NewPurger(db).Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := spend(t, db, environmentID, spent); !errors.Is(err, nonce.ErrInvalid) {
			t.Errorf("a spent one after a purge: %v", err)
		}
		late := fresh(t, db, clock)
		clock.Advance(time.Minute + time.Second)
		if err := spend(t, db, environmentID, old); !errors.Is(err, nonce.ErrInvalid) {
			t.Errorf("older than a day: %v", err)
		}
		if err := spend(t, db, environmentID, late); err != nil {
			t.Error(err)
		}
		future := fresh(t, db, clock)
		clock.Advance(-time.Hour)
		if err := spend(t, db, environmentID, future); !errors.Is(err, nonce.ErrInvalid) {
			t.Errorf("from the future: %v", err)
		}
	})
}

// Every prefix, suffix, changed character and other spelling is refused (C13).
func TestMutations(t *testing.T) {
	clock := &storetest.Clock{}
	db := storetest.SQLite(t, storetest.WithClock(clock))
	text := fresh(t, db, clock)
	mutants := []string{"", " " + text, text + " ", text + "\n", text[:10] + "\n" + text[10:], text + "=", text + "======",
		strings.ToUpper(text), text + text, "a" + text, text + "a", text + "\x00"}
	for i := range text {
		mutants = append(mutants, text[:i], text[i+1:], text[:i]+strings.ToUpper(text[i:i+1])+text[i+1:]+"",
			text[:i]+flip(text[i])+text[i+1:])
	}
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		for _, mutant := range mutants {
			if mutant == text { // a digit has no upper case
				continue
			}
			if err := nonce.Spend(tx, environmentID, mutant); !errors.Is(err, nonce.ErrInvalid) {
				t.Errorf("%q: %v", mutant, err)
			}
		}
		return nonce.Spend(tx, environmentID, text)
	})
	if err != nil {
		t.Errorf("the right one, after all wrong ones: %v", err)
	}
}

// flip is the letter whose value differs in the lowest bit.
func flip(c byte) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	return string(alphabet[strings.IndexByte(alphabet, c)^1])
}

func FuzzSpend(f *testing.F) {
	db := storetest.SQLite(f)
	f.Add("")
	f.Add(strings.Repeat("a", 64))
	f.Fuzz(func(t *testing.T, text string) {
		if err := spend(t, db, environmentID, text); !errors.Is(err, nonce.ErrInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func TestRace(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		text := fresh(t, db, clock)
		var won atomic.Int64
		var done sync.WaitGroup
		for range 200 {
			done.Go(func() {
				if err := spend(t, db, environmentID, text); err == nil {
					won.Add(1)
				} else if !errors.Is(err, nonce.ErrInvalid) {
					t.Error(err)
				}
			})
		}
		done.Wait()
		if won.Load() != 1 {
			t.Errorf("%d won", won.Load())
		}
	})
}

func TestEpoch(t *testing.T) {
	engines(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		text := fresh(t, db, clock)
		if err := store.RestoreEpoch(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		if err := spend(t, db, environmentID, text); !errors.Is(err, nonce.ErrInvalid) {
			t.Errorf("of another epoch: %v", err)
		}
		if err := spend(t, db, environmentID, fresh(t, db, clock)); err != nil {
			t.Error(err)
		}
	})
}
