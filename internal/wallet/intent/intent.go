// Package intent says what an operation is about to do: the one hash that names
// it, the words that a person can judge, what leaves the wallet, and the very
// bytes that will be signed. Every role decodes the raw request anew with this
// package and believes no other role's reading of it. Nothing is signed blind:
// what cannot be decoded is refused, and what can be decoded but not valued
// (approvals, permits, delegations, unknown calls) says so and counts as above
// every limit.
package intent

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Intent is an operation, understood.
type Intent struct {
	// Hash is the hex SHA-256 of the canonical JSON (RFC 8785) of action,
	// environment, wallet and request. Equal hashes mean equal operations.
	Hash   string
	Action wallet.Action

	// Summary is one sentence, Lines are everything there is to know. Neither
	// rounds a number nor shortens an address, and foreign text in them is
	// quoted so that it cannot pass for words of ours.
	Summary string
	Lines   []Line

	// Spends is what leaves the wallet at most, the gas fee included; what a
	// rollup charges on top for publishing data is in no transaction. Unvalued
	// says that more may leave, and Reason why that cannot be told.
	Spends   []Spend
	Unvalued bool
	Reason   string

	// Hidden says which recipient, amount or call Summary does not tell, or what
	// the call means that nobody here can know. Empty: the summary tells them all,
	// so that whoever was shown it was shown what is signed.
	Hidden string

	// Network is the chain that it is for. EVM: the chain id in decimal, 0 for
	// an authorisation that holds on every chain. Empty: it names none.
	Network string

	// ToSign is what is signed. EVM: a 32-byte digest; Solana: the message.
	// Empty unless the action is Sign.
	ToSign []byte

	assemble func(signature []byte) ([]byte, error)
}

// Line is one fact for a person.
type Line struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Spend is an amount of one asset that leaves the wallet.
type Spend struct {
	Asset    string   // see [ParseAsset]
	Symbol   string   // for people; empty when the asset is not known here
	Amount   *big.Int // in the smallest unit, more than zero
	Decimals int      // of the unit that Symbol names; 0 when it is not known
	To       string   // address; empty for the network's fee
	ChainID  string   // EVM: decimal
}

// Decode understands an operation on a wallet. For Create the wallet need not
// exist yet. A refusal says what to send instead.
func Decode(op wallet.Operation, w wallet.Wallet) (Intent, error) {
	if op.Action != wallet.Create && (op.WalletID != w.ID || op.EnvironmentID != w.EnvironmentID) {
		return Intent{}, fault.New(fault.InvalidRequest, "The operation is on another wallet than the one it was decoded for.")
	}
	i := Intent{Action: op.Action}
	request := map[string]string{}
	var err error
	switch op.Action {
	case wallet.Create:
		err = i.create(op, request)
	case wallet.Sign:
		err = i.sign(op, w, request)
	case wallet.Export:
		err = i.export(op, w, request)
	case wallet.Reshare:
		err = i.reshare(op, w, request)
	case wallet.Refresh:
		err = i.plain(op, w, "Renew the shares of the key of %s. The address stays, the old shares become worthless.")
	case wallet.Disable:
		err = i.plain(op, w, "Lock wallet %s: it signs and exports nothing until it is restored.")
	case wallet.Restore:
		err = i.plain(op, w, "Unlock wallet %s, and take back its deletion if one is under way.")
	case wallet.Delete:
		err = i.plain(op, w, "Delete wallet %s. After a time of grace its key is destroyed for ever, and whatever it still holds is lost.")
	default:
		err = fault.New(fault.InvalidRequest, "A wallet has no action %q.", op.Action)
	}
	if err != nil {
		return Intent{}, err
	}
	i.Hash, err = hash(op, request)
	return i, err
}

// Assemble puts the signature on the transaction that was signed and returns
// what is broadcast. It refuses a signature of another key or over other bytes.
// For what is no transaction it returns nothing.
func (i Intent) Assemble(signature []byte) ([]byte, error) {
	if i.assemble == nil {
		return nil, nil
	}
	return i.assemble(signature)
}

