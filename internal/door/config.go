package door

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/stepup-auth/stepup/internal/audit"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/shadow"
	"github.com/stepup-auth/stepup/internal/store"
	"github.com/stepup-auth/stepup/internal/tenant"
	"github.com/stepup-auth/stepup/internal/who"
)

// Config is what the door itself needs. Endpoints bring along what they need.
type Config struct {
	DB         *store.DB
	Tenants    *tenant.Registry
	Now        func() time.Time
	Log        *slog.Logger
	RequestID  func(*http.Request) string                         // set by the server's outermost layer
	ClientAddr func(*http.Request) string                         // true client address
	Observe    func(route string, status int, took time.Duration) // metrics; nil is allowed
	Refused    func(code, reason string)                          // metrics; reason as gates give it, or empty; nil is allowed
	Limited    func(limit string)                                 // metrics: a limit is hit; nil is allowed
	Refusals   *audit.Refusals                                    // counts refusals of anonymous requests; nil: each is recorded
	Uses       *serviceauth.Uses                                  // remembers which service tokens were used; nil: nobody does
	Shadow     *shadow.Counter                                    // counts what the newest rules would do; nil: nobody does
	MFAToken   func(text string) who.Legacy                       // reads a token of action-based MFA; nil: none is taken
}

// Door is the handler of all routes of a table.
type Door struct {
	Config
	mux  *http.ServeMux
	host *who.Caller // who works on the machine itself, see [Host]; nil: requests come from the network
}

// arrival is a request as it came, with what can be taken from it only once.
type arrival struct {
	w       http.ResponseWriter
	request *http.Request
	body    *[]byte // nil: it was not read yet
	again   bool    // the request is run again: its environment had changed
	device  string  // the device key that a nonce was burnt for; empty: none was
}
