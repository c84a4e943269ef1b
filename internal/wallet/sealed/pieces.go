package sealed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/stepup-auth/stepup/internal/wallet/share"
)

// Place is what pieces on their way between the custodians are bound to: what was sealed
// for one purpose, operation, wallet and generation opens for no other.
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

// Pieces are pieces on their way between the custodians, sealed to the key of one of
// them. It is a second layer inside mutual TLS, so that nothing between the two
// processes' own memories sees a piece.
type Pieces struct {
	EncapsulatedKey []byte `json:"encapsulatedKey"`
	Ciphertext      []byte `json:"ciphertext"`
}

// ErrPlace says that pieces do not open: they are for another key or another place,
// or were changed.
var ErrPlace = errors.New("the sealed pieces are not for this key and place")

// SealPieces seals pieces to the holder of a public key.
func SealPieces(publicKey []byte, place Place, pieces share.Pieces) (Pieces, error) {
	text := encode(pieces)
	defer clear(text)
	encapsulated, ciphertext, err := Seal(publicKey, place.info(), text)
	if err != nil {
		return Pieces{}, fmt.Errorf("sealing pieces: %w", err)
	}
	return Pieces{EncapsulatedKey: encapsulated, Ciphertext: ciphertext}, nil
}

// OpenPieces opens pieces. Wipe them after use.
func (k Key) OpenPieces(place Place, message Pieces) (share.Pieces, error) {
	text, err := k.Open(message.EncapsulatedKey, place.info(), message.Ciphertext)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlace, err)
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
