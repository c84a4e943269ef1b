// Package sdk is what apps call for their users: the published SDK API, byte for
// byte. Endpoints read a request, have it done by signin, account and their like,
// and write the answer; they hold no rule of their own. "Wire reference", and wire
// in the row of a route, cite a section of docs/wire.md, which tells that API.
package sdk

import (
	"net/http"
	"time"

	"github.com/stepup-auth/stepup/internal/assurance"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/waas"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Config is what the SDK's endpoints are built from.
type Config struct {
	DB          *store.DB
	Now         func() time.Time
	HTTP        *http.Client                        // what fetches tenant-set addresses, see package outbound
	Secrets     environment.Secrets                 // what documents point at
	Codes       func(method, event string)          // metrics: codes sent, proofs given; nil is allowed
	Full        func(environmentID, setting string) // a limit of a whole environment is used up; nil is allowed
	Unsent      func(to string)                     // told to whom no code was sent, being past the limit of the address; nil: nobody is
	Development bool                                // development mode: refusals say more
	Texts       bool                                // the server can send text messages
	LegacyMFA   LegacyMFA                           // action-based MFA; nil: none
	Wallets     wallet.Service                      // the wallet service; nil: there is none
}

// API is what the endpoints share. The zero value has routes to read, and no more.
type API struct {
	Config
	keys      *keyset.Cache
	social    *social.Client
	contracts *walletsig.Contracts
	wallets   waas.Desk
}

// New builds the SDK's endpoints.
func New(c Config) *API {
	keys := &keyset.Cache{HTTP: c.HTTP, Now: c.Now}
	return &API{
		Config: c, keys: keys, social: social.NewClient(c.HTTP, keys, c.Secrets, c.Now), contracts: walletsig.NewContracts(c.HTTP),
		wallets: waas.Desk{DB: c.DB, Wallets: c.Wallets, Now: c.Now},
	}
}

// alarm tells that a limit of the whole environment is used up.
func (a *API) alarm(c *door.Call) func(setting string) {
	return func(setting string) {
		if a.Full != nil {
			a.Full(c.Tenant.ID, setting)
		}
	}
}

// count counts codes that were sent, and proofs, for metrics.
func (a *API) count(kind assurance.Kind, event string) {
	if a.Codes != nil {
		a.Codes(string(kind), event)
	}
}
