package adminclient_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup/internal/adminclient"
	"github.com/stepup-auth/stepup/internal/fault"
)

const token = "stp_AAAABBBBCCCCDDDD"

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// server answers over TLS, and client believes its certificate.
func server(t *testing.T, answer http.HandlerFunc) (client *adminclient.Client, waited *[]time.Duration) {
	t.Helper()
	s := httptest.NewTLSServer(answer)
	t.Cleanup(s.Close)
	waited = new([]time.Duration)
	authority := file(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	client, err := adminclient.New(adminclient.Config{URL: s.URL, TokenFile: file(t, token+"\n"), CAFile: authority, Agent: "test",
		Wait: func(_ context.Context, d time.Duration) error { *waited = append(*waited, d); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return client, waited
}

func problem(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":"A sentence.","code":%q,"requestId":"r1"}`, code)
}

var get = adminclient.Call{Method: http.MethodGet, Path: []string{"environments", "a/b c"}}

func TestDo(t *testing.T) {
	client, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.EscapedPath() != "/api/v0/admin/environments/a%2Fb%20c" || r.Header.Get("Authorization") != "Bearer "+token {
			problem(w, 404, "not_found")
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write([]byte(`{"name":"A"}`))
	})
	var into struct{ Name string }
	if err := client.Do(t.Context(), get, &into); err != nil || into.Name != "A" {
		t.Fatal(into, err)
	}
	err := client.Do(t.Context(), adminclient.Call{Method: http.MethodGet, Path: []string{"other"}}, &into)
	if !fault.Has(err, fault.NotFound) || err.Error() != "A sentence. (not_found, request r1)" {
		t.Errorf("%v", err)
	}
	for _, part := range []string{"", ".", ".."} { // which would be another path
		err := client.Do(t.Context(), adminclient.Call{Method: http.MethodGet, Path: []string{"environments", part}}, &into)
		if !fault.Has(err, fault.NotFound) || strings.Contains(err.Error(), "request r1") {
			t.Errorf("%q: %v", part, err)
		}
	}
}

// The token goes nowhere but to the server that was named.
func TestTheTokenStays(t *testing.T) {
	var elsewhere int
	other := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	client, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	err := client.Do(t.Context(), get, nil)
	if err == nil || !strings.Contains(err.Error(), "sends to another address") || elsewhere != 0 {
		t.Errorf("%v, %d requests", err, elsewhere)
	}
	stranger, err := adminclient.New(adminclient.Config{URL: other.URL, TokenFile: file(t, token)})
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.Do(t.Context(), get, nil); err == nil || !strings.Contains(err.Error(), "--ca-file") || elsewhere != 0 {
		t.Errorf("a certificate that nobody vouches for: %v, %d requests", err, elsewhere)
	}
	for _, url := range []string{
		"", "auth.example.com", "ftp://auth.example.com", "http://auth.example.com", "http://127.0.0.1.example.com",
		"http://localhost.example.com",
		"http://0.0.0.0:80", "https://user:password@auth.example.com", "https://auth.example.com?a=b",
		"https://auth.example.com#x", "https://",
	} {
		if _, err := adminclient.New(adminclient.Config{URL: url, TokenFile: file(t, token)}); err == nil ||
			strings.Contains(err.Error(), "password@") {
			t.Errorf("%q: %v", url, err)
		}
	}
	for _, url := range []string{"https://auth.example.com", "http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080/"} {
		if _, err := adminclient.New(adminclient.Config{URL: url, TokenFile: file(t, token)}); err != nil {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// What is wrong with a token is said without it.
func TestTokenFile(t *testing.T) {
	for _, text := range []string{
		"", "secret-of-another-kind", "stp_secret-a\nstp_secret-b", "stp_secret\x1b[2J", "stp_secret" + strings.Repeat("A", 5000),
	} {
		_, err := adminclient.New(adminclient.Config{URL: "https://auth.example.com", TokenFile: file(t, text)})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	for _, name := range []string{"", filepath.Join(t.TempDir(), "absent")} {
		if _, err := adminclient.New(adminclient.Config{URL: "https://auth.example.com", TokenFile: name}); err == nil {
			t.Errorf("%q is a token", name)
		}
	}
	none := adminclient.Config{URL: "https://auth.example.com", TokenFile: file(t, token), CAFile: file(t, "no certificate")}
	if _, err := adminclient.New(none); err == nil {
		t.Error("no certificate is an authority")
	}
}

// A read is made again where the server asks for that; a write never is.
func TestAgain(t *testing.T) {
	for _, test := range []struct {
		method, after string
		status, asked int
	}{
		{"GET", "2", 503, 4}, {"GET", "2", 429, 4}, {"GET", "", 503, 1}, {"GET", "3600", 503, 1}, {"GET", "2", 403, 1},
		{"GET", "-1", 503, 1},
		{"POST", "2", 503, 1}, {"PUT", "2", 429, 1}, {"PATCH", "2", 503, 1},
	} {
		asked := 0
		client, waited := server(t, func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.Header().Set("Retry-After", test.after)
			problem(w, test.status, "temporarily_unavailable")
		})
		err := client.Do(t.Context(), adminclient.Call{Method: test.method, Path: []string{"x"}}, nil)
		if !fault.Has(err, fault.Unavailable) || asked != test.asked || len(*waited) != asked-1 {
			t.Errorf("%+v: asked %d times, waited %v: %v", test, asked, *waited, err)
		}
	}
}

// What is no answer of ours is an error, and short.
func TestStrangeAnswers(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a page": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"a page of a proxy": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = w.Write([]byte(strings.Repeat("<html>", 1000)))
		},
		"something else": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"name":5}`))
		},
		"half of one": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"name":"A"}`))
		},
	} {
		client, _ := server(t, answer)
		var into struct{ Name string }
		err := client.Do(t.Context(), get, &into)
		if err == nil || len(err.Error()) > 500 || strings.Contains(err.Error(), token) {
			t.Errorf("%s: %v", name, err)
		}
		if err = client.Do(t.Context(), adminclient.Call{Method: http.MethodPost, Path: []string{"x"}}, &into); err == nil {
			t.Errorf("%s: a write went well", name)
		}
	}
}
