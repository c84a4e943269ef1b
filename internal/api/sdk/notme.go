package sdk

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"strings"

	"github.com/stepup-auth/stepup/internal/account"
	"github.com/stepup-auth/stepup/internal/door"
	"github.com/stepup-auth/stepup/internal/secret"
	"github.com/stepup-auth/stepup/internal/store"
)

// notMeRoutes are behind "this was not me" links.
func notMeRoutes() []door.Route {
	return []door.Route{
		{
			Method: "GET", Path: door.SDK + "/notMe", Section: "ours",
			Summary: "Page behind a \"this was not me\" link",
			Gate:    door.Public(), AnyOrigin: true, Produces: "text/html",
			Handler: door.Handle(notMePage),
		},
		{
			Method: "GET", Path: door.SDK + "/notMe.js", Section: "ours",
			Summary: "Script of that page",
			Gate:    door.Public(), AnyOrigin: true, Produces: "text/javascript",
			Handler: door.Handle(notMeScript),
		},
		{
			Method: "POST", Path: door.SDK + "/notMe", Section: "ours",
			Summary: "Deny a change and end all sessions",
			Gate:    door.Public(), AnyOrigin: true,
			Handler: door.Handle(notMe),
		},
	}
}

var (
	//go:embed pages/notme.html
	notMeHTML string
	//go:embed pages/notme.js
	notMeJS []byte

	notMePolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src '" + inlineHash(notMeHTML, "style") +
		"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

// notMePage is what the link in a notice opens. It asks before it acts,
// because mail scanners follow links; the link's secret stays in the fragment.
func notMePage(*door.Call, door.None) (door.Raw, error) {
	return door.Raw{ContentType: "text/html; charset=utf-8", Header: map[string]string{
		"Content-Security-Policy": notMePolicy, "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
	}, Body: []byte(notMeHTML)}, nil
}

func notMeScript(*door.Call, door.None) (door.Raw, error) {
	return door.Raw{ContentType: "text/javascript; charset=utf-8", Body: notMeJS}, nil
}

// inlineHash names the content of a page's one element of that name in a policy.
func inlineHash(page, element string) string {
	_, rest, _ := strings.Cut(page, "<"+element+">")
	content, _, _ := strings.Cut(rest, "</"+element+">")
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// NotMeRequest carries the secret of a "this was not me" link.
type NotMeRequest struct {
	Token string `json:"token"`
}

func notMe(c *door.Call, r NotMeRequest) (door.None, error) {
	if err := door.Need("token", r.Token); err != nil {
		return door.None{}, err
	}
	return door.None{}, c.Write(func(tx *store.Tx) error {
		return account.NotMe(c.Caller, tx, secret.Text(r.Token))
	})
}
