package stepup_test

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// Keep your own login: your users sign in at it, stepup knows them by your
// issuer and subject, and the guard compares those.
func Example_yourOwnLogin() {
	issuer := stepuptest.NewIssuer(tb)
	guard, err := stepup.NewGuard(stepup.GuardConfig{
		Verifier:      issuer.Verifier(tb),
		Client:        issuer.Client(tb),
		IgnoreSession: true, // Authorization is not stepup's here
		Caller: func(r *http.Request) (stepup.Caller, error) {
			user, ok := yourUser(r)
			if !ok {
				return stepup.Caller{}, errors.New("not signed in")
			}
			return stepup.Caller{ExternalIssuer: "https://login.example", ExternalSubject: user}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	send := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "sent") }
	server := httptest.NewServer(guard.Require("transfer:create")(http.HandlerFunc(send)))
	defer server.Close()

	token := issuer.Token(tb, stepuptest.Token{
		Scopes: []stepup.Scope{"transfer:create"},
		User:   stepuptest.User{ExternalIssuer: "https://login.example", ExternalSubject: "ada"},
	})
	show(server.URL, "Elevated-Access-Token", token)
	show(server.URL, "Cookie", "user=bob", "Elevated-Access-Token", token)
	show(server.URL, "Cookie", "user=ada", "Elevated-Access-Token", token)
	// Output:
	// 401 Bearer
	// 403 Bearer error="insufficient_scope", scope="transfer:create"
	// 200
	// sent
}

// yourUser stands for your way of knowing who is signed in.
func yourUser(r *http.Request) (string, bool) {
	cookie, err := r.Cookie("user")
	if err != nil {
		return "", false
	}
	return cookie.Value, true
}
