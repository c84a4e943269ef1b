// Package browsertest runs passkey ceremonies in a real headless Chromium, with
// a virtual authenticator behind it, against the real server.
package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// stepTimeout bounds each single thing a test waits for.
const stepTimeout = 30 * time.Second

// page does what any app does with the options of the API. A page that is framed
// answers its frame's requests too.
const page = `<!doctype html><title>passkeys</title><script>
const ceremony = async (what, options) => {
  const parse = what === 'create' ? PublicKeyCredential.parseCreationOptionsFromJSON : PublicKeyCredential.parseRequestOptionsFromJSON;
  try {
    const made = await navigator.credentials[what]({ publicKey: parse.call(PublicKeyCredential, options) });
    return JSON.stringify(made.toJSON());
  } catch (e) {
    return e.name;
  }
};
addEventListener('message', async ({ data, source }) => {
  if (data.options) source.postMessage({ answer: await ceremony(data.what, data.options) }, '*');
});
const framed = (what, options) => new Promise((resolve) => {
  addEventListener('message', ({ data }) => data.answer && resolve(data.answer));
  frames[0].postMessage({ what, options }, '*');
});
</script>`

// site serves the page at an origin of its own. With a frame, every page of it
// holds that one.
func site(t *testing.T, frame string) (origin string) {
	t.Helper()
	text := page
	if frame != "" {
		text += fmt.Sprintf(`<iframe src=%q allow="publickey-credentials-get *; publickey-credentials-create *"></iframe>`, frame)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // an address can have no passkeys
}

// browser is Chromium with one virtual authenticator in it.
type browser struct {
	t             *testing.T
	ctx           context.Context
	authenticator webauthn.AuthenticatorID
}

func open(t *testing.T) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.WSURLReadTimeout(time.Minute),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits for the browser, so that its profile can be removed
		stop()
	})
	b := &browser{t: t, ctx: ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("starting Chromium: %v", err)
	}
	if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatalf("switching to virtual authenticators: %v", err)
	}
	virtual := &webauthn.VirtualAuthenticatorOptions{Protocol: "ctap2", Ctap2version: "ctap2_1", Transport: "internal",
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}
	added, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator,
		webauthn.AddVirtualAuthenticatorParams{Options: virtual})
	if err != nil {
		t.Fatalf("adding an authenticator: %v", err)
	}
	b.authenticator = added.AuthenticatorID
	return b
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("browser tests need Chromium; type: apt-get install -y chromium")
	return ""
}

func (b *browser) visit(origin string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(origin+"/")); err != nil {
		b.t.Fatalf("visiting %s: %v", origin, err)
	}
}

// ask runs a ceremony on the page: by ceremony in the page itself, by framed in
// the page it holds. It returns the answer, or the name of the browser's error.
func (b *browser) ask(how, what string, options json.RawMessage) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf("%s(%q, %s)", how, what, options), chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s %s: %v", how, what, err)
	}
	return answer
}

// verified says whether the authenticator recognises its user from now on.
func (b *browser) verified(yes bool) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, webauthn.SetUserVerified,
		webauthn.SetUserVerifiedParams{AuthenticatorID: b.authenticator, IsUserVerified: yes}); err != nil {
		b.t.Fatal(err)
	}
}
