// Package api speaks the wire: the SDK routes, the guards' routes and the
// administration. One table lists every route with its gate ([Routes]); the
// door in front of it judges each request as its row says.
package api

import (
	"net/http"
	"slices"
	"sync"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/keyset"
	"github.com/stepup-auth/stepup/internal/method/social"
	"github.com/stepup-auth/stepup/internal/method/walletsig"
	"github.com/stepup-auth/stepup/internal/outbox"
	"github.com/stepup-auth/stepup/internal/wallet"
)

// Config is what the API is built from.
type Config struct {
	door.Config
	Outbox      *outbox.Worker
	HTTP        *http.Client                        // what fetches tenant-set addresses, see package outbound
	Secrets     environment.Secrets                 // what documents point at
	Senders     deliver.Senders                     // what their mail may come from
	Codes       func(method, event string)          // metrics: codes sent, proofs given; nil is allowed
	Full        func(environmentID, setting string) // a limit of a whole environment is used up; nil is allowed
	Development bool                                // development mode: refusals say more
	Texts       bool                                // the server can send text messages
	Operators   func() []string                     // who is mailed when rules are weakened
	LegacyMFA   LegacyMFA                           // action-based MFA; nil: none
	Wallets     wallet.Service                      // the wallet service; nil: there is none
}

// API is what the endpoints share.
type API struct {
	Config
	keys      *keyset.Cache
	social    *social.Client
	contracts *walletsig.Contracts
}

// New is the handler of all routes.
func New(c Config) http.Handler {
	if c.LegacyMFA != nil {
		c.MFAToken = c.LegacyMFA.Present
	}
	a := &API{Config: c, keys: &keyset.Cache{HTTP: c.HTTP, Now: c.Now}, contracts: walletsig.NewContracts(c.HTTP)}
	a.social = social.NewClient(c.HTTP, a.keys, c.Secrets, c.Now)
	return door.New(c.Config, a.routes())
}

// Routes is the whole table, to be read: nothing is behind it.
func Routes() []door.Route { return new(API).routes() }

func (a *API) routes() []door.Route {
	return slices.Concat(
		a.settingsRoutes(), a.emailRoutes(), checkRoutes(), bindingRoutes(), a.sessionRoutes(), a.userRoutes(),
		a.credentialRoutes(), notMeRoutes(), documentRoutes(),
		a.totpRoutes(), a.recoveryRoutes(), a.deviceRoutes(), a.disputeRoutes(), a.smsRoutes(), a.walletRoutes(),
		a.waasRoutes(), a.passkeyRoutes(), a.socialRoutes(), a.externalRoutes(), guardRoutes(), a.adminRoutes(), a.migrationRoutes(),
	)
}

func documentRoutes() []door.Route {
	return []door.Route{{
		Method: "GET", Path: "/api/v0/openapi.json", Section: "OpenAPI 3.1",
		Summary: "This document",
		Gate:    door.Public(), AnyOrigin: true, Produces: "application/json",
		Handler: door.Handle(openAPI),
	}}
}

func openAPI(*door.Call, door.None) (door.Raw, error) {
	return door.Raw{ContentType: "application/json", Body: OpenAPI()}, nil
}

// document is made once. Its initializer cannot make it: the table it is made
// from names the handler that serves it.
var document struct {
	once sync.Once
	text []byte
}

// OpenAPI is the OpenAPI 3.1 document of [Routes]; docs/openapi.json is its copy.
func OpenAPI() []byte {
	document.once.Do(func() {
		text, err := door.OpenAPI(Routes())
		if err != nil {
			panic(err)
		}
		document.text = text
	})
	return document.text
}
