package doctest_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/doctest"
)

var update = flag.Bool("update", false, "write the tables of routes in docs/api.md")

// A route is one operation of docs/openapi.json, which is made from the route table
// and compared with it by the tests of internal/api.
type route struct {
	Method, Path  string
	Summary       string                `json:"summary"`
	Tags          []string              `json:"tags"`
	Security      []map[string][]string `json:"security"`
	Gate          string                `json:"x-stepup-gate"`
	Scopes        []string              `json:"x-stepup-scopes"`
	Compatibility string                `json:"x-stepup-compatibility"`
}

// TestRoutes compares the tables of docs/api.md with the routes there are. A
// comment before each table names the tags of its routes.
func TestRoutes(t *testing.T) {
	const page = "docs/api.md"
	all := routes(t)
	table := regexp.MustCompile(`(?s)(<!-- routes: ([a-z ]+) -->\n).*?(<!-- end of routes -->)`)
	text, shown := doctest.Read(t, page), 0
	made := table.ReplaceAllStringFunc(text, func(found string) string {
		part := table.FindStringSubmatch(found)
		var rows strings.Builder
		for _, r := range all {
			if slices.Contains(strings.Fields(part[2]), r.Tags[0]) {
				rows.WriteString(r.row())
				shown++
			}
		}
		return part[1] + "\n| route | gate | |\n|---|---|---|\n" + rows.String() + "\n" + part[3]
	})
	if shown != len(all) {
		t.Errorf("the tables show %d of %d routes", shown, len(all))
	}
	if *update {
		if err := os.WriteFile(filepath.Join(doctest.Root(t), page), []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if made != text {
		t.Error("docs/api.md is out of date; run: go test ./internal/doctest -run TestRoutes -update")
	}
	for _, named := range regexp.MustCompile("`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`").FindAllStringSubmatch(made, -1) {
		if !slices.ContainsFunc(all, func(r route) bool { return r.short() == named[1] }) {
			t.Errorf("docs/api.md names %s, which is not there", named[1])
		}
	}
}

// routes are all operations, by path, but for the document itself.
func routes(t *testing.T) (all []route) {
	t.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal([]byte(doctest.Read(t, "docs/openapi.json")), &document); err != nil {
		t.Fatal(err)
	}
	delete(document.Paths, "/api/v0/openapi.json")
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			operation, ok := document.Paths[path][method]
			if !ok {
				continue
			}
			r := route{Method: strings.ToUpper(method), Path: path}
			if err := json.Unmarshal(operation, &r); err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			all = append(all, r)
		}
	}
	return all
}

// short is a route as the page names it, without what all routes of its table share.
func (r route) short() string {
	path := r.Path
	for _, prefix := range []string{"/api/v0/sdk/{environmentId}", "/api/v0/admin"} {
		path = strings.TrimPrefix(path, prefix)
	}
	return r.Method + " " + path
}

// row is the route's line in a table.
func (r route) row() string {
	gate := r.Gate
	if len(r.Scopes) > 0 {
		gate += ": `" + strings.Join(r.Scopes, "`, `") + "`"
	}
	if gate == "public" && slices.ContainsFunc(r.Security, func(s map[string][]string) bool { return s["session"] != nil }) {
		gate = "public or session"
	}
	if entry := r.Compatibility; entry != "" {
		gate += ", but for the entry `" + entry + "`"
	}
	return fmt.Sprintf("| `%s` | %s | %s |\n", r.short(), gate, r.Summary)
}
