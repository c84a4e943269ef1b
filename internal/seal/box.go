// Package seal encrypts and fingerprints what the store keeps.
//
// A [Box] encrypts secrets under the master key, bound to the table, column and
// row they belong to: a ciphertext moved to another place does not open. A
// [Hasher] turns codes and tokens into keyed hashes, so that a copy of the
// database lets nobody present or guess them. All cryptography is Tink's.
package seal

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrMasterKey is returned by [ParseMasterKey] for text that is no master key.
var ErrMasterKey = errors.New(
	"the master key is not readable; make one with `stepup keys master` and set STEPUP_MASTER_KEY or STEPUP_MASTER_KEY_FILE")

// ErrOpen is returned by [Box.Open] for a ciphertext of another key or another
// place, or one that was changed.
var ErrOpen = errors.New("the sealed value does not open: wrong master key, or the row was moved or changed")

// Box seals and opens values. It is safe for concurrent use.
type Box struct{ aead tink.AEAD }

// NewMasterKey makes a master key: a Tink AES-256-GCM keyset in base64.
func NewMasterKey() (secret.Text, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return "", fmt.Errorf("making a master key: %w", err)
	}
	raw, err := clearText(handle)
	if err != nil {
		return "", err
	}
	return secret.Text(base64.StdEncoding.EncodeToString(raw)), nil
}

// ParseMasterKey reads what [NewMasterKey] made. The error never repeats the key.
func ParseMasterKey(key secret.Text) (*Box, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(key.Reveal()))
	if err != nil || len(raw) == 0 {
		return nil, ErrMasterKey
	}
	handle, err := parseKeyset(raw)
	if err != nil {
		return nil, ErrMasterKey
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, ErrMasterKey
	}
	return &Box{aead: primitive}, nil
}

// Seal encrypts plaintext for one place in the database.
func (b *Box) Seal(table, column, row string, plaintext []byte) ([]byte, error) {
	ciphertext, err := b.aead.Encrypt(plaintext, join(table, column, row))
	if err != nil {
		return nil, fmt.Errorf("sealing %s.%s: %w", table, column, err)
	}
	return ciphertext, nil
}

// Open decrypts what [Box.Seal] made for the same place, or returns [ErrOpen].
func (b *Box) Open(table, column, row string, ciphertext []byte) ([]byte, error) {
	plaintext, err := b.aead.Decrypt(ciphertext, join(table, column, row))
	if err != nil {
		return nil, fmt.Errorf("opening %s.%s: %w", table, column, ErrOpen)
	}
	return plaintext, nil
}

// Equal compares in constant time, as far as the lengths are equal.
func Equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// join writes each part behind its length, so that no two lists of parts give
// the same bytes.
func join(parts ...string) []byte {
	size := 0
	for _, part := range parts {
		size += 8 + len(part)
	}
	joined := make([]byte, 0, size)
	for _, part := range parts {
		joined = binary.BigEndian.AppendUint64(joined, uint64(len(part)))
		joined = append(joined, part...)
	}
	return joined
}

func clearText(handle *keyset.Handle) ([]byte, error) {
	var raw bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewBinaryWriter(&raw)); err != nil {
		return nil, fmt.Errorf("writing a keyset: %w", err)
	}
	return raw.Bytes(), nil
}

func parseKeyset(raw []byte) (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewBinaryReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, fmt.Errorf("reading a keyset: %w", err)
	}
	return handle, nil
}
