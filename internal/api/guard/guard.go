// Package guard is what guards of other APIs call, with a service token: they have
// elevated tokens consumed and looked at. Its invariant: no answer here is a
// permission but one that says first.
package guard

import (
	"encoding/json"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/serviceauth"
)

// API is what the endpoints share. The zero value works.
type API struct {
	Consumed func(result string) // metrics: first, replayed, refused or unknown; nil is allowed
}

// Routes are all routes of guards.
func (a *API) Routes() []door.Route {
	return []door.Route{
		{
			Method: "POST", Path: door.SDK + "/tokens/consume", Section: "ours",
			Summary: "Spend an elevated token for one operation",
			Gate:    door.Service(serviceauth.TokensConsume), Pins: true,
			Handler: door.Handle(a.consume),
		},
		{
			Method: "POST", Path: door.SDK + "/tokens/introspect", Section: "RFC 7662",
			Summary: "Is this token good right now",
			Gate:    door.Service(serviceauth.TokensConsume), Form: true,
			Handler: door.Handle(introspect),
		},
	}
}

// boundTo is what an answer says of a token's transaction.
func boundTo(claims stepup.Claims) (details []map[string]json.RawMessage, hash string, displayed *bool, err error) {
	if !claims.Bound() {
		return nil, "", nil, nil
	}
	err = json.Unmarshal(claims.AuthorizationDetails, &details)
	return details, claims.AuthorizationDetailsHash, &claims.Displayed, err
}

func joinScopes(scopes []stepup.Scope) string {
	text := ""
	for i, scope := range scopes {
		if i > 0 {
			text += " "
		}
		text += string(scope)
	}
	return text
}
