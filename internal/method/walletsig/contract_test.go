package walletsig_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stepup-auth/stepup/internal/method/walletsig"
)

// node is a JSON-RPC node that answers as it is told.
type node struct {
	*httptest.Server
	chainID string
	call    func(w http.ResponseWriter, r *http.Request, to, data, gas, block string) string // of eth_call; "": it has answered
	calls   atomic.Int64
	chains  atomic.Int64
}

const word = "1626ba7e00000000000000000000000000000000000000000000000000000000"

func result(hex string) string { return `{"jsonrpc":"2.0","id":1,"result":"` + hex + `"}` }

func newNode(t *testing.T, chainID string, call func(w http.ResponseWriter, r *http.Request, to, data, gas, block string) string) *node {
	n := &node{chainID: chainID, call: call}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Method string
			Params []json.RawMessage
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Errorf("a request that is no JSON: %v", err)
		}
		w.Header().Set("Content-Type", "application/json")
		switch q.Method {
		case "eth_chainId":
			n.chains.Add(1)
			fmt.Fprint(w, n.chainID)
		case "eth_call":
			n.calls.Add(1)
			var tx struct{ To, Data, Gas string }
			var block string
			if len(q.Params) != 2 || json.Unmarshal(q.Params[0], &tx) != nil || json.Unmarshal(q.Params[1], &block) != nil {
				t.Errorf("parameters of eth_call: %s", q.Params)
			}
			fmt.Fprint(w, n.call(w, r, tx.To, tx.Data, tx.Gas, block))
		default:
			t.Errorf("asked for %s", q.Method)
		}
	}))
	t.Cleanup(n.Close)
	return n
}

func question(n *node) walletsig.Question {
	return walletsig.Question{
		Node: n.URL, ChainID: "1", Address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", Hash: bytes.Repeat([]byte{0xaa}, 32),
		Signature: []byte("a signature of 37 bytes or thereabouts"),
	}
}

func TestContractSaysYes(t *testing.T) {
	t.Parallel()
	n := newNode(t, result("0x1"), func(_ http.ResponseWriter, _ *http.Request, to, data, gas, block string) string {
		want := "0x1626ba7e" + strings.Repeat("aa", 32) + fmt.Sprintf("%064x%064x", 64, 38) +
			hex.EncodeToString([]byte("a signature of 37 bytes or thereabouts")) + strings.Repeat("00", 26)
		if to != "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" || data != want || gas != "0x989680" || block != "latest" {
			t.Errorf("asked %s at %s with gas %s for\n%s, want\n%s", to, block, gas, data, want)
		}
		return result("0x" + word)
	})
	c := walletsig.NewContracts(n.Client())
	for range 3 {
		if err := c.Ask(t.Context(), question(n)); err != nil {
			t.Fatal(err)
		}
	}
	if n.calls.Load() != 3 || n.chains.Load() != 1 {
		t.Errorf("%d questions and %d looks at the chain, want 3 and 1: no verdict is kept, and the chain is asked for once",
			n.calls.Load(), n.chains.Load())
	}
}

