package walletsig

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/stepup-auth/stepup/internal/strictjson"
)

// rpcError is the node's own no.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// executed reports whether the call itself failed: it reverted, or ran out of gas.
// Every other no is the node's own trouble (too many requests, a block it does not
// have, an internal error) and tells nothing of the contract.
func (e *rpcError) executed() bool {
	switch e.Code {
	case 3, -32015: // as geth, and as those that follow Parity
		return true
	case -32000, -32603: // geth's word for everything else, and that of nodes which follow it; what it is, only the text tells
		text := strings.ReplaceAll(strings.ToLower(e.Message), " ", "")
		return slices.ContainsFunc(ofTheCall, func(word string) bool { return strings.Contains(text, word) })
	}
	return false
}

// ofTheCall is what nodes say of a call that was run and failed, without spaces.
var ofTheCall = []string{"revert", "outofgas", "gasrequiredexceeds", "opcode", "invalidjump", "stackunderflow", "stackoverflow",
	"stacklimit", "evmerror"}

func (e *rpcError) Error() string { return fmt.Sprintf("node: %d %.200s", e.Code, e.Message) }

// chainIDs remembers which node was found to be one of which chain.
type chainIDs struct {
	mu   sync.Mutex
	seen map[string]string
}

// checkChain asks a node once which chain it is of.
func (c *Contracts) checkChain(ctx context.Context, node, want string) error {
	c.chains.mu.Lock()
	got := c.chains.seen[node]
	c.chains.mu.Unlock()
	if got == want {
		return nil
	}
	text, err := c.post(ctx, node, "eth_chainId")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNode, err)
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 64)
	if err != nil || strconv.FormatUint(n, 10) != want {
		return fmt.Errorf("%w: it says %.40q, not chain %s", ErrNode, text, want)
	}
	c.chains.mu.Lock()
	c.chains.seen[node] = want
	c.chains.mu.Unlock()
	return nil
}

// rpc makes one call whose answer is bytes.
func (c *Contracts) rpc(ctx context.Context, node, method string, params ...any) ([]byte, error) {
	text, err := c.post(ctx, node, method, params...)
	if err != nil {
		return nil, err
	}
	digits, ok := strings.CutPrefix(text, "0x")
	raw, err := hex.DecodeString(digits)
	if !ok || err != nil {
		return nil, fmt.Errorf("%w: its answer is not 0x and hex", ErrNode)
	}
	return raw, nil
}

func (c *Contracts) post(ctx context.Context, node, method string, params ...any) (string, error) {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, node, bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNode, withoutURL(err))
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.client.Do(request)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNode, withoutURL(err))
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil || len(text) > maxAnswer {
		return "", fmt.Errorf("%w: its answer breaks off or is too long", ErrNode)
	}
	var answer struct {
		Version string    `json:"jsonrpc"`
		ID      int       `json:"id"`
		Result  *string   `json:"result"`
		Error   *rpcError `json:"error"`
	}
	// Some nodes answer a reverted call with a status of 400 or 500.
	if err := strictjson.Decode(text, &answer, strictjson.Ignore); err != nil || answer.Version != "2.0" || answer.ID != 1 ||
		(answer.Result == nil) == (answer.Error == nil) {
		return "", fmt.Errorf("%w: status %d, no JSON-RPC answer", ErrNode, response.StatusCode)
	}
	if answer.Error != nil {
		return "", answer.Error
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%w: status %d", ErrNode, response.StatusCode)
	}
	return *answer.Result, nil
}

// withoutURL drops the address from an error of the HTTP client: the URL of a
// node often carries its key.
func withoutURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
