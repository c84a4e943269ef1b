package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// attacks is how many there are of each group.
var attacks = map[string]int{"A": 9, "B": 11, "C": 13, "D": 10, "E": 8, "F": 16, "G": 8, "L": 18}

// TestCoverage holds docs/security/coverage.md against the tests: every attack
// has a row with tests that exist, or says why it has none, and every test whose
// name carries an id stands in that row.
func TestCoverage(t *testing.T) {
	page := read(t, "security/coverage.md")
	rows := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-GL]\d+) \| [^|]+ \| (.+) \|$`).FindAllStringSubmatch(page, -1) {
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
		if !slices.Contains(testsIn(t, named[1]), named[2]) {
			t.Errorf("there is no test %s in %s", named[2], named[1])
		}
	}
	for _, script := range regexp.MustCompile("`([a-zA-Z0-9_./-]+\\.mjs)`: (\\w+)").FindAllStringSubmatch(page, -1) {
		if !strings.Contains(read(t, filepath.Join("..", script[1])), script[2]) {
			t.Errorf("%s does not mention %s", script[1], script[2])
		}
	}
	inName := regexp.MustCompile(`^Test([A-GL]\d+)[A-Z]`)
	for _, folder := range []string{".", "internal/attack", "internal/api", "internal/outbound", "internal/method/totp",
		"internal/method/walletsig", "internal/method/walletsig/chain", "internal/method/social", "internal/method/external",
		"internal/policytext"} {
		for _, name := range testsIn(t, folder) {
			if id := inName.FindStringSubmatch(name); id != nil && !strings.Contains(rows[id[1]], "`"+folder+":"+name+"`") {
				t.Errorf("%s in %s is not in the row of %s", name, folder, id[1])
			}
		}
	}
}

// testsIn lists the tests of a folder of the repository.
func testsIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Errorf("no tests in %s: %v", folder, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			names = append(names, found[1])
		}
	}
	return names
}
