package stepup_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/stepuptest"
)

// Guard an API you cannot change: a gateway checks and spends the token, and
// tells the API behind it who it was.
func Example_gateway() {
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "user %s, token left over: %q", r.Header.Get("X-User"), r.Header.Get("Elevated-Access-Token"))
	}))
	defer behind.Close()
	target, err := url.Parse(behind.URL)
	if err != nil {
		log.Fatal(err)
	}

	issuer := stepuptest.NewIssuer(tb)
	guard, err := stepup.NewGuard(stepup.GuardConfig{Verifier: issuer.Verifier(tb), Client: issuer.Client(tb)})
	if err != nil {
		log.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Del(stepup.HeaderElevatedAccessToken)
		r.Out.Header.Del(stepup.HeaderDynamicElevatedAccessToken)
		// Set, never add: whatever the client sent under this name goes.
		claims, _ := stepup.FromContext(r.In.Context())
		r.Out.Header.Set("X-User", claims.Subject)
	}}
	mux := http.NewServeMux()
	mux.Handle("POST /transfers", guard.Require("transfer:create")(proxy))
	mux.Handle("POST /cards", guard.Require("card:show")(proxy))
	gateway := httptest.NewServer(mux)
	defer gateway.Close()

	session := "Bearer " + issuer.Session(tb, stepuptest.Session{})
	token := issuer.Token(tb, stepuptest.Token{Scopes: []stepup.Scope{"transfer:create"}})
	show(gateway.URL+"/cards", "Authorization", session, "Elevated-Access-Token", token)
	show(gateway.URL+"/transfers", "Authorization", session, "Elevated-Access-Token", token, "X-User", "root")
	// Output:
	// 403 Bearer error="insufficient_scope", scope="card:show"
	// 200
	// user user-1, token left over: ""
}
