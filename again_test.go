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
	issuer.Advance(-time.Hour)
	if err := verify(); !errors.Is(err, stepup.ErrInvalid) {
		t.Errorf("before its time: %v", err)
	}
	issuer.Advance(time.Hour)
	if _, err := verifier.Session(t.Context(), token); !errors.Is(err, stepup.ErrInvalid) {
		t.Errorf("as a session: %v", err)
	}
	keys.unreachable = true
	if err := verify(); !errors.Is(err, stepup.ErrUnavailable) {
		t.Errorf("while keys are out of reach: %v", err)
	}
	keys.unreachable = false
	issuer.Advance(time.Hour)
	if err := verify(); !errors.Is(err, stepup.ErrExpired) {
		t.Errorf("after its time: %v", err)
	}
}

// A session token that was there before ends with its time and its key too.
func TestSessionAgain(t *testing.T) {
	t.Parallel()
	issuer := stepuptest.NewIssuer(t)
	keys := &removable{key: issuer.RotateKey(t, stepup.ES256)}
	verifier, err := stepup.NewVerifier(stepup.Config{Issuer: issuer.URL(), Keys: keys, Now: issuer.Now})
	if err != nil {
		t.Fatal(err)
	}
	token := issuer.Session(t, stepuptest.Session{})
	verify := func() error {
		_, err := verifier.Session(t.Context(), token)
		return err
	}
	for range 3 {
		if err := verify(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := verifier.Elevated(t.Context(), token); !errors.Is(err, stepup.ErrInvalid) {
		t.Errorf("as an elevated token: %v", err)
	}
	keys.removed = true
	if err := verify(); !errors.Is(err, stepup.ErrInvalid) {
		t.Errorf("after its key was removed: %v", err)
	}
	keys.removed = false
	issuer.Advance(stepup.MaxSessionLife)
	if err := verify(); !errors.Is(err, stepup.ErrExpired) {
		t.Errorf("after its time: %v", err)
	}
}

// Who changes what a verifier answered changes nothing for the next one who asks.
func TestAgainSharesNothing(t *testing.T) {
	t.Parallel()
	issuer := stepuptest.NewIssuer(t)
	verifier := issuer.Verifier(t)
	elevated, session := issuer.Token(t, plain), issuer.Session(t, stepuptest.Session{})
	first, err := verifier.Elevated(t.Context(), elevated)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		claims, err := verifier.Elevated(t.Context(), elevated)
		if err != nil {
			t.Fatal(err)
		}
		if claims.Audience[0] == "changed" || claims.Has("changed:now") || len(claims.AMR) > 0 && claims.AMR[0] == "changed" {
			t.Errorf("it says now %+v, at first %+v", claims, first)
		}
		claims.Audience[0], claims.Scopes[0] = "changed", "changed:now"
		for i := range claims.AMR {
			claims.AMR[i] = "changed"
		}
		s, err := verifier.Session(t.Context(), session)
		if err != nil {
			t.Fatal(err)
		}
		if s.Audience[0] == "changed" {
			t.Errorf("the session says now %+v", s)
		}
		s.Audience[0] = "changed"
	}
}

// removable is a set of one key, which may be gone or out of reach.
type removable struct {
	key                  stepup.Key
	removed, unreachable bool
}

func (r *removable) Key(_ context.Context, id string) (stepup.Key, error) {
	if r.unreachable {
		return stepup.Key{}, errors.New("out of reach")
	}
	if r.removed || id != r.key.ID {
		return stepup.Key{}, stepup.ErrUnknownKey
	}
	return r.key, nil
}
