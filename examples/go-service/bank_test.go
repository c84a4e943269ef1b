package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

const (
	audience = "https://bank.example"
	app      = "https://app.example"
	other    = "http://localhost:3000"
)

// open starts a bank and the issuer it trusts.
func open(t *testing.T) (*stepuptest.Issuer, *httptest.Server) {
	t.Helper()
	issuer := stepuptest.NewIssuer(t)
	handler, err := newBank(config{
		issuer: issuer.URL(), serviceToken: issuer.ServiceToken(), audience: audience, allowedOrigins: []string{"", app, other},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return issuer, server
}

// call sends one request and returns the status and the body's members.
func call(t *testing.T, method, url, body string, headers map[string]string) (*http.Response, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	members := map[string]any{}
	if response.Header.Get("Content-Type") == "application/json" {
		if err := json.NewDecoder(response.Body).Decode(&members); err != nil {
			t.Fatal(err)
		}
	}
	return response, members
}

func proof(t *testing.T, issuer *stepuptest.Issuer) map[string]string {
	return map[string]string{
		"Authorization": "Bearer " + issuer.Session(t, stepuptest.Session{Origin: app}),
		"Elevated-Access-Token": issuer.Token(t, stepuptest.Token{
			Scopes: []stepup.Scope{transferCreate}, Audience: audience,
		}),
	}
}

func balance(t *testing.T, issuer *stepuptest.Issuer, server *httptest.Server) float64 {
	t.Helper()
	_, body := call(t, "GET", server.URL+"/accounts", "", map[string]string{
		"Authorization": "Bearer " + issuer.Session(t, stepuptest.Session{}),
	})
	return body["accounts"].([]any)[0].(map[string]any)["balance"].(float64)
}

func TestTransfer(t *testing.T) {
	issuer, server := open(t)
	session := map[string]string{"Authorization": "Bearer " + issuer.Session(t, stepuptest.Session{})}

	response, body := call(t, "POST", server.URL+"/transfers", `{"to":"bob","amount":25}`, session)
	if response.StatusCode != 403 || body["code"] != "elevated_access_token_required" {
		t.Fatalf("without proof: %d %v", response.StatusCode, body)
	}
	headers := proof(t, issuer)
	response, body = call(t, "POST", server.URL+"/transfers", `{"to":"bob","amount":25}`, headers)
	if response.StatusCode != 201 || body["balance"] != 975.0 || body["to"] != "bob" {
		t.Fatalf("with proof: %d %v", response.StatusCode, body)
	}
	response, body = call(t, "POST", server.URL+"/transfers", `{"to":"bob","amount":25}`, headers)
	if response.StatusCode != 403 || body["payload"].(map[string]any)["reason"] != "spent" {
		t.Errorf("same proof again: %d %v", response.StatusCode, body)
	}
	if got := balance(t, issuer, server); got != 975 {
		t.Errorf("balance %v, want 975", got)
	}
}

// A confirmed transfer takes a token for this payee and this amount. One for
// another is refused, and is not spent by that.
func TestConfirmedTransfer(t *testing.T) {
	issuer, server := open(t)
	headers := map[string]string{
		"Authorization": "Bearer " + issuer.Session(t, stepuptest.Session{}),
		"Elevated-Access-Token": issuer.Token(t, stepuptest.Token{
			Scopes: []stepup.Scope{transferCreate}, Audience: audience, Displayed: true,
			AuthorizationDetails: []map[string]string{{"type": "transfer", "amount": "25", "currency": "EUR", "payee": "bob"}},
		}),
	}
	refused := func(path, order string, headers map[string]string) {
		t.Helper()
		response, body := call(t, "POST", server.URL+path, order, headers)
		payload, _ := body["payload"].(map[string]any)
		if response.StatusCode != 403 || payload["reason"] != "wrong_binding" {
			t.Errorf("%s %s: %d %v", path, order, response.StatusCode, body)
		}
	}
	refused("/transfers/confirmed", `{"to":"mallory","amount":25}`, headers)
	refused("/transfers/confirmed", `{"to":"bob","amount":26}`, headers)
	if response, body := call(t, "POST", server.URL+"/transfers/confirmed", `not an order`, headers); response.StatusCode != 400 ||
		body["code"] != "invalid_request" {
		t.Errorf("not an order: %d %v", response.StatusCode, body)
	}
	refused("/transfers/confirmed", `{"to":"bob","amount":25}`, proof(t, issuer)) // bound to nothing
	refused("/transfers", `{"to":"bob","amount":25}`, headers)                    // nothing there compares
	if response, body := call(t, "POST", server.URL+"/transfers/confirmed", `{"to":"bob","amount":25}`,
		headers); response.StatusCode != 201 || body["balance"] != 975.0 {
		t.Fatalf("%d %v", response.StatusCode, body)
	}
	response, body := call(t, "POST", server.URL+"/transfers/confirmed", `{"to":"bob","amount":25}`, headers)
	if payload, _ := body["payload"].(map[string]any); response.StatusCode != 403 || payload["reason"] != "spent" {
		t.Errorf("the same again: %d %v", response.StatusCode, body)
	}
	if got := balance(t, issuer, server); got != 975 {
		t.Errorf("balance %v, want 975", got)
	}
}

func TestOrderSentTwiceIsCarriedOutOnce(t *testing.T) {
	issuer, server := open(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			headers := proof(t, issuer)
			headers["Idempotency-Key"] = "rent-may"
			if response, body := call(t, "POST", server.URL+"/transfers", `{"to":"bob","amount":25}`,
				headers); response.StatusCode != 201 &&
				body["code"] != "operation_replayed" {
				t.Errorf("%d %v", response.StatusCode, body)
			}
		})
	}
	all.Wait()
	if got := balance(t, issuer, server); got != 975 {
		t.Errorf("balance %v, want 975", got)
	}
}

