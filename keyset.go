package stepup

import (
	"context"
	"errors"
	"slices"
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

// A KeySetWithAlgorithms is a [KeySet] that also tells apart keys of different
// algorithms under one id, as some issuers publish them. Where a KeySet implements
// it a [Verifier] asks KeyFor and never Key.
type KeySetWithAlgorithms interface {
	KeySet
	// KeyFor returns the key whose ID is id and that is for the algorithm. Both
	// come from a token nobody has verified yet. The error is as that of Key.
	KeyFor(ctx context.Context, id string, algorithm Algorithm) (Key, error)
}

// ErrUnknownKey is the answer of a [KeySet] for an id the issuer does not use.
var ErrUnknownKey = errors.New("no key with this kid")

// StaticKeySet is a KeySet that never changes. The zero value knows no key. Two
// keys under one id make that id unknown, unless they are for different algorithms
// and the one that is wanted is said.
type StaticKeySet []Key

// Key implements [KeySet].
func (s StaticKeySet) Key(_ context.Context, id string) (Key, error) {
	return only(s, func(key Key) bool { return key.ID == id })
}

// KeyFor implements [KeySetWithAlgorithms].
func (s StaticKeySet) KeyFor(_ context.Context, id string, algorithm Algorithm) (Key, error) {
	return only(s, func(key Key) bool { return key.ID == id && key.Algorithm == algorithm })
}

// only is the one key that is wanted.
func only(keys []Key, wanted func(Key) bool) (Key, error) {
	at := slices.IndexFunc(keys, wanted)
	if at < 0 || slices.ContainsFunc(keys[at+1:], wanted) {
		return Key{}, ErrUnknownKey
	}
	return keys[at], nil
}

// find asks the key set of a token for its key.
func find(ctx context.Context, keys KeySet, id string, algorithm Algorithm) (Key, error) {
	if all, ok := keys.(KeySetWithAlgorithms); ok {
		return all.KeyFor(ctx, id, algorithm)
	}
	return keys.Key(ctx, id)
}
