package api

import (
	"encoding/json"
	"strconv"

	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/nonce"
	"github.com/stepup-auth/stepup/internal/phone"
	"github.com/stepup-auth/stepup/internal/store"
)

func settings(c *Call, _ none) (environment.Settings, error) {
	s := c.Tenant.Settings()
	if c.texts() {
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

func nonces(c *Call, _ none) (Nonces, error) {
	count := maxNonces
	if text := c.request.URL.Query().Get("count"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return Nonces{}, fault.New(fault.InvalidRequest, "count must be a number from 1 to %d.", maxNonces)
		}
		count = min(n, maxNonces)
	}
	made, err := c.newNonces(count)
	return Nonces{made}, err
}

// Nonce is one nonce.
type Nonce struct {
	Nonce string `json:"nonce"`
}

func oneNonce(c *Call, _ none) (Nonce, error) {
	made, err := c.newNonces(1)
	if err != nil {
		return Nonce{}, err
	}
	return Nonce{made[0]}, nil
}

// newNonces never answers with none: clients would ask again without delay.
func (c *Call) newNonces(count int) ([]string, error) {
	var epoch string
	err := c.Read(func(tx *store.Tx) (err error) {
		epoch, err = tx.Epoch()
		return err
	})
	if err != nil {
		return nil, err
	}
	made := make([]string, count)
	for i := range made {
		made[i] = nonce.New(c.api.DB.Hasher(), c.Tenant.ID, epoch, c.api.Now())
	}
	return made, nil
}

// Health says that the server answers.
type Health struct {
	Status string `json:"status"`
}

func healthcheck(*Call, none) (Health, error) { return Health{"healthy"}, nil }

// sdkSettings answers a report that the published React client sends as it
// starts, and which it complains about unless it is taken. Nothing is read of it.
func sdkSettings(*Call, none) (none, error) { return none{}, nil }

// JWKS is the environment's public key set (RFC 7517 section 5).
type JWKS struct {
	Keys []json.RawMessage `json:"keys"`
}

func jwks(c *Call, _ none) (JWKS, error) {
	set := JWKS{Keys: []json.RawMessage{}}
	for _, key := range c.Tenant.Keys.JWKS(c.api.Now()).Keys {
		text, err := key.MarshalJSON()
		if err != nil {
			return set, err
		}
		set.Keys = append(set.Keys, text)
	}
	return set, nil
}
