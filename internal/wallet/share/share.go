package share

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/stepup-auth/stepup/internal/wallet"
)

// Size is the length of a secret and of each piece.
const Size = 32

var (
	// ErrMissing says that some piece is in nobody's hands: no quorum.
	ErrMissing = errors.New("the pieces are no quorum")
	// ErrCopies says that two holders have different copies of one piece.
	ErrCopies = errors.New("two copies of one piece differ")
)

// Pieces are pieces by their number. They are secret.
type Pieces map[int][]byte

// Numbers are the numbers of the pieces, in order.
func (p Pieces) Numbers() []int {
	numbers := make([]int, 0, len(p))
	for n := range p {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return numbers
}

// Pick copies the pieces with the given numbers. It fails if one is not there.
func (p Pieces) Pick(numbers []int) (Pieces, error) {
	picked := Pieces{}
	for _, n := range numbers {
		piece, ok := p[n]
		if !ok {
			return nil, fmt.Errorf("piece %d is not here: %w", n, ErrMissing)
		}
		picked[n] = slices.Clone(piece)
	}
	return picked, nil
}

// Wipe overwrites the pieces. Go may have copied them before: this shortens their
// life, it does not prove their end.
func (p Pieces) Wipe() {
	for _, piece := range p {
		clear(piece)
	}
}

// Format never shows what is inside.
func (p Pieces) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "%d pieces", len(p)) }

// LogValue never shows what is inside.
func (p Pieces) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// Split makes all pieces of a secret of [Size] bytes.
func Split(s wallet.Scheme, secret []byte) (Pieces, error) { return split(s, secret, random) }

// random fills b from the operating system; it cannot fail (crypto/rand).
func random(b []byte) { _, _ = rand.Read(b) }

func split(s wallet.Scheme, secret []byte, draw func([]byte)) (Pieces, error) {
	if err := known(s); err != nil {
		return nil, err
	}
	if len(secret) != Size {
		return nil, fmt.Errorf("a secret has %d bytes, not %d", Size, len(secret))
	}
	pieces := Pieces{}
	last := slices.Clone(secret)
	for n := 1; n < Count(s); n++ {
		piece := make([]byte, Size)
		draw(piece)
		subtle.XORBytes(last, last, piece)
		pieces[n] = piece
	}
	pieces[Count(s)] = last
	return pieces, nil
}

// Combine puts the secret together from what several holders have. A piece that
// several of them hold must be the same everywhere. Wipe the result after use.
func Combine(s wallet.Scheme, holders ...Pieces) ([]byte, error) {
	if err := known(s); err != nil {
		return nil, err
	}
	all := Pieces{}
	for _, holder := range holders {
		if err := holder.check(s); err != nil {
			return nil, err
		}
		for n, piece := range holder {
			if copied, ok := all[n]; ok && subtle.ConstantTimeCompare(copied, piece) != 1 {
				return nil, fmt.Errorf("piece %d: %w", n, ErrCopies)
			}
			all[n] = piece
		}
	}
	if len(all) != Count(s) {
		return nil, fmt.Errorf("%d of %d: %w", len(all), Count(s), ErrMissing)
	}
	return xor(all), nil
}

// check refuses pieces that the scheme does not have.
func (p Pieces) check(s wallet.Scheme) error {
	for n, piece := range p {
		if n < 1 || n > Count(s) {
			return fmt.Errorf("%s has no piece %d", s, n)
		}
		if len(piece) != Size {
			return fmt.Errorf("piece %d has %d bytes, not %d", n, len(piece), Size)
		}
	}
	return nil
}

func xor(pieces Pieces) []byte {
	sum := make([]byte, Size)
	for _, piece := range pieces {
		subtle.XORBytes(sum, sum, piece)
	}
	return sum
}

// Contribute is a custodian's part of a renewal from one scheme to the same or
// another: of the pieces it is responsible for it makes one contribution to each new
// piece. It keeps them for [Merge], and sends the other custodian, sealed, those to
// the pieces that the other one will hold, see [HeldBy].
func Contribute(from, to wallet.Scheme, custodian wallet.Role, held Pieces) (Pieces, error) {
	return contribute(from, to, custodian, held, random)
}

func contribute(from, to wallet.Scheme, custodian wallet.Role, held Pieces, draw func([]byte)) (Pieces, error) {
	if err := errors.Join(known(from), isCustodian(custodian)); err != nil {
		return nil, err
	}
	mine, err := held.Pick(Responsible(from, custodian))
	if err != nil {
		return nil, err
	}
	defer mine.Wipe()
	if err := mine.check(from); err != nil {
		return nil, err
	}
	sum := xor(mine)
	defer clear(sum)
	return split(to, sum, draw)
}

// Merge makes a custodian's new pieces from its own contributions and those it was
// sent, which must be to exactly the pieces it holds.
func Merge(to wallet.Scheme, custodian wallet.Role, own, received Pieces) (Pieces, error) {
	if err := errors.Join(known(to), isCustodian(custodian)); err != nil {
		return nil, err
	}
	numbers := HeldBy(to, custodian)
	if !slices.Equal(received.Numbers(), numbers) {
		return nil, fmt.Errorf("the contributions are to the pieces %v, not %v", received.Numbers(), numbers)
	}
	merged, err := own.Pick(numbers)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(merged.check(to), received.check(to)); err != nil {
		merged.Wipe()
		return nil, err
	}
	for n, piece := range merged {
		subtle.XORBytes(piece, piece, received[n])
	}
	return merged, nil
}
