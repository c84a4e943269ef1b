package prompt

import (
	"errors"
	"io/fs"
	"mime"
	"path"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
)

// The page holds a secret and asks people to prove who they are: nothing but its own
// scripts runs in it, nobody frames it, and nothing of its address leaves it.
var pageHeaders = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; " +
		"trusted-types stepup",
	"Referrer-Policy":              "no-referrer",
	"X-Frame-Options":              "DENY",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy": "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), " +
		"geolocation=(), payment=(), usb=()",
}

// index is the file that is served as the page.
const index = "index.html"

// page is the same for all prompts, known or not: what it shows comes for the secret.
func (f *Face) page(*door.Call, door.None) (door.Raw, error) {
	body := []byte("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Step up</title>\n" +
		"<p>This build of the server has no page for prompts.</p>\n")
	if f.Pages != nil {
		var err error
		if body, err = fs.ReadFile(f.Pages, index); err != nil {
			return door.Raw{}, err
		}
	}
	return door.Raw{ContentType: "text/html; charset=utf-8", Header: pageHeaders, Body: body}, nil
}

// asset is a file beside the page. Its name changes with its content.
func (f *Face) asset(c *door.Call, _ door.None) (door.Raw, error) {
	name := c.Path("file")
	missing := fault.New(fault.NotFound, "The page has no such file.")
	if f.Pages == nil || name == index || !fs.ValidPath(name) {
		return door.Raw{}, missing
	}
	body, err := fs.ReadFile(f.Pages, name)
	var none *fs.PathError // not there, or a folder
	if errors.As(err, &none) {
		return door.Raw{}, missing
	}
	if err != nil {
		return door.Raw{}, err
	}
	header := map[string]string{
		"Cache-Control": "public, max-age=31536000, immutable", "Cross-Origin-Resource-Policy": "same-origin",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Referrer-Policy": "no-referrer",
	}
	return door.Raw{ContentType: mime.TypeByExtension(path.Ext(name)), Header: header, Body: body}, nil
}