// hash names the operation.
func hash(op wallet.Operation, request map[string]string) (string, error) {
	text, err := json.Marshal(map[string]any{
		"action": op.Action, "environmentId": op.EnvironmentID, "request": request, "walletId": op.WalletID,
	})
	if err != nil {
		return "", err
	}
	canonical, err := stepup.Canonical(text)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

func (i *Intent) create(op wallet.Operation, request map[string]string) error {
	var r wallet.CreateRequest
	if err := op.ReadRequest(&r); err != nil {
		return err
	}
	if !r.Chain.Valid() {
		return fault.New(fault.InvalidRequest, "There are wallets for EVM and SOL; set chain to one of them.")
	}
	if !r.Scheme.Valid() {
		return fault.New(fault.InvalidRequest, "Set thresholdSignatureScheme to TWO_OF_TWO, TWO_OF_THREE or THREE_OF_FIVE.")
	}
	request["chain"], request["scheme"] = string(r.Chain), string(r.Scheme)
	i.Summary = "Create a wallet for " + chainName[r.Chain] + " with shares " + schemeWords[r.Scheme] + "."
	i.Lines = []Line{{"Chain", chainName[r.Chain]}, {"Shares", schemeWords[r.Scheme]}}
	return nil
}

func (i *Intent) export(op wallet.Operation, w wallet.Wallet, request map[string]string) error {
	var r wallet.ExportRequest
	if err := op.ReadRequest(&r); err != nil {
		return err
	}
	if len(r.PublicKey) != 32 {
		return fault.New(fault.InvalidRequest, "exportPublicKey must be the 32 bytes of an X25519 public key.")
	}
	key := base64.RawURLEncoding.EncodeToString(r.PublicKey)
	request["exportPublicKey"] = key
	i.Summary = "Export the private key of " + w.Address + " to the holder of the key " + key +
		". Whoever has it controls the wallet for ever."
	i.Lines = []Line{{"Wallet", w.Address}, {"Chain", chainName[w.Chain]}, {"Readable only with the key of", key}}
	i.Unvalued, i.Reason = true, "whoever has the private key can take everything"
	return nil
}

func (i *Intent) reshare(op wallet.Operation, w wallet.Wallet, request map[string]string) error {
	var r wallet.ReshareRequest
	if err := op.ReadRequest(&r); err != nil {
		return err
	}
	if !r.Old.Valid() || !r.New.Valid() {
		return fault.New(fault.InvalidRequest,
			"Set oldThresholdSignatureScheme and newThresholdSignatureScheme to TWO_OF_TWO, TWO_OF_THREE or THREE_OF_FIVE.")
	}
	request["old"], request["new"] = string(r.Old), string(r.New)
	i.Summary = "Share the key of " + w.Address + " anew, " + schemeWords[r.New] + " instead of " + schemeWords[r.Old] +
		". The address stays."
	i.Lines = []Line{{"Wallet", w.Address}, {"From", schemeWords[r.Old]}, {"To", schemeWords[r.New]}}
	return nil
}

// plain is for the actions that say everything by their name.
func (i *Intent) plain(op wallet.Operation, w wallet.Wallet, sentence string) error {
	if len(op.Request) > 0 {
		if err := op.ReadRequest(&struct{}{}); err != nil {
			return err
		}
	}
	i.Summary = fmt.Sprintf(sentence, w.Address)
	i.Lines = []Line{{"Wallet", w.Address}, {"Chain", chainName[w.Chain]}}
	return nil
}

var chainName = map[wallet.Chain]string{wallet.EVM: "Ethereum and its like (EVM)", wallet.SOL: "Solana"}

var schemeWords = map[wallet.Scheme]string{
	wallet.TwoOfTwo: "2 of 2", wallet.TwoOfThree: "2 of 3", wallet.ThreeOfFive: "3 of 5",
}