func TestOrdersAreChecked(t *testing.T) {
	issuer, server := open(t)
	for body, want := range map[string]int{
		``: 400, `x`: 400, `[]`: 400, `{"to":"bob","amount":"25"}`: 400, `{"to":"bob","amount":2.5}`: 400,
		`{"to":"bob","amount":1,"fee":0}`: 400, `{"to":"` + strings.Repeat("b", 5000) + `","amount":1}`: 400,
		`{}`: 422, `{"to":"","amount":1}`: 422, `{"to":"bob","amount":0}`: 422, `{"to":"bob","amount":-5}`: 422,
		`{"to":"bob","amount":1001}`: 422, `{"to":"bob","amount":9000000000}`: 422,
	} {
		if response, answer := call(t, "POST", server.URL+"/transfers", body, proof(t, issuer)); response.StatusCode != want ||
			answer["error"] == "" {
			t.Errorf("%.40s: %d %v, want %d", body, response.StatusCode, answer, want)
		}
	}
	if got := balance(t, issuer, server); got != openingBalance {
		t.Errorf("balance %v after orders that were refused", got)
	}
}

func TestLookingNeedsASession(t *testing.T) {
	_, server := open(t)
	if response, body := call(t, "GET", server.URL+"/accounts", "", nil); response.StatusCode != 401 || body["code"] != "sign_in_required" {
		t.Errorf("%d %v", response.StatusCode, body)
	}
	for path, want := range map[string]int{"/healthz": 200, "/": 200, "/nothing": 404} {
		if response, _ := call(t, "GET", server.URL+path, "", nil); response.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, response.StatusCode, want)
		}
	}
}

func TestBrowsers(t *testing.T) {
	_, server := open(t)
	for origin, allowed := range map[string]bool{
		app: true, other: true, app + "," + other: false,
		"https://evil.example": false, app + ".evil.example": false, "http://app.example": false, "null": false, "": false,
	} {
		response, _ := call(t, "OPTIONS", server.URL+"/transfers", "", map[string]string{
			"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "elevated-access-token",
		})
		if got := response.Header.Get("Access-Control-Allow-Origin") != ""; got != allowed || (response.StatusCode == 204) != allowed {
			t.Errorf("preflight from %q: %d, allowed %v", origin, response.StatusCode, got)
		}
	}
	response, _ := call(t, "POST", server.URL+"/transfers", `{}`, map[string]string{"Origin": app})
	if !strings.Contains(response.Header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") {
		t.Error("the page cannot read why it was refused")
	}
}

func TestIssuerIsNotUpYet(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	handler, err := newBank(config{issuer: "http://127.0.0.1:1/sdk", serviceToken: "stp_x", audience: audience})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	if response, body := call(t, "POST", server.URL+"/transfers", `{}`, proof(t, issuer)); response.StatusCode != 503 ||
		body["code"] != "step_up_unavailable" {
		t.Errorf("%d %v", response.StatusCode, body)
	}
}

func TestServiceToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	t.Setenv("SERVICE_TOKEN", "")
	t.Setenv("SERVICE_TOKEN_FILE", "")
	if _, err := serviceToken(t.Context()); err == nil {
		t.Error("no token, no error")
	}
	t.Setenv("SERVICE_TOKEN_FILE", file)
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := serviceToken(impatient); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped while waiting: %v", err)
	}
	found := make(chan stepup.ServiceToken, 1)
	go func() {
		token, err := serviceToken(t.Context())
		if err != nil {
			t.Error(err)
		}
		found <- token
	}()
	if err := os.WriteFile(file, []byte("stp_file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if token := <-found; string(token) != "stp_file" {
		t.Error("the file's token was not read")
	}
	t.Setenv("SERVICE_TOKEN", "stp_direct")
	if token, err := serviceToken(t.Context()); err != nil || string(token) != "stp_direct" {
		t.Error("the variable's token was not read", err)
	}
}
