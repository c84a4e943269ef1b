// Package api joins what the server speaks into one table: the SDK's routes, the
// guards' and the operators', and the document that describes them. Nothing is
// decided here.
package api

import (
	"io/fs"
	"net/http"
	"slices"
	"sync"

	"github.com/stepup-auth/stepup/internal/api/admin"
	"github.com/stepup-auth/stepup/internal/api/guard"
	"github.com/stepup-auth/stepup/internal/api/sdk"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/prompt"
)

// Config is what the API is built from.
type Config struct {
	Door  door.Config
	SDK   sdk.Config
	Admin admin.Config
	Guard guard.API
	Pages fs.FS // of the hosted prompt; nil: none
}

// New is the handler of all routes.
func New(c Config) http.Handler {
	if c.SDK.LegacyMFA != nil {
		c.Door.MFAToken = c.SDK.LegacyMFA.Present
	}
	prompts := prompt.New(prompt.Config{
		DB: c.SDK.DB, Now: c.SDK.Now, HTTP: c.SDK.HTTP, Secrets: c.SDK.Secrets, Codes: c.SDK.Codes,
		Full: c.SDK.Full, Texts: c.SDK.Texts, Pages: c.Pages,
	})
	return door.New(c.Door, table(sdk.New(c.SDK), prompts, &c.Guard, admin.New(c.Admin)))
}

// Routes is the whole table, to be read: nothing is behind it.
func Routes() []door.Route {
	return table(new(sdk.API), new(prompt.Face), new(guard.API), new(admin.API))
}

func table(apps *sdk.API, prompts *prompt.Face, guards *guard.API, operators *admin.API) []door.Route {
	return slices.Concat(apps.Routes(), prompts.Routes(), documentRoutes(), guards.Routes(), operators.Routes())
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
