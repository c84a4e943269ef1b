package api_test

import (
	"testing"

	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// What a prompt needs to know beforehand: what a scope allows, and whether a
// transaction must be shown by what confirms it.
func TestClientsAreToldWhatToShow(t *testing.T) {
	s := servertest.Start(t)
	s.Apply(t, servertest.Document(servertest.A, `
  - scope: "payment:create"
    audience: "https://bank.example"
    allows: send money
    summary: "Pay {amount}"
    binding: {require: always, displayed: true}
`))
	user := s.SignIn(t, servertest.A, "payer@example.com")
	check, bindings := servertest.SDK(servertest.A)+"/stepUp/check", servertest.SDK(servertest.A)+"/stepUp/bindings"
	details := []m{{"type": "payment", "amount": "25.00 EUR"}}
	for scope, want := range map[string]struct{ allows, mustDisplay any }{
		"payment:create": {"send money", true}, "transfer:create": {nil, nil},
	} {
		var said, registered m
		s.Do(t, "POST", check, user.Header(), m{"scope": scope}).Want(t, 200, "").JSON(t, &said)
		if said["allows"] != want.allows {
			t.Errorf("%s allows %v, want %v", scope, said["allows"], want.allows)
		}
		s.Do(t, "POST", bindings, user.Header(), m{"scope": scope, "authorizationDetails": details}).Want(t, 200, "").JSON(t, &registered)
		if registered["mustDisplay"] != want.mustDisplay {
			t.Errorf("%s: mustDisplay %v, want %v", scope, registered["mustDisplay"], want.mustDisplay)
		}
	}
}
