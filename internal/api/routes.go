package api

import (
	"slices"

	"github.com/stepup-auth/stepup"
	"github.com/stepup-auth/stepup/internal/environment"
	"github.com/stepup-auth/stepup/internal/serviceauth"
	"github.com/stepup-auth/stepup/internal/shadow"
)

// Route is one row of the table that is the source of the mux, the gates and
// the OpenAPI document.
type Route struct {
	Method  string
	Path    string // net/http pattern
	Summary string
	Section string // of the wire reference or standard it implements
	Gate    Gate

	Owing           bool // a session that still owes a second factor may call it
	OptionalSession bool // public, but a session that is sent must be live
	Device          bool // device-signature headers are verified here (wire reference 1.4)
	OptionalBody    bool
	Operation       bool   // it does something to a wallet, under the operation id of its idempotency key
	Event           string // what clients that wait for an event stream get
	AnyOrigin       bool   // public keys and pages: any browser origin may read them
	Document        bool   // the body is a YAML or JSON document
	Form            bool   // the body may be form-encoded (RFC 7662)
	Redirects       bool   // the answer sends a browser elsewhere
	Query           []Param
	Produces        string // media type, where it is not JSON of the handler's own type

	handler endpoint
}

// Param is a query parameter; all are optional.
type Param struct {
	Name, Type, Summary string // Type is a JSON type or date-time
	Min, Max            int    // of an integer; 0: none
}

const (
	sdkPrefix = "/api/v0/sdk/"

	sdk   = sdkPrefix + "{environmentId}"
	admin = "/api/v0/admin"
)

var auditQuery = []Param{
	{Name: "userId", Type: "string", Summary: "Events about this user"},
	{Name: "action", Type: "string", Summary: "An action, or the start of some, ending in a dot"},
	{Name: "since", Type: "date-time", Summary: "Not before"},
	{Name: "until", Type: "date-time", Summary: "Before"},
	{Name: "after", Type: "string", Summary: "With since: behind the event with this id"},
	{Name: "limit", Type: "integer", Min: 1, Max: 1000, Summary: "How many events; 1000 unless said"},
}

// Routes is the whole API.
func Routes() []Route {
	return slices.Concat(coreRoutes(), mfaRoutes(), smsRoutes(), walletRoutes(), waasRoutes(), passkeyRoutes(), socialRoutes(),
		externalRoutes(), bindingRoutes(), guardRoutes(), adminRoutes(), migrationRoutes())
}

