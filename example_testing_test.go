package stepup_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// Test your service: start an issuer, point the service at it, and mint what a
// user would have. In a test of yours, tb is its t.
func Example_testYourService() {
	issuer := stepuptest.NewIssuer(tb)
	service := httptest.NewServer(yourService(issuer.URL(), issuer.ServiceToken(), issuer.Now))
	defer service.Close()

	session := "Bearer " + issuer.Session(tb, stepuptest.Session{})
	token := func() string {
		return issuer.Token(tb, stepuptest.Token{Scopes: []stepup.Scope{"transfer:create"}, Audience: "https://bank.example"})
	}
	show(service.URL, "Authorization", session, "Elevated-Access-Token", token())

	late := token()
	issuer.Advance(6 * time.Minute)
	show(service.URL, "Authorization", session, "Elevated-Access-Token", late)

	issuer.RotateKey(tb, stepup.EdDSA)
	show(service.URL, "Authorization", session, "Elevated-Access-Token", token())

	issuer.FailConsume(1)
	show(service.URL, "Authorization", session, "Elevated-Access-Token", token())
	// Output:
	// 200
	// sent
	// 403 Bearer error="insufficient_scope", scope="transfer:create"
	// 200
	// sent
	// 503
}

// yourService is the code under test.
func yourService(issuer string, token stepup.ServiceToken, now func() time.Time) http.Handler {
	verifier, err := stepup.NewVerifier(stepup.Config{Issuer: issuer, Audiences: []string{"https://bank.example"}, Now: now})
	if err != nil {
		log.Fatal(err)
	}
	client, err := stepup.NewClient(stepup.ClientConfig{Issuer: issuer, ServiceToken: token})
	if err != nil {
		log.Fatal(err)
	}
	guard, err := stepup.NewGuard(stepup.GuardConfig{Verifier: verifier, Client: client})
	if err != nil {
		log.Fatal(err)
	}
	return guard.Require("transfer:create")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "sent")
	}))
}
