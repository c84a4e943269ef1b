package offline

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/sealed"
)

const (
	// keyHeader begins the one line of the operator's key file; the key follows in base64url.
	keyHeader = "stepup-wallet-offline-1:"
	// maxFile bounds what is read.
	maxFile = 64 << 10
)

// CreateKey makes the operator's offline key in a new file and returns its public key,
// as the signer's configuration takes it. The file belongs on no server.
func CreateKey(path string) (publicKey string, err error) {
	key, err := sealed.NewKey()
	if err != nil {
		return "", fmt.Errorf("making an offline key: %w", err)
	}
	raw, err := key.Bytes()
	if err != nil {
		return "", fmt.Errorf("making an offline key: %w", err)
	}
	defer clear(raw)
	if err := writeNew(path, []byte(keyHeader+base64.RawURLEncoding.EncodeToString(raw)+"\n")); err != nil {
		return "", fmt.Errorf("making an offline key: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(key.PublicKey()), nil
}

// ReadKey reads the operator's offline key.
func ReadKey(path string) (sealed.Key, error) {
	text, err := read(path)
	if err != nil {
		return sealed.Key{}, fmt.Errorf("reading the offline key: %w", err)
	}
	defer clear(text)
	key, err := parseKey(text)
	if err != nil {
		return sealed.Key{}, fmt.Errorf("reading the offline key: %s %w", path, err)
	}
	return key, nil
}

// parseKey reads the text of a key file. Its error never repeats it.
func parseKey(text []byte) (sealed.Key, error) {
	encoded, ok := bytes.CutPrefix(bytes.TrimSuffix(text, []byte("\n")), []byte(keyHeader))
	raw, err := base64.RawURLEncoding.Strict().DecodeString(string(encoded))
	if !ok || err != nil || bytes.ContainsAny(encoded, "\r\n") {
		return sealed.Key{}, errors.New("is no file of an offline key")
	}
	defer clear(raw)
	key, err := sealed.ParseKey(raw)
	if err != nil {
		return sealed.Key{}, errors.New("is no file of an offline key")
	}
	return key, nil
}

// Write puts a share into a new file of the folder and returns its path. Writing the
// same share again changes nothing; another share under its name is never overwritten.
func Write(folder string, s wallet.OfflineShare) (path string, err error) {
	if _, err := uuid.Parse(s.WalletID); err != nil { // it becomes a part of the path
		return "", fmt.Errorf("writing an offline share: the wallet id: %w", err)
	}
	text, err := Text(s)
	if err != nil {
		return "", fmt.Errorf("writing an offline share: %w", err)
	}
	path = filepath.Join(folder, fmt.Sprintf("%s-generation-%d-party-%d.json", s.WalletID, s.Generation, s.Party))
	err = writeNew(path, text)
	if errors.Is(err, fs.ErrExist) {
		if known, readErr := os.ReadFile(path); readErr == nil && bytes.Equal(known, text) {
			return path, nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("writing an offline share: %w", err)
	}
	return path, nil
}

// Read reads a share file.
func Read(path string) (wallet.OfflineShare, error) {
	text, err := read(path)
	if err != nil {
		return wallet.OfflineShare{}, fmt.Errorf("reading an offline share: %w", err)
	}
	s, err := Parse(text)
	if err != nil {
		return wallet.OfflineShare{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is too large", path)
	}
	return text, err
}

// writeNew makes a file that this user alone may read, durable before it returns.
func writeNew(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
