package sdk

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/mr-tron/base58"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/intent"
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

func readSign(body []byte) reader {
	return func(w wallet.Wallet) (any, error) { return intent.ParseSign(w.Chain, body) }
}

func (a *API) waasSign(c *door.Call, body []byte) (SignResult, error) {
	outcome, err := a.do(c, wallet.Sign, stepup.WalletSign, readSign(body))
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
	coordinator, err := a.coordinator(c)
	if err != nil {
		return BroadcastResult{}, err
	}
	if r.SignedTransaction == "" {
		return BroadcastResult{}, door.Need("signedTransaction", "")
	}
	w, err := coordinator.Wallet(c.Context(), c.Tenant.ID, c.Session.UserID, c.Path("walletId"))
	if err != nil {
		return BroadcastResult{}, err
	}
	signed, err := readBytes(w.Chain, r.SignedTransaction)
	if err != nil {
		return BroadcastResult{}, fault.New(fault.InvalidRequest, "signedTransaction must be %s.", spelling[w.Chain]).Because(err)
	}
	network, err := networkOf(c, w.Chain, r.Network)
	if err != nil {
		return BroadcastResult{}, err
	}
	sent, err := coordinator.Broadcast(c.Context(), wallet.Broadcast{
		EnvironmentID: c.Tenant.ID, UserID: c.Session.UserID, WalletID: w.ID, SignedTransaction: signed, RequestID: c.By.RequestID,
		Network: wallet.Network{Chain: w.Chain, ChainID: int64(network.ChainID), Cluster: network.Cluster, Name: network.Name,
			RPC: network.RPC},
	})
	if err != nil {
		return BroadcastResult{}, err
	}
	err = c.Write(func(tx *store.Tx) error {
		return audit.Record(tx, c.By, "wallet.transaction.broadcast",
			audit.Detail{"wallet_id": w.ID, "network": network.Name, "transaction_id": sent.TransactionID})
	})
	return BroadcastResult{TransactionHash: sent.TransactionID, Network: network.Name}, err
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

// networkOf finds where transactions of the chain are sent.
func networkOf(c *door.Call, chain wallet.Chain, named string) (environment.Network, error) {
	var found []environment.Network
	for _, n := range c.Tenant.EmbeddedWallets.Networks {
		if n.Chain == string(chain) &&
			(named == "" || named == n.Name || named == n.Cluster || n.ChainID > 0 && named == strconv.Itoa(n.ChainID)) {
			found = append(found, n)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return environment.Network{}, fault.New(fault.NetworkNotFound,
			"This environment has several %s networks. Say which with network, by its name, chain id or cluster.", chain)
	case named == "":
		return environment.Network{}, fault.New(fault.NetworkNotFound,
			"This environment has no %s network to send transactions to. The operator adds one to embeddedWallets.networks.", chain)
	}
	return environment.Network{}, fault.New(fault.NetworkNotFound,
		"This environment has no %s network %.60q. The operator lists networks in embeddedWallets.networks.", chain, named)
}