// G6: whatever a node answers but the magic value, and whatever goes wrong on the
// way, is a no.
func TestG6FaultsOfTheNode(t *testing.T) {
	t.Parallel()
	says := func(text string) func(http.ResponseWriter, *http.Request, string, string, string, string) string {
		return func(http.ResponseWriter, *http.Request, string, string, string, string) string { return text }
	}
	for name, test := range map[string]struct {
		chain string
		call  func(w http.ResponseWriter, r *http.Request, to, data, gas, block string) string
		want  error
	}{
		"no code at the address":    {call: says(result("0x")), want: walletsig.ErrNoMagic},
		"the magic value, unpadded": {call: says(result("0x1626ba7e")), want: walletsig.ErrNoMagic},
		"the magic value, and more": {call: says(result("0x" + word + "00")), want: walletsig.ErrNoMagic},
		"two words":                 {call: says(result("0x" + word + word)), want: walletsig.ErrNoMagic},
		"padding that is not zero":  {call: says(result("0x" + word[:63] + "1")), want: walletsig.ErrNoMagic},
		"true":                      {call: says(result("0x" + strings.Repeat("0", 63) + "1")), want: walletsig.ErrNoMagic},
		"all ones":                  {call: says(result("0x" + strings.Repeat("f", 64))), want: walletsig.ErrNoMagic},
		"the failure value":         {call: says(result("0xffffffff" + strings.Repeat("0", 56))), want: walletsig.ErrNoMagic},
		"it reverted": {call: says(
			`{"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"execution reverted","data":"0x1626ba7e"}}`), want: walletsig.ErrNoMagic},
		"out of gas": {call: says(`{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"out of gas"}}`),
			want: walletsig.ErrNoMagic},
		"reverted, as others say it": {call: says(`{"jsonrpc":"2.0","id":1,"error":{"code":-32015,"message":"VM execution error."}}`),
			want: walletsig.ErrNoMagic},
		"out of gas, as anvil says it": {call: says(`{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"EVM error OutOfGas"}}`),
			want: walletsig.ErrNoMagic},
		"too many requests": {call: says(`{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"limit exceeded"}}`),
			want: walletsig.ErrNode},
		"a node in trouble": {call: says(`{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"internal error"}}`),
			want: walletsig.ErrNode},
		"a node that lags behind": {call: says(`{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"header not found"}}`),
			want: walletsig.ErrNode},
		"a result and an error": {call: says(`{"jsonrpc":"2.0","id":1,"result":"0x` + word + `","error":{"code":3,"message":"no"}}`),
			want: walletsig.ErrNode},
		"neither":                 {call: says(`{"jsonrpc":"2.0","id":1}`), want: walletsig.ErrNode},
		"the answer to another":   {call: says(`{"jsonrpc":"2.0","id":2,"result":"0x` + word + `"}`), want: walletsig.ErrNode},
		"another protocol":        {call: says(`{"jsonrpc":"1.0","id":1,"result":"0x` + word + `"}`), want: walletsig.ErrNode},
		"a list":                  {call: says(`[` + result("0x"+word) + `]`), want: walletsig.ErrNode},
		"two answers":             {call: says(result("0x"+word) + result("0x"+word)), want: walletsig.ErrNode},
		"a number":                {call: says(`{"jsonrpc":"2.0","id":1,"result":1}`), want: walletsig.ErrNode},
		"odd hex":                 {call: says(result("0x" + word[1:])), want: walletsig.ErrNode},
		"no 0x":                   {call: says(result(word)), want: walletsig.ErrNode},
		"junk":                    {call: says(`<html>`), want: walletsig.ErrNode},
		"nothing":                 {call: says(``), want: walletsig.ErrNode},
		"too much":                {call: says(result("0x" + strings.Repeat(word, 600))), want: walletsig.ErrNode},
		"a node of another chain": {chain: result("0x2"), call: says(result("0x" + word)), want: walletsig.ErrNode},
		"a node of no chain":      {chain: result("one"), call: says(result("0x" + word)), want: walletsig.ErrNode},
		"a chain id beyond all":   {chain: result("0x10000000000000001"), call: says(result("0x" + word)), want: walletsig.ErrNode},
		"a node that knows no chains": {chain: `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method"}}`,
			call: says(result("0x" + word)), want: walletsig.ErrNode},
		"a status that says no": {call: func(w http.ResponseWriter, _ *http.Request, _, _, _, _ string) string {
			w.WriteHeader(http.StatusInternalServerError)
			return result("0x" + word)
		}, want: walletsig.ErrNode},
		"a connection that breaks": {call: func(http.ResponseWriter, *http.Request, string, string, string, string) string {
			panic(http.ErrAbortHandler)
		}, want: walletsig.ErrNode},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNode(t, result("0x1"), test.call)
			if test.chain != "" {
				n.chainID = test.chain
			}
			err := walletsig.NewContracts(n.Client()).Ask(t.Context(), question(n))
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if strings.Contains(err.Error(), n.URL) {
				t.Errorf("the error names the node, whose address may hold a key: %v", err)
			}
		})
	}
}

