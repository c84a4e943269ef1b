package method_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/assurance"
)

// Each method that package assurance knows has all that docs/adding-a-method.md asks
// for and a compiler does not: a folder of its own, a run of the hostile suite and
// endpoints. (Its row among the kinds of credentials is for package account to hold.)
func TestEveryMethodIsComplete(t *testing.T) {
	source, err := os.ReadFile("../assurance/assurance.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[assurance.Kind]string{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+)\s+Kind = "(\w+)"$`).FindAllStringSubmatch(string(source), -1) {
		names[assurance.Kind(m[2])] = m[1]
	}
	endpoints := sources(t, "../api", ".go")
	for _, kind := range assurance.Kinds {
		name := names[kind]
		if name == "" {
			t.Errorf("no constant of package assurance is %q", kind)
			continue
		}
		whole := regexp.MustCompile(`\bassurance\.` + name + `\b`)
		folders, err := os.ReadDir(".")
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, entry := range folders {
			folder := entry.Name()
			if !entry.IsDir() || folder == "methodtest" || !whole.MatchString(sources(t, folder, ".go")) {
				continue
			}
			found = true
			if tests := sources(t, folder, "_test.go"); !strings.Contains(tests, "methodtest.Run(") || !whole.MatchString(tests) {
				t.Errorf("%s: %s does not run the hostile suite of methodtest", kind, folder)
			}
			if !strings.Contains(endpoints, `"github.com/stepup-auth/stepup/internal/method/`+folder+`"`) {
				t.Errorf("%s: no endpoint under internal/api uses %s", kind, folder)
			}
		}
		if !found {
			t.Errorf("%s: no folder below internal/method proves it", kind)
		}
	}
}

// sources is all Go below a folder whose name ends so, tests apart unless they are
// asked for.
func sources(t *testing.T, folder, suffix string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, suffix) || suffix == ".go" && strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
