// Package pages holds the server's own pages as browsers load them: what `make web`
// makes of web/. Each is a folder with an index.html beside scripts and style sheets
// whose names hold a hash of what is in them, so that a name never means two things
// and browsers may keep what they have.
package pages

import (
	"embed"
	"io/fs"
	"path"
)

//go:embed static
var static embed.FS

// Prompt is the page of a hosted prompt.
var Prompt = folder("prompt")

// Reveal shows an exported private key, in a frame. Its index.html is a template of
// html/template.
var Reveal = folder("reveal")

// Console is what the pages of the console load. Its index.html is a part of the
// template of those.
var Console = folder("console")

func folder(name string) fs.FS {
	all, err := fs.Sub(static, "static/"+name)
	if err != nil {
		panic(err) // a defect of the build, not a state of the program
	}
	return all
}

// File gives a script or style sheet of a page, and its media type.
func File(page fs.FS, name string) (content []byte, mediaType string, ok bool) {
	kind, ok := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}[path.Ext(name)]
	if !ok {
		return nil, "", false
	}
	content, err := fs.ReadFile(page, name)
	return content, kind, err == nil
}
