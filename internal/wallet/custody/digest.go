package custody

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/share"
)

// Makes is the generation that a permitted Create, Refresh or Reshare makes. Its
// scheme is what the user asked for; an order that says another one is refused.
func (p Permit) Makes() (Shares, error) {
	scheme := p.Wallet.Scheme
	if p.Order.Operation.Action == wallet.Reshare {
		var request wallet.ReshareRequest
		if err := p.Order.Operation.ReadRequest(&request); err != nil {
			return Shares{}, err
		}
		scheme = request.New
	}
	if p.Order.Scheme != scheme || p.Order.Generation < 1 {
		return Shares{}, fault.New(fault.Conflict, "The wallet has changed meanwhile. Look at it and ask again.").
			Because(fmt.Errorf("generation %d of scheme %s was ordered, and the user asked for %s", p.Order.Generation,
				p.Order.Scheme, scheme))
	}
	op := p.Order.Operation
	return Shares{
		Generation:    wallet.Generation{Number: p.Order.Generation, OperationID: op.ID},
		EnvironmentID: op.EnvironmentID, WalletID: op.WalletID, Scheme: scheme,
	}, nil
}

// Digest names the pieces that one custodian holds of a generation. Pieces are
// uniformly random and have 256 bits, so a digest tells nothing about them; it
// lets the signer see later that they are still those it has once assembled.
func Digest(g Shares, custodian wallet.Role, pieces share.Pieces) []byte {
	h := sha256.New()
	write := func(part []byte) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write(part)
	}
	for _, part := range []string{"stepup wallet quorum v1", string(custodian), g.EnvironmentID, g.WalletID, strconv.Itoa(g.Number),
		string(g.Scheme)} {
		write([]byte(part))
	}
	for _, n := range pieces.Numbers() {
		write([]byte(strconv.Itoa(n)))
		write(pieces[n])
	}
	return h.Sum(nil)
}
