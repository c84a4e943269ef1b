package browsertest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/stepup-auth/stepup/internal/method/walletsig/walletsigtest"
)

// hasDevice gives the browser an authenticator of its own, whose owner is
// always there and always recognised.
func (b *tab) hasDevice() { b.t.Helper(); b.addDevice(true) }

// hasStrangersDevice gives it one that recognises nobody.
func (b *tab) hasStrangersDevice() { b.t.Helper(); b.addDevice(false) }

func (b *tab) addDevice(recognises bool) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		b.t.Fatalf("switching virtual authenticators on: %v", err)
	}
	device := webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: recognises, AutomaticPresenceSimulation: true,
	}}
	if _, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, device); err != nil {
		b.t.Fatalf("adding a virtual authenticator: %v", err)
	}
}

// walletScript is a wallet as extensions inject one: it announces itself by
// EIP-6963, and has somebody outside of the page sign.
const walletScript = `(() => {
	const open = new Map();
	window.walletSigned = (id, signature) => { open.get(id)(signature); open.delete(id) };
	const provider = {request: async ({method, params}) => {
		if (method === 'eth_requestAccounts') return ['%s'.toLowerCase()];
		if (method === 'eth_chainId') return '0x1';
		if (method !== 'personal_sign') throw new Error('no such method');
		const bytes = Uint8Array.from(params[0].slice(2).match(/../g), (byte) => parseInt(byte, 16));
		return new Promise((resolve) => {
			const id = String(Math.random());
			open.set(id, resolve);
			window.signOutside(JSON.stringify({id, text: new TextDecoder().decode(bytes)}));
		});
	}};
	const detail = Object.freeze({info: {uuid: 'w', name: 'Test Wallet', rdns: 'x', icon: ''}, provider});
	const announce = () => window.dispatchEvent(new CustomEvent('eip6963:announceProvider', {detail}));
	window.addEventListener('eip6963:requestProvider', announce);
	announce();
})()`

// hasWallet injects a wallet whose key is held by the test.
func (b *tab) hasWallet() *walletsigtest.Wallet {
	b.t.Helper()
	wallet := walletsigtest.NewEVM(b.t)
	b.outside["signOutside"] = func(payload string) string {
		var asked struct{ ID, Text string }
		if err := json.Unmarshal([]byte(payload), &asked); err != nil {
			return ""
		}
		return fmt.Sprintf("window.walletSigned(%q, %q)", asked.ID, wallet.Sign(asked.Text))
	}
	if _, err := chromedp.Call(b.ctx, runtime.AddBinding, runtime.AddBindingParams{Name: "signOutside"}); err != nil {
		b.t.Fatalf("adding a binding: %v", err)
	}
	script := page.AddScriptToEvaluateOnNewDocumentParams{Source: fmt.Sprintf(walletScript, wallet.Address)}
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, script); err != nil {
		b.t.Fatalf("injecting a wallet: %v", err)
	}
	return wallet
}

// callOutside does what a page asked the test for. It must not hold up the
// events of the page.
func (b *tab) callOutside(e *runtime.EventBindingCalled) {
	answer := b.outside[e.Name]
	if answer == nil {
		return
	}
	go func() {
		expression := answer(e.Payload)
		if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](expression)); err != nil && b.ctx.Err() == nil {
			b.problem(fmt.Sprintf("answering the page: %v", err))
		}
	}()
}

// inNewWindow does something that opens a window, and follows the link there. At the end
// of the login the window closes itself.
func (b *tab) inNewWindow(open func(), link string) {
	b.t.Helper()
	opened := chromedp.WaitNewTarget(b.ctx, func(i *target.Info) bool { return i.Type == "page" })
	open()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	var id target.ID
	select {
	case id = <-opened:
	case <-ctx.Done():
		b.failed("no window was opened")
	}
	window, closeWindow := chromedp.NewContext(ctx, chromedp.WithTargetID(id))
	defer closeWindow()
	closed := make(chan struct{})
	err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*target.EventTargetDestroyed); ok && e.TargetID == id {
			close(closed)
		}
	})
	if err != nil {
		b.t.Fatalf("listening for windows: %v", err)
	}
	one := chromedp.CSS(link)
	if err := chromedp.Do(window, chromedp.WaitVisible(one), chromedp.Click(one, chromedp.NodeVisible)); err != nil {
		b.failed(fmt.Sprintf("following %s in the window: %v", link, err))
	}
	select {
	case <-closed:
	case <-ctx.Done():
		b.failed("the window stays open after the login")
	}
}
