package dev_test

import (
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/dev"
)

func mustServe(t testing.TB, config dev.Config) string {
	t.Helper()
	if config.Inbox == nil {
		config.Inbox = &deliver.Inbox{}
	}
	server := httptest.NewServer(dev.Handler(config))
	t.Cleanup(server.Close)
	return server.URL
}

// mustGet does not follow redirects.
func mustGet(t testing.TB, url string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	base := mustServe(t, dev.Config{BankURL: "http://127.0.0.1:9000/path"})
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
			"connect-src 'self' http://127.0.0.1:9000; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
			"require-trusted-types-for 'script'; trusted-types 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
	}
	for _, path := range []string{"/", "/demo/", "/demo/main.js", "/demo/config.json", "/demo/absent.js", "/dev/inbox", "/dev/inbox.json",
		"/nowhere"} {
		response, _ := mustGet(t, base+path)
		got := map[string]string{}
		for name := range want {
			got[name] = response.Header.Get(name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("headers of %s (-want +got):\n%s", path, diff)
		}
	}
}

func TestABankURLCannotExtendThePolicy(t *testing.T) {
	for _, bank := range []string{"", "javascript:alert(1)", "http://a; script-src *", "http://a,b", "//host", "http://a'b"} {
		base := mustServe(t, dev.Config{BankURL: bank})
		response, _ := mustGet(t, base+"/demo/")
		if got := response.Header.Get("Content-Security-Policy"); !strings.Contains(got, "connect-src 'self'; frame-src") {
			t.Errorf("BankURL %q: policy %q", bank, got)
		}
	}
}

func TestPages(t *testing.T) {
	base := mustServe(t, dev.Config{})
	for path, want := range map[string]string{
		"/demo/":               "text/html; charset=utf-8",
		"/demo/main.js":        "text/javascript; charset=utf-8",
		"/demo/views/shell.js": "text/javascript; charset=utf-8",
		"/demo/demo.css":       "text/css; charset=utf-8",
		"/demo/mark.svg":       "image/svg+xml",
		"/dev/inbox":           "text/html; charset=utf-8",
		"/dev/inbox/inbox.js":  "text/javascript; charset=utf-8",
	} {
		response, body := mustGet(t, base+path)
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != want || body == "" {
			t.Errorf("GET %s = %d, %q, %d bytes", path, response.StatusCode, response.Header.Get("Content-Type"), len(body))
		}
		if response.Header.Get("ETag") == "" {
			t.Errorf("GET %s has no ETag", path)
		}
	}
	for _, path := range []string{"/demo/views/", "/demo/index.html", "/demo/..%2fdev.go", "/demo/static", "/dev/", "/dev/inbox/"} {
		if response, _ := mustGet(t, base+path); response.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", path, response.StatusCode)
		}
	}
	response, _ := mustGet(t, base+"/")
	if got := response.Header.Get("Location"); response.StatusCode != http.StatusFound || got != "/demo/" {
		t.Errorf("GET / = %d to %q, want 302 to /demo/", response.StatusCode, got)
	}
}

func TestPagesAnswerReadsOnly(t *testing.T) {
	base := mustServe(t, dev.Config{})
	response, err := http.Post(base+"/dev/inbox.json", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /dev/inbox.json = %d, want 405", response.StatusCode)
	}
}

func TestTheDemoIsOpenedAtItsOwnURL(t *testing.T) {
	base := mustServe(t, dev.Config{DemoURL: "http://localhost:1"})
	response, _ := mustGet(t, base+"/demo/")
	if got := response.Header.Get("Location"); response.StatusCode != http.StatusTemporaryRedirect || got != "http://localhost:1/demo/" {
		t.Errorf("by another host name = %d to %q, want 307 to its own", response.StatusCode, got)
	}
}

func TestConfigJSON(t *testing.T) {
	base := mustServe(t, dev.Config{
		Environments: []dev.Environment{{ID: "0f1e", Name: "Demo", MinAPIVersion: "2026_04_01"}},
		BankURL:      "http://127.0.0.1:9000/",
	})
	_, body := mustGet(t, base+"/demo/config.json")
	want := `{"environments":[{"id":"0f1e","name":"Demo","minApiVersion":"2026_04_01"}],"bankUrl":"http://127.0.0.1:9000"}`
	if got := strings.TrimSpace(body); got != want {
		t.Errorf("config.json = %s, want %s", got, want)
	}
	_, body = mustGet(t, mustServe(t, dev.Config{})+"/demo/config.json")
	if want := `{"environments":[],"bankUrl":""}`; strings.TrimSpace(body) != want {
		t.Errorf("empty config.json = %s, want %s", body, want)
	}
}

