package coordinator_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/google/uuid"

	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/chain/solana"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/store/storetest"
	"github.com/stepup-auth/stepup/internal/wallet"
	"github.com/stepup-auth/stepup/internal/wallet/coordinator"
)

// node is a chain's node of the tests: it answers by method.
type node struct {
	answers map[string]string
	status  int
	broken  error
	sent    []string // methods and first parameters
}

func (n *node) RoundTrip(r *http.Request) (*http.Response, error) {
	if n.broken != nil {
		return nil, n.broken
	}
	text, _ := io.ReadAll(r.Body)
	var call struct {
		Method string            `json:"method"`
		Params []json.RawMessage `json:"params"`
	}
	if err := json.Unmarshal(text, &call); err != nil || r.URL.String() != "http://node/rpc" {
		return nil, fmt.Errorf("%s: %s", r.URL, text)
	}
	n.sent = append(n.sent, call.Method+" "+string(call.Params[0]))
	status := n.status
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(n.answers[call.Method])), Header: http.Header{}}, nil
}

// broadcaster is a coordinator that sends to n.
func broadcaster(t testing.TB, n http.RoundTripper) *world {
	w := &world{user: "user", clock: &storetest.Clock{}, custody: newCustody(time.Now)}
	w.db = storetest.SQLite(t, bare)
	w.node = coordinator.New(coordinator.Config{
		DB: w.db, Signer: w.custody.as(wallet.Signer), Guardian: w.custody.as(wallet.Guardian),
		HTTP: &http.Client{Transport: n},
	})
	return w
}

// of makes a wallet with an address of a test's own.
func (w *world) of(t *testing.T, chain wallet.Chain, address string) wallet.Wallet {
	t.Helper()
	w.t = t
	id := uuid.NewString()
	w.custody.as(wallet.Signer).of(id).address = address
	return w.perform(t, w.operation(wallet.Create, id, wallet.CreateRequest{Chain: chain, Scheme: wallet.TwoOfTwo})).Wallet
}

func broadcast(w wallet.Wallet, network wallet.Network, signed []byte) wallet.Broadcast {
	network.RPC = "http://node/rpc"
	return wallet.Broadcast{EnvironmentID: w.EnvironmentID, UserID: w.UserID, WalletID: w.ID, Network: network, SignedTransaction: signed,
		RequestID: "request"}
}

func signEVM(t *testing.T, key *secp256k1.PrivateKey, chainID uint64) (signed []byte, hash string) {
	t.Helper()
	tx := &evm.Transaction{Type: 2, ChainID: chainID, Nonce: 3, MaxFee: big.NewInt(2), MaxPriorityFee: big.NewInt(1), Gas: 21000,
		To: &evm.Address{1}, Value: big.NewInt(5)}
	digest := tx.Digest()
	c := ecdsa.SignCompact(key, digest[:], false)
	signed, err := tx.Signed(append(c[1:], c[0]))
	if err != nil {
		t.Fatal(err)
	}
	sum := evm.Keccak256(signed)
	return signed, "0x" + hex.EncodeToString(sum[:])
}

var local = wallet.Network{Chain: wallet.EVM, ChainID: 31337, Name: "Local"}

func TestBroadcastEVM(t *testing.T) {
	n := &node{answers: map[string]string{}}
	w := broadcaster(t, n)
	key, err := secp256k1.GeneratePrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	address, err := evm.AddressOf(key.PubKey().SerializeCompressed())
	if err != nil {
		t.Fatal(err)
	}
	mine := w.of(t, wallet.EVM, address.String())
	signed, hash := signEVM(t, key, 31337)
	result := func(v string) string { return `{"jsonrpc":"2.0","id":1,"result":` + v + `}` }
	refusal := func(text string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":%q}}`, text)
	}

	for name, c := range map[string]struct {
		send, find string
		status     int
		code       fault.Code // empty: it is sent
	}{
		"sent":                       {send: result(`"` + hash + `"`)},
		"in capitals":                {send: result(`"0x` + strings.ToUpper(hash[2:]) + `"`)},
		"known":                      {send: refusal("already known")},
		"known, in other words":      {send: refusal("Transaction Already Imported"), status: 400},
		"in a block":                 {send: refusal("nonce too low"), find: result(`{"hash":"` + hash + `"}`)},
		"refused":                    {send: refusal("nonce too low"), find: result(`null`), code: fault.BroadcastRejected},
		"refused, lookup is no help": {send: refusal("insufficient funds"), find: refusal("no"), code: fault.BroadcastRejected},
		"refused with a status": {send: refusal("insufficient funds"), find: result(`null`), status: 400,
			code: fault.BroadcastRejected},
		"another hash":          {send: result(`"0x` + strings.Repeat("0", 64) + `"`), code: fault.Unavailable},
		"no JSON":               {send: `<html>`, code: fault.Unavailable},
		"no result":             {send: `{}`, code: fault.Unavailable},
		"a status that says no": {send: result(`"` + hash + `"`), status: 502, code: fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			n.answers, n.status, n.sent = map[string]string{"eth_sendRawTransaction": c.send, "eth_getTransactionByHash": c.find},
				c.status, nil
			sent, err := w.node.Broadcast(t.Context(), broadcast(mine, local, signed))
			if c.code != "" {
				refused(t, err, c.code)
			} else if err != nil || sent.TransactionID != hash {
				t.Errorf("%+v, %v", sent, err)
			}
			if len(n.sent) == 0 || n.sent[0] != `eth_sendRawTransaction "0x`+hex.EncodeToString(signed)+`"` {
				t.Errorf("%q", n.sent)
			}
		})
	}
	t.Run("out of reach", func(t *testing.T) {
		n.broken = errors.New("no route")
		_, err := w.node.Broadcast(t.Context(), broadcast(mine, local, signed))
		refused(t, err, fault.Unavailable)
		n.broken = nil
	})

	// What the wallet has not signed, for this network, is not sent at all.
	n.sent = nil
	other, _ := secp256k1.GeneratePrivateKey()
	foreign, _ := signEVM(t, other, 31337)
	elsewhere, _ := signEVM(t, key, 1)
	bad := func(code fault.Code, b wallet.Broadcast) {
		t.Helper()
		_, err := w.node.Broadcast(t.Context(), b)
		refused(t, err, code)
	}
	bad(fault.InvalidRequest, broadcast(mine, local, foreign))
	bad(fault.InvalidRequest, broadcast(mine, local, elsewhere))
	bad(fault.InvalidRequest, broadcast(mine, wallet.Network{Chain: wallet.EVM, Name: "none"}, signed))
	bad(fault.InvalidRequest, broadcast(mine, wallet.Network{Chain: wallet.SOL, Cluster: "devnet"}, signed))
	bad(fault.InvalidRequest, broadcast(mine, local, signed[:len(signed)-1]))
	bad(fault.InvalidRequest, broadcast(mine, local, nil))
	stranger := broadcast(mine, local, signed)
	stranger.UserID = "other"
	bad("wallet_not_found", stranger)
	if len(n.sent) != 0 {
		t.Errorf("%q", n.sent)
	}
	if got := w.audited(t); got["wallet.broadcast"] != 5 {
		t.Errorf("%v", got)
	}
}

