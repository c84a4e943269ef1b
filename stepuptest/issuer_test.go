package stepuptest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

var transfer = stepuptest.Token{Scopes: []stepup.Scope{"transfer:create"}}

// post sends a body with the service token and returns status and members.
func post(t *testing.T, issuer *stepuptest.Issuer, path, contentType, body string, token stepup.ServiceToken) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, issuer.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Authorization", "Bearer "+string(token))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var members map[string]any
	if err := json.NewDecoder(response.Body).Decode(&members); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, members
}

func TestKeysAtBothPaths(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	for _, algorithm := range []stepup.Algorithm{stepup.EdDSA, stepup.RS256} {
		issuer.RotateKey(t, algorithm)
	}
	for _, path := range []string{"/.well-known/jwks", "/.well-known/jwks.json"} {
		response, err := http.Get(issuer.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		document, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		keys, err := stepup.ParseJWKS(document)
		if err != nil || len(keys) != 3 {
			t.Errorf("%s: %d keys, %v", path, len(keys), err)
		}
	}
	if n := issuer.Fetches(); n != 2 {
		t.Errorf("Fetches() = %d, want 2", n)
	}
}

func TestRemoveKey(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	old := issuer.Token(t, transfer)
	issuer.RotateKey(t, stepup.ES256)
	issuer.RemoveKey("key-1")
	verifier := issuer.Verifier(t)
	if _, err := verifier.Elevated(t.Context(), old); err == nil {
		t.Error("a token of a removed key is accepted")
	}
	if _, err := verifier.Elevated(t.Context(), issuer.Token(t, transfer)); err != nil {
		t.Error(err)
	}
}

func TestClock(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	verifier := issuer.Verifier(t)
	single, bound := issuer.Token(t, transfer), issuer.Token(t, stepuptest.Token{Scopes: transfer.Scopes, TimeBound: true})
	issuer.Advance(301 * time.Second)
	if _, err := verifier.Elevated(t.Context(), single); stepup.ReasonOf(err) != stepup.ReasonExpired {
		t.Errorf("single-use after 301 s: %v", err)
	}
	if claims, err := verifier.Elevated(t.Context(), bound); err != nil || claims.SingleUse {
		t.Errorf("time-bound after 301 s: %v", err)
	}
}

func TestReplacedMembers(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	claims, err := issuer.Verifier(t).Elevated(t.Context(), issuer.Token(t, stepuptest.Token{
		Scopes: transfer.Scopes, Claims: map[string]any{"sub": "eve", "credential_id": nil},
	}))
	if err != nil || claims.Subject != "eve" || claims.CredentialID != "" {
		t.Errorf("%+v, %v", claims, err)
	}
}

func TestServiceTokenIsAsked(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	for _, path := range []string{"/tokens/consume", "/tokens/introspect"} {
		if status, body := post(t, issuer, path, "application/json", `{"token":"x"}`, "stp_wrong"); status != 401 ||
			body["code"] != "invalid_service_token" {
			t.Errorf("%s: %d %v", path, status, body)
		}
	}
}

func TestMalformed(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	for _, body := range []string{"", "x", "{}", `{"token":"x"}`, `{"token":"x","scope":"a:b","operationId":"o"}`} {
		if status, answer := post(t, issuer, "/tokens/consume", "application/json", body, issuer.ServiceToken()); status != 400 ||
			answer["code"] != "malformed_request" {
			t.Errorf("%q: %d %v", body, status, answer)
		}
	}
}

func TestIntrospectJSON(t *testing.T) {
	issuer := stepuptest.NewIssuer(t)
	status, body := post(t, issuer, "/tokens/introspect", "application/json", `{"token":"`+issuer.Token(t, transfer)+`"}`,
		issuer.ServiceToken())
	if status != 200 || body["active"] != true || body["scope"] != "transfer:create" {
		t.Errorf("%d %v", status, body)
	}
	if status, body := post(t, issuer, "/tokens/introspect", "application/json", `{"token":"x"}`, issuer.ServiceToken()); status != 200 ||
		len(body) != 1 || body["active"] != false {
		t.Errorf("rubbish: %d %v", status, body)
	}
}
