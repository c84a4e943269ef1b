package doctest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/doctest"
)

var (
	// "wire 9, 11.2" and "wire reference 20 and 21", which may break over lines of a comment.
	cited = regexp.MustCompile(`(?i)\bwire(?: reference)? (\d+(?:\.\d+)?(?:(?:, | and )\d+(?:\.\d+)?)*)`)
	// "Table 11.4 of the wire reference"
	citedBefore = regexp.MustCompile(`(?i)(\d+(?:\.\d+)?) of the wire reference`)
	comment     = regexp.MustCompile(`\s*\n\s*(?://|#|\*)?\s*`)
	number      = regexp.MustCompile(`\d+(?:\.\d+)?`)
)

// TestWire: docs/wire.md has a heading for each section of the published API that
// anything cites by its number, and none that nothing cites.
func TestWire(t *testing.T) {
	explained := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^## (\d+(?:\.\d+)?)\.? \S`).FindAllStringSubmatch(doctest.Read(t, "docs/wire.md"), -1) {
		if explained[found[1]] {
			t.Errorf("docs/wire.md has two sections %s", found[1])
		}
		explained[found[1]] = true
	}
	used := map[string]bool{"1": true, "3": true} // what holds in all of 1.4 and 3.1
	for _, file := range citing(t) {
		text := comment.ReplaceAllString(doctest.Read(t, file), " ")
		for _, found := range slices.Concat(cited.FindAllStringSubmatch(text, -1), citedBefore.FindAllStringSubmatch(text, -1)) {
			for _, section := range number.FindAllString(found[1], -1) {
				used[section] = true
				if !explained[section] {
					t.Errorf("%s cites %q, and docs/wire.md has no section %s", file, found[0], section)
				}
			}
		}
	}
	if len(used) < 25 {
		t.Errorf("only %d sections are cited", len(used))
	}
	for section := range explained {
		if !used[section] {
			t.Errorf("docs/wire.md has a section %s, which nothing cites", section)
		}
	}
}

// citing are the files that may cite the page: all that are written by hand, and the
// OpenAPI document.
func citing(t *testing.T) (paths []string) {
	t.Helper()
	kinds := []string{".go", ".md", ".json", ".sql", ".sh", ".js", ".mjs", ".ts", ".tsx", ".html", ".tmpl", ".yaml", ".yml"}
	made := []string{"node_modules", "artifacts", "testdata"}
	err := fs.WalkDir(os.DirFS(doctest.Root(t)), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (slices.Contains(made, entry.Name()) || strings.HasPrefix(path, ".") && path != "."):
			return fs.SkipDir
		case path != "docs/wire.md" && entry.Type().IsRegular() && slices.Contains(kinds, filepath.Ext(path)):
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
