package browsertest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/mr-tron/base58"

	"github.com/stepup-auth/stepup/internal/chain/evm"
	"github.com/stepup-auth/stepup/internal/chain/solana"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// What an embedded wallet does, on every screen: it is made, signs, gets new
// shares, and its key is exported to the page. The address that is shown is the
// one of the signature and of the key.
func TestKeptWallets(t *testing.T) {
	for i, screen := range screens {
		chain := []string{"EVM", "SOL", "EVM"}[i]
		t.Run(screen.name+" "+chain, func(t *testing.T) {
			base := mustStart(t)
			b := mustOpenTab(t, screen.width, screen.height)
			if screen.name == "phone" {
				b.dark()
			}
			picture := func(name string) {
				t.Helper()
				b.fits()
				b.shot(fmt.Sprintf("kept-%s-%s", screen.name, name))
			}
			b.signIn(base, ada, 0)
			b.click("[data-do=create-EVM]")
			b.see("[data-wallet=EVM]")
			b.click("[data-do=create-SOL]")
			b.see("[data-wallet=SOL]")
			picture("1-created")
			wallet := "[data-wallet=" + chain + "] "
			address := b.text(wallet + ".kept-address code")

			const message = "Dinner at eight, <b>Bob</b>"
			b.click(wallet + "[data-do=kept-sign]")
			picture("2-what")
			b.fill("[data-dialog=ask] [name=message]", message)
			b.click("[data-dialog=ask] [type=submit]")
			b.seeIntent(fmt.Sprintf("Sign the message %q.", message))
			picture("3-prove-it")
			b.stepUp(base, ada)
			b.see(wallet + "[data-signature]")
			picture("4-signed")
			if got := signerOf(t, chain, address, message, b.text(wallet+"[data-signature]")); got != address {
				t.Errorf("the signature is of %s, the address shown is %s", got, address)
			}

			b.click(wallet + "[data-do=kept-refresh]")
			b.seeIntent("Renew the shares")
			b.stepUp(base, ada)
			b.see(wallet + "[data-generation='2']")
			if got := b.text(wallet + ".kept-address code"); got != address {
				t.Errorf("after the refresh the address is %s, it was %s", got, address)
			}

			b.click(wallet + "[data-do=kept-export]")
			b.see(inPrompt + ".approved")
			if got := b.text(inPrompt + ".approved"); !strings.Contains(got, "private key") {
				t.Errorf("before the key is shown the step-up says %q", got)
			}
			picture("5-export")
			b.stepUp(base, ada)
			// The key is shown in a frame of the server's, whose document is not the page's.
			const frame = "dialog iframe >>> "
			b.see(frame + ".cover")
			if got := b.text(frame + ".address code"); got != address {
				t.Errorf("the frame shows the key of %s, want %s", got, address)
			}
			inFrame := func() string { return evaluate[string](b, string(at(frame+"html"))+".outerHTML") }
			covered := b.markup() + inFrame()
			picture("6-covered")
			b.click(frame + "[aria-pressed=false]")
			key := b.text(frame + ".key")
			picture("7-revealed")
			if got := addressOfKey(t, chain, key); got != address {
				t.Errorf("the exported key is of %s, the address shown is %s", got, address)
			}
			if strings.Contains(covered, key) {
				t.Error("the key was there before anybody uncovered it")
			}
			if strings.Contains(b.markup(), key) {
				t.Error("the page itself has the key")
			}
			b.click(frame + "[aria-pressed=true]")
			if strings.Contains(inFrame(), key) {
				t.Error("the key stays in the frame when it is covered again")
			}
			b.click(frame + "[aria-pressed=false]")
			b.click(frame + ".done")
			b.gone("dialog")
			if strings.Contains(b.markup(), key) || evaluate[bool](b, "document.querySelector('iframe') !== null") {
				t.Error("the key, or its frame, is in the page after its dialog was closed")
			}
			if n := evaluate[int](b, "document.querySelectorAll('[data-unlink]').length"); n != 1 {
				t.Errorf("%d credentials offer to be unlinked, want the email address alone: wallets kept here cannot be", n)
			}
			b.refused(0)
			b.fits()
			b.fullShot("kept-" + screen.name + "-8-everything")
			// In development the app and the server have one origin, which says so much of its frame.
			b.onlyComplainsOf("can escape its sandboxing")
		})
	}
}

