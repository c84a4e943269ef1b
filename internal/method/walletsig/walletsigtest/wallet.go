// Package walletsigtest gives tests wallets that sign as real ones do, and the
// text that published clients have them sign. It shares no code with what
// verifies, but for curve and hash.
package walletsigtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/mr-tron/base58"
	"golang.org/x/crypto/sha3"
)

// Wallet is a key pair of one chain.
type Wallet struct {
	Chain   string // EVM or SOL
	Address string

	evm    *secp256k1.PrivateKey
	solana ed25519.PrivateKey
}

// NewEVM makes an EVM wallet.
func NewEVM(t testing.TB) *Wallet {
	t.Helper()
	key, err := secp256k1.GeneratePrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	return evm(key)
}

// EVMFrom is the EVM wallet of a private key in hex, as wallets import it.
func EVMFrom(t testing.TB, digits string) *Wallet {
	t.Helper()
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != 32 {
		t.Fatalf("not a private key: %v", err)
	}
	return evm(secp256k1.PrivKeyFromBytes(raw))
}

func evm(key *secp256k1.PrivateKey) *Wallet {
	return &Wallet{Chain: "EVM", Address: capitals(keccak(key.PubKey().SerializeUncompressed()[1:])[12:]), evm: key}
}

// NewSolana makes a Solana wallet.
func NewSolana(t testing.TB) *Wallet {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &Wallet{Chain: "SOL", Address: base58.Encode(public), solana: private}
}

// Sign signs the text as personal_sign or signMessage do.
func (w *Wallet) Sign(text string) string {
	if w.solana != nil {
		return base64.StdEncoding.EncodeToString(ed25519.Sign(w.solana, []byte(text)))
	}
	return "0x" + hex.EncodeToString(w.SignHash(Personal(text)))
}

// SignHash is r ‖ s ‖ v over a hash, with v 27 or 28.
func (w *Wallet) SignHash(hash []byte) []byte {
	compact := ecdsa.SignCompact(w.evm, hash, false)
	return append(compact[1:], compact[0])
}

// Personal is the hash of EIP-191 over the text.
func Personal(text string) []byte {
	return keccak([]byte(fmt.Sprintf("\x19Ethereum Signed Message:\n%d%s", len(text), text)))
}

// Published is the text that the published client builds for the wallet.
func (w *Wallet) Published(origin, environmentID, nonce string, at time.Time) string {
	const app = "Demo"
	_, domain, _ := strings.Cut(origin, "://")
	account, chain := "Ethereum", "\nChain ID: 1"
	if w.Chain == "SOL" {
		account, chain = "Solana", ""
	}
	return domain + " wants you to sign in with your " + account + " account:\n" + w.Address + "\n\n" +
		"Welcome to " + app + ". Signing is the only way we can truly know that you are the owner of the wallet you are connecting. " +
		"Signing is a safe, gas-less transaction that does not in any way give " + app +
		" permission to perform any transactions with your wallet.\n\n" +
		"URI: " + origin + "/\nVersion: 1" + chain + "\nNonce: " + nonce + "\nIssued At: " + at.UTC().
		Format("2006-01-02T15:04:05.000Z") + "\nRequest ID: " + environmentID
}

// Body is the request that sends a signed text.
func (w *Wallet) Body(text string, scopes ...string) map[string]any {
	body := map[string]any{
		"messageToSign": text, "signedMessage": w.Sign(text), "publicWalletAddress": w.Address, "chain": w.Chain,
		"walletName": "testwallet" + strings.ToLower(w.Chain), "walletProvider": "browserExtension", "network": "1",
	}
	if len(scopes) > 0 {
		body["requestedScopes"] = scopes
	}
	return body
}

func keccak(b []byte) []byte {
	h := sha3.NewLegacyKeccak256()
	h.Write(b)
	return h.Sum(nil)
}

// capitals writes an address as EIP-55 does: a letter is large where the hash of
// the small ones has a digit of 8 or more.
func capitals(raw []byte) string {
	small := hex.EncodeToString(raw)
	digits := hex.EncodeToString(keccak([]byte(small)))
	out := ""
	for i := range small {
		if digits[i] >= '8' {
			out += strings.ToUpper(small[i : i+1])
		} else {
			out += small[i : i+1]
		}
	}
	return "0x" + out
}
