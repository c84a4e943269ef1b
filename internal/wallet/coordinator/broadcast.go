package coordinator

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/chain/solana"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/outbound"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/strictjson"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Broadcast sends a transaction to the network's node, after checking that the
// wallet has signed it, for that network. Sending it again is no error: a node
// that knows it already has it.
func (s *Service) Broadcast(ctx context.Context, b wallet.Broadcast) (wallet.Broadcasted, error) {
	w, err := s.Wallet(ctx, b.EnvironmentID, b.UserID, b.WalletID)
	if err != nil {
		return wallet.Broadcasted{}, err
	}
	if b.Network.Chain != w.Chain {
		return wallet.Broadcasted{}, fault.New(fault.InvalidRequest, "The network %s is none of the wallet's chain, %s.",
			b.Network.Name, w.Chain)
	}
	send := s.sendEVM
	if w.Chain == wallet.SOL {
		send = s.sendSolana
	}
	id, err := send(ctx, w, b)
	if err != nil {
		return wallet.Broadcasted{}, err
	}
	err = s.write(ctx, "broadcast", func(tx *store.Tx) error {
		by := audit.By{Actor: "user:" + b.UserID, EnvironmentID: b.EnvironmentID, UserID: b.UserID, RequestID: b.RequestID}
		return audit.Record(tx, by, "wallet.broadcast", audit.Detail{"walletId": w.ID, "network": b.Network.Name, "transaction": id})
	})
	return wallet.Broadcasted{TransactionID: id}, err
}

// sendEVM sends a signed transaction to an EVM node and returns its hash.
func (s *Service) sendEVM(ctx context.Context, w wallet.Wallet, b wallet.Broadcast) (id string, err error) {
	signed, err := evm.ParseSigned(b.SignedTransaction)
	if err != nil {
		return "", notSigned(err)
	}
	if signed.From.String() != w.Address {
		return "", notSigned(fmt.Errorf("it is signed by %s and not by the wallet, %s", signed.From, w.Address))
	}
	if b.Network.ChainID <= 0 || signed.Transaction.ChainID != uint64(b.Network.ChainID) {
		return "", notSigned(fmt.Errorf("it is signed for chain %d, and %s is chain %d", signed.Transaction.ChainID, b.Network.Name,
			b.Network.ChainID))
	}
	id = "0x" + hex.EncodeToString(signed.Hash[:])
	var answer string
	err = s.call(ctx, b.Network, "eth_sendRawTransaction", []any{"0x" + hex.EncodeToString(b.SignedTransaction)}, &answer)
	var refusal *nodeError
	if errors.As(err, &refusal) {
		if refusal.says("already known", "already imported", "known transaction") {
			return id, nil
		}
		// Once it is in a block, nodes speak of its nonce only.
		var found *struct {
			Hash string `json:"hash"`
		}
		if s.call(ctx, b.Network, "eth_getTransactionByHash", []any{id}, &found) == nil && found != nil &&
			strings.EqualFold(found.Hash, id) {
			return id, nil
		}
		return "", rejected(refusal)
	}
	if err == nil && !strings.EqualFold(answer, id) {
		err = fmt.Errorf("the node answered with the hash %.80q of another transaction, not %s", answer, id)
	}
	return id, unreached(b.Network, err)
}

// sendSolana sends a signed transaction to a Solana node and returns its first signature.
func (s *Service) sendSolana(ctx context.Context, w wallet.Wallet, b wallet.Broadcast) (id string, err error) {
	t, err := solana.ParseTransaction(b.SignedTransaction)
	if err != nil {
		return "", notSigned(err)
	}
	owner, err := solana.ParseAddress(w.Address)
	if err != nil {
		return "", err
	}
	if err := t.Verify(owner); err != nil {
		return "", notSigned(err)
	}
	var answer string
	options := map[string]any{"encoding": "base64", "preflightCommitment": "confirmed"}
	err = s.call(ctx, b.Network, "sendTransaction", []any{base64.StdEncoding.EncodeToString(b.SignedTransaction), options}, &answer)
	var refusal *nodeError
	if errors.As(err, &refusal) {
		if refusal.says("already been processed", "alreadyprocessed") {
			return t.ID(), nil
		}
		return "", rejected(refusal)
	}
	if err == nil && answer != t.ID() {
		err = fmt.Errorf("the node answered with the id %.120q of another transaction, not %s", answer, t.ID())
	}
	return t.ID(), unreached(b.Network, err)
}

func notSigned(why error) error {
	return fault.New(fault.InvalidRequest, "This is no transaction that the wallet has signed for the network: %s.", why)
}

func rejected(e *nodeError) error {
	return fault.New(fault.BroadcastRejected, "The network's node refuses the transaction: %s", e.Message).
		With(map[string]any{"nodeCode": e.Code, "nodeMessage": e.Message})
}

func unreached(n wallet.Network, why error) error {
	if why == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "The node of network %s gave no answer to rely on, and may have the transaction: send it again.",
		n.Name).Because(why)
}

// nodeError is a refusal in JSON-RPC 2.0. Its text is foreign.
type nodeError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *nodeError) Error() string { return fmt.Sprintf("JSON-RPC error %d: %s", e.Code, e.Message) }

// says reports whether the node's text has one of the phrases in it.
func (e *nodeError) says(phrases ...string) bool {
	text := strings.ToLower(e.Message)
	for _, phrase := range phrases {
		if strings.Contains(text, phrase) {
			return true
		}
	}
	return false
}

// maxNodeMessage bounds how much of a node's refusal is passed on.
const maxNodeMessage = 300

// call makes one JSON-RPC call. A refusal of the node is a *nodeError.
func (s *Service) call(ctx context.Context, n wallet.Network, method string, params []any, into any) error {
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.RPC, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.config.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := outbound.ReadAll(response.Body, outbound.MaxResponse)
	if err != nil {
		return err
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  *nodeError      `json:"error"`
	}
	// Some nodes send a refusal with a status of its own.
	err = strictjson.Decode(text, &answer, strictjson.Ignore)
	if err != nil || answer.Error == nil && response.StatusCode != http.StatusOK {
		return fmt.Errorf("the node answered with status %d: %w", response.StatusCode, errors.Join(err))
	}
	if answer.Error != nil {
		answer.Error.Message = clean(answer.Error.Message)
		return answer.Error
	}
	return strictjson.Decode(answer.Result, into, strictjson.Ignore)
}

// clean makes a node's text fit for a sentence of ours: one line, printable, short.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if runes := []rune(text); len(runes) > maxNodeMessage {
		text = string(runes[:maxNodeMessage]) + "…"
	}
	return text
}
