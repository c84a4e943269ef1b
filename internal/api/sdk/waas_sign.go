package sdk

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/mr-tron/base58"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/waas"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// SignMessageRequest is what to sign, in exactly one of the first four members.
// isFormatted and context are what published clients send; a hash is signed only
// together with what it is the hash of.
type SignMessageRequest struct {
	Message       any            `json:"message,omitempty"`       // a text, see encoding
	TypedData     map[string]any `json:"typedData,omitempty"`     // EIP-712
	Transaction   any            `json:"transaction,omitempty"`   // unsigned: hex or an object (EVM), base64 (Solana)
	Authorization any            `json:"authorization,omitempty"` // EIP-7702: chainId, address, nonce
	Encoding      any            `json:"encoding,omitempty"`      // of message: utf8 unless said
	IsFormatted   any            `json:"isFormatted,omitempty"`
	Context       any            `json:"context,omitempty"`
	RoomID        any            `json:"roomId,omitempty"`
	ShareSetID    any            `json:"shareSetId,omitempty"`
	BitcoinConfig any            `json:"bitcoinConfig,omitempty"`
}

// SignResult carries the signature. EVM: 0x and hex of r, s and v (27 or 28);
// Solana: base58.
type SignResult struct {
	OperationResult
	Signature         string `json:"signature"`
	SignedTransaction string `json:"signedTransaction,omitempty"` // ready to be sent; EVM: 0x and hex; Solana: base64
}

func (a *API) waasSign(c *door.Call, body []byte) (SignResult, error) {
	outcome, err := a.do(c, wallet.Sign, waas.Sign(body))
	if err != nil {
		return SignResult{}, err
	}
	if outcome.Signature == nil {
		return SignResult{}, fault.New(fault.OutcomeUnknown, "The wallet service has no signature for this request.")
	}
	result := SignResult{OperationResult: viewOutcome(outcome),
		SignedTransaction: writeBytes(outcome.Wallet.Chain, outcome.Signature.SignedTransaction)}
	result.Signature = "0x" + hex.EncodeToString(outcome.Signature.Signature)
	if outcome.Wallet.Chain == wallet.SOL {
		result.Signature = base58.Encode(outcome.Signature.Signature)
	}
	return result, nil
}

// BroadcastRequest is a signed transaction and where to send it.
type BroadcastRequest struct {
	SignedTransaction string `json:"signedTransaction"` // as signMessage answers it
	Network           string `json:"network,omitempty"` // name, chain id or cluster of the environment; needed where the chain has several
}

// BroadcastResult is by what the transaction is found again.
type BroadcastResult struct {
	TransactionHash string `json:"transactionHash"` // EVM: the hash; Solana: the first signature
	Network         string `json:"network"`
}

func (a *API) waasBroadcast(c *door.Call, r BroadcastRequest) (BroadcastResult, error) {
	if err := a.wallets.Open(c.Caller); err != nil {
		return BroadcastResult{}, err
	}
	if r.SignedTransaction == "" {
		return BroadcastResult{}, door.Need("signedTransaction", "")
	}
	w, err := a.wallets.Find(c.Context(), c.Caller, c.Path("walletId"))
	if err != nil {
		return BroadcastResult{}, err
	}
	signed, err := readBytes(w.Chain, r.SignedTransaction)
	if err != nil {
		return BroadcastResult{}, fault.New(fault.InvalidRequest, "signedTransaction must be %s.", spelling[w.Chain]).Because(err)
	}
	sent, err := a.wallets.Broadcast(c.Context(), c.Caller, w, waas.Transaction{Signed: signed, Network: r.Network})
	return BroadcastResult{TransactionHash: sent.ID, Network: sent.Network}, err
}

var spelling = map[wallet.Chain]string{wallet.EVM: "0x and hex", wallet.SOL: "base64"}

func readBytes(c wallet.Chain, text string) ([]byte, error) {
	if c == wallet.SOL {
		return base64.StdEncoding.Strict().DecodeString(text)
	}
	digits, ok := strings.CutPrefix(text, "0x")
	if !ok {
		return nil, hex.InvalidByteError(0)
	}
	return hex.DecodeString(digits)
}
