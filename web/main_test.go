package main

import (
	"bytes"
	"compress/gzip"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What is committed is what the sources make, byte for byte.
func TestCommitted(t *testing.T) {
	folders, err := os.ReadDir(output)
	if err != nil || len(folders) != len(pages) {
		t.Fatalf("%d pages are committed, of %d (%v); type: make web", len(folders), len(pages), err)
	}
	for _, name := range pages {
		checkCommitted(t, filepath.Join(output, name), func() map[string][]byte { return bundled(t, name).files })
	}
	checkCommitted(t, libraryOutput, func() map[string][]byte {
		files, _, err := build(library, "[name]")
		if err != nil {
			t.Fatal(err)
		}
		return files
	})
}

func checkCommitted(t *testing.T, folder string, make func() map[string][]byte) {
	t.Helper()
	made, again := make(), make()
	committed, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range committed {
		if made[entry.Name()] == nil {
			t.Errorf("%s/%s is committed, and the sources do not make it; type: make web", folder, entry.Name())
		}
	}
	for _, file := range slices.Sorted(maps.Keys(made)) {
		have, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil || !bytes.Equal(have, made[file]) {
			t.Errorf("%s/%s is not what the sources make; type: make web", folder, file)
		}
		if !bytes.Equal(again[file], made[file]) {
			t.Errorf("%s/%s is made in two ways", folder, file)
		}
	}
}

// Sizes are what travels: gzip.
const (
	maxFirst = 24 << 10 // of a page: its script, its style sheet, and what they import at once
	maxChunk = 14_000   // of whatever is loaded later; the largest is the prompt on the console's page of a step-up
)

func TestSizes(t *testing.T) {
	for _, name := range pages {
		p, sum := bundled(t, name), 0
		for _, file := range p.first {
			sum += gzipped(t, p.files[file])
		}
		t.Logf("%s: %d bytes at first", name, sum)
		if sum > maxFirst {
			t.Errorf("%s: %d bytes at first, of at most %d", name, sum, maxFirst)
		}
		for file, content := range p.files {
			if slices.Contains(p.first, file) || file == "index.html" {
				continue
			}
			size := gzipped(t, content)
			t.Logf("%s: %d bytes of %s later", name, size, file)
			if size > maxChunk {
				t.Errorf("%s: %d bytes of %s, of at most %d", name, size, file, maxChunk)
			}
		}
	}
}

func bundled(t *testing.T, name string) page {
	t.Helper()
	p, err := bundle(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range p.first {
		if len(p.files[file]) == 0 {
			t.Fatalf("%s begins with %q, which is not made", name, file)
		}
	}
	return p
}

func gzipped(t *testing.T, content []byte) int {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}
