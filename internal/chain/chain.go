// Package chain names the kinds of blockchains as requests, credentials and sign-in
// texts spell them, and reads their addresses and signatures. It knows no wallet, no
// network and no store. The invariant: it accepts one spelling of each address and,
// of the signatures that mean the same, one. What is of one kind only is in the
// packages below.
package chain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/chain/solana"
)

// Kind is a kind of blockchain in the spelling of requests.
type Kind string

// The chains whose signatures are verified.
const (
	EVM    Kind = "EVM"
	Solana Kind = "SOL"
)

// Parse reads a request's chain; ETH is what older clients call EVM. ok is
// false for a chain whose signatures are not verified here.
func Parse(text string) (c Kind, ok bool) {
	switch text {
	case "EVM", "ETH":
		return EVM, true
	case "SOL":
		return Solana, true
	}
	return "", false
}

// Others are the chains that published clients know and we do not verify.
var Others = []string{
	"BTC", "ALGO", "STARK", "COSMOS", "FLOW", "SUI", "TON", "TRON", "APTOS", "ALEO", "ECLIPSE", "SPARK", "STELLAR", "TEMPO", "MIDNIGHT",
}

// Known reports whether published clients know the chain, verified here or not.
func Known(text string) bool {
	_, ok := Parse(text)
	return ok || slices.Contains(Others, text)
}

// Namespace is the chain in the spelling of credentials (CAIP-2).
func (c Kind) Namespace() string {
	switch c {
	case EVM:
		return "eip155"
	case Solana:
		return "solana"
	}
	return ""
}

// Account is the chain in the first line of a message.
func (c Kind) Account() string {
	switch c {
	case EVM:
		return "Ethereum"
	case Solana:
		return "Solana"
	}
	return ""
}

// ReadAddress is an address of the chain in its one spelling: EIP-55 for EVM,
// base58 of a sound public key for Solana. EVM addresses are read in letters of
// one case too, as wallets return them; mixed ones must be right, which is how
// a typing mistake shows. ok is false for what is no address.
func (c Kind) ReadAddress(text string) (address string, ok bool) {
	switch c {
	case EVM:
		a, err := evm.ParseAddress(text)
		if err != nil || a == (evm.Address{}) {
			return "", false
		}
		return a.String(), true
	case Solana:
		a, err := solana.ParseAddress(text)
		return text, err == nil && a.Sound()
	}
	return "", false
}

// AddressOf is the address of a key pair by its public key: for EVM of secp256k1, for
// Solana of Ed25519.
func (c Kind) AddressOf(publicKey []byte) (string, error) {
	switch c {
	case EVM:
		a, err := evm.AddressOf(publicKey)
		return a.String(), err
	case Solana:
		a, err := solana.AddressOf(publicKey)
		return a.String(), err
	}
	return "", fmt.Errorf("there are no addresses of chain %q here", c)
}

// Identifier is the look-up key of a wallet that is a key pair: one wallet,
// whatever network it is used on.
func (c Kind) Identifier(address string) string {
	if c == EVM {
		address = strings.ToLower(address)
	}
	return c.Namespace() + ":" + address
}

// ContractIdentifier is the look-up key of a contract wallet. It names the
// chain: on another chain the same address may be another contract, or somebody
// else's.
func ContractIdentifier(chainID, address string) string {
	return EVM.Namespace() + ":" + chainID + ":" + strings.ToLower(address)
}
