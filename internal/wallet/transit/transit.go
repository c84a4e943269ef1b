// Package transit carries pieces between the custodians: sealed, see package
// sealed, to the key of one receiver. The invariant: what was sealed for one purpose, operation,
// wallet and generation opens for no other. It is a second layer inside mutual
// TLS, so that nothing between the two processes' own memories sees a piece.
package transit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/stepup-auth/stepup/internal/wallet/sealed"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

// Place is what a sealed message is bound to.
type Place struct {
	Purpose       string // which message of the protocol it is
	EnvironmentID string
	WalletID      string
	OperationID   string
	Generation    int
}

// info writes each part behind its length, so that no two places are written alike.
func (p Place) info() (all []byte) {
	for _, part := range []string{"stepup wallet transit v1", p.Purpose, p.EnvironmentID, p.WalletID, p.OperationID,
		strconv.Itoa(p.Generation)} {
		all = append(binary.BigEndian.AppendUint32(all, uint32(len(part))), part...)
	}
	return all
}

// Sealed are pieces on their way.
type Sealed struct {
	EncapsulatedKey []byte `json:"encapsulatedKey"`
	Ciphertext      []byte `json:"ciphertext"`
}

// ErrSealed says that a message does not open: it is for another key or another
// place, or was changed.
var ErrSealed = errors.New("the sealed pieces are not for this key and place")

// Seal seals pieces to the holder of a public key.
func Seal(publicKey []byte, place Place, pieces share.Pieces) (Sealed, error) {
	text := encode(pieces)
	defer clear(text)
	encapsulated, ciphertext, err := sealed.Seal(publicKey, place.info(), text)
	if err != nil {
		return Sealed{}, fmt.Errorf("sealing pieces: %w", err)
	}
	return Sealed{EncapsulatedKey: encapsulated, Ciphertext: ciphertext}, nil
}

// Key opens what was sealed to its public half.
type Key struct{ private sealed.Key }

// NewKey makes a key, such as one for the answers of one operation.
func NewKey() (Key, error) {
	private, err := sealed.NewKey()
	if err != nil {
		return Key{}, fmt.Errorf("making a transit key: %w", err)
	}
	return Key{private}, nil
}

// ParseKey reads what [Key.Bytes] wrote.
func ParseKey(text []byte) (Key, error) {
	private, err := sealed.ParseKey(text)
	if err != nil {
		return Key{}, fmt.Errorf("reading a transit key: %w", err)
	}
	return Key{private}, nil
}

// Bytes is the private key, to be kept wrapped.
func (k Key) Bytes() ([]byte, error) { return k.private.Bytes() }

// Public is the public half.
func (k Key) Public() []byte { return k.private.PublicKey() }

// Format never shows the key.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("a transit key")) }

// Open opens pieces. Wipe them after use.
func (k Key) Open(place Place, message Sealed) (share.Pieces, error) {
	text, err := k.private.Open(message.EncapsulatedKey, place.info(), message.Ciphertext)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	defer clear(text)
	return decode(text)
}

// encode writes each piece behind its number, in order.
func encode(pieces share.Pieces) []byte {
	text := make([]byte, 0, len(pieces)*(1+share.Size))
	for _, n := range pieces.Numbers() {
		text = append(append(text, byte(n)), pieces[n]...)
	}
	return text
}

var errForm = errors.New("the sealed pieces are not in their form")

// decode reads what encode wrote, and nothing else.
func decode(text []byte) (share.Pieces, error) {
	if len(text)%(1+share.Size) != 0 {
		return nil, errForm
	}
	pieces, last := share.Pieces{}, 0
	for len(text) > 0 {
		n := int(text[0])
		if n <= last {
			pieces.Wipe()
			return nil, errForm
		}
		pieces[n], last = bytes.Clone(text[1:1+share.Size]), n
		text = text[1+share.Size:]
	}
	return pieces, nil
}