func coreRoutes() []Route {
	public := Gate{Kind: PublicGate}
	signedIn := Gate{Kind: SessionGate}
	return []Route{
		{Method: "GET", Path: sdk + "/settings", Gate: public, AnyOrigin: true, Section: "wire 20",
			Summary: "Settings of the environment, for clients", handler: handle(settings)},
		{Method: "GET", Path: sdk + "/nonces", Gate: public, Section: "wire 5", Summary: "Up to five nonces",
			Query:   []Param{{Name: "count", Type: "integer", Min: 1, Summary: "How many; more than five give five"}},
			handler: handle(nonces)},
		{Method: "GET", Path: sdk + "/nonce", Gate: public, Section: "wire 5", Summary: "One nonce", handler: handle(oneNonce)},
		{Method: "GET", Path: sdk + "/healthcheck", Gate: public, Section: "wire 5", Summary: "The server answers",
			handler: handle(healthcheck)},
		{Method: "POST", Path: sdk + "/sdkSettings", Gate: public, Section: "wire 20",
			Summary: "Takes what the published React client reports of its settings, and keeps nothing of it",
			handler: handle(sdkSettings)},
		{Method: "GET", Path: sdk + "/.well-known/jwks", Gate: public, AnyOrigin: true, Section: "wire 3.1, RFC 7517",
			Summary: "Public keys", handler: handle(jwks)},
		{Method: "GET", Path: sdk + "/.well-known/jwks.json", Gate: public, AnyOrigin: true, Section: "wire 3.1, RFC 7517",
			Summary: "Public keys", handler: handle(jwks)},

		{Method: "POST", Path: sdk + "/emailVerifications/create", Gate: public, OptionalSession: true, Owing: true, Section: "wire 6",
			Summary: "Mail a code", handler: handle(emailCreate)},
		{Method: "POST", Path: sdk + "/emailVerifications/retry", Gate: public, OptionalSession: true, Owing: true, Section: "wire 6",
			Summary: "Mail a new code in place of an earlier one", handler: handle(emailRetry)},
		{Method: "POST", Path: sdk + "/emailVerifications/signin", Gate: public, Device: true, Section: "wire 6",
			Summary: "Sign in with a code", handler: handle(emailSignIn)},
		{Method: "POST", Path: sdk + "/emailVerifications/verify", Device: true, Owing: true, Section: "wire 6, 11.2",
			Summary: "Step up with a code, or link its address",
			Gate: Gate{Kind: BodyGate, Scopes: []stepup.Scope{stepup.CredentialLink}, Compatible: environment.LinkEmail,
				Call: shadow.LinkEmail},
			handler: handle(emailVerify)},

		{Method: "POST", Path: sdk + "/stepUp/check", Gate: signedIn, Owing: true, Section: "wire 11.1",
			Summary: "Is a step-up required, and with what", handler: handle(checkStepUp)},

		{Method: "POST", Path: sdk + "/refresh", Gate: signedIn, Owing: true, Device: true, Section: "wire 14",
			Summary: "Renew the session's tokens", handler: handle(refresh)},
		{Method: "POST", Path: sdk + "/revoke", Gate: signedIn, Owing: true, Section: "wire 14",
			Summary: "End the session and its elevated tokens", handler: handle(revoke)},
		{Method: "GET", Path: sdk + "/session", Gate: signedIn, Owing: true, Section: "wire 14", Summary: "The session, if it lives",
			handler: handle(getSession)},

		{Method: "GET", Path: sdk + "/users", Gate: signedIn, Owing: true, Section: "wire 15", Summary: "The signed-in user",
			handler: handle(getUser)},
		{Method: "PUT", Path: sdk + "/users", Section: "wire 15",
			Summary: "Change the profile, or start changing the email address or the phone number",
			Gate: Gate{Kind: BodyGate, Scopes: []stepup.Scope{stepup.CredentialUpdate, stepup.UserUpdate},
				Compatible: environment.UpdateUser, Call: shadow.UpdateUser},
			handler: handle(updateUser)},
		{Method: "DELETE", Path: sdk + "/users", Section: "wire 15", Summary: "Delete the account",
			Gate: Gate{Kind: ElevatedGate, Scopes: []stepup.Scope{stepup.UserDelete}, Compatible: environment.DeleteUser,
				Call: shadow.DeleteUser},
			handler: handle(deleteUser)},

		{Method: "POST", Path: sdk + "/verify/unlink", Section: "wire 7.1", Summary: "Unlink a credential",
			Gate: Gate{Kind: ElevatedGate, Scopes: []stepup.Scope{stepup.CredentialUnlink}, Compatible: environment.UnlinkWallet,
				Call: shadow.UnlinkWallet},
			handler: handle(unlink)},
		{Method: "POST", Path: sdk + "/credentials/{credentialId}/confirm", Section: "ours",
			Summary: "Confirm a credential that was linked with nothing",
			Gate:    Gate{Kind: ElevatedGate, Scopes: []stepup.Scope{stepup.CredentialLink}},
			handler: handle(confirmCredential)},
		{Method: "GET", Path: sdk + "/notMe", Gate: public, AnyOrigin: true, Section: "ours",
			Summary: "Page behind a \"this was not me\" link", Produces: "text/html", handler: handle(notMePage)},
		{Method: "GET", Path: sdk + "/notMe.js", Gate: public, AnyOrigin: true, Section: "ours", Summary: "Script of that page",
			Produces: "text/javascript", handler: handle(notMeScript)},
		{Method: "POST", Path: sdk + "/notMe", Gate: public, AnyOrigin: true, Section: "ours",
			Summary: "Deny a change and end all sessions", handler: handle(notMe)},

		{Method: "GET", Path: "/api/v0/openapi.json", Gate: public, AnyOrigin: true, Section: "OpenAPI 3.1", Summary: "This document",
			Produces: "application/json", handler: handle(openAPI)},
	}
}

