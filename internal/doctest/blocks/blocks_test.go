// Package blocks_test runs every code block of every page; one that cannot run says why.
package blocks_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/doctest"
	"github.com/stepup-auth/stepup/internal/environment"
)

// TestBlocks runs each page from top to bottom, in a shell of its own.
func TestBlocks(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing; type: apt-get install -y %s", tool, tool)
		}
	}
	binary := filepath.Join(t.TempDir(), "stepup")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, filepath.Join(doctest.Root(t), "cmd/stepup"))
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building stepup: %v\n%s", err, output)
	}
	for _, page := range doctest.Pages(t) {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			blocks := blocksOf(t, page)
			var s *shell
			printed, ran := "", false // by the block before this one
			for _, b := range blocks {
				if s == nil && b.skip == "" && b.lang != "ts" {
					s = newShell(t, binary)
				}
				before, follows := printed, ran
				printed, ran = "", false
				switch {
				case b.skip != "" || b.lang == "ts" && strings.HasPrefix(page, "sdk/typescript/packages/"):
				case b.lang == "sh" && b.info["background"] != "":
					s.background(b, b.info["background"])
				case b.lang == "sh":
					printed, ran = s.run(b), true
				case b.lang == "text" && follows:
					if !matches(s.names.Replace(b.text), before) {
						t.Errorf("%s:%d: the block before it prints\n%s\nand not\n%s", b.page, b.line, before, b.text)
					}
				case b.lang == "go" && b.info["file"] != "":
					compile(t, s, b)
				case b.lang == "yaml":
					readYAML(t, s, b)
				case b.lang == "json":
					if !json.Valid([]byte(b.text)) {
						t.Errorf("%s:%d: not JSON", b.page, b.line)
					}
				default:
					t.Errorf("%s:%d: a block %q that nothing runs; make it one of those in parse_test.go, or write <!-- not run: "+
						"why --> right before it", b.page, b.line, b.lang)
				}
			}
		})
	}
}

func compile(t *testing.T, s *shell, b block) {
	t.Helper()
	path := s.write(b.info["file"], b.text)
	if output, err := exec.CommandContext(t.Context(), "gofmt", "-l", path).CombinedOutput(); err != nil || len(output) > 0 {
		t.Errorf("%s:%d: gofmt: %v %s", b.page, b.line, err, output)
	}
	what := []string{"vet", path}
	if strings.HasSuffix(path, "_test.go") {
		what = []string{"test", path}
	}
	check := exec.CommandContext(t.Context(), "go", what...)
	check.Dir, check.Env = s.folder, s.environ
	if output, err := check.CombinedOutput(); err != nil {
		t.Errorf("%s:%d: %v\n%s", b.page, b.line, err, output)
	}
}

// readYAML reads a block as an environment; what has no id is a part of one.
func readYAML(t *testing.T, s *shell, b block) {
	t.Helper()
	if name := b.info["file"]; name != "" {
		s.write(name, b.text)
	}
	document := s.names.Replace(b.text)
	if !regexp.MustCompile(`(?m)^id:`).MatchString(document) {
		document = "id: 7f0c7a1e-2a54-4d7b-9b52-0d1f6c6f7a10\nname: Example\n" + document
	}
	if _, err := environment.Parse([]byte(document)); err != nil {
		t.Errorf("%s:%d: %v", b.page, b.line, err)
	}
}
