package admin

import (
	"time"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/operate"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/store"
)

// tokenRoutes list, make and revoke service tokens. A token for one environment sees and
// changes those of that one alone.
func tokenRoutes() []door.Route {
	return []door.Route{
		{
			Method: "GET", Path: door.Admin + "/service-tokens", Section: "ours",
			Summary: "List service tokens, newest first",
			Gate:    door.Service(serviceauth.ServiceTokensRead),
			Query:   []door.Param{{Name: "after", Type: "string", Summary: "The member next of the page before"}},
			Handler: door.Handle(serviceTokens),
		},
		{
			Method: "POST", Path: door.Admin + "/service-tokens", Section: "ours",
			Summary: "Make a service token that may do no more than the one it is made with; it is shown once",
			Gate:    door.Service(serviceauth.ServiceTokensWrite),
			Handler: door.Handle(createServiceToken),
		},
		{
			Method: "POST", Path: door.Admin + "/service-tokens/{tokenId}/revoke", Section: "ours",
			Summary: "Revoke a service token",
			Gate:    door.Service(serviceauth.ServiceTokensWrite),
			Handler: door.Handle(revokeServiceToken),
		},
	}
}

// ServiceTokenList is a page of service tokens.
type ServiceTokenList struct {
	Tokens []operate.ServiceToken `json:"tokens"`
	Next   string                 `json:"next,omitempty"` // what to ask for the page behind it by
}

func serviceTokens(c *door.Call, _ door.None) (list ServiceTokenList, err error) {
	err = c.Read(func(tx *store.Tx) error {
		list.Tokens, list.Next, err = operate.ViewServiceTokens(tx, c.Service.EnvironmentID(), c.Query().Get("after"))
		return err
	})
	return list, err
}

// CreateServiceTokenRequest is what a service token is to be.
type CreateServiceTokenRequest struct {
	Name          string         `json:"name"`
	EnvironmentID string         `json:"environmentId,omitempty"` // absent: all
	Scopes        []string       `json:"scopes"`
	TokenScopes   []stepup.Scope `json:"tokenScopes,omitempty"` // with tokens.consume: only these; absent: all
	LifeSeconds   int64          `json:"lifeSeconds,omitempty"` // absent: until it is revoked
}

// CreatedServiceToken holds the token, which is kept nowhere.
type CreatedServiceToken struct {
	ID    string `json:"id"`
	Token string `json:"token"`
}

// maxLife is the longest life of a service token that has an end.
const maxLife = 100 * 365 * 24 * time.Hour

func createServiceToken(c *door.Call, r CreateServiceTokenRequest) (made CreatedServiceToken, err error) {
	if r.LifeSeconds < 0 || r.LifeSeconds > int64(maxLife/time.Second) {
		return made, fault.New(fault.InvalidRequest, "lifeSeconds is how long the token lives, at most 100 years; leave it out for no end.")
	}
	err = c.Write(func(tx *store.Tx) error {
		text, id, err := operate.CreateServiceToken(c.Caller, tx, serviceauth.New{
			Name: r.Name, EnvironmentID: r.EnvironmentID, Scopes: r.Scopes, TokenScopes: r.TokenScopes,
			Life: time.Duration(r.LifeSeconds) * time.Second, By: c.Service,
		})
		made = CreatedServiceToken{ID: id, Token: text.Reveal()}
		return err
	})
	if err != nil {
		return CreatedServiceToken{}, err
	}
	return made, nil
}

func revokeServiceToken(c *door.Call, _ door.None) (door.None, error) {
	return door.None{}, c.Write(func(tx *store.Tx) error {
		return operate.RevokeServiceToken(c.Caller, tx, c.Service.EnvironmentID(), c.Path("tokenId"))
	})
}
