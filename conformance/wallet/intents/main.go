// Command intents is what other implementations are compared with: it reads one
// signing request per line, as a client would send it, and answers with how the
// roles of the wallet service understand it and with what the signer would
// sign. It also reads a Solana message field by field, and seals an export. The
// keys are the caller's, for tests only.
package main

import (
	"bufio"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"log"
	"math/big"
	"os"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/mr-tron/base58"

	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
)

type question struct {
	Chain wallet.Chain    `json:"chain"`
	Key   string          `json:"key"`  // hex; EVM: the secret; SOL: the seed
	Body  json.RawMessage `json:"body"` // of POST /waas/{walletId}/signMessage

	Parse string `json:"parse"` // instead: a Solana message in hex

	Operation       *wallet.Operation `json:"operation"` // instead: export the key to exportPublicKey
	ExportPublicKey []byte            `json:"exportPublicKey"`
}

type answer struct {
	Error             string              `json:"error,omitempty"`
	Request           *wallet.SignRequest `json:"request,omitempty"`
	Address           string              `json:"address,omitempty"`
	ToSign            string              `json:"toSign,omitempty"` // hex
	Hash              string              `json:"hash,omitempty"`
	Summary           string              `json:"summary,omitempty"`
	Lines             []intent.Line       `json:"lines,omitempty"`
	Spends            map[string]*big.Int `json:"spends,omitempty"`
	Unvalued          bool                `json:"unvalued,omitempty"`
	Signature         string              `json:"signature,omitempty"`         // hex
	SignedTransaction string              `json:"signedTransaction,omitempty"` // hex

	Message       *read `json:"message,omitempty"`
	IsTransaction bool  `json:"isTransaction,omitempty"` // and so no message to sign

	Export *wallet.SealedExport `json:"export,omitempty"`
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) == 0 && err != nil {
			return
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			log.Fatal(err)
		}
		a, err := ask(q)
		if err != nil {
			a = answer{Error: err.Error()}
		}
		if err := out.Encode(a); err != nil {
			log.Fatal(err)
		}
	}
}

func ask(q question) (answer, error) {
	switch {
	case q.Operation != nil:
		return export(q)
	case q.Body == nil:
		return parse(q.Parse)
	}
	secret, err := hex.DecodeString(strings.TrimPrefix(q.Key, "0x"))
	if err != nil {
		return answer{}, err
	}
	w := wallet.Wallet{ID: "w", Chain: q.Chain}
	var sign func(message []byte) []byte
	if q.Chain == wallet.EVM {
		key := secp256k1.PrivKeyFromBytes(secret)
		address, err := evm.AddressOf(key.PubKey().SerializeCompressed())
		if err != nil {
			return answer{}, err
		}
		w.Address, w.PublicKey = address.String(), key.PubKey().SerializeCompressed()
		sign = func(digest []byte) []byte {
			compact := ecdsa.SignCompact(key, digest, false)
			return append(compact[1:], compact[0])
		}
	} else {
		key := ed25519.NewKeyFromSeed(secret)
		w.PublicKey = key.Public().(ed25519.PublicKey)
		w.Address = base58.Encode(w.PublicKey)
		sign = func(message []byte) []byte { return ed25519.Sign(key, message) }
	}
	r, err := intent.ParseSign(q.Chain, q.Body)
	if err != nil {
		return answer{}, err
	}
	request, err := json.Marshal(r)
	if err != nil {
		return answer{}, err
	}
	i, err := intent.Decode(wallet.Operation{WalletID: "w", Action: wallet.Sign, Request: request}, w)
	if err != nil {
		return answer{}, err
	}
	signature := sign(i.ToSign)
	transaction, err := i.Assemble(signature)
	if err != nil {
		return answer{}, err
	}
	return answer{
		Request: &r, Address: w.Address, ToSign: hex.EncodeToString(i.ToSign), Hash: i.Hash, Summary: i.Summary, Lines: i.Lines,
		Spends: i.Totals(), Unvalued: i.Unvalued, Signature: hex.EncodeToString(signature),
		SignedTransaction: hex.EncodeToString(transaction),
	}, nil
}
