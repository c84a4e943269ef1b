package stepup_test

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// Refuse in the words of RFC 9470, for clients that speak OAuth.
func ExampleRFC9470() {
	issuer := stepuptest.NewIssuer(tb)
	guard, err := stepup.NewGuard(stepup.GuardConfig{
		Verifier: issuer.Verifier(tb),
		Client:   issuer.Client(tb),
		Refuse:   stepup.RFC9470(5*time.Minute, stepup.ACRMFA),
	})
	if err != nil {
		log.Fatal(err)
	}
	handler := guard.Require("transfer:create")(http.NotFoundHandler())

	request := httptest.NewRequest(http.MethodPost, "/transfers", nil)
	request.Header.Set("Authorization", "Bearer "+issuer.Session(tb, stepuptest.Session{}))
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	fmt.Println(recorder.Code)
	for parameter := range strings.SplitSeq(recorder.Header().Get("WWW-Authenticate"), ", ") {
		fmt.Println(parameter)
	}
	// Output:
	// 401
	// Bearer error="insufficient_user_authentication"
	// error_description="A fresh proof is required"
	// scope="transfer:create"
	// acr_values="urn:stepup:mfa"
	// max_age="300"
}

// Refuse in your own words, and log what the client is not told.
func Example_refuseInYourWords() {
	issuer := stepuptest.NewIssuer(tb)
	guard, err := stepup.NewGuard(stepup.GuardConfig{
		Verifier: issuer.Verifier(tb),
		Client:   issuer.Client(tb),
		Refuse: func(w http.ResponseWriter, r *http.Request, refusal stepup.Refusal) {
			if errors.Is(refusal.Err, stepup.ErrUnavailable) {
				fmt.Println("call the operator:", refusal.Err)
			}
			fmt.Println("for", refusal.Scope, "because", refusal.Reason)
			http.Redirect(w, r, "/prove?scope="+string(refusal.Scope), http.StatusSeeOther)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	handler := guard.Require("transfer:create")(http.NotFoundHandler())

	request := httptest.NewRequest(http.MethodPost, "/transfers", nil)
	request.Header.Set("Authorization", "Bearer "+issuer.Session(tb, stepuptest.Session{}))
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	fmt.Println(recorder.Code, recorder.Header().Get("Location"))
	// Output:
	// for transfer:create because missing
	// 303 /prove?scope=transfer:create
}