// G6: a node that hangs is left after a while, and no more than a few requests
// wait for it at once: the others are told no in a second.
func TestG6NodeThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asking, most atomic.Int64
		c := walletsig.NewContracts(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			n := asking.Add(1)
			defer asking.Add(-1)
			for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		began := time.Now()
		var all sync.WaitGroup
		var early atomic.Int64
		for range 40 {
			all.Go(func() {
				if err := c.Ask(t.Context(), walletsig.Question{Node: "https://rpc.example", ChainID: "1",
					Address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}); !errors.Is(err, walletsig.ErrNode) {
					t.Errorf("got %v", err)
				}
				if time.Since(began) <= time.Second {
					early.Add(1)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took != walletsig.ContractTime || most.Load() != 16 || early.Load() != 24 {
			t.Errorf("took %s, with %d at once and %d sent away early; want %s, 16 and 24", took, most.Load(), early.Load(),
				walletsig.ContractTime)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// G6: the wrapper of a wallet that is not deployed is read within its bounds and
// only where the environment allows it.
func TestG6UndeployedWrapper(t *testing.T) {
	t.Parallel()
	var asked []string
	n := newNode(t, result("0x1"), func(_ http.ResponseWriter, _ *http.Request, to, data, _, _ string) string {
		asked = append(asked, to, data)
		return result("0x" + word)
	})
	c := walletsig.NewContracts(n.Client())
	q := question(n)
	q.Signature = wrapped(bytes.Repeat([]byte{0xfa}, 20), []byte("deploy"), []byte("inner"))
	if err := c.Ask(t.Context(), q); !errors.Is(err, walletsig.ErrNotDeployed) {
		t.Errorf("not allowed: got %v", err)
	}
	q.Undeployed = true
	if err := c.Ask(t.Context(), q); err != nil {
		t.Errorf("allowed: got %v", err)
	}
	if len(asked) != 2 || asked[0] != "" || !strings.Contains(asked[1], hex.EncodeToString([]byte("deploy"))) {
		t.Errorf("asked %q", asked)
	}
	good := q.Signature
	far := func(at int, value uint64) []byte {
		b := bytes.Clone(good)
		clear(b[at : at+32])
		binary.BigEndian.PutUint64(b[at+24:], value)
		return b
	}
	suffix := good[len(good)-32:]
	for name, bad := range map[string][]byte{
		"the suffix alone":             suffix,
		"cut off":                      append(bytes.Clone(good[:90]), suffix...),
		"an address of 32 bytes":       append([]byte{1}, good[1:]...),
		"an offset past the end":       far(32, 1<<20),
		"an offset at the end":         far(32, uint64(len(good)-32)),
		"an offset that wraps":         far(64, 1<<63),
		"a length past the end":        far(96, 1<<30),
		"a length that wraps":          far(96, ^uint64(0)),
		"wrapped twice":                wrapped(bytes.Repeat([]byte{0xfa}, 20), nil, good),
		"more code than a chain takes": wrapped(bytes.Repeat([]byte{0xfa}, 20), make([]byte, 49<<10), []byte("inner")),
	} {
		q.Signature = bad
		if err := c.Ask(t.Context(), q); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// wrapped is abi.encode(factory, preparation, signature) and the suffix.
func wrapped(factory, preparation, signature []byte) []byte {
	dynamic := func(b []byte) []byte {
		padded := bytes.Clone(b)
		padded = append(padded, make([]byte, (32-len(b)%32)%32)...)
		head := make([]byte, 32)
		binary.BigEndian.PutUint64(head[24:], uint64(len(b)))
		return append(head, padded...)
	}
	first, second := dynamic(preparation), dynamic(signature)
	out := append(make([]byte, 12), factory...)
	for _, offset := range []int{96, 96 + len(first)} {
		w := make([]byte, 32)
		binary.BigEndian.PutUint64(w[24:], uint64(offset))
		out = append(out, w...)
	}
	out = append(append(out, first...), second...)
	return append(out, bytes.Repeat([]byte{0x64, 0x92}, 16)...)
}

func FuzzUnwrap(f *testing.F) {
	f.Add(wrapped(bytes.Repeat([]byte{1}, 20), []byte("a"), []byte("b")))
	f.Add(bytes.Repeat([]byte{0x64, 0x92}, 80))
	f.Fuzz(func(t *testing.T, signature []byte) {
		data, err := walletsig.CallData("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", signature)
		if err == nil && len(data) > 2*(64<<10)+2*len(signature) {
			t.Errorf("%d bytes of signature make %d of call data", len(signature), len(data))
		}
	})
}

// A contract is asked about a signature of no bytes too, as a Safe's is whose owners
// have approved the text on its chain, and what it says of it decides.
func TestSignatureOfNoBytes(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]error{word: nil, strings.Repeat("f", 64): walletsig.ErrNoMagic} {
		hash := bytes.Repeat([]byte{0x5a}, 32)
		n := newNode(t, result("0x1"), func(_ http.ResponseWriter, _ *http.Request, _, data, _, _ string) string {
			if data != "0x1626ba7e"+hex.EncodeToString(hash)+strings.Repeat("0", 62)+"40"+strings.Repeat("0", 64) {
				t.Errorf("asked %s", data)
			}
			return result("0x" + answer)
		})
		err := walletsig.NewContracts(n.Client()).Ask(t.Context(),
			walletsig.Question{Node: n.URL, ChainID: "1", Address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", Hash: hash})
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %v", answer, err)
		}
	}
}
