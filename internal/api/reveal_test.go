package api_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// directives are those of a policy, by name.
func directives(policy string) map[string]string {
	all := map[string]string{}
	for directive := range strings.SplitSeq(policy, "; ") {
		name, value, _ := strings.Cut(directive, " ")
		all[name] = value
	}
	return all
}

// The frame that shows a key may be framed by the environment's own pages alone, runs
// its own script alone, and reaches no server at all.
func TestRevealFrame(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t)
	const page = "/api/v0/sdk/" + servertest.A + "/reveal"
	apply := func(origins string) {
		document := servertest.Document(servertest.A, "")
		changed := regexp.MustCompile(`(?m)^origins: .*$`).ReplaceAllLiteralString(document, "origins: "+origins)
		if changed == document {
			t.Fatalf("the document lists no origins:\n%s", document)
		}
		s.Apply(t, changed)
	}
	apply("[https://app.example.com, http://localhost:3000, capacitor://localhost, chrome-extension://abcdefghijklmnopabcdefghijklmnop]")
	answer := s.Do(t, "GET", page, nil, nil).Want(t, 200, "")
	policy := directives(answer.Header.Get("Content-Security-Policy"))
	for name, want := range map[string]string{
		"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'none'",
		"base-uri": "'none'", "form-action": "'none'", "sandbox": "allow-scripts allow-same-origin",
		"require-trusted-types-for": "'script'",
		"trusted-types":             "'none'",
		"frame-ancestors":           "https://app.example.com http://localhost:3000",
	} {
		if policy[name] != want {
			t.Errorf("%s is %q, want %q", name, policy[name], want)
		}
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "",
		"Origin-Agent-Cluster": "?1", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	body := string(answer.Body)
	for _, want := range []string{
		`data-environment="` + servertest.A + `"`, `data-origins="https://app.example.com http://localhost:3000"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
	if strings.Contains(body, "capacitor") || regexp.MustCompile(`<script>|<style|\son\w+=|style=`).MatchString(body) {
		t.Errorf("the page has what it must not:\n%s", body)
	}

	files := regexp.MustCompile(`"reveal/([^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(files) != 2 {
		t.Fatalf("the page names %v", files)
	}
	for _, file := range files {
		got := s.Do(t, "GET", page+"/"+file[1], nil, nil).Want(t, 200, "")
		h := got.Header
		if h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has the headers %v", file[1], h)
		}
		kind := h.Get("Content-Type")
		if !slices.Contains([]string{"text/javascript; charset=utf-8", "text/css; charset=utf-8"}, kind) {
			t.Errorf("%s is %q", file[1], kind)
		}
	}
	for _, stranger := range []string{"index.html", "main.js", "..%2f..%2fpages.go", "%2e%2e"} {
		s.Do(t, "GET", page+"/"+stranger, nil, nil).Want(t, 404, "not_found")
	}

	apply("[]")
	answer = s.Do(t, "GET", page, nil, nil).Want(t, 200, "")
	if got := directives(answer.Header.Get("Content-Security-Policy"))["frame-ancestors"]; got != "'none'" {
		t.Errorf("without an origin, frame-ancestors is %q", got)
	}
	s.Do(t, "GET", "/api/v0/sdk/99999999-2222-4333-8444-555555555555/reveal", nil, nil).Want(t, 404, "environment_not_found")
}
