// Package admin is what operators call, with a service token. Every change is made
// by package operate, which the command line asks too; here it is only read and
// written as JSON.
package admin

import (
	"slices"

	"github.com/stepup-auth/stepup/internal/deliver"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
)

// Config is what the administration is built from.
type Config struct {
	DB        *store.DB
	Shadow    *shadow.Counter // counts what the newest rules would do; nil: nobody does
	Senders   deliver.Senders // what mail of environments may come from
	Operators func() []string // who is mailed when rules are weakened
}

// API is what the endpoints share. The zero value has routes to read, and no more.
type API struct{ Config }

// New builds the administration.
func New(c Config) *API { return &API{c} }

// Routes are all routes of operators.
func (a *API) Routes() []door.Route {
	return slices.Concat(a.environmentRoutes(), a.revisionRoutes(), a.versionRoutes(), a.userRoutes(),
		a.importRoutes(), a.recoveryRoutes(), auditRoutes(), tokenRoutes())
}
