package walletsig

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stepup-auth/stepup/internal/chain/evm"
)

// Bounds of one question to a contract wallet.
const (
	ContractTime = 8 * time.Second // both calls together
	ContractGas  = 10_000_000      // a deployment and a signature check fit
	maxAnswer    = 16 << 10        // bytes of an RPC answer
	maxInitCode  = 48 << 10        // EIP-3860
	maxAsking    = 16              // questions under way at once
	maxWait      = time.Second     // for one of them to end
)

// Contracts asks contract wallets whether a signature is theirs (EIP-1271). No
// answer is kept: a wallet's owners may change with the next block.
type Contracts struct {
	client *http.Client
	slots  chan struct{}
	chains chainIDs
}

// NewContracts asks by the client, which must be one that refuses redirects and
// addresses that tenants may not reach.
func NewContracts(client *http.Client) *Contracts {
	return &Contracts{client: client, slots: make(chan struct{}, maxAsking), chains: chainIDs{seen: map[string]string{}}}
}

// Question is one signature and the contract it is said to be of.
type Question struct {
	Node       string // RPC endpoint, the operator's choice
	ChainID    string // decimal; the node must be one of this chain
	Address    string
	Hash       []byte
	Signature  []byte
	Undeployed bool // EIP-6492 signatures are taken
}

// Reasons for a no.
var (
	ErrNotDeployed = errors.New("a signature of a contract that is not deployed")
	ErrNoMagic     = errors.New("the contract does not say that the signature is its own")
	ErrNode        = errors.New("the node does not answer as one of this chain") // nobody can tell
)

// Ask returns nil when the contract answers with the magic value of EIP-1271 and
// nothing else. Whatever goes wrong is an error.
func (c *Contracts) Ask(ctx context.Context, q Question) error {
	call, err := q.call()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, ContractTime)
	defer cancel()
	patience := time.NewTimer(maxWait)
	defer patience.Stop()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-patience.C:
		return fmt.Errorf("%w: too many questions at once", ErrNode)
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrNode, ctx.Err())
	}
	if err := c.checkChain(ctx, q.Node, q.ChainID); err != nil {
		return err
	}
	answer, err := c.rpc(ctx, q.Node, "eth_call", call, "latest")
	var refused *rpcError
	switch {
	case errors.As(err, &refused) && refused.executed():
		return fmt.Errorf("%w: %w", ErrNoMagic, err)
	case refused != nil:
		return fmt.Errorf("%w: %w", ErrNode, err)
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(answer, magic) {
		return ErrNoMagic
	}
	return nil
}

// magic is bytes4(keccak256("isValidSignature(bytes32,bytes)")), as one word.
var (
	selector = []byte{0x16, 0x26, 0xba, 0x7e}
	magic    = append(bytes.Clone(selector), make([]byte, 28)...)
	suffix   = bytes.Repeat([]byte{0x64, 0x92}, 16) // of EIP-6492
)

type ethCall struct {
	To   string `json:"to,omitempty"` // empty: Data runs as the code of a new contract
	Data string `json:"data"`
	Gas  string `json:"gas"`
}

func (q Question) call() (ethCall, error) {
	call := ethCall{To: q.Address, Gas: fmt.Sprintf("0x%x", ContractGas)}
	wrapped, ok := bytes.CutSuffix(q.Signature, suffix)
	if !ok {
		call.Data = "0x" + hex.EncodeToString(isValidSignature(q.Hash, q.Signature))
		return call, nil
	}
	if !q.Undeployed {
		return call, ErrNotDeployed
	}
	factory, preparation, signature, err := unwrap(wrapped)
	if err != nil {
		return call, err
	}
	address, err := evm.ParseAddress(q.Address)
	if err != nil {
		return call, err
	}
	code := deployAndAsk(address[:], factory, preparation, isValidSignature(q.Hash, signature))
	if len(code) > maxInitCode {
		return call, errors.New("the signature is too long")
	}
	call.To, call.Data = "", "0x"+hex.EncodeToString(code)
	return call, nil
}

// isValidSignature is the call data of EIP-1271.
func isValidSignature(hash, signature []byte) []byte {
	data := append(bytes.Clone(selector), hash...)
	data = append(data, word(64)...)
	data = append(data, word(len(signature))...)
	data = append(data, signature...)
	return append(data, make([]byte, (32-len(signature)%32)%32)...)
}

func word(n int) []byte {
	w := make([]byte, 32)
	binary.BigEndian.PutUint64(w[24:], uint64(n))
	return w
}

// unwrap reads what EIP-6492 puts before its suffix:
// abi.encode(address factory, bytes preparation, bytes signature).
func unwrap(b []byte) (factory, preparation, signature []byte, err error) {
	bad := errors.New("not a wrapped signature of EIP-6492")
	if len(b) < 96 || !bytes.Equal(b[:12], make([]byte, 12)) {
		return nil, nil, nil, bad
	}
	preparation, ok1 := dynamic(b, b[32:64])
	signature, ok2 := dynamic(b, b[64:96])
	if !ok1 || !ok2 || bytes.HasSuffix(signature, suffix) {
		return nil, nil, nil, bad
	}
	return b[12:32], preparation, signature, nil
}

// dynamic reads the bytes that start at the offset in b: a length, then so many.
func dynamic(b, offset []byte) ([]byte, bool) {
	at, ok := small(offset)
	if !ok || at > len(b)-32 {
		return nil, false
	}
	n, ok := small(b[at : at+32])
	if !ok || n > len(b)-32-at {
		return nil, false
	}
	return b[at+32 : at+32+n], true
}

// small reads a word that is below 2^31.
func small(w []byte) (int, bool) {
	n := binary.BigEndian.Uint32(w[28:])
	return int(n), n < 1<<31 && bytes.Equal(w[:28], make([]byte, 28))
}
