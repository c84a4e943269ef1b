package doctest_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stepup-auth/stepup/internal/environment"
)

// root is the way from here to the root of the repository.
const root = "../.."

// pages are all pages, by their paths from the root.
func pages(t *testing.T) []string {
	t.Helper()
	return files(t, "*.md", "docs/*.md", "docs/*/*.md", "examples/*/*.md", "conformance/*/*.md")
}

// files are those of some patterns, by their paths from the root.
func files(t *testing.T, patterns ...string) (paths []string) {
	t.Helper()
	for _, pattern := range patterns {
		found, err := fs.Glob(os.DirFS(root), pattern)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	return paths
}

// sources are the Go files below a folder, of its code or of its tests.
func sources(t *testing.T, folder string, tests bool) (paths []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), folder, func(path string, entry fs.DirEntry, err error) error {
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

// read is the text of a file, by its path from the root.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestBlocks runs each page from top to bottom, in a shell of its own.
func TestBlocks(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing; type: apt-get install -y %s", tool, tool)
		}
	}
	binary := filepath.Join(t.TempDir(), "stepup")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, root+"/cmd/stepup")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building stepup: %v\n%s", err, output)
	}
	for _, page := range pages(t) {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			blocks := blocksOf(t, page)
			var s *shell
			printed, ran := "", false // by the block before this one
			for _, b := range blocks {
				if s == nil && b.skip == "" {
					s = newShell(t, binary)
				}
				before, follows := printed, ran
				printed, ran = "", false
				switch {
				case b.skip != "":
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
					t.Errorf("%s:%d: a block %q that nothing runs; make it one of those in blocks_test.go, or write <!-- not run: "+
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

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestLinks follows every link to a file, and to a heading in it.
func TestLinks(t *testing.T) {
	for _, page := range pages(t) {
		for _, found := range link.FindAllStringSubmatch(read(t, page), -1) {
			target, heading, _ := strings.Cut(found[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			path := page
			if target != "" {
				path = filepath.Join(filepath.Dir(page), target)
			}
			info, err := os.Stat(filepath.Join(root, path))
			if err != nil {
				t.Errorf("%s: %s leads nowhere", page, found[1])
				continue
			}
			if heading != "" && (info.IsDir() || !headings(read(t, path))[heading]) {
				t.Errorf("%s: %s has no heading #%s", page, path, heading)
			}
		}
	}
}

var heading = regexp.MustCompile(`(?m)^#+ (.+)$`)

// headings are the anchors of a page, as GitHub makes them.
func headings(text string) map[string]bool {
	anchors := map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		anchor := regexp.MustCompile("[^a-z0-9 _-]").ReplaceAllString(strings.ToLower(found[1]), "")
		anchors[strings.ReplaceAll(anchor, " ", "-")] = true
	}
	return anchors
}
