package kek

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// fileHeader begins the one line of a key file; the key follows in base64url.
const fileHeader = "stepup-wallet-root-1:"

// mounted is the mode by which Kubernetes mounts a secret for a pod that does not run
// as root: root's, for the group of the pod, and nobody may write it.
const mounted fs.FileMode = 0o440

// maxWrapped bounds what is wrapped or unwrapped at once: keys, never data.
const maxWrapped = 4096

// fileKey is AES-256-GCM under a key that a file holds.
type fileKey struct {
	id   string
	aead cipher.AEAD
}

// CreateFile makes a new key in a new file that this user alone may read, and says
// its id. A file that exists is never overwritten: it may be the only key to a wallet.
func CreateFile(path string) (id string, err error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	defer clear(raw)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("making a root key: %w; if it is a key, wallets may depend on it: keep it, and name another file", err)
	}
	if err != nil {
		return "", fmt.Errorf("making a root key: %w", err)
	}
	_, err = fmt.Fprintf(file, "%s%s\n", fileHeader, base64.RawURLEncoding.EncodeToString(raw))
	if err := errors.Join(err, file.Sync(), file.Close(), syncFolder(filepath.Dir(path))); err != nil {
		return "", errors.Join(fmt.Errorf("making a root key: %w", err), os.Remove(path))
	}
	key, err := newFileKey(raw)
	if err != nil {
		return "", err
	}
	return key.id, nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func openFile(path string) (*fileKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("opening the root key: %w; name the file of a key, or make one with `stepup wallet key`", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 && info.Mode() != mounted {
		return nil, fmt.Errorf("opening the root key: %s has mode %v; it must be a file that its user alone may read: chmod 600 it", path,
			info.Mode())
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the root key: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, 256))
	if err != nil {
		return nil, fmt.Errorf("opening the root key: %w", err)
	}
	defer clear(text)
	raw, err := parseFile(text)
	if err != nil {
		return nil, fmt.Errorf("opening the root key: %s %w", path, err)
	}
	defer clear(raw)
	return newFileKey(raw)
}

var errNoKeyFile = errors.New("is no key file; make one with `stepup wallet key`")

// parseFile reads what [CreateFile] wrote. Its error never repeats the content.
func parseFile(text []byte) ([]byte, error) {
	encoded, ok := bytes.CutPrefix(bytes.TrimSuffix(text, []byte("\n")), []byte(fileHeader))
	if !ok {
		return nil, errNoKeyFile
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(string(encoded))
	if err != nil || len(raw) != 32 || bytes.ContainsAny(encoded, "\r\n") {
		return nil, errNoKeyFile
	}
	return raw, nil
}

func newFileKey(raw []byte) (*fileKey, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("opening the root key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("opening the root key: %w", err)
	}
	fingerprint := hmac.New(sha256.New, raw)
	fingerprint.Write([]byte("stepup wallet root key: fingerprint"))
	return &fileKey{id: "file:" + hex.EncodeToString(fingerprint.Sum(nil)[:16]), aead: aead}, nil
}

func (k *fileKey) ID() string { return k.id }

// Format never shows what is inside.
func (k *fileKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.id) }

func (k *fileKey) Wrap(_ context.Context, plaintext []byte, about Context) ([]byte, error) {
	if len(plaintext) > maxWrapped {
		return nil, fmt.Errorf("a root key wraps keys of at most %d bytes", maxWrapped)
	}
	return k.aead.Seal(nil, nil, plaintext, about.bytes()), nil
}

func (k *fileKey) Unwrap(_ context.Context, wrapped []byte, about Context) ([]byte, error) {
	plaintext, err := k.aead.Open(nil, nil, wrapped, about.bytes())
	if err != nil {
		return nil, ErrUnwrap
	}
	return plaintext, nil
}

// bytes is the context with each part behind its length, ordered by key, so that no
// two contexts give the same bytes.
func (c Context) bytes() (all []byte) {
	for _, key := range slices.Sorted(maps.Keys(c)) {
		for _, part := range []string{key, c[key]} {
			all = append(binary.BigEndian.AppendUint32(all, uint32(len(part))), part...)
		}
	}
	return all
}
