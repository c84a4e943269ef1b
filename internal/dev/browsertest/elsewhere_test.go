package browsertest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

const cookieEnvironment = "11111111-2222-4333-8444-888888888888"

// F5: in cookie mode a page of another origin, on the same site or elsewhere,
// makes the browser send the session's cookie, and gets nothing done by it.
func TestF5PagesElsewhereCannotUseTheCookie(t *testing.T) {
	data := t.TempDir()
	_, server := mustStartIn(t, data)
	_, port, _ := strings.Cut(server, ":")
	app, sameSite, elsewhere := emptyPage(t, "localhost"), emptyPage(t, "localhost"), emptyPage(t, "127.0.0.1")
	document := fmt.Sprintf("id: %s\nname: Cookies\norigins: [%q]\nauth: {storage: [cookie]}\n", cookieEnvironment, app)
	operate(t, strings.NewReader(document), "env", "apply", "-", "--dev", "--data", data)
	sdk := "http://localhost:" + port + "/api/v0/sdk/" + cookieEnvironment

	b := mustOpenTab(t, 1280, 900)
	b.open(app)
	verification := inPage[string](b,
		call(sdk, "POST", "/emailVerifications/create", `{email: 'ada@example.com'}`)+`return (await answer.json()).verificationUUID`)
	code := awaitCode(t, "http://"+server, ada)
	signedIn := inPage[string](b,
		call(sdk, "POST", "/emailVerifications/signin", fmt.Sprintf("{verificationUUID: %q, verificationToken: %q}", verification, code))+
			`return answer.status + ' ' + ('minifiedJwt' in await answer.json()) + ' ' + document.cookie`)
	if signedIn != "200 false " {
		t.Fatalf("signing in: %q, want 200 and a session that scripts do not see", signedIn)
	}
	whoAmI := call(sdk, "GET", "/users", "") + "return answer.status"
	if got := inPage[int](b, whoAmI); got != http.StatusOK {
		t.Fatalf("the app's own page is answered %d", got)
	}

	cookies := b.watchCookies()
	for _, origin := range []string{sameSite, elsewhere} {
		b.open(origin)
		for _, tried := range []struct{ method, path, body string }{
			{"GET", "/users", ""}, {"POST", "/refresh", ""}, {"PUT", "/users", "{firstName: 'Mallory'}"}, {"DELETE", "/users", ""},
		} {
			if got := inPage[string](b, "try {"+call(sdk, tried.method, tried.path, tried.body)+
				"return 'read ' + answer.status } catch (e) { return e.name }"); got != "TypeError" {
				t.Errorf("%s: %s %s: %s, want an answer that nobody may read", origin, tried.method, tried.path, got)
			}
		}
		// These need no leave of the server to be sent.
		inPage[string](b, "await fetch('"+sdk+"/revoke', {method: 'POST', mode: 'no-cors', credentials: 'include'}); return ''")
		b.until("posting a form", fmt.Sprintf(formScript, sdk+"/revoke"))
		b.until("loading a picture", fmt.Sprintf(pictureScript, sdk+"/users"))
		b.open(app)
		if got := inPage[int](b, whoAmI); got != http.StatusOK {
			t.Errorf("%s: afterwards the app's own page is answered %d", origin, got)
		}
	}
	b.onlyComplainsOf("CORS policy", "net::ERR_FAILED")
	// Browsers may keep the cookie back from another site, never from another
	// port of this one: had it not come, nothing would have been tried.
	if n := cookies(sameSite); n != 4 {
		t.Errorf("%d requests by a page on the same site carried the cookie, want 4: two fetches, and /revoke by fetch and form", n)
	}
}

// watchCookies counts from now on, by origin, the requests with a session cookie.
func (b *tab) watchCookies() (count func(origin string) int) {
	b.t.Helper()
	var mu sync.Mutex
	seen := map[string]int{}
	err := chromedp.Listen(b.ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSentExtraInfo); ok &&
			strings.Contains(fmt.Sprint(e.Headers["Cookie"]), "__Host-stepup-") {
			mu.Lock()
			defer mu.Unlock()
			seen[fmt.Sprint(e.Headers["Origin"])]++
		}
	})
	if err != nil {
		b.t.Fatalf("watching the network: %v", err)
	}
	return func(origin string) int {
		mu.Lock()
		defer mu.Unlock()
		return seen[origin]
	}
}

// awaitCode is mustCode for a message that is still on its way.
func awaitCode(t *testing.T, base, address string) string {
	t.Helper()
	deadline := time.After(stepTimeout)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		response, err := http.Get(base + "/dev/inbox.json")
		if err != nil {
			t.Fatal(err)
		}
		inbox, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err == nil && strings.Contains(string(inbox), address) {
			return mustCode(t, base, address)
		}
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("no code for %s came", address)
		}
	}
}

// call is the start of an async function that asks the server with the cookie.
func call(sdk, method, path, body string) string {
	options := fmt.Sprintf("method: %q, credentials: 'include'", method)
	if body != "" {
		options += ", headers: {'Content-Type': 'application/json'}, body: JSON.stringify(" + body + ")"
	}
	return fmt.Sprintf("const answer = await fetch(%q, {%s});", sdk+path, options)
}

// Conditions that hold once the frame with the answer, or the picture, is there.
const (
	formScript = `(() => {
		if (!window.posted) {
			const frame = Object.assign(document.createElement('iframe'), {name: 'hidden'});
			const form = Object.assign(document.createElement('form'), {method: 'post', action: %q, target: 'hidden'});
			document.body.append(frame, form);
			window.posted = {done: false};
			frame.addEventListener('load', () => { window.posted.done = true });
			form.submit();
		}
		return window.posted.done })()`
	pictureScript = `(() => {
		window.picture ??= Object.assign(new Image(), {onerror: () => { window.tried = true }, src: %q});
		return window.tried === true })()`
)

// emptyPage serves an empty page under a name of this machine and returns its origin.
func emptyPage(t *testing.T, host string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!doctype html><link rel=icon href=data:,><title>page</title><body>"))
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", host, 1)
}

// onlyComplainsOf takes the console's lines about these back, which a test has
// meant to cause.
func (b *tab) onlyComplainsOf(about ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = slices.DeleteFunc(b.problems, func(problem string) bool {
		return slices.ContainsFunc(about, func(text string) bool { return strings.Contains(problem, text) })
	})
}