// A wallet sends coins: what is signed is decoded by the server, shown with the
// proof, and mined by a real node.
func TestKeptWalletSends(t *testing.T) {
	chain := mustStartChain(t)
	base, _ := mustStartIn(t, t.TempDir(), "--chain-url", chain)
	b := mustOpenTab(t, 390, 844)
	b.signIn(base, ada, 0)
	b.click("[data-do=create-EVM]")
	b.click("[data-do=kept-fund]")
	b.until("a balance", "document.querySelector('[data-balance]').textContent.startsWith('10 ETH')")

	const to = "0x000000000000000000000000000000000000bEEF"
	b.click("[data-do=kept-send]")
	b.fill("[data-dialog=ask] [name=to]", to)
	b.fill("[data-dialog=ask] [name=amount]", "0.125")
	b.shot("kept-phone-send-1-what")
	b.click("[data-dialog=ask] [type=submit]")
	b.seeIntent("Send 0.125 ETH to " + to)
	b.fits()
	b.shot("kept-phone-send-2-prove-it")
	b.stepUp(base, ada)
	b.see("[data-wallet=EVM] [data-transaction]")
	b.until("the new balance", "document.querySelector('[data-balance]').textContent.startsWith('9.87')")
	b.fits()
	b.shot("kept-phone-send-3-mined")

	var receipt struct{ From, To, Status string }
	mustAskNode(t, chain, &receipt, "eth_getTransactionReceipt", b.text("[data-transaction]"))
	if from := b.text(".kept-address code"); !strings.EqualFold(receipt.From, from) || !strings.EqualFold(receipt.To, to) ||
		receipt.Status != "0x1" {
		t.Errorf("the chain has %+v, want one from %s to %s", receipt, from, to)
	}
	var balance string
	if mustAskNode(t, chain, &balance, "eth_getBalance", to, "latest"); balance != "0x1bc16d674ec8000" {
		t.Errorf("%s received %s wei, want 0.125 ETH", to, balance)
	}
	b.refused(0)
}

// Without a node the page says how to start one, whatever is asked of it.
func TestKeptWalletWithoutAChain(t *testing.T) {
	nowhere := "http://" + servertest.FreeAddress(t)
	base, _ := mustStartIn(t, t.TempDir(), "--chain-url", nowhere)
	b := mustOpenTab(t, 360, 740)
	b.unreachable = nowhere + "/"
	b.signIn(base, ada, 0)
	b.click("[data-do=create-EVM]")
	for _, asking := range []string{"kept-balance", "kept-fund", "kept-send"} {
		b.click("[data-do=" + asking + "]")
		if asking == "kept-send" {
			b.click("[data-dialog=ask] [type=submit]")
		}
		b.see("[data-wallet=EVM] .note")
		if note := b.text("[data-wallet=EVM] .note"); !strings.Contains(note, nowhere) || !strings.Contains(note, "anvil") {
			t.Errorf("%s: the page says %q", asking, note)
		}
		b.gone("dialog")
	}
	b.fits()
	b.shot("kept-small-no-chain")
}

// seeIntent waits for a step-up that shows what the server says will be done.
func (b *tab) seeIntent(want string) {
	b.t.Helper()
	b.see(inPrompt + ".exactly .line")
	if got := b.text(inPrompt + ".exactly"); !strings.Contains(got, want) {
		b.t.Errorf("the step-up says %q, want %q in it", got, want)
	}
	if narrowest := evaluate[int64](b,
		"Math.min(...[...document.querySelectorAll('.intent dd')].map((d) => d.offsetWidth))"); narrowest < 100 {
		b.t.Errorf("a detail of what will be done has %d px to be read in", narrowest)
	}
}

// markup is all that is in the page, seen or not.
func (b *tab) markup() string {
	b.t.Helper()
	return evaluate[string](b, "document.documentElement.outerHTML")
}

// signerOf is the address whose key made the signature over the message.
func signerOf(t *testing.T, chain, address, message, signature string) string {
	t.Helper()
	if chain == "EVM" {
		raw, err := hex.DecodeString(strings.TrimPrefix(signature, "0x"))
		if err != nil {
			t.Fatal(err)
		}
		from, err := evm.Recover(evm.MessageDigest([]byte(message)), raw)
		if err != nil {
			t.Fatal(err)
		}
		return from.String()
	}
	public, err := solana.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base58.Decode(signature)
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(public[:], []byte(message), raw) {
		return "another key"
	}
	return address
}

// addressOfKey reads an exported key as wallets import it: the scalar in hex, or
// Solana's 64 bytes of seed and public key.
func addressOfKey(t *testing.T, chain, text string) string {
	t.Helper()
	if chain == "EVM" {
		raw, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
		if err != nil {
			t.Fatal(err)
		}
		address, err := evm.AddressOf(secp256k1.PrivKeyFromBytes(raw).PubKey().SerializeCompressed())
		if err != nil {
			t.Fatal(err)
		}
		return address.String()
	}
	raw, err := base58.Decode(text)
	if err != nil || len(raw) != ed25519.PrivateKeySize {
		t.Fatalf("the exported key has %d bytes: %v", len(raw), err)
	}
	return base58.Encode(ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize]).Public().(ed25519.PublicKey))
}

// mustStartChain starts anvil for the length of the test.
func mustStartChain(t *testing.T) (url string) {
	t.Helper()
	binary, err := filepath.Abs(filepath.Join("..", "..", "..", "conformance", "wallet", "node_modules",
		"@foundry-rs", "anvil-"+runtime.GOOS+"-"+runtime.GOARCH, "bin", "anvil"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("sending needs a chain; type: npm --prefix conformance/wallet ci (%v)", err)
	}
	address := servertest.FreeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	run(t, nil, binary, "--port", port, "--silent")
	url = "http://" + address
	deadline := time.After(stepTimeout)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for askNode(t.Context(), url, nil, "eth_chainId") != nil {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("anvil does not answer at %s", url)
		}
	}
	return url
}

func mustAskNode(t *testing.T, url string, result any, method string, params ...any) {
	t.Helper()
	if err := askNode(t.Context(), url, result, method, params...); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

func askNode(ctx context.Context, url string, result any, method string, params ...any) error {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer := struct{ Result any }{result}
	return json.NewDecoder(response.Body).Decode(&answer)
}
