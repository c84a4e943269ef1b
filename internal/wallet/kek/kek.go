// Package kek opens the root key of a custodian, the one key that its database does
// not hold. Its invariants: what a key wraps opens again only under the same key and
// the same context, and nothing that this package returns or prints shows a key.
//
// The signer and the guardian must not share a root key: whoever could use it could
// open both databases. Compare their [Key.ID]s; equal ids are one key, however it was
// named when it was opened.
package kek

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Context says what a wrapped key is for. It is not secret, and a key service may log it.
type Context map[string]string

// Key wraps the keys of a custodian's database. It is safe for concurrent use.
type Key interface {
	// ID names the key, the same wherever and however it is opened. It is not secret.
	ID() string
	Wrap(ctx context.Context, plaintext []byte, about Context) ([]byte, error)
	// Unwrap returns [ErrUnwrap] for what this key did not wrap in this context.
	Unwrap(ctx context.Context, wrapped []byte, about Context) ([]byte, error)
}

// ErrUnwrap says that a wrapped key is another key's or another context's, or was changed.
var ErrUnwrap = errors.New("the wrapped key does not open: another root key, or the row was moved or changed")

// Open opens the key that uri names:
//
//	file:PATH                                a key in a file, see [CreateFile]
//	aws-kms:KEY[?region=…&endpoint=…]        a key of AWS KMS by its ARN, id or alias
func Open(ctx context.Context, uri string) (Key, error) {
	driver, rest, _ := strings.Cut(uri, ":")
	switch driver {
	case "file":
		return openFile(rest)
	case "aws-kms":
		return openAWS(ctx, rest)
	}
	return nil, fmt.Errorf("opening a root key: %q is no kind of key; write file:PATH or aws-kms:KEY_ARN", driver)
}
