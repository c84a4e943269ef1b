package api_test

import (
	"bytes"
	"cmp"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/stepup-auth/stepup/internal/api"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/server/servertest"
)

// client sends requests to one server and holds every answer against the
// OpenAPI document and against what all answers have in common.
type client struct {
	*servertest.Server
	mu        sync.Mutex
	succeeded map[string]bool // by method and pattern
}

func start(t testing.TB, opts ...servertest.Option) *client {
	t.Helper()
	return &client{Server: servertest.Start(t, opts...), succeeded: map[string]bool{}}
}

// send sends a request to the route at a path of it.
func (c *client) send(t testing.TB, r door.Route, path string, header http.Header, body any) servertest.Response {
	t.Helper()
	answer := c.Do(t, r.Method, path, header, body)
	for _, problem := range wrong(r, answer) {
		t.Errorf("%s %s: answer %d: %s\n%.600s", r.Method, path, answer.Status, problem, answer.Body)
	}
	if answer.Status < 300 || r.Redirects && answer.Status < 400 {
		c.mu.Lock()
		c.succeeded[r.Method+" "+r.Path] = true
		c.mu.Unlock()
	}
	return answer
}

// wrong lists what is wrong with an answer of the route.
func wrong(r door.Route, answer servertest.Response) []string {
	if r.Redirects && answer.Status/100 == 3 {
		return wrongRedirect(answer)
	}
	problems := wrongAnyhow(answer)
	if strings.HasPrefix(r.Path, "/prompt/assets/") && answer.Status == 200 { // whose names change with their content
		problems = slices.DeleteFunc(problems, func(problem string) bool { return strings.HasPrefix(problem, "Cache-Control") })
	}
	schema, err := schemaFor(r, answer)
	if err != nil {
		return append(problems, err.Error())
	}
	if schema == nil {
		return problems
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(answer.Body))
	if err != nil {
		return append(problems, "not JSON: "+err.Error())
	}
	if err := schema.Validate(value); err != nil {
		problems = append(problems, err.Error())
	}
	return problems
}

// inside are traces of the server's inside that no answer may show.
var inside = regexp.MustCompile(`goroutine \d|\.go:\d|panic|runtime error|SQLSTATE|sql:|sqlite|pgx|/internal/`)

// asset are the media types of what pages load.
var asset = regexp.MustCompile(`^text/(javascript|css);`)

// wrongAnyhow lists what is wrong with an answer wherever it came from.
func wrongAnyhow(answer servertest.Response) []string {
	var problems []string
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	h := answer.Header
	if answer.Status >= 500 {
		say("the server broke")
	}
	kept := "no-store"
	if answer.Status == 200 && asset.MatchString(h.Get("Content-Type")) { // the same for everybody, under a name with its hash
		kept = "public, max-age=31536000, immutable"
	}
	if h.Get("Cache-Control") != kept && h.Get("Cache-Control") != "no-store" {
		say("Cache-Control is %q", h.Get("Cache-Control"))
	}
	if h.Get("X-Request-Id") == "" {
		say("no X-Request-Id")
	}
	if answer.Status < 300 {
		return problems
	}
	if media, _, _ := mime.ParseMediaType(h.Get("Content-Type")); media != "application/json" {
		say("a refusal as %q", h.Get("Content-Type"))
	}
	if answer.Status < 400 || answer.Member("error") == "" || answer.Code == "" || answer.Member("requestId") != h.Get("X-Request-Id") {
		say("not a refusal with error, code and the request's id")
	}
	if found := inside.Find(answer.Body); found != nil {
		say("shows the server's inside: %q", found)
	}
	return problems
}

// wrongRedirect lists what is wrong with an answer that sends a browser elsewhere.
func wrongRedirect(answer servertest.Response) (problems []string) {
	h := answer.Header
	if u, err := url.Parse(h.Get("Location")); err != nil || u.Host == "" {
		problems = append(problems, "it leads to "+h.Get("Location"))
	}
	if h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" || len(answer.Body) != 0 {
		problems = append(problems, "its address may be kept or told")
	}
	return problems
}

const documentURL = "https://stepup.test/openapi.json"

// compiler holds the document with additional members refused, so that an
// answer with a member the document does not name is found.
var compiler = sync.OnceValues(func() (*jsonschema.Compiler, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(api.OpenAPI()))
	if err != nil {
		return nil, err
	}
	closeObjects(document)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	return c, c.AddResource(documentURL, document)
})

func closeObjects(value any) {
	switch v := value.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok && v["type"] == "object" {
			v["additionalProperties"] = false
		}
		for _, member := range v {
			closeObjects(member)
		}
	case []any:
		for _, element := range v {
			closeObjects(element)
		}
	}
}

var (
	compiling sync.Mutex
	compiled  = map[string]*jsonschema.Schema{}
)

// schemaFor finds the schema of the answer: nil where there is no JSON body.
func schemaFor(r door.Route, answer servertest.Response) (*jsonschema.Schema, error) {
	var place string
	switch {
	case answer.Code == "elevated_access_token_required":
		place = "#/components/schemas/StepUpRequired"
	case answer.Status >= 400:
		place = "#/components/schemas/Problem"
	case r.Produces != "":
		return nil, nil
	case answer.Status == 204:
		if len(answer.Body) > 0 {
			return nil, fmt.Errorf("204 with a body")
		}
		place = place204(r)
	default:
		place = operationPlace(r) + fmt.Sprintf("/responses/%d/content/application~1json/schema", answer.Status)
	}
	compiling.Lock()
	defer compiling.Unlock()
	if schema, ok := compiled[place]; ok {
		return schema, nil
	}
	c, err := compiler()
	if err != nil {
		return nil, err
	}
	schema, err := c.Compile(documentURL + place)
	if err != nil {
		return nil, fmt.Errorf("the document does not describe this answer: %w", err)
	}
	if answer.Status == 204 {
		schema = nil
	}
	compiled[place] = schema
	return schema, nil
}

func operationPlace(r door.Route) string {
	escaped := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(r.Path)
	return "#/paths/" + escaped + "/" + strings.ToLower(r.Method)
}

// place204 fails to compile when the document names no 204.
func place204(r door.Route) string { return operationPlace(r) + "/responses/204" }

// route finds a row of the table.
func route(t testing.TB, method, path string) door.Route {
	t.Helper()
	for _, r := range api.Routes() {
		if r.Method == method && r.Path == path {
			return r
		}
	}
	t.Fatalf("no route %s %s", method, path)
	return door.Route{}
}

// The beginnings of paths in the table.
const (
	env = "/api/v0/sdk/{environmentId}"
	ops = "/api/v0/admin/environments/{environmentId}"
)

// at fills the names of a path in; names without a value are left empty.
func at(path string, values map[string]string) string {
	return pathName.ReplaceAllStringFunc(path, func(name string) string {
		name = strings.Trim(name, "{}")
		return cmp.Or(values[name], name) // a name stands for itself, which nothing is called
	})
}

var pathName = regexp.MustCompile(`\{\w+\}`)
