package dev

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// pages answers for a fixed set of embedded files and nothing else: no
// directory listing, no path that was not there at build time.
type pages map[string]page // by URL path

type page struct {
	contentType string
	etag        string
	body        []byte
}

// newPages reads the embedded folder. index.html is served at index, the other
// files under prefix.
func newPages(folder, index, prefix string) pages {
	all := pages{}
	err := fs.WalkDir(static, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := static.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		at := prefix + strings.TrimPrefix(name, folder+"/")
		if name == folder+"/index.html" {
			at = index
		}
		all[at] = page{contentTypeOf(name), `"` + hex.EncodeToString(sum[:12]) + `"`, body}
		return nil
	})
	if err != nil {
		panic(fmt.Sprintf("reading embedded pages: %v", err)) // a build defect, not a run-time state
	}
	return all
}

func (p pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, ok := p[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", found.contentType)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", found.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(found.body))
}

// contentTypeOf does not ask the machine for script types: with nosniff a
// wrong entry in its MIME table would stop every module from loading.
func contentTypeOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return mime.TypeByExtension(path.Ext(name))
	}
}
