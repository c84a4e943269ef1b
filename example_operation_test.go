package stepup_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// Carry an operation out once, however often the client sends it: name the
// header that holds its key. The client proves again for each try.
func Example_carryOutOnce() {
	issuer := stepuptest.NewIssuer(tb)
	guard, err := stepup.NewGuard(stepup.GuardConfig{
		Verifier:  issuer.Verifier(tb),
		Client:    issuer.Client(tb),
		Operation: func(r *http.Request) string { return r.Header.Get("Idempotency-Key") },
		OnReplay: func(w http.ResponseWriter, r *http.Request) {
			// Look up the outcome under stepup.OperationFromContext(r.Context()).
			fmt.Fprint(w, "sent before")
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	send := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "sent") }
	server := httptest.NewServer(guard.Require("transfer:create")(http.HandlerFunc(send)))
	defer server.Close()

	for range 2 {
		show(server.URL,
			"Authorization", "Bearer "+issuer.Session(tb, stepuptest.Session{}),
			"Elevated-Access-Token", issuer.Token(tb, stepuptest.Token{Scopes: []stepup.Scope{"transfer:create"}}),
			"Idempotency-Key", "rent-may")
	}
	// Output:
	// 200
	// sent
	// 200
	// sent before
}
