package pages_test

import (
	"bytes"
	"io/fs"
	"regexp"
	"testing"

	"github.com/stepup-auth/stepup/internal/pages"
)

// A page loads what is there, from its own folder, and has nothing in it that a strict
// policy would stop.
func TestPages(t *testing.T) {
	named := regexp.MustCompile(`(?:href|src)="([^"]*/)?([^"/]+)"`)
	inline := regexp.MustCompile(`<script>|<style|\son\w+=|\sstyle=|https?:`)
	for name, page := range map[string]fs.FS{"console": pages.Console, "prompt": pages.Prompt, "reveal": pages.Reveal} {
		html, err := fs.ReadFile(page, "index.html")
		if err != nil {
			t.Fatal(err)
		}
		if found := inline.Find(html); found != nil {
			t.Errorf("%s: the page has %s in it", name, found)
		}
		html = bytes.ReplaceAll(html, []byte(`<link rel="icon" href="data:,">`), nil) // so that browsers ask for none
		files := named.FindAllStringSubmatch(string(html), -1)
		if len(files) != 2 {
			t.Errorf("%s: the page names %d files", name, len(files))
		}
		for _, file := range files {
			if content, _, ok := pages.File(page, file[2]); !ok || len(content) == 0 {
				t.Errorf("%s: there is no %s", name, file[2])
			}
		}
		for _, other := range []string{"index.html", "../reveal/index.html", "", ".", "nothing.js"} {
			if _, _, ok := pages.File(page, other); ok {
				t.Errorf("%s: %q is a file", name, other)
			}
		}
	}
}
