package stepup_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// Protect a route: sending money needs a proof that is good for one transfer.
func Example_protectARoute() {
	issuer := stepuptest.NewIssuer(tb) // in production, the address of your environment

	verifier, err := stepup.NewVerifier(stepup.Config{
		Issuer:    issuer.URL(),
		Audiences: []string{"https://bank.example"},
	})
	if err != nil {
		log.Fatal(err)
	}
	client, err := stepup.NewClient(stepup.ClientConfig{
		Issuer:       issuer.URL(),
		ServiceToken: issuer.ServiceToken(), // in production, from your secret store
	})
	if err != nil {
		log.Fatal(err)
	}
	guard, err := stepup.NewGuard(stepup.GuardConfig{Verifier: verifier, Client: client})
	if err != nil {
		log.Fatal(err)
	}

	send := func(w http.ResponseWriter, r *http.Request) {
		claims, _ := stepup.FromContext(r.Context())
		fmt.Fprintf(w, "sent for %s, proved by %v", claims.Subject, claims.AMR)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /transfers", guard.Require("transfer:create")(http.HandlerFunc(send)))
	server := httptest.NewServer(mux)
	defer server.Close()

	session := "Bearer " + issuer.Session(tb, stepuptest.Session{})
	token := issuer.Token(tb, stepuptest.Token{Scopes: []stepup.Scope{"transfer:create"}, Audience: "https://bank.example"})
	show(server.URL+"/transfers", "Authorization", session)
	show(server.URL+"/transfers", "Authorization", session, "Elevated-Access-Token", token)
	show(server.URL+"/transfers", "Authorization", session, "Elevated-Access-Token", token)
	// Output:
	// 403 Bearer error="insufficient_scope", scope="transfer:create"
	// 200
	// sent for user-1, proved by [otp]
	// 403 Bearer error="insufficient_scope", scope="transfer:create"
}
