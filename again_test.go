package stepup_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// A token that was there before is judged like one that comes for the first time: it ends
// at its time, and with its key.
func TestAgain(t *testing.T) {
	t.Parallel()
	issuer := stepuptest.NewIssuer(t)
	key := issuer.RotateKey(t, stepup.ES256)
	keys := &removable{key: key}
	verifier, err := stepup.NewVerifier(stepup.Config{Issuer: issuer.URL(), Keys: keys, Now: issuer.Now})
	if err != nil {
		t.Fatal(err)
	}
	token := issuer.Token(t, plain)
	verify := func() error {
		_, err := verifier.Elevated(t.Context(), token)
		return err
	}
	for range 3 {
		if err := verify(); err != nil {
			t.Fatal(err)
		}
	}
	keys.removed = true
	if err := verify(); !errors.Is(err, stepup.ErrInvalid) {
		t.Errorf("after its key was removed: %v", err)
	}
	keys.removed, keys.key = false, issuer.RotateKey(t, stepup.ES256)
	keys.key.ID = key.ID
	if err := verify(); !errors.Is(err, stepup.ErrInvalid) {
		t.Errorf("after another key took the name of its own: %v", err)
	}
	keys.key = key
	if err := verify(); err != nil {
		t.Error(err)
	}
	issuer.Advance(time.Hour)
	if err := verify(); !errors.Is(err, stepup.ErrExpired) {
		t.Errorf("after its time: %v", err)
	}
}

// removable is a set of one key, which may be gone.
type removable struct {
	key     stepup.Key
	removed bool
}

func (r *removable) Key(_ context.Context, id string) (stepup.Key, error) {
	if r.removed || id != r.key.ID {
		return stepup.Key{}, stepup.ErrUnknownKey
	}
	return r.key, nil
}
