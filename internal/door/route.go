package door

import (
	"reflect"
)

// Where routes begin.
const (
	SDK   = sdkPrefix + "{environmentId}" // of one environment: for apps and guards
	Admin = "/api/v0/admin"               // for operators

	sdkPrefix = "/api/v0/sdk/"
)

// Route is one row of the table that is the source of the mux, the gates and
// the OpenAPI document.
type Route struct {
	Method  string
	Path    string // net/http pattern
	Summary string
	Section string // of the wire reference (docs/wire.md) or the standard that it implements
	Gate    Gate
	Handler Endpoint

	Owing           bool // a session that still owes a second factor may call it
	Unregistered    bool // a session whose device is not registered yet may call it
	OptionalSession bool // public, but a session that is sent must be live
	Pins            bool // its one transaction pins the environment's revision before it decides anything
	Device          bool // device-signature headers are verified here (wire reference 1.4)
	OptionalBody    bool
	Operation       bool   // it does something to a wallet, under the operation id of its idempotency key
	Event           string // what clients that wait for an event stream get
	AnyOrigin       bool   // public keys and pages: any browser origin may read them
	PromptPage      bool   // only the page at the environment's prompt.origin may call it
	Document        bool   // the body is a YAML or JSON document
	Form            bool   // the body may be form-encoded (RFC 7662)
	Redirects       bool   // the answer sends a browser elsewhere
	Query           []Param
	Headers         []Param // beside those that many routes take
	Produces        string  // media type, where it is not JSON of the handler's own type
}

// Param is a parameter of the query or a header; all are optional.
type Param struct {
	Name, Type, Summary string // Type is a JSON type or date-time
	Min, Max            int    // of an integer; 0: none
}

// Endpoint is a handler with its types erased but remembered: the OpenAPI
// document is made from them.
type Endpoint struct {
	request  reflect.Type // nil: takes no body
	response reflect.Type // nil: answers without a body
	run      func(*Call, []byte) (any, error)
}
