package stepup

import (
	"context"
	"errors"
)

// A KeySet finds the keys of one issuer. It must be safe for use by many
// goroutines.
type KeySet interface {
	// Key returns the key whose ID is id. The id comes from a token nobody has
	// verified yet: compare it, and do nothing else with it. The error is
	// ErrUnknownKey if the issuer has no such key now; any other error means that
	// this could not be found out.
	Key(ctx context.Context, id string) (Key, error)
}

// ErrUnknownKey is the answer of a [KeySet] for an id the issuer does not use.
var ErrUnknownKey = errors.New("no key with this kid")

// StaticKeySet is a KeySet that never changes. The zero value knows no key. Two
// keys under one id make that id unknown.
type StaticKeySet []Key

// Key implements [KeySet].
func (s StaticKeySet) Key(_ context.Context, id string) (Key, error) {
	found, ok := Key{}, false
	for _, key := range s {
		if key.ID != id {
			continue
		}
		if ok {
			return Key{}, ErrUnknownKey
		}
		found, ok = key, true
	}
	if !ok {
		return Key{}, ErrUnknownKey
	}
	return found, nil
}
