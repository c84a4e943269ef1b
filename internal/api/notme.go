package api

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"strings"
)

var (
	//go:embed pages/notme.html
	notMeHTML string
	//go:embed pages/notme.js
	notMeJS []byte

	notMePolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'sha256-" + styleHash(notMeHTML) +
		"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

// notMePage is what the link in a notice opens. It asks before it acts,
// because mail scanners follow links; the link's secret stays in the fragment.
func notMePage(*Call, none) (rawAnswer, error) {
	return rawAnswer{contentType: "text/html; charset=utf-8", header: map[string]string{
		"Content-Security-Policy": notMePolicy, "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
	}, body: []byte(notMeHTML)}, nil
}

func notMeScript(*Call, none) (rawAnswer, error) {
	return rawAnswer{contentType: "text/javascript; charset=utf-8", body: notMeJS}, nil
}

func styleHash(page string) string {
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return base64.StdEncoding.EncodeToString(sum[:])
}
