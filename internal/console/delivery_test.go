package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/operator"
)

const atDelivery = Root + "e/" + previewEnvironment + "/delivery"

// A test goes to the operator who asks and to nobody else, whatever the form says, and
// not for ever.
func TestMailIsTriedOnTheAskerAlone(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	inbox := c.Mailer.(*deliver.Inbox)
	form := url.Values{"template": {"step_up"}, "language": {"de"}, "to": {"victim@example.com"}, "To": {"victim@example.com"}}
	for range 5 {
		if got := send(t, c, atDelivery+"/test", form); got.StatusCode != 200 {
			t.Fatalf("%d: %s", got.StatusCode, body(t, got))
		}
	}
	if got := send(t, c, atDelivery+"/test", form); got.StatusCode != 429 {
		t.Errorf("the sixth: %d", got.StatusCode)
	}
	mails := inbox.List()
	for _, m := range mails {
		if m.To != ada.Email || !strings.Contains(m.Subject, "Bestätigungscode") {
			t.Errorf("%q to %s", m.Subject, m.To)
		}
	}
	if len(mails) != 5 {
		t.Errorf("%d mails", len(mails))
	}
	auditor := previewedAs(c, canneds{operator: operator.Operator{ID: "a", Email: "a@example.com",
		Grants: []operator.Grant{{Role: operator.Auditor}}}, elevates: true})
	if got := send(t, auditor, atDelivery+"/test", form); got.StatusCode != 403 {
		t.Errorf("an auditor: %d", got.StatusCode)
	}
}

// Words of an environment's own are seen before they are kept, need a proof, and stand in
// the frame as words.
func TestWordsOfMails(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	at := atDelivery + "/templates/step_up/en"
	words := url.Values{"closing": {"Yours, {app} <img src=x onerror=alert(1)>"}}
	seen := body(t, send(t, c, at, words))
	if !strings.Contains(seen, "This is what will change") || !strings.Contains(seen, "weakens") || strings.Contains(seen, "<img src=x") {
		t.Error("the effect is not shown first, or as markup")
	}
	if text := body(t, call(t, c, "GET", at, nil)); strings.Contains(text, "Yours,") {
		t.Error("it was kept before it was seen")
	}
	words.Set("seen", "yes")
	unproven := previewedAs(c, canneds{operator: ada})
	if got := send(t, unproven, at, words); got.Header.Get("Location") != Root+"step-up" {
		t.Errorf("without a proof: %d to %q", got.StatusCode, got.Header.Get("Location"))
	}
	if got := send(t, c, at, words); got.StatusCode != 303 {
		t.Fatalf("keeping: %d", got.StatusCode)
	}
	page := body(t, call(t, c, "GET", at, nil))
	if !strings.Contains(page, "Yours, Acme Pay") || !strings.Contains(page, "Nobody will ever ask you for this code") {
		t.Error("the preview is not the mail")
	}
	frame := call(t, c, "GET", at+"/frame?"+words.Encode(), nil)
	policy := frame.Header.Get("Content-Security-Policy")
	if text := body(t, frame); !strings.Contains(text, "Yours, Acme Pay") || strings.Contains(text, "<img src=x") ||
		!strings.Contains(policy, "sandbox; default-src 'none'") || strings.Contains(policy, "allow-scripts") ||
		!strings.Contains(policy, "frame-ancestors 'self'") || frame.Header.Get("X-Frame-Options") != "SAMEORIGIN" {
		t.Errorf("the frame: %s", policy)
	}
	for _, bad := range []string{"https://evil.example", "{code}", "123456", strings.Repeat("a", 501)} {
		if got := send(t, c, at, url.Values{"closing": {bad}}); got.StatusCode != 422 || !strings.Contains(body(t, got), `role="alert"`) {
			t.Errorf("%.30q: %d", bad, got.StatusCode)
		}
		if got := call(t, c, "GET", at+"/frame?"+url.Values{"closing": {bad}}.Encode(), nil); got.StatusCode != 400 {
			t.Errorf("%.30q in the frame: %d", bad, got.StatusCode)
		}
	}
	if got := send(t, c, at, url.Values{"seen": {"yes"}}); got.StatusCode != 303 {
		t.Errorf("back to ours: %d", got.StatusCode)
	}
	if page := body(t, call(t, c, "GET", at, nil)); strings.Contains(page, "Yours,") {
		t.Error("the words stayed")
	}
	for _, nowhere := range []string{"/templates/other/en", "/templates/step_up/xx", "/templates/environment_weakened/en"} {
		if got := call(t, c, "GET", atDelivery+nowhere, nil); got.StatusCode != 404 {
			t.Errorf("%s: %d", nowhere, got.StatusCode)
		}
	}
}

// A pasted token is in no answer, and in no log of refusals.
func TestTokenIsExplained(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	got := send(t, c, atDelivery+"/token", url.Values{"token": {"canary.canary.canary"}})
	if text := body(t, got); got.StatusCode != http.StatusOK || !strings.Contains(text, "It would sign nobody in") ||
		strings.Contains(text, "canary") {
		t.Errorf("%d: %s", got.StatusCode, text)
	}
}

func TestDeliveryPage(t *testing.T) {
	c := previewed(t, canneds{operator: ada})
	text := body(t, call(t, c, "GET", atDelivery, nil))
	for _, want := range []string{"development keeps mails", "delivery/templates/step_up/ja", "no-reply@"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// Explaining tokens is bounded: each may make the server ask an issuer for its keys.
func TestExplainingIsBounded(t *testing.T) {
	c := previewed(t, canneds{operator: ada, elevates: true})
	for n := range int(explained.Count) + 1 {
		got := send(t, c, atDelivery+"/token", url.Values{"token": {"a.b.c"}})
		if want := map[bool]int{true: 200, false: 429}[n < int(explained.Count)]; got.StatusCode != want {
			t.Fatalf("number %d: %d", n+1, got.StatusCode)
		}
	}
}
