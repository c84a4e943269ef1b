package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// A change of address that is refused because too many codes were sent there
// costs no token: the same one opens the next try.
func TestRefusedEmailChangeCostsNoToken(t *testing.T) {
	s := servertest.Start(t)
	document := servertest.Document(servertest.A, `  - {scope: "credential:update", tokenBehavior: single_use}`)
	s.Apply(t, strings.Replace(document, "codesPerAddress: {count: 1000", "codesPerAddress: {count: 2", 1))
	ada, bob := s.SignIn(t, servertest.A, "ada@example.com"), s.SignIn(t, servertest.A, "bob@example.com")
	for range 2 {
		s.Do(t, http.MethodPost, servertest.SDK(servertest.A)+"/emailVerifications/create", servertest.Bearer(bob.Token),
			`{"email":"new@example.com"}`).Want(t, http.StatusOK, "")
	}
	token := s.StepUp(t, ada, "credential:update")
	change := func(address string) servertest.Response {
		return s.Do(t, http.MethodPut, servertest.SDK(servertest.A)+"/users", servertest.Bearer(ada.Token, token),
			`{"email":"`+address+`"}`)
	}
	change("new@example.com").Want(t, http.StatusTooManyRequests, "rate_limited")
	change("other@example.com").Want(t, http.StatusOK, "")
	change("third@example.com").Want(t, http.StatusForbidden, "elevated_access_token_required")
}
