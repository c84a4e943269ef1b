// Package nonce makes and spends nonces. A nonce is a stateless MAC over
// environment, time and randomness, good for 24 hours and for one use; only
// spent ones are stored. It carries the store's failover epoch, so none
// outlives a restore or a failover.
package nonce

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"github.com/stepup-auth/stepup/internal/seal"
	"github.com/stepup-auth/stepup/internal/store"
)

// Life is how long an unspent nonce is good.
const Life = 24 * time.Hour

// ErrInvalid says that the text is no nonce of this environment, is too old,
// was spent before or was made before a failover.
var ErrInvalid = errors.New("unknown, used or expired nonce")

const (
	purpose    = "nonce"
	randomSize = 16
	macSize    = 16
	bodySize   = 8 + randomSize
)

// Alphanumeric, as strict EIP-4361 parsers want.
var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// New makes one nonce.
func New(hasher *seal.Hasher, environmentID, epoch string, now time.Time) string {
	body := make([]byte, bodySize, bodySize+macSize)
	binary.BigEndian.PutUint64(body, uint64(now.UnixMilli()))
	rand.Read(body[8:])
	return encoding.EncodeToString(append(body, mac(hasher, environmentID, epoch, body)...))
}

// Several makes as many.
func Several(tx *store.Tx, environmentID string, now time.Time, count int) ([]string, error) {
	epoch, err := tx.Epoch()
	if err != nil {
		return nil, err
	}
	made := make([]string, count)
	for i := range made {
		made[i] = New(tx.Hasher(), environmentID, epoch, now)
	}
	return made, nil
}

// Spend burns a nonce. Of any number of tries one succeeds; the others, and
// every try at a foreign or old nonce, get ErrInvalid.
func Spend(tx *store.Tx, environmentID, text string) error {
	raw, err := encoding.DecodeString(text)
	if err != nil || len(raw) != bodySize+macSize || strings.ToLower(text) != text || encoding.EncodeToString(raw) != text {
		return ErrInvalid
	}
	body := raw[:bodySize]
	made := time.UnixMilli(int64(binary.BigEndian.Uint64(body)))
	if age := tx.Now().Sub(made); age < -time.Minute || age > Life {
		return ErrInvalid
	}
	var epoch string
	if err := tx.Row(`SELECT epoch FROM current_epoch`).Scan(&epoch); err != nil {
		return err
	}
	if !seal.Equal(raw[bodySize:], mac(tx.Hasher(), environmentID, epoch, body)) {
		return ErrInvalid
	}
	first, err := tx.SpendNonce(tx.Hasher().Sum("spent-nonce", environmentID, text), epoch, made.Add(Life))
	if err == nil && !first {
		return ErrInvalid
	}
	return err
}

// Return takes back that a nonce was spent, for an attempt that nobody could judge.
func Return(tx *store.Tx, environmentID, text string) error {
	return tx.ReturnNonce(tx.Hasher().Sum("spent-nonce", environmentID, text))
}

func mac(hasher *seal.Hasher, environmentID, epoch string, body []byte) []byte {
	return hasher.Sum(purpose, environmentID, epoch, string(body))[:macSize]
}
