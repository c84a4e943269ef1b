// Package doctest holds the documentation to what it says: every link leads
// somewhere, and what a page lists (routes, codes, settings, keys of a document,
// limits, dependencies, words, packages) is compared with the code. Package blocks
// below it runs every code block of every page.
//
// The tests live here and not beside the pages, so that docs holds nothing but pages.
// This package is what both share: where the repository is, and its pages.
package doctest

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Root is the folder of the repository.
func Root(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		if folder == filepath.Dir(folder) {
			t.Fatal("there is no go.mod above this test")
		}
		folder = filepath.Dir(folder)
	}
}

// Pages are all pages, by their paths from the root: those of docs, and every README.
func Pages(t testing.TB) []string {
	t.Helper()
	return Files(t, "*.md", "docs/*.md", "docs/*/*.md", "examples/*/*.md", "conformance/*/*.md", "sdk/*/*.md", "sdk/*/packages/*/*.md")
}

// Files are the files of some patterns, by their paths from the root.
func Files(t testing.TB, patterns ...string) (paths []string) {
	t.Helper()
	for _, pattern := range patterns {
		found, err := fs.Glob(os.DirFS(Root(t)), pattern)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	return paths
}

// Read is the text of a file, by its path from the root.
func Read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Root(t), path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
