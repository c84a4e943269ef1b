// Package chain reads the addresses and signatures of blockchains. It accepts
// one spelling of each address and, of the signatures that mean the same, one.
package chain

import (
	"crypto/ed25519"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"github.com/mr-tron/base58"
	"golang.org/x/crypto/sha3"
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
		if !evmShape.MatchString(text) || strings.Trim(text, "0x") == "" {
			return "", false
		}
		digits := text[2:]
		address = Checksum(text)
		return address, address == text || digits == strings.ToLower(digits) || digits == strings.ToUpper(digits)
	case Solana:
		_, ok := solanaKey(text)
		return text, ok
	}
	return "", false
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

var evmShape = regexp.MustCompile(`^0x[0-9A-Fa-f]{40}$`)

// Checksum writes an EVM address with the capitals of EIP-55.
func Checksum(address string) string {
	lower := []byte(strings.ToLower(address[2:]))
	hash := keccak256(lower)
	for i, c := range lower {
		if c >= 'a' && hash[i/2]>>(4*(1-i%2))&0xf >= 8 {
			lower[i] = c - 'a' + 'A'
		}
	}
	return "0x" + string(lower)
}

// AddressBytes are the 20 bytes of a valid EVM address.
func AddressBytes(address string) []byte {
	raw, _ := hex.DecodeString(address[2:])
	return raw
}

func solanaKey(address string) (ed25519.PublicKey, bool) {
	if len(address) > 44 {
		return nil, false
	}
	raw, err := base58.Decode(address)
	if err != nil || len(raw) != ed25519.PublicKeySize || base58.Encode(raw) != address || !soundPoint(raw) {
		return nil, false
	}
	return raw, true
}

func keccak256(parts ...[]byte) []byte {
	h := sha3.NewLegacyKeccak256()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}
