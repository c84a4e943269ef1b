package doctest_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/doctest"
)

// attacks is how many there are of each group.
var attacks = map[string]int{"A": 9, "B": 11, "C": 13, "D": 10, "E": 8, "F": 16, "G": 8, "L": 18, "O": 6}

// TestCoverage holds docs/security/coverage.md against the tests: every attack
// has a row with tests that exist, or says why it has none, and every test whose
// name carries an id stands in that row.
func TestCoverage(t *testing.T) {
	page, all := doctest.Read(t, "docs/security/coverage.md"), tests(t)
	rows := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-GLO]\d+) \| [^|]+ \| (.+) \|$`).FindAllStringSubmatch(page, -1) {
		if rows[row[1]] != "" {
			t.Errorf("%s has two rows", row[1])
		}
		rows[row[1]] = row[2]
	}
	for group, n := range attacks {
		for i := 1; i <= n; i++ {
			id := fmt.Sprint(group, i)
			tests := strings.Count(rows[id], "`")
			if why, ok := strings.CutPrefix(rows[id], "not yet: "); tests == 0 && (!ok || len(why) < 10) {
				t.Errorf("%s has neither a test nor a reason: %q", id, rows[id])
			}
		}
	}
	for _, named := range regexp.MustCompile("`([a-zA-Z0-9_./-]+):(Test\\w+)`").FindAllStringSubmatch(page, -1) {
		if !slices.Contains(all[named[1]], named[2]) {
			t.Errorf("there is no test %s in %s", named[2], named[1])
		}
	}
	for _, script := range regexp.MustCompile("`([a-zA-Z0-9_./-]+\\.mjs)`: (\\w+)").FindAllStringSubmatch(page, -1) {
		if !strings.Contains(doctest.Read(t, script[1]), script[2]) {
			t.Errorf("%s does not mention %s", script[1], script[2])
		}
	}
	inName := regexp.MustCompile(`^Test([A-GLO]\d+)[A-Z]`)
	for folder, names := range all {
		for _, name := range names {
			if id := inName.FindStringSubmatch(name); id != nil && !strings.Contains(rows[id[1]], "`"+folder+":"+name+"`") {
				t.Errorf("%s in %s is not in the row of %s", name, folder, id[1])
			}
		}
	}
}

// tests are the names of all tests of the repository, by the folder they are in.
func tests(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, file := range sources(t, ".", true) {
		for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(doctest.Read(t, file), -1) {
			all[path.Dir(file)] = append(all[path.Dir(file)], found[1])
		}
	}
	return all
}

// sources are the Go files below a folder, of its code or of its tests.
func sources(t *testing.T, folder string, tests bool) (paths []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(doctest.Root(t)), folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return fs.SkipDir
		}
		if err == nil && strings.HasSuffix(path, ".go") && strings.HasSuffix(path, "_test.go") == tests {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
