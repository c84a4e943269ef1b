package sdk

import (
	"bytes"
	"html/template"
	"strings"

	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/fault"
	"github.com/stepup-auth/stepup/internal/pages"
)

// revealRoutes are the page that shows an exported key in a frame of this origin.
func revealRoutes() []door.Route {
	return []door.Route{
		{
			Method: "GET", Path: door.SDK + "/reveal", Section: "ours",
			Summary: "Page that shows an exported key, for a frame of an app",
			Gate:    door.Public(), AnyOrigin: true, Produces: "text/html",
			Handler: door.Handle(revealPage),
		},
		{
			Method: "GET", Path: door.SDK + "/reveal/{file}", Section: "ours",
			Summary: "Script and style sheet of that page",
			Gate:    door.Public(), AnyOrigin: true, Produces: "text/javascript",
			Handler: door.Handle(revealFile),
		},
	}
}

var revealTemplate = template.Must(template.ParseFS(pages.Reveal, "index.html"))

// revealPage is framed by the environment's own pages, and by nobody else; it talks
// to them alone, and to no server.
func revealPage(c *door.Call, _ door.None) (door.Raw, error) {
	origins := webOrigins(c.Tenant.Origins)
	ancestors := "'none'"
	if len(origins) > 0 {
		ancestors = strings.Join(origins, " ")
	}
	var page bytes.Buffer
	err := revealTemplate.Execute(&page, struct{ Environment, Origins string }{c.Tenant.ID, strings.Join(origins, " ")})
	return door.Raw{ContentType: "text/html; charset=utf-8", Header: map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'none'; base-uri 'none'; " +
			"form-action 'none'; sandbox allow-scripts allow-same-origin; require-trusted-types-for 'script'; trusted-types 'none'; " +
			"frame-ancestors " + ancestors,
		"Referrer-Policy":              "no-referrer",
		"Permissions-Policy":           "clipboard-write=(self), camera=(), display-capture=(), geolocation=(), microphone=()",
		"Origin-Agent-Cluster":         "?1",
		"Cross-Origin-Embedder-Policy": "require-corp", // pages that are isolated themselves frame no other
		"Cross-Origin-Resource-Policy": "cross-origin",
	}, Body: page.Bytes()}, err
}

// webOrigins are those of pages. Those of apps (capacitor://localhost) are shared by
// all apps that are made alike, and prove nothing about who frames the page.
func webOrigins(origins []string) (web []string) {
	for _, origin := range origins {
		if strings.HasPrefix(origin, "https://") || strings.HasPrefix(origin, "http://") {
			web = append(web, origin)
		}
	}
	return web
}

// revealFile may be kept for good: its name changes with what is in it.
func revealFile(c *door.Call, _ door.None) (door.Raw, error) {
	content, mediaType, ok := pages.File(pages.Reveal, c.Path("file"))
	if !ok {
		return door.Raw{}, fault.New(fault.NotFound, "There is no such file. The server may have been updated: load the page again.")
	}
	return door.Raw{ContentType: mediaType, Header: map[string]string{
		"Cache-Control": "public, max-age=31536000, immutable", "Cross-Origin-Resource-Policy": "same-origin",
	}, Body: content}, nil
}