func TestInboxJSON(t *testing.T) {
	at := time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)
	inbox := &deliver.Inbox{Now: func() time.Time { return at }}
	code := deliver.Code{AppName: "Demo", From: "Demo <no-reply@localhost>", To: "ada@example.com", Code: "042137",
		ValidFor: 5 * time.Minute}
	for _, message := range []deliver.Message{
		deliver.SignInCode(code),
		deliver.StepUpCode(code),
		{From: code.From, To: code.To, Subject: "No code", Text: "Call 123456 now.\n", HTML: "<script>"},
	} {
		if err := inbox.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
	}
	code.To = "+14155552671"
	if err := inbox.SendText(t.Context(), deliver.SignInText(code)); err != nil {
		t.Fatal(err)
	}
	response, body := mustGet(t, mustServe(t, dev.Config{Inbox: inbox})+"/dev/inbox.json")
	if got := response.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control = %q, want no-store", got)
	}
	if strings.Contains(body, "script") {
		t.Error("the HTML part of a message got out")
	}
	type message struct{ Kind, To, Purpose, Code string }
	var got struct{ Messages []message }
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := []message{
		{Kind: "text", To: "+14155552671", Purpose: "Your sign-in code for Demo", Code: "042137"},
		{Kind: "mail", To: "ada@example.com"},
		{Kind: "mail", To: "ada@example.com",
			Purpose: "Your code to confirm it is you, or to add this address", Code: "042137"},
		{Kind: "mail", To: "ada@example.com", Purpose: "Your code to sign in", Code: "042137"},
	}
	if diff := cmp.Diff(want, got.Messages); diff != "" {
		t.Errorf("inbox (-want +got):\n%s", diff)
	}
}

// The policy forbids inline code, so a page that has some would silently do
// nothing; and no script may ever turn data into markup.
func TestPagesNeedNoInlineCode(t *testing.T) {
	forbidden := regexp.MustCompile(
		`(?i)innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|<style|style=|\son[a-z]+="|<script(?:[^>]*)>[^<]|javascript:`)
	external := regexp.MustCompile(`(?i)(?:src|href|from|import)\s*[=(]?\s*["']https?://`)
	err := fs.WalkDir(os.DirFS("static"), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := os.ReadFile(filepath.Join("static", name))
		if err != nil {
			return err
		}
		rules := []*regexp.Regexp{forbidden, external}
		if strings.HasPrefix(name, "demo/stepup/") {
			rules = rules[1:] // it is bundled; that it makes no markup of data is for the policy, which allows no trusted type
		}
		for _, rule := range rules {
			if found := rule.Find(body); found != nil {
				t.Errorf("%s contains %q", name, found)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every module a script imports must be embedded: a missing one stops the page.
func TestImportsResolve(t *testing.T) {
	base := mustServe(t, dev.Config{})
	imports := regexp.MustCompile(`\b(?:from ?|import\()["']([./][^"']+)["']`)
	visited := map[string]bool{}
	var visit func(string)
	visit = func(path string) {
		if visited[path] {
			return
		}
		visited[path] = true
		response, body := mustGet(t, base+path)
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s is imported but answers %d", path, response.StatusCode)
			return
		}
		for _, found := range imports.FindAllStringSubmatch(body, -1) {
			if to := found[1]; strings.HasPrefix(to, "/") {
				visit(to)
			} else {
				visit(filepath.Join(filepath.Dir(path), to))
			}
		}
	}
	visit("/demo/main.js")
	visit("/dev/inbox/inbox.js")
	if len(visited) < 30 {
		t.Errorf("visited %d modules only: %v", len(visited), visited)
	}
}

func FuzzInboxText(f *testing.F) {
	f.Add("Your code:\n\n123456\n")
	f.Add("Your code:\n\n12345678\n")
	f.Add("\r\n\r\n000000\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		inbox := listed{{Message: deliver.Message{Text: text}}}
		recorder := httptest.NewRecorder()
		dev.Handler(dev.Config{Inbox: inbox}).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/dev/inbox.json", nil))
		var got struct{ Messages []struct{ Code string } }
		if err := json.Unmarshal(recorder.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if code := got.Messages[0].Code; code != "" && (len(code) != 6 && len(code) != 8 || !strings.Contains(text, code)) {
			t.Errorf("code %q out of %q", code, text)
		}
	})
}

type listed []deliver.Received

func (l listed) List() []deliver.Received { return l }
