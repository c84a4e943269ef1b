package processtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Previous is the program as it was before the newest migration of the database: what
// still runs on the other machines while an upgrade goes on. The test is skipped where
// the history is not there to build it from.
func Previous(t testing.TB) Program {
	t.Helper()
	git := func(args ...string) string {
		out, err := exec.Command("git", args...).Output()
		if err != nil {
			t.Skipf("NOT TESTED: the version before is built from the history, which is not here: git %s: %v", strings.Join(args, " "), err)
		}
		return strings.TrimSpace(string(out))
	}
	root := git("rev-parse", "--show-toplevel")
	files := strings.Fields(git("-C", root, "ls-files", "internal/store/migrations/*.sql"))
	newest := slices.MaxFunc(files, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	added := git("-C", root, "log", "-1", "--format=%H", "--diff-filter=A", "--", newest)
	before := git("-C", root, "rev-parse", added+"^")
	source := t.TempDir()
	archive := filepath.Join(source, "source.tar")
	git("-C", root, "archive", "--output", archive, before)
	path := filepath.Join(source, "stepup-before")
	for _, args := range [][]string{{"tar", "-x", "-f", archive}, {"go", "build", "-o", path, "./cmd/stepup"}} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir, cmd.Env = source, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("building the version before: %v\n%s", err, out)
		}
	}
	t.Logf("the version before is that of commit %s", before[:12])
	return Program(path)
}