func serviceGate(scope string) Gate { return Gate{Kind: ServiceGate, Service: scope} }

func guardRoutes() []Route {
	return []Route{
		{Method: "POST", Path: sdk + "/tokens/consume", Gate: serviceGate(serviceauth.TokensConsume), Section: "ours",
			Summary: "Spend an elevated token for one operation", handler: handle(consume)},
		{Method: "POST", Path: sdk + "/tokens/introspect", Gate: serviceGate(serviceauth.TokensConsume), Form: true, Section: "RFC 7662",
			Summary: "Is this token good right now", handler: handle(introspect)},
	}
}

func adminRoutes() []Route {
	return []Route{
		{Method: "GET", Path: admin + "/environments", Gate: serviceGate(serviceauth.EnvironmentsRead), Section: "ours",
			Summary: "List environments", handler: handle(adminEnvironments)},
		{Method: "GET", Path: admin + "/environments/{environmentId}", Gate: serviceGate(serviceauth.EnvironmentsRead), Section: "ours",
			Summary: "Show an environment's document", handler: handle(adminEnvironment)},
		{Method: "PUT", Path: admin + "/environments/{environmentId}", Gate: serviceGate(serviceauth.EnvironmentsWrite), Document: true,
			Section: "ours", Summary: "Apply an environment document; weakening needs environments.weaken",
			Query:   []Param{{Name: "dryRun", Type: "boolean", Summary: "Judge and report, change nothing"}},
			handler: endpoint{response: shape[ApplyResponse](), run: adminApply}},
		{Method: "POST", Path: admin + "/environments/{environmentId}/keys/rotate", Gate: serviceGate(serviceauth.EnvironmentsWrite),
			OptionalBody: true, Section: "ours", Summary: "Rotate the signing key", handler: handle(adminRotate)},
		{Method: "GET", Path: admin + "/environments/{environmentId}/users", Gate: serviceGate(serviceauth.UsersRead), Section: "ours",
			Summary: "List users", Query: []Param{{Name: "after", Type: "string", Summary: "The member next of the page before"}},
			handler: handle(adminUsers)},
		{Method: "GET", Path: admin + "/environments/{environmentId}/users/{userId}", Gate: serviceGate(serviceauth.UsersRead),
			Section: "ours", Summary: "Show a user with credentials and sessions", handler: handle(adminUser)},
		{Method: "POST", Path: admin + "/environments/{environmentId}/users/{userId}/disable", Gate: serviceGate(serviceauth.UsersWrite),
			Section: "ours", Summary: "Disable a user and end all sessions", handler: handle(adminDisable)},
		{Method: "POST", Path: admin + "/environments/{environmentId}/users/{userId}/enable", Gate: serviceGate(serviceauth.UsersWrite),
			Section: "ours", Summary: "Enable a user again", handler: handle(adminEnable)},
		{Method: "POST", Path: admin + "/environments/{environmentId}/users/{userId}/revoke-sessions",
			Gate: serviceGate(serviceauth.UsersWrite), Section: "ours", Summary: "End all sessions of a user",
			handler: handle(adminRevokeSessions)},
		{Method: "POST", Path: admin + "/environments/{environmentId}/users/{userId}/reset-mfa", Gate: serviceGate(serviceauth.UsersWrite),
			Section: "ours", Summary: "Take all second factors of a user away and end all sessions", handler: handle(adminResetMFA)},
		{Method: "POST", Path: admin + "/environments/{environmentId}/users/{userId}/settle", Gate: serviceGate(serviceauth.UsersWrite),
			Section: "ours", Summary: "Decide about a disputed factor or address of a user", handler: handle(adminSettle)},
		{Method: "POST", Path: admin + "/environments/{environmentId}/users/{userId}/unlock", Gate: serviceGate(serviceauth.UsersWrite),
			Section: "ours", Summary: "Forget what limits have counted against a user", handler: handle(adminUnlock)},
		{Method: "GET", Path: admin + "/environments/{environmentId}/audit", Gate: serviceGate(serviceauth.AuditRead), Section: "ours",
			Summary: "Query the audit log", Query: auditQuery, handler: handle(adminAudit)},
	}
}
