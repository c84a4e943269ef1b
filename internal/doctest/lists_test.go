package doctest_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/doctest"
)

// TestShelves: docs/README.md shows each page of docs on one shelf, once.
func TestShelves(t *testing.T) {
	page, shelves := doctest.Read(t, "docs/README.md"), 0
	shown := map[string]int{}
	for _, shelf := range strings.Split(page, "\n## ")[1:] {
		shelves++
		for _, row := range regexp.MustCompile(`(?m)^\| (.*) \| (.*) \|$`).FindAllStringSubmatch(shelf, -1) {
			for _, found := range link.FindAllStringSubmatch(row[1], -1) {
				shown["docs/"+found[1]]++
			}
		}
	}
	if shelves != 4 {
		t.Errorf("there are %d shelves", shelves)
	}
	all := append(doctest.Files(t, "docs/*.md", "docs/*/*.md"), "docs/openapi.json")
	for _, page := range all {
		if page != "docs/README.md" && shown[page] != 1 {
			t.Errorf("docs/README.md shows %s %d times", page, shown[page])
		}
	}
}

// TestDependencies compares docs/dependencies.md with what the modules, the packages
// of npm and the scripts name, both ways.
func TestDependencies(t *testing.T) {
	needed := map[string]bool{}
	for _, file := range doctest.Files(t, "go.mod", "web/go.mod", "release/go.mod", "conformance/*/go.mod") {
		for _, found := range regexp.MustCompile(`(?m)^(?:require |\t)([^\s()]+) v\S+$`).FindAllStringSubmatch(doctest.Read(t, file), -1) {
			needed[found[1]] = true
		}
	}
	delete(needed, "github.com/stepup-auth/stepup")
	for _, file := range doctest.Files(t, "conformance/*/package.json", "examples/*/package.json", "sdk/*/package.json") {
		var manifest struct{ Dependencies, DevDependencies, Overrides map[string]string }
		if err := json.Unmarshal([]byte(doctest.Read(t, file)), &manifest); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, names := range []map[string]string{manifest.Dependencies, manifest.DevDependencies, manifest.Overrides} {
			for name := range names {
				needed[name] = !strings.HasPrefix(name, "@stepup-auth/") // our own packages
			}
		}
	}
	for _, file := range doctest.Files(t, "web/thirdparty/*.js") { // copies, which say of what
		for _, found := range regexp.MustCompile(`(?m)^ \* .*(@[a-z]+/[a-z0-9]+) \d`).FindAllStringSubmatch(doctest.Read(t, file), -1) {
			needed[found[1]] = true
		}
	}
	for _, found := range regexp.MustCompile(`\t\[\w+\]=([^@\s]+)@v`).FindAllStringSubmatch(doctest.Read(t, "scripts/check.sh"), -1) {
		needed[found[1]] = true
	}
	for _, found := range regexp.MustCompile(`packages\+=\(([^)]+)\)`).FindAllStringSubmatch(doctest.Read(t, "scripts/test.sh"), -1) {
		for _, name := range strings.Fields(found[1]) {
			needed[name] = true
		}
	}
	if len(needed) < 50 {
		t.Fatalf("only %d dependencies found", len(needed))
	}

	listed := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(doctest.Read(t, "docs/dependencies.md"), -1) {
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			if !regexp.MustCompile("^(conformance|internal|sdk|web)(/|$)").MatchString(name[1]) {
				listed[name[1]] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(needed)) {
		if needed[name] && !listed[name] {
			t.Errorf("docs/dependencies.md does not name %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(listed)) {
		if !needed[name] {
			t.Errorf("docs/dependencies.md names %s, which nothing needs", name)
		}
	}
}

// TestGlossary: each word of docs/glossary.md is used in the packages it names.
func TestGlossary(t *testing.T) {
	page, words := doctest.Read(t, "docs/glossary.md"), map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| ([^|`]+) \\| [^|]+ \\| (`[^|]+`) \\|$").FindAllStringSubmatch(page, -1) {
		if words[row[1]] {
			t.Errorf("%q is explained twice", row[1])
		}
		words[row[1]] = true
		for _, folder := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[2], -1) {
			if !used(t, row[1], folder[1]) {
				t.Errorf("%q is not used in %s", row[1], folder[1])
			}
		}
	}
	if len(words) < 40 {
		t.Errorf("only %d words found", len(words))
	}
}

// used reports whether the code of a folder uses a word, in a comment or in a name.
func used(t *testing.T, word, folder string) bool {
	t.Helper()
	// Words of a term stand on one line or on two; in names they are joined.
	pattern := regexp.MustCompile("(?i)" + strings.ReplaceAll(regexp.QuoteMeta(strings.ReplaceAll(word, "-", " ")), " ", `[-\s/]*`))
	return slices.ContainsFunc(doctest.Files(t, folder+"/*.go"), func(file string) bool {
		return !strings.HasSuffix(file, "_test.go") && pattern.MatchString(doctest.Read(t, file))
	})
}

// TestArchitecture: docs/architecture.md names each package that lies right below
// internal, and every path that any page names is there.
func TestArchitecture(t *testing.T) {
	page := doctest.Read(t, "docs/architecture.md")
	entries, err := os.ReadDir(filepath.Join(doctest.Root(t), "internal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.Contains(page, "`internal/"+entry.Name()+"`") {
			t.Errorf("docs/architecture.md does not name internal/%s", entry.Name())
		}
	}
	for _, page := range doctest.Pages(t) {
		if strings.HasPrefix(page, "sdk/") {
			continue // they name paths of their own
		}
		for _, named := range regexp.MustCompile("`((?:internal|cmd|conformance|examples|scripts|docs|sdk)/[a-zA-Z0-9_./-]+)[`:]").
			FindAllStringSubmatch(doctest.Read(t, page), -1) {
			if _, err := os.Stat(filepath.Join(doctest.Root(t), named[1])); err != nil {
				t.Errorf("%s names %s, which is not there", page, named[1])
			}
		}
	}
}
