package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

var update = flag.Bool("update", false, "write docs/openapi.json")

const golden = "../../docs/openapi.json"

// TestOpenAPI keeps the document valid, served, and the same in docs.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromData(api.OpenAPI())
	if err != nil {
		t.Fatalf("loading the document: %v", err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Errorf("the document is not OpenAPI 3.1: %v", err)
	}
	if *update {
		if err := os.WriteFile(golden, api.OpenAPI(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, api.OpenAPI()) {
		t.Error("docs/openapi.json is out of date; run: go test ./internal/api -run TestOpenAPI -update")
	}
	served := servertest.Start(t).Do(t, "GET", "/api/v0/openapi.json", nil, nil).Want(t, 200, "")
	if !bytes.Equal(served.Body, api.OpenAPI()) || served.Header.Get("Content-Type") != "application/json" {
		t.Errorf("served as %s, and not the document of the table", served.Header.Get("Content-Type"))
	}
}

// TestOpenAPINamesEveryRoute compares the document with the table, member by
// member, where another program would trust it.
func TestOpenAPINamesEveryRoute(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromData(api.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	operations, ids := 0, map[string]bool{}
	for _, item := range document.Paths.Map() {
		operations += len(item.Operations())
	}
	if operations != len(api.Routes()) {
		t.Errorf("%d operations for %d routes", operations, len(api.Routes()))
	}
	for _, r := range api.Routes() {
		o := document.Paths.Value(r.Path).GetOperation(r.Method)
		if o == nil {
			t.Errorf("%s %s is missing", r.Method, r.Path)
			continue
		}
		if o.OperationID == "" || ids[o.OperationID] {
			t.Errorf("%s %s: operationId %q is empty or taken", r.Method, r.Path, o.OperationID)
		}
		ids[o.OperationID] = true
		if o.Summary == "" || o.Extensions["x-stepup-section"] == "" {
			t.Errorf("%s %s has no summary or section", r.Method, r.Path)
		}
		if got := o.Extensions["x-stepup-gate"]; got != string(r.Gate.Kind) {
			t.Errorf("%s %s: gate %v, want %s", r.Method, r.Path, got, r.Gate.Kind)
		}
		if got, want := o.Extensions["x-stepup-scopes"], scopesOf(r); len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%s %s: scopes %v, want %v", r.Method, r.Path, got, want)
		}
		if secured := o.Security != nil && len(*o.Security) > 0; secured != (r.Gate.Kind != door.PublicGate || r.OptionalSession) {
			t.Errorf("%s %s: security %v", r.Method, r.Path, o.Security)
		}
	}
}

func scopesOf(r door.Route) []any {
	var scopes []any
	for _, scope := range r.Gate.Scopes {
		scopes = append(scopes, string(scope))
	}
	if r.Gate.Service != "" {
		scopes = append(scopes, r.Gate.Service)
	}
	return scopes
}

// TestOpenAPIIsDeterministic: two builds must not differ, or the copy in docs
// would be out of date by chance.
func TestOpenAPIIsDeterministic(t *testing.T) {
	t.Parallel()
	var members map[string]any
	if err := json.Unmarshal(api.OpenAPI(), &members); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if !bytes.Equal(api.DescribeAgain(), api.OpenAPI()) {
			t.Fatal("the document changes from one build to the next")
		}
	}
}