func TestBroadcastSolana(t *testing.T) {
	n := &node{answers: map[string]string{}}
	w := broadcaster(t, n)
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	address, err := solana.AddressOf(public)
	if err != nil {
		t.Fatal(err)
	}
	mine := w.of(t, wallet.SOL, address.String())
	message := append([]byte{1, 0, 1, 2}, public...)
	message = append(message, make([]byte, 32)...)            // the system program
	message = append(message, bytes.Repeat([]byte{7}, 32)...) // blockhash
	message = append(message, 1, 1, 2, 0, 0, 12, 2, 0, 0, 0)  // one instruction: transfer
	message = append(message, 1, 0, 0, 0, 0, 0, 0, 0)         // lamports
	signed := append([]byte{1}, ed25519.Sign(private, message)...)
	signed = append(signed, message...)
	parsed, err := solana.ParseTransaction(signed)
	if err != nil {
		t.Fatal(err)
	}
	devnet := wallet.Network{Chain: wallet.SOL, Cluster: "devnet", Name: "Devnet"}
	for name, c := range map[string]struct {
		answer string
		code   fault.Code
	}{
		"sent": {answer: `{"result":"` + parsed.ID() + `"}`},
		"known": {answer: `{"error":{"code":-32002,"message":"Transaction simulation failed: This transaction has ` +
			`already been processed"}}`},
		"refused":    {answer: `{"error":{"code":-32002,"message":"Blockhash not found"}}`, code: fault.BroadcastRejected},
		"another id": {answer: `{"result":"1111"}`, code: fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			n.answers, n.sent = map[string]string{"sendTransaction": c.answer}, nil
			sent, err := w.node.Broadcast(t.Context(), broadcast(mine, devnet, signed))
			if c.code != "" {
				refused(t, err, c.code)
			} else if err != nil || sent.TransactionID != parsed.ID() {
				t.Errorf("%+v, %v", sent, err)
			}
			if len(n.sent) != 1 || n.sent[0] != `sendTransaction "`+base64.StdEncoding.EncodeToString(signed)+`"` {
				t.Errorf("%q", n.sent)
			}
		})
	}
	n.sent = nil
	for i := range signed {
		changed := bytes.Clone(signed)
		changed[i] ^= 1
		if _, err := w.node.Broadcast(t.Context(), broadcast(mine, devnet, changed)); !fault.Has(err, fault.InvalidRequest) {
			t.Errorf("byte %d may be changed: %v", i, err)
		}
	}
	foreign := w.of(t, wallet.SOL, solana.Address{5}.String())
	if _, err := w.node.Broadcast(t.Context(), broadcast(foreign, devnet, signed)); !fault.Has(err, fault.InvalidRequest) {
		t.Error(err)
	}
	if len(n.sent) != 0 {
		t.Errorf("%q", n.sent)
	}
}

type answering []byte

func (a answering) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(a)), Header: http.Header{}}, nil
}

// Whatever a node answers, the coordinator says that it is sent only if the node
// said so, and passes on no more than a line of its text.
func FuzzNodeAnswer(f *testing.F) {
	for _, seed := range []string{`{"result":"0x00"}`, `{"error":{"code":1,"message":"already known"}}`,
		`{"error":{"message":"a\nb\u2028c\u0000"}}`, `[]`, `null`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		var id string
		err := coordinator.Call(context.Background(), &http.Client{Transport: answering(answer)}, &id)
		if err == nil {
			return
		}
		text, isRefusal := coordinator.NodeRefusal(err)
		if isRefusal &&
			(strings.ContainsAny(text, "\n\r\x00\u2028\u2029") || !utf8.ValidString(text) || utf8.RuneCountInString(text) > 301) {
			t.Errorf("%q", text)
		}
	})
}
