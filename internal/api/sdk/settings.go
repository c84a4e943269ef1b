package sdk

import (
	"encoding/json"
	"strconv"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/nonce"
	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/store"
)

// settingsRoutes are what clients ask before anything else.
func (a *API) settingsRoutes() []door.Route {
	return []door.Route{
		{
			Method: "GET", Path: door.SDK + "/settings", Section: "wire 20",
			Summary: "Settings of the environment, for clients",
			Gate:    door.Public(), AnyOrigin: true,
			Handler: door.Handle(a.settings),
		},
		{
			Method: "GET", Path: door.SDK + "/nonces", Section: "wire 5",
			Summary: "Up to five nonces",
			Gate:    door.Public(),
			Query:   []door.Param{{Name: "count", Type: "integer", Min: 1, Summary: "How many; more than five give five"}},
			Handler: door.Handle(a.nonces),
		},
		{
			Method: "GET", Path: door.SDK + "/nonce", Section: "wire 5",
			Summary: "One nonce",
			Gate:    door.Public(),
			Handler: door.Handle(a.oneNonce),
		},
		{
			Method: "GET", Path: door.SDK + "/healthcheck", Section: "wire 5",
			Summary: "The server answers",
			Gate:    door.Public(),
			Handler: door.Handle(healthcheck),
		},
		{
			Method: "POST", Path: door.SDK + "/sdkSettings", Section: "wire 20",
			Summary: "Takes what the published React client reports of its settings, and keeps nothing of it",
			Gate:    door.Public(),
			Handler: door.Handle(sdkSettings),
		},
		{
			Method: "GET", Path: door.SDK + "/.well-known/jwks", Section: "wire 3.1, RFC 7517",
			Summary: "Public keys",
			Gate:    door.Public(), AnyOrigin: true,
			Handler: door.Handle(a.jwks),
		},
		{
			Method: "GET", Path: door.SDK + "/.well-known/jwks.json", Section: "wire 3.1, RFC 7517",
			Summary: "Public keys",
			Gate:    door.Public(), AnyOrigin: true,
			Handler: door.Handle(a.jwks),
		},
	}
}

func (a *API) settings(c *door.Call, _ door.None) (environment.Settings, error) {
	s := c.Tenant.Settings()
	if a.texts(c) {
		s.AddSMS(c.Tenant.SMS.Countries, phone.CallingCode)
	}
	for _, provider := range social.Offered(c.Tenant) {
		s.AddSocial(provider)
	}
	return s, nil
}

// Nonces are for one signature each.
type Nonces struct {
	Nonces []string `json:"nonces"`
}

// maxNonces is how many one call gives at most (wire reference 5).
const maxNonces = 5

func (a *API) nonces(c *door.Call, _ door.None) (Nonces, error) {
	count := maxNonces
	if text := c.Query().Get("count"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return Nonces{}, fault.New(fault.InvalidRequest, "count must be a number from 1 to %d.", maxNonces)
		}
		count = min(n, maxNonces)
	}
	made, err := a.newNonces(c, count)
	return Nonces{made}, err
}

// Nonce is one nonce.
type Nonce struct {
	Nonce string `json:"nonce"`
}

func (a *API) oneNonce(c *door.Call, _ door.None) (Nonce, error) {
	made, err := a.newNonces(c, 1)
	if err != nil {
		return Nonce{}, err
	}
	return Nonce{made[0]}, nil
}

// newNonces never answers with none: clients would ask again without delay.
func (a *API) newNonces(c *door.Call, count int) (made []string, err error) {
	err = c.Read(func(tx *store.Tx) error {
		made, err = nonce.Several(tx, c.Tenant.ID, a.Now(), count)
		return err
	})
	return made, err
}

// Health says that the server answers.
type Health struct {
	Status string `json:"status"`
}

func healthcheck(*door.Call, door.None) (Health, error) { return Health{"healthy"}, nil }

// sdkSettings answers a report that the published React client sends as it
// starts, and which it complains about unless it is taken. Nothing is read of it.
func sdkSettings(*door.Call, door.None) (door.None, error) { return door.None{}, nil }

// JWKS is the environment's public key set (RFC 7517 section 5).
type JWKS struct {
	Keys []json.RawMessage `json:"keys"`
}

func (a *API) jwks(c *door.Call, _ door.None) (JWKS, error) {
	set := JWKS{Keys: []json.RawMessage{}}
	for _, key := range c.Tenant.Keys.JWKS(a.Now()).Keys {
		text, err := key.MarshalJSON()
		if err != nil {
			return set, err
		}
		set.Keys = append(set.Keys, text)
	}
	return set, nil
}
